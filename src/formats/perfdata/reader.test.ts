import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { FormatError, StrataError } from '../../base/errors.js';
import { FileSource, MemorySource, type ByteSource } from '../../base/source.js';
import { addressFrom, formatAddress } from '../../base/units.js';
import { readFixture, fixturePath } from '../../testing/fixtures.js';
import {
  needsPerf,
  PERF_RECORD,
  perfRecord,
  perfScript,
  readPerfScript,
  type ScriptSample,
} from '../../testing/perf.js';
import { readPerfData, type PerfDataFile } from './reader.js';
import { GroupReads } from './reads.js';
import { RecordReader } from './records.js';
import { SampleView } from './sample.js';
import { PerfContext, PerfRecord } from './spec.js';

type Sample = Omit<ScriptSample, 'comm'>;

/** The file's samples by time, as `perf script` orders them. */
function samplesOf(file: PerfDataFile, reader = file.records()): Sample[] {
  const view = new SampleView();
  const groups = new GroupReads(file.events);
  const places: { readonly time: number; readonly offset: number }[] = [];
  while (reader.next()) {
    if (reader.type === PerfRecord.SAMPLE)
      places.push({ time: reader.time, offset: reader.offset });
  }
  assert.equal(reader.earlyEnd, undefined);
  places.sort((a, b) => a.time - b.time);
  const samples: Sample[] = [];
  for (const { offset } of places) {
    assert.ok(reader.seek(offset) && reader.sample(view) && view.rest());
    const ips: string[] = [];
    for (let i = 0; i < view.callchainLength; i++) {
      const at = view.callchain + i * 2;
      const [low, high] = view.words.subarray(at, at + 2);
      const isMark = high === -1 && low >= PerfContext.MAX && low < 0;
      // Not as an `Address`: what frame pointers lead to may be no address at all.
      const exact = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      if (!isMark) ips.push(exact.toString(16));
    }
    const nanoseconds = String(view.time % 1e9).padStart(9, '0');
    groups.split(view);
    for (let i = 0; i < groups.length; i++) {
      samples.push({
        ids: `${view.pid}/${view.tid}`,
        time: `${Math.floor(view.time / 1e9)}.${nanoseconds}`,
        period: groups.periods[i],
        event: file.events.events[groups.events[i]].name,
        ips: ips.length > 0 ? ips : [formatAddress(view.ip)],
      });
    }
  }
  return samples;
}

/** In pipe mode `perf script` puts the symbol behind each address, though it is not asked for. */
function withoutSymbols(script: string): string {
  return script.replace(/^(\s+[0-9a-f]+) .*$/gm, '$1');
}

function withoutComm(samples: readonly ScriptSample[]): Sample[] {
  return samples.map(({ comm: _, ...sample }) => sample);
}

/**
 * In call chains perf prints user addresses as offsets in their files where it can
 * (`sample__fprintf_callchain`): mapping by pages leaves the lower 12 bits to compare.
 */
function comparable(samples: readonly Sample[]): Sample[] {
  const normal = (ip: string): string => (/^ffff[0-9a-f]{12}$/.test(ip) ? ip : ip.slice(-3));
  return samples.map((sample) => ({
    ...sample,
    ips: sample.ips.map((ip) => normal(ip.padStart(3, '0'))),
  }));
}

/** Only the sampled address: perf unwinds copied stacks itself. */
function leaves(samples: readonly Sample[]): Sample[] {
  return samples.map((sample) => ({ ...sample, ips: sample.ips.slice(0, 1) }));
}

const FIXTURES = ['fp', 'dwarf', 'events', 'zstd', 'pipe', 'group', 'switch', 'tracepoint'];

for (const name of FIXTURES) {
  test(`${name}.data: samples are what perf script printed`, () => {
    const file = readPerfData(new MemorySource(readFixture(`perfdata/${name}.data`)));
    const script = new TextDecoder().decode(readFixture(`perfdata/${name}.script`));
    const expected = readPerfScript(withoutSymbols(script));
    assert.ok(expected.length > 4);
    const found = samplesOf(file);
    const chains = name === 'dwarf' ? leaves(found) : found;
    assert.deepEqual(comparable(chains), comparable(withoutComm(expected)));
  });

  if (name === 'zstd') continue; // its records are not those of the file
  test(`${name}.data: chunks that cut records, and unaligned ones, change nothing`, () => {
    const bytes = readFixture(`perfdata/${name}.data`);
    const whole = readPerfData(new MemorySource(bytes));
    const expected = samplesOf(whole);
    for (const chunkSize of [64, 1000, 4096]) {
      const { data } = whole.header;
      const reader = new RecordReader(
        new MemorySource(bytes),
        data,
        whole.events,
        undefined,
        chunkSize,
      );
      assert.deepEqual(samplesOf(whole, reader), expected);
    }
  });
}

