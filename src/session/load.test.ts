import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { StrataError } from '../base/errors.js';
import { FileSource, MemorySource } from '../base/source.js';
import { LAYER_NAMES, Truncation, type Profile } from '../profile/profile.js';
import { foldedLines } from '../testing/drawn.js';
import { readFixture } from '../testing/fixtures.js';
import { needsPerf, perfRecord, perfScript, readPerfScript } from '../testing/perf.js';
import { RecordingWriter } from '../testing/perfdata.js';
import { requirePython } from '../testing/pythons.js';
import { ChainPool } from './chain-pool.js';
import { profileOf } from './load.js';
import { loadProfile } from './open.js';

/** No file of this machine is to be found: what is read is the recording alone. */
const NOWHERE = { symbols: { symfs: '/nonexistent' } };

function profileFrom(writer: RecordingWriter): Profile {
  return profileOf(new MemorySource(writer.bytes()), NOWHERE);
}

/** Function names of a sample's stack, innermost first. */
function stackOf(profile: Profile, sample: number): string[] {
  const { samples, stacks, frames, functions, strings } = profile;
  const names: string[] = [];
  for (let stack = samples.stack[sample]; stack >= 0; stack = stacks.parent[stack]) {
    names.push(strings[functions.name[frames.func[stacks.frame[stack]]]]);
  }
  return names;
}

/** `comm: innermost < caller < …` of every sample. */
function drawn(profile: Profile): string[] {
  return Array.from(
    { length: profile.samples.length },
    (_, i) => `${profile.strings[profile.samples.comm[i]]}: ${stackOf(profile, i).join(' < ')}`,
  );
}

const notesOf = ({ notes }: Profile): string =>
  notes
    .map(({ text, samples }) => (samples === undefined ? text : `${text} (${samples})`))
    .join('\n');

test('forks inherit mappings and names, exec drops mappings, threads share them', () => {
  const writer = new RecordingWriter()
    .comm(1, 'shell', 10, true)
    .mmap(1, 0x1000, 0x1000, 0, '/bin/shell', 11)
    .sample({ pid: 1, time: 1_000_000, ip: 0x1100 })
    .fork(1, 1, 1_000_001, 5)
    .sample({ pid: 1, tid: 5, time: 1_000_002, ip: 0x1100 })
    .fork(2, 1, 1_000_010)
    .sample({ pid: 2, time: 1_000_020, ip: 0x1100 })
    .comm(2, 'tool', 1_000_030, true)
    .sample({ pid: 2, time: 1_000_040, ip: 0x1100 })
    .mmap(2, 0x1000, 0x1000, 0, '/bin/tool', 2_000_000)
    .sample({ pid: 2, time: 2_000_001, ip: 0x1100 })
    .sample({ pid: 1, time: 2_000_002, ip: 0x1100 })
    .sample({ pid: 9, time: 2_000_003, ip: 0x1100 })
    .sample({ pid: 0, time: 2_000_004, ip: 0x1100 });
  assert.deepEqual(drawn(profileFrom(writer)), [
    'shell: [shell]',
    'shell: [shell]',
    'shell: [shell]',
    'tool: [unknown]',
    'tool: [tool]',
    'shell: [shell]',
    ':9: [unknown]',
    'swapper: [unknown]',
  ]);
});

test('callers are looked up within their call, the sampled address as it is', () => {
  const writer = new RecordingWriter()
    .mmap(1, 0x1000, 0x1000, 0, '/a', 1)
    .mmap(1, 0x2000, 0x1000, 0, '/b', 2)
    .sample({ pid: 1, time: 9, ip: 0x2000, callers: [0x2000, 0x2001] });
  const profile = profileFrom(writer);
  assert.deepEqual(drawn(profile), [':1: [b] < [a] < [b]']);
  assert.deepEqual([...profile.frames.address].sort(), [0x1fff, 0x2000]);
});

test('equal chains are one stack; kernel addresses are the kernel', () => {
  const writer = new RecordingWriter().mmap(1, 0x1000, 0x1000, 0, '/a', 1);
  for (let i = 0; i < 10; i++) {
    writer.sample({ pid: 1, time: 10 + i, ip: -0x7f000000, callers: [-0x7e000000] });
  }
  const profile = profileFrom(writer);
  assert.equal(profile.stacks.length, 2);
  assert.deepEqual(new Set(drawn(profile)), new Set([':1: [kernel] < [kernel]']));
  const layers = [...profile.functions.layer].map((layer) => LAYER_NAMES[layer]);
  assert.deepEqual(layers, ['kernel']);
  assert.deepEqual([...profile.samples.weight], Array(10).fill(1000));
  assert.deepEqual(profile.events, [{ name: 'cpu-clock', unit: 'ns' }]);
});

test('what the kernel dropped and held back is told', () => {
  const profile = profileFrom(
    new RecordingWriter().sample({ pid: 1, time: 5 }).lost(12, 6).lost(3, 7).throttle(8),
  );
  const { lost, lostChunks, throttled } = profile.meta;
  assert.deepEqual([lost, lostChunks, throttled], [15, 2, 1]);
  assert.match(notesOf(profile), /dropped 15 records: .* \(15\)\n.*throttled sampling 1 time/);
  assert.match(notesOf(profile), /addresses lie in no executable mapping \(1\)/);
});

