import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { MemorySource } from '../base/source.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import type { Profile } from '../profile/profile.js';
import { JitDumpWriter } from '../testing/jitdump.js';
import { needsPerf, PERF_RECORD } from '../testing/perf.js';
import { RecordingWriter } from '../testing/perfdata.js';
import { skipOrFail } from '../testing/pythons.js';
import { pythonLabel, perfPythons } from '../testing/recordings.js';
import { profileOf } from './load.js';
import { loadProfile } from './open.js';

const CLOCK_MONOTONIC = 1;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata jit '));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The recording as `perf record -k CLOCK` writes it. */
function withClock(bytes: Uint8Array, clock: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const attr = Number(view.getBigUint64(24, true));
  view.setUint8(attr + 40 + 3, view.getUint8(attr + 40 + 3) | 2); // use_clockid is bit 25
  view.setInt32(attr + 92, clock, true);
  return bytes;
}

/** Reads a recording of processes that know `dump` as `/tmp/jit-1.dump`. */
function read(
  t: TestContext,
  recording: RecordingWriter,
  dump: JitDumpWriter | undefined,
  clock = CLOCK_MONOTONIC,
): { readonly names: string[]; readonly notes: string } {
  const perfMapDir = folder(t);
  if (dump !== undefined) writeFileSync(join(perfMapDir, 'jit-1.dump'), dump.bytes());
  const profile = profileOf(new MemorySource(withClock(recording.bytes(), clock)), {
    symbols: { symfs: '/nonexistent', perfMapDir },
    recordedBefore: Date.now(),
  });
  const names = Array.from({ length: profile.samples.length }, (_, i) => stackOf(profile, i)[0]);
  return { names, notes: profile.notes.map(({ text }) => text).join('\n') };
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

const MARKER = '/tmp/jit-1.dump';
/** A process with memory for code, and its dump. */
function process1(): RecordingWriter {
  return new RecordingWriter()
    .comm(1, 'jit', 1, true)
    .mmap(1, 0x1000, 0x8000, 0, '//anon', 10)
    .mmap(1, 0x100000, 0x1000, 0, MARKER, 11);
}

test('each sample meets the functions of its time', (t) => {
  const dump = new JitDumpWriter()
    .load({ time: 2_000_000, address: 0x2000, size: 64, name: 'a', index: 1 })
    .load({ time: 4_000_000, address: 0x2020, size: 64, name: 'b', index: 2 })
    .move(6_000_000, 1, 0x3000, 64)
    .load({ time: 7_000_000, address: 0x2000, size: 64, name: 'c', index: 3 });
  const at = (time: number, ip: number): [number, number] => [time * 1_000_000, ip];
  const samples: readonly [[number, number], string][] = [
    [at(1, 0x2010), '[unknown]'],
    [at(3, 0x2010), 'a'],
    [at(3, 0x2040), '[unknown]'],
    [at(5, 0x2010), 'a'],
    [at(5, 0x2030), 'b'],
    [at(5, 0x3010), '[unknown]'],
    [at(6, 0x3010), 'a'],
    [at(8, 0x2010), 'c'],
    [at(8, 0x2050), 'b'],
  ];
  const recording = process1();
  for (const [[time, ip]] of samples) recording.sample({ pid: 1, time, ip });
  const { names, notes } = read(t, recording, dump);
  assert.deepEqual(
    names,
    samples.map(([, name]) => name),
  );
  assert.doesNotMatch(notes, /jit-1/);
});

test('children inherit functions, exec drops them, memory without a file stays below them', (t) => {
  const dump = new JitDumpWriter()
    .load({ time: 100, address: 0x2000, size: 64, name: 'early' })
    .load({ time: 3_000_000, address: 0x3000, size: 64, name: 'late' });
  const recording = process1()
    .fork(2, 1, 1_000_000)
    .mmap(1, 0x2000, 0x2000, 0, '//anon', 2_000_000)
    .mmap(1, 0x7000, 0x4000, 0, '//anon', 2_000_000)
    .sample({ pid: 1, time: 4_000_000, ip: 0x2010 })
    .sample({ pid: 1, time: 4_000_000, ip: 0x3010 })
    .sample({ pid: 2, time: 4_000_000, ip: 0x2010 })
    .sample({ pid: 2, time: 4_000_000, ip: 0x3010 })
    .mmap(1, 0x2000, 0x1000, 0, '/usr/lib/libm.so', 5_000_000)
    .sample({ pid: 1, time: 6_000_000, ip: 0x2010 })
    .comm(2, 'other', 7_000_000, true)
    .mmap(2, 0x2000, 0x1000, 0, '//anon', 7_500_000)
    .sample({ pid: 2, time: 8_000_000, ip: 0x2010 });
  const { names } = read(t, recording, dump);
  assert.deepEqual(names, ['early', 'late', 'early', '[unknown]', '[libm.so]', '[unknown]']);
});

test('clocks that cannot be compared: all functions from the start, the latest of each place', (t) => {
  const dump = new JitDumpWriter()
    .load({ time: 9e15, address: 0x2000, size: 64, name: 'a' })
    .load({ time: 8e15, address: 0x2000, size: 64, name: 'b' });
  const recording = process1().sample({ pid: 1, time: 1_000_000, ip: 0x2010 });
  const { names, notes } = read(t, recording, dump, 4);
  assert.deepEqual(names, ['b']);
  assert.match(notes, /jit-1\.dump are named as they stood at its end.*perf record -k 1/);
});

test("the processor's own counter is converted to the recording's clock", (t) => {
  const dump = new JitDumpWriter({ flags: 1 })
    .load({ time: 1_000_000, address: 0x2000, size: 64, name: 'a' })
    .load({ time: 3_000_000, address: 0x2000, size: 64, name: 'b' });
  const recording = new RecordingWriter()
    .record(PerfRecord.TIME_CONV, 0, (out) => out.u64(10, 512, 5_000_000, 0, 0, 0)) // half, and 5 ms
    .comm(1, 'jit', 1, true)
    .mmap(1, 0x1000, 0x8000, 0, '//anon', 10)
    .mmap(1, 0x100000, 0x1000, 0, MARKER, 11)
    .sample({ pid: 1, time: 5_499_000, ip: 0x2010 })
    .sample({ pid: 1, time: 5_501_000, ip: 0x2010 })
    .sample({ pid: 1, time: 6_501_000, ip: 0x2010 });
  const perfMapDir = folder(t);
  writeFileSync(join(perfMapDir, 'jit-1.dump'), dump.bytes());
  const options = { symbols: { symfs: '/nonexistent', perfMapDir }, recordedBefore: Date.now() };
  const profile = profileOf(new MemorySource(recording.bytes()), options);
  assert.deepEqual(
    [0, 1, 2].map((sample) => stackOf(profile, sample)[0]),
    ['[unknown]', 'a', 'b'],
  );
  // With another clock it cannot be.
  assert.match(read(t, recording, dump).notes, /another clock/);
});

test('a dump that is gone, is none or is cut is told of', (t) => {
  const recording = process1().sample({ pid: 1, time: 1_000_000, ip: 0x2010 });
  assert.match(read(t, recording, undefined).notes, /\/tmp\/jit-1\.dump is gone/);
  const perfMapDir = folder(t);
  const notesOf = (bytes: Uint8Array): string => {
    writeFileSync(join(perfMapDir, 'jit-1.dump'), bytes);
    const options = { symbols: { symfs: '/nonexistent', perfMapDir }, recordedBefore: Date.now() };
    const { notes } = profileOf(new MemorySource(recording.bytes()), options);
    return notes.map(({ text }) => text).join('\n');
  };
  assert.match(notesOf(new Uint8Array(100)), /jit-1\.dump: jitdump: jitheader at byte 0: expected/);
  const dump = new JitDumpWriter().load({ time: 1, address: 0x2000, size: 64, name: 'a' }).bytes();
  assert.match(notesOf(dump.subarray(0, 70)), /jit-1\.dump: it ends in the middle of a record/);
});

/** What is sampled is `leaf`, below `main`. */
const PYTHON_PROGRAM = `
def leaf(n):
    s = 0
    for i in range(n):
        s += i * i
    return s
def main():
    for _ in range(800):
        leaf(2000)
main()
`;

test('perf record -k 1 --call-graph dwarf python -X perf_jit: whole Python stacks', (t) => {
  if (!needsPerf(t)) return;
  // The newest and the oldest: their trampolines differ.
  const all = perfPythons().filter(({ version: [, minor] }) => minor >= 13);
  const pythons = new Set([...all.slice(0, 1), ...all.slice(-1)]);
  if (pythons.size === 0) skipOrFail(t, 'python', 'no CPython 3.13 or newer');
  const place = folder(t);
  writeFileSync(join(place, 'program.py'), PYTHON_PROGRAM);
  for (const python of pythons) {
    const recording = join(place, 'perf.data');
    const flags = ['-k', '1', '-F', '499', '--call-graph', 'dwarf,32768', '-o', recording];
    const { pid } = recordedProcess(t, place, flags, [python.path, '-X', 'perf_jit', 'program.py']);
    const before = readdirSync(place);
    const profile = loadProfile(recording, {});
    assert.deepEqual(readdirSync(place), before, 'nothing is written');
    rmSync(`/tmp/jit-${pid}.dump`, { force: true });
    const stacks = Array.from({ length: profile.samples.length }, (_, i) => stackOf(profile, i));
    const inLeaf = stacks.filter((stack) => stack.includes('leaf'));
    const whole = inLeaf.filter(
      (stack) => stack.includes('main') && stack.includes('<module>') && stack.at(-1) === '_start',
    );
    assert.ok(inLeaf.length > 20, `${pythonLabel(python)}: ${inLeaf.length} of ${stacks.length}`);
    assert.ok(whole.length >= 0.99 * inLeaf.length, `${pythonLabel(python)}: ${whole.length}`);
  }
});

const NODE_PROGRAM = `
function leaf(x) { let s = 0; for (let i = 0; i < 4000; i++) s = (s * 31 + i * x) | 0; return s; }
function main(n) { let s = 0; for (let i = 0; i < n; i++) s ^= leaf(i); return s; }
console.log(main(40000));
`;

test('node --perf-prof and --perf-basic-prof: the names that perf gives', (t) => {
  if (!needsPerf(t)) return;
  const place = folder(t);
  writeFileSync(join(place, 'program.js'), NODE_PROGRAM);
  for (const flag of ['--perf-prof', '--perf-basic-prof']) {
    const recording = join(place, 'perf.data');
    const flags = ['-k', '1', '-F', '997', '-g', '-o', recording];
    const node = [process.execPath, flag, '--interpreted-frames-native-stack', 'program.js'];
    const { pid } = recordedProcess(t, place, flags, node);
    if (flag === '--perf-prof') leaveOutBuiltins(join(place, `jit-${pid}.dump`));
    const profile = loadProfile(recording, {});
    const ours = countsOf(
      Array.from({ length: profile.samples.length }, (_, i) => stackOf(profile, i).join('\n')),
    );
    const injected = flag === '--perf-prof' ? join(place, 'injected.data') : recording;
    if (injected !== recording) {
      perf(place, ['inject', '--jit', '-i', recording, '-o', injected]);
    }
    const text = perf(place, ['script', '-i', injected, '--no-inline', '-F', 'ip,sym']);
    rmSync(`/tmp/perf-${pid}.map`, { force: true });
    assert.deepEqual(ours, countsOf(text.split('\n\n')), flag);
    assert.ok((ours['leaf'] ?? 0) > 20, `${flag}: ${JSON.stringify(ours)}`);
    assert.ok((ours['main'] ?? 0) > 20, `${flag}: ${JSON.stringify(ours)}`);
  }
});

/** V8 names 2,200 functions of its own, of which perf makes a file each. */
function leaveOutBuiltins(path: string): void {
  const bytes = readFileSync(path);
  const kept = [bytes.subarray(0, 40)];
  for (let at = 40, size; at < bytes.byteLength; at += size) {
    size = bytes.readUInt32LE(at + 4);
    const isLoad = bytes.readUInt32LE(at) === 0;
    const isBuiltin = isLoad && bytes.toString('latin1', at + 56, at + 64) === 'Builtin:';
    if (!isBuiltin) kept.push(bytes.subarray(at, at + size));
  }
  writeFileSync(path, Buffer.concat(kept));
}

/** How many stacks hold each of the program's functions, by name, in any tier of V8's compilers. */
function countsOf(stacks: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const stack of stacks) {
    const found = new Set(
      Array.from(stack.matchAll(/JS:[~^*+]?(\w*) .*program\.js:/g), ([, name]) => name),
    );
    for (const name of found) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Records a command in `place`; its dumps and maps are its own. */
function recordedProcess(
  t: TestContext,
  place: string,
  flags: readonly string[],
  command: readonly string[],
): { pid: number } {
  // A shell tells its number and becomes the command.
  const shell = ['sh', '-c', 'echo $$ >&2; exec "$@"', 'sh', ...command];
  const result = spawnSync('perf', [...PERF_RECORD, '-N', ...flags, ...shell], {
    cwd: place,
    env: environment(place),
    encoding: 'utf8',
  });
  assert.equal(result.status, 0, result.stderr);
  const pid = Number(/^\d+$/m.exec(result.stderr)?.[0]);
  t.after(() => {
    for (const path of [`/tmp/jit-${pid}.dump`, `/tmp/perf-${pid}.map`])
      rmSync(path, { force: true });
  });
  return { pid };
}

function perf(place: string, args: readonly string[]): string {
  const result = spawnSync('perf', args, {
    cwd: place,
    env: environment(place),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout;
}

/** perf keeps copies of what it saw in its user's home, if not told otherwise. */
function environment(place: string): NodeJS.ProcessEnv {
  const home = join(place, 'home');
  mkdirSync(home, { recursive: true });
  return { ...process.env, HOME: home, PERF_BUILDID_DIR: join(home, '.debug') };
}