test('a file tells where and how it was recorded', () => {
  const { info } = readPerfData(new FileSource(fixturePath('perfdata/fp.data')));
  assert.equal(info.arch, 'x86_64');
  assert.match(info.osRelease, /^6\.18\./);
  assert.match(info.version, /^6\.1\./);
  assert.deepEqual(info.commandLine.slice(1, 4), ['record', '-q', '-F']);
  assert.equal(info.cpusOnline, 2);
  assert.ok(info.totalMemory > 1e6);
  assert.ok(info.sampleTime !== undefined && info.sampleTime[0] < info.sampleTime[1]);
  assert.deepEqual(info.damaged, []);
});

test('a stack copy is found with its registers and its real size', () => {
  const file = readPerfData(new MemorySource(readFixture('perfdata/dwarf.data')));
  const reader = file.records();
  const view = new SampleView();
  let dumps = 0;
  while (reader.next()) {
    if (reader.type !== PerfRecord.SAMPLE || !reader.sample(view)) continue;
    assert.equal(view.regsAbi, 2);
    assert.ok(view.stackBytes > 0 && view.stackBytes <= 1024);
    // x86-64: IP is the ninth register of the mask.
    const ip = view.regs + 16;
    if (view.cpuMode === 2) {
      assert.equal(addressFrom(view.words[ip], view.words[ip + 1]), view.ip);
      dumps++;
    }
  }
  assert.ok(dumps > 3);
});

test('files that are none are refused in one sentence', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(0), /^empty is empty: nothing was recorded$/],
    ['text', Buffer.from('#!/bin/sh\n'), /^text is not a perf\.data file/],
  ];
  for (const [name, bytes, message] of cases) {
    assert.throws(
      () => readPerfData(new MemorySource(bytes, name)),
      (error: Error) => {
        assert.ok(error instanceof StrataError && !(error instanceof FormatError));
        assert.match(error.message, message);
        return true;
      },
    );
  }
  assert.throws(() => new FileSource(tmpdir()), /it is a directory/);
});

/** What happens when everything in a file is read. */
function readAll(source: ByteSource): { samples: number; note: string } {
  const file = readPerfData(source);
  const reader = file.records();
  const view = new SampleView();
  const groups = new GroupReads(file.events);
  let samples = 0;
  while (reader.next()) {
    if (reader.type === PerfRecord.SAMPLE && reader.sample(view)) {
      samples++;
      view.rest();
      groups.split(view);
    }
  }
  file.close();
  return { samples, note: file.header.cut ?? reader.earlyEnd?.reason ?? '' };
}

for (const name of ['fp', 'events', 'pipe', 'zstd', 'tracepoint']) {
  test(`${name}.data cut at every byte: what is there is read, and the cut is told`, () => {
    const bytes = readFixture(`perfdata/${name}.data`);
    const whole = readPerfData(new MemorySource(bytes));
    const { data } = whole.header;
    const all = readAll(new MemorySource(bytes)).samples;
    let last = 0;
    for (let length = 0; length < bytes.length; length++) {
      const source = new MemorySource(bytes.subarray(0, length));
      if (length < data.offset) {
        assert.throws(() => readAll(source), StrataError, `cut at ${length}`);
        continue;
      }
      let read;
      try {
        read = readAll(source);
      } catch (error) {
        // A pipe that is cut before its event is described.
        assert.ok(error instanceof StrataError && whole.header.isPipe && last === 0);
        continue;
      }
      const { samples, note } = read;
      assert.ok(samples >= last && samples <= all);
      if (length < data.offset + data.size) assert.ok(whole.header.isPipe || note === 'short');
      else assert.equal(samples, all);
      last = samples;
    }
    assert.equal(last, all);
  });
}

test('a file whose recorder was killed is read to its end', () => {
  const bytes = readFixture('perfdata/events.data').slice();
  const whole = readPerfData(new MemorySource(bytes));
  const { offset, size } = whole.header.data;
  new DataView(bytes.buffer).setBigUint64(48, 0n, true);
  const killed = readAll(new MemorySource(bytes.subarray(0, offset + size - 3)));
  assert.equal(killed.note, 'unfinished');
  assert.equal(
    killed.samples,
    readAll(new MemorySource(readFixture('perfdata/events.data'))).samples,
  );
});