test('modules whose files are gone are told, with how many samples they touch', () => {
  const writer = new RecordingWriter()
    .mmap(1, 0x1000, 0x1000, 0, '/opt/gone', 1)
    .sample({ pid: 1, time: 5, ip: 0x1001 })
    .sample({ pid: 1, time: 6, ip: 0x1002, callers: [0x1003] });
  assert.match(notesOf(profileFrom(writer)), /functions of \/opt\/gone have no names: .*\(2\)/);
});

test('a cut recording is read as far as it goes, and says so', () => {
  const bytes = readFixture('perfdata/fp.data');
  const whole = profileOf(new MemorySource(bytes), NOWHERE);
  let last = 0;
  for (let length = 0; length < bytes.length; length += 61) {
    try {
      const profile = profileOf(new MemorySource(bytes.subarray(0, length)), NOWHERE);
      assert.ok(profile.samples.length >= last && profile.samples.length <= whole.samples.length);
      last = profile.samples.length;
      if (last < whole.samples.length) assert.match(notesOf(profile), /is cut/);
    } catch (error) {
      if (!(error instanceof StrataError)) throw error;
      assert.equal(last, 0);
    }
  }
  assert.equal(last, whole.samples.length);
});

test('random damage makes no other errors than those of the format', () => {
  let state = 0x5eed;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (const name of ['fp', 'dwarf', 'events']) {
    const original = readFixture(`perfdata/${name}.data`);
    for (let round = 0; round < 150; round++) {
      const bytes = original.slice();
      for (let i = 0; i < 20; i++) bytes[104 + (random() % (bytes.length - 104))] = random() & 0xff;
      try {
        profileOf(new MemorySource(bytes), NOWHERE);
      } catch (error) {
        if (!(error instanceof StrataError)) throw error;
      }
    }
  }
});

const PROGRAM = `
import os, threading
def leaf(n): return sum([i * i for i in range(n)])
def middle(n): return leaf(n)
def outer():
    for _ in range(250): middle(8000)
def main():
    thread = threading.Thread(target=outer); thread.start(); thread.join()
    if os.fork() == 0:
        outer(); os._exit(0)
    os.wait()
    outer()
main()
`;

function recorded(t: TestContext, args: readonly string[], check: (path: string) => void): void {
  const python = requirePython(t, [3, 12]);
  if (python === undefined || !needsPerf(t)) return;
  const folder = mkdtempSync(join(tmpdir(), 'strata-session-'));
  try {
    const program = join(folder, 'program.py');
    const path = join(folder, 'perf.data');
    writeFileSync(program, PROGRAM);
    perfRecord(path, [...args, '--', python.path, '-X', 'perf', program]);
    check(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('perf record --call-graph dwarf: stacks of Python functions reach the root', (t) => {
  recorded(t, ['-F', '499', '--call-graph', 'dwarf,32768'], (path) => {
    const profile = loadProfile(path);
    const stacks = Array.from({ length: profile.samples.length }, (_, i) => stackOf(profile, i));
    const working = stacks.filter((stack) => stack.includes('leaf'));
    assert.ok(working.length > 50, `${working.length} of ${stacks.length} samples`);
    const whole = working.filter((stack) => {
      const python = stack.filter((name) => ['leaf', 'middle', 'outer', 'main'].includes(name));
      return /^leaf,middle,outer(,main)?$/.test(python.join());
    });
    assert.ok(
      whole.length >= 0.99 * working.length,
      `${whole.length} of ${working.length} are whole`,
    );
    const cut = profile.samples.truncation.filter((cause) => cause !== Truncation.None).length;
    assert.ok(cut <= 0.05 * stacks.length, `${cut} of ${stacks.length} are cut`);
  });
});

test('names, processes and times of samples are those of perf script', (t) => {
  recorded(t, ['-F', '499', '-g'], (path) => {
    const { samples, threads, strings } = loadProfile(path);
    const found = Array.from({ length: samples.length }, (_, i) => {
      const thread = samples.thread[i];
      const ids = `${threads.pid[thread]}/${threads.tid[thread]}`;
      return `${strings[samples.comm[i]]} ${ids} ${samples.time[i]} ${samples.weight[i]}`;
    });
    const expected = readPerfScript(perfScript(path)).map(
      ({ comm, ids, time, period }) => `${comm} ${ids} ${Number(time.replace('.', ''))} ${period}`,
    );
    assert.ok(found.length > 50);
    assert.deepEqual(found.sort(), expected.sort());
  });
});

test('stacks that several threads unwound are those that one unwinds, in the same order', (t) => {
  if (availableParallelism() < 2) {
    t.skip('unwinding on several threads: there is one CPU');
    return;
  }
  if (!needsPerf(t)) return;
  const folder = mkdtempSync(join(tmpdir(), 'strata-load-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'dumps.data');
  const spin = 'import time\ndef f(n):\n  while time.process_time() < n: pass\nf(0.3)';
  const call = ['--call-graph', 'dwarf,8192', '-F', '1999', '-e', 'cpu-clock'];
  perfRecord(file, [...call, '--', requirePython(t, [3, 8])?.path ?? 'python3', '-c', spin]);
  const source = new FileSource(file);
  t.after(() => source.close());
  const takes = t.mock.method(ChainPool.prototype, 'take');
  const alone = foldedLines(profileOf(source, { sharedFrom: Infinity }));
  assert.equal(takes.mock.callCount(), 0);
  const shared = foldedLines(profileOf(source, { sharedFrom: 0 }));
  const taken = takes.mock.calls.filter(({ result }) => result === true);
  assert.ok(taken.length > 64, `${taken.length} stacks came from other threads`);
  assert.deepEqual(shared, alone);
});
