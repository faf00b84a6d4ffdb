import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { FileSource, MemorySource } from '../../../base/source.js';
import { readPerfData } from '../../../formats/perfdata/reader.js';
import { PerfMisc, PerfRecord } from '../../../formats/perfdata/spec.js';
import { fixturePath } from '../../../testing/fixtures.js';
import { needsPerf, perfRecord } from '../../../testing/perf.js';
import { RecordingWriter } from '../../../testing/perfdata.js';
import { writeRawTrace } from './raw-trace.js';

function dumpFile(path: string, name = path): string {
  const source = new FileSource(path);
  const file = readPerfData(source);
  try {
    let text = '';
    writeRawTrace(file, name, (part) => (text += part));
    return text;
  } finally {
    file.close();
    source.close();
  }
}

test('a dump begins with the first record', () => {
  const lines = dumpFile(fixturePath('perfdata/events.data'), 'events.data').split('\n');
  assert.deepEqual(lines.slice(0, 17), [
    '',
    '0x1a8@events.data [0x90]: event: 69',
    '.',
    '. ... raw event: size 144 bytes',
    ...lines.slice(4, 13).map((line) => {
      assert.match(line, /^\. {2}00[0-8]0: ( [0-9a-f]{2}){16} {2}[ -~]{16}$/);
      return line;
    }),
    '',
    '0 0x1a8 [0x90]: PERF_RECORD_ID_INDEX nr: 4',
    ...lines.slice(15, 17),
  ]);
  assert.match(lines[15], /^ \.\.\. id: \d+ {2}idx: 0 {2}cpu: 0 {2}tid: \d+$/);
});

/** What perf prints without what belongs to threads and symbols; empty lines between records vary. */
function perfDump(path: string): string {
  const text = execFileSync('perf', ['script', '-F', 'time', '-D', '-i', path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 28,
  });
  return text.replace(/^ \.\.\. thread: [^]*?(?=\n\n?(?:0x)?[0-9a-f]+@|(?![^]))/gm, '');
}

function comparable(text: string): string[] {
  return text
    .replace(/\n+(?=\n(?:0x)?[0-9a-f]+@)/g, '\n')
    .trimEnd()
    .split('\n');
}