test('random damage: nothing but errors of the format, and an end', () => {
  for (const name of FIXTURES) {
    const original = readFixture(`perfdata/${name}.data`);
    const random = xorshift(0x5eed);
    for (let round = 0; round < 400; round++) {
      const bytes = original.slice();
      for (let i = random() % 8; i >= 0; i--) {
        // Half of the damage goes to the header, where it matters most.
        const at = random() % (random() % 2 === 0 ? 512 : bytes.length);
        bytes[at] = random() & 0xff;
      }
      try {
        readAll(new MemorySource(bytes));
      } catch (error) {
        if (!(error instanceof StrataError)) throw error;
      }
    }
  }
});

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const PROGRAM = `
import os, threading
def work(): sum(i * i for i in range(200000))
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
if os.fork() == 0:
    work()
    os.execvp('true', ['true'])
os.wait()
`;

const RECORDINGS: [string, readonly string[], boolean][] = [
  ['frame pointers', ['-F', '997', '-g'], true],
  ['stack copies', ['-F', '499', '--call-graph', 'dwarf,4096'], false],
  ['several events', ['-F', '499', '-e', 'cpu-clock', '-e', 'page-faults', '-g'], true],
  ['a group', ['-F', '499', '-e', '{cpu-clock,page-faults}', '-g'], true],
  ['a group that is read', ['-c', '1000000', '-e', '{cpu-clock,page-faults}:S', '-g'], true],
  ['compressed', ['-F', '997', '-z', '-g'], true],
  ['compressed stack copies', ['-F', '997', '-z', '--call-graph', 'dwarf,16384'], false],
  ['switches and namespaces', ['-F', '499', '--switch-events', '--namespaces'], true],
  ['tracepoints with raw data', ['-e', 'sched:sched_switch', '-R'], true],
  [
    'every field',
    ['-F', '499', '-d', '--phys-data', '-W', '--data-page-size', '--intr-regs=ip,sp', '-g'],
    true,
  ],
  ['all processes, CPU and address', ['-F', '499', '-a', '-d', '--sample-cpu', '-g'], true],
];

/**
 * perf discards a chain altogether where a word that a frame pointer led to looks like an unknown context
 * mark; that is rare. Of such samples the chains are not compared.
 */
function withoutDiscarded(found: readonly Sample[], expected: readonly Sample[]): Sample[] {
  const key = ({ ids, time }: Sample): string => `${ids} ${time}`;
  const empty = new Set(expected.filter(({ ips }) => ips.length === 0).map(key));
  const isDiscarded = (sample: Sample): boolean => sample.ips.length > 0 && empty.has(key(sample));
  const discarded = found.filter(isDiscarded).length;
  assert.ok(discarded <= 0.02 * found.length, `${discarded} chains discarded`);
  return found.map((sample) => (isDiscarded(sample) ? { ...sample, ips: [] } : sample));
}

test('recordings of every kind: samples are what perf script prints', (t) => {
  if (!needsPerf(t)) return;
  const folder = mkdtempSync(join(tmpdir(), 'strata-perfdata-'));
  try {
    for (const [title, args, hasChain] of RECORDINGS) {
      const path = join(folder, 'perf.data');
      perfRecord(path, [...args, '--', 'python3', '-c', PROGRAM]);
      const source = new FileSource(path);
      const found = samplesOf(readPerfData(source));
      source.close();
      const expected = withoutComm(readPerfScript(perfScript(path, hasChain ? [] : ['-G'])));
      assert.ok(expected.length > 20, title);
      assert.deepEqual(
        comparable(hasChain ? withoutDiscarded(found, expected) : leaves(found))
          .map(sampleKey)
          .sort(),
        comparable(hasChain ? expected : leaves(expected))
          .map(sampleKey)
          .sort(),
        title,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('pipe mode: what perf writes to a pipe reads like its files', (t) => {
  if (!needsPerf(t)) return;
  const folder = mkdtempSync(join(tmpdir(), 'strata-perfdata-'));
  try {
    for (const args of [[], ['-z'], ['-e', 'sched:sched_switch', '-e', 'cpu-clock']]) {
      const path = join(folder, 'perf.data');
      const all = [...PERF_RECORD, '-g', ...args, '-o', '-', '--', 'python3', '-c', PROGRAM];
      writeFileSync(path, execFileSync('perf', all, { maxBuffer: 1 << 28, stdio: 'pipe' }));
      const file = readPerfData(new MemorySource(readFileSync(path)));
      const expected = withoutComm(readPerfScript(withoutSymbols(perfScript(path))));
      const found = samplesOf(file);
      assert.ok(found.length > 20);
      assert.deepEqual(
        comparable(withoutDiscarded(found, expected)).map(sampleKey).sort(),
        comparable(expected).map(sampleKey).sort(),
      );
      assert.match(file.info.osRelease, /^\d+\./);
      assert.equal(file.info.tracingData !== undefined, args.length > 1);
      assert.deepEqual(file.info.damaged, []);
      file.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Of samples at one time the order is not given. */
function sampleKey({ ids, time, event, period, ips }: Sample): string {
  return `${time} ${ids} ${event} ${period} ${ips.join(' ')}`;
}