test('dumps are those of perf', (t) => {
  if (!needsPerf(t)) return;
  const kinds: readonly (readonly string[])[] = [
    ['-g', 'true'],
    '-F 20000 --call-graph dwarf,256 --intr-regs=AX,SP,IP -e {cpu-clock,page-faults}:S ls -l /etc',
    '-c 50000 -s --switch-events --namespaces -W -d --phys-data -e task-clock:u sh -c ls',
    ['-a', '--switch-events', 'true'],
  ].map((argv) => (typeof argv === 'string' ? argv.split(' ') : argv));
  const folder = mkdtempSync(join(tmpdir(), 'strata-dump-'));
  try {
    kinds.forEach((argv, i) => {
      const path = join(folder, `${i}.data`);
      perfRecord(path, argv);
      assert.deepEqual(comparable(dumpFile(path)), comparable(perfDump(path)), argv.join(' '));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the dump of pipe mode is that of perf', (t) => {
  if (!needsPerf(t)) return;
  const path = fixturePath('perfdata/pipe.data');
  assert.deepEqual(comparable(dumpFile(path)), comparable(perfDump(path)));
});

/** The lines of a made-up recording that begin with `CPU TIME OFFSET [SIZE]:` and what follows them. */
function decoded(writer: RecordingWriter): string[] {
  let text = '';
  writeRawTrace(readPerfData(new MemorySource(writer.bytes())), 'x', (part) => (text += part));
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('.  ') && !/^\.( |$)|event: \d+$/.test(line))
    .map((line) => line.replace(/^\d+ \d+ \w+ \[\w+\]: PERF_RECORD_/, ''));
}

for (const littleEndian of [true, false]) {
  test(`records that no machine here writes, ${littleEndian ? 'little' : 'big'}-endian`, () => {
    const writer = new RecordingWriter(littleEndian, true);
    const kernelRecord = (type: number, misc: number, body: RecordBody): void => {
      writer.record(type, misc, (out) => {
        body(out);
        out.u32(5).u32(5).u64(14, 7, 99).u32(3).u32(0).u64(7);
      });
    };
    writer.sample({ pid: 5, time: 10, ip: -4096, callers: [-8192] });
    writer.comm(5, 'evil\x1b[2J', 11, true).lost(3, 12).throttle(13);
    kernelRecord(PerfRecord.AUX, 0, (out) => out.u64(16, 32, 5));
    kernelRecord(PerfRecord.SWITCH_CPU_WIDE, PerfMisc.SWITCH_OUT, (out) => out.u32(7).u32(8));
    kernelRecord(PerfRecord.KSYMBOL, 0, (out) => {
      out.u64(0x1000).u32(64).u16(1).u16(0).text('bpf_prog_1');
    });
    kernelRecord(PerfRecord.BPF_EVENT, 0, (out) => out.u16(1).u16(0).u32(9).u64(0));
    kernelRecord(PerfRecord.LOST_SAMPLES, 0, (out) => out.u64(2));
    kernelRecord(PerfRecord.COMM, 0, () => {});
    writer.record(PerfRecord.STAT_ROUND, 0, (out) => out.u64(1, 99)).record(99, 0, () => {});
    const lines = decoded(writer);
    assert.match(lines.pop() ?? '', /^COMM: perf.data: record .* expected 4 bytes, found 0$/);
    assert.deepEqual(lines, MADE_UP);
  });
}

type RecordBody = Parameters<RecordingWriter['record']>[2];

/** perf's own records, which have no time, come first. */
const MADE_UP = [
  'STAT_ROUND',
  '... time 99, type FINAL',
  'UNKNOWN: unhandled!',
  'SAMPLE(IP, 0x1): 5/5: 0xfffffffffffff000 period: 1000 addr: 0xadd7',
  '... FP chain: nr:3',
  '.....  0: ffffffffffffff80',
  '.....  1: fffffffffffff000',
  '.....  2: ffffffffffffe000',
  '... branch stack: nr:1',
  '.....  0: 0000000000000001 -> 0000000000000002 0 cycles MP   0',
  '... user regs: mask 0x101 ABI 64-bit',
  '.... AX    0x00000000000000bb',
  '.... IP    0x000000007fff0000',
  '... ustack: size 8, offset 0xf0',
  '... sample_read:',
  '...... time enabled 0000000000000032',
  '...... time running 0000000000000033',
  '.... group nr 2',
  '..... id 0000000000000000, value 000000000000000b, lost 101',
  '..... id 0000000000000000, value 000000000000000c, lost 102',
  'COMM exec: evil\\x1b[2J:5/5',
  'LOST: id:7: lost:3',
  'THROTTLE',
  'AUX offset: 0x10 size: 0x20 flags: 0x5 [TP]',
  'SWITCH_CPU_WIDE OUT          next pid/tid:     7/8    ',
  'KSYMBOL addr 1000 len 64 type 1 flags 0x0 name bpf_prog_1',
  'BPF_EVENT type 1, flags 0, id 9',
  'LOST_SAMPLES: id:7: lost samples :2',
];

test('a recording cut or damaged at any byte still has a dump', () => {
  const whole = new RecordingWriter(true, true)
    .sample({ pid: 5, time: 10, callers: [1] })
    .comm(5, 'python', 11)
    .mmap(5, 4096, 4096, 0, '/bin/x', 12)
    .fork(6, 5, 13)
    .round()
    .bytes();
  const start = readPerfData(new MemorySource(whole)).header.data.offset;
  for (let at = start + 1; at < whole.length; at++) {
    const damaged = Uint8Array.from(whole);
    damaged[at] ^= 0xff;
    for (const bytes of [whole.subarray(0, at), damaged]) {
      writeRawTrace(readPerfData(new MemorySource(bytes)), 'x', () => {});
    }
  }
});
