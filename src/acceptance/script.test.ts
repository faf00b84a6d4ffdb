/** `strata script` against `perf script --no-inline`, line by line, on recordings of many kinds. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';

import { run, STRATA, strata } from '../testing/cli.js';
import { fixturePath } from '../testing/fixtures.js';
import { needsPerf, perfRecord } from '../testing/perf.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';

/** Work in two threads, then in a child; about 50 ms. */
const PROGRAM = `
import os, threading, zlib
def work():
    for _ in range(3): sum(i * i for i in range(20000)); zlib.compress(b'abc' * 20000)
thread = threading.Thread(target=work); thread.start(); work(); thread.join()
if os.fork() == 0:
    work(); os._exit(0)
os.wait()
`;

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), 'strata-script-'))));
after(() => rmSync(folder, { recursive: true }));

function perfText(file: string, flags: readonly string[]): string {
  return execFileSync('perf', ['script', '--no-inline', '-i', file, ...flags], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 28,
  });
}

async function strataText(file: string, flags: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await strata(['script', '--no-inline', '-i', file, ...flags]);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Both texts' lines, of which there is at least one. */
async function bothLines(
  file: string,
  flags: readonly string[] = [],
): Promise<[perf: string[], own: string[]]> {
  const perf = perfText(file, flags);
  assert.notEqual(perf, '');
  return [perf.split('\n'), (await strataText(file, flags)).split('\n')];
}

/** Fails at the first line that differs. */
async function assertSame(file: string, flags: readonly string[] = []): Promise<void> {
  const [perf, own] = await bothLines(file, flags);
  const at = perf.findIndex((line, i) => line !== own[i]);
  if (at >= 0) assert.equal(own[at], perf[at], `line ${at + 1} with ${flags.join(' ')}`);
  assert.equal(own.length, perf.length);
}

/** A recording of the program; `undefined` where it cannot be made here, which skips the test. */
function recorded(t: TestContext, flags: readonly string[]): string | undefined {
  if (!needsPerf(t)) return undefined;
  const python = requirePython(t, [3, 8]);
  if (python === undefined) return undefined;
  const file = join(folder, `${t.name.replace(/\W+/g, '-')}.data`);
  try {
    perfRecord(file, [...flags, '--', python.path, '-c', PROGRAM]);
    return file;
  } catch {
    skipOrFail(t, 'perf', `cannot record with ${flags.join(' ')}`);
    return undefined;
  }
}

/**
 * perf names a caller by the address that the call returns to, also where that is another function's
 * first byte; Strata by the call.
 */
function isNamedBehindCall(line: string): boolean {
  return /^\t\s*[0-9a-f]+ \S.*\+0x0 \(/.test(line);
}

/** In the midst of an exec a sample may still be in the code of before, which perf does not forget. */
function isBeforeExec(line: string): boolean {
  return /^\t.* execve\+/.test(line);
}

test('frame pointers: chains of the kernel, of stripped and of named code', async (t) => {
  const file = recorded(t, ['-F', '999', '-g']);
  if (file === undefined) return;
  const [perf, own] = await bothLines(file);
  assert.equal(own.length, perf.length);
  perf.forEach((line, i) => {
    if (line === own[i] || isBeforeExec(line)) return;
    assert.equal(own[i].slice(0, 17), line.slice(0, 17)); // the address
    if (!isNamedBehindCall(line)) assert.equal(own[i], line);
  });
  assert.ok(perf.some((line) => line.endsWith('([kernel.kallsyms])')));
  await assertSame(file, ['--max-stack', '3', '-F', 'comm,time,ip', '--ns']);
});

test('samples of some threads, times, files and functions', async (t) => {
  const file = recorded(t, ['-F', '1999', '-g']);
  if (file === undefined) return;
  const samples = perfText(file, ['-G', '-F', 'comm,tid,time,ip,sym,dso']).trim().split('\n');
  const middle = /(\d+) +(\d+\.\d+): +[0-9a-f]+ (\S+) \((.*)\)/.exec(samples[samples.length >> 1]);
  assert.ok(middle);
  const [, tid, time, symbol, dso] = middle;
  const choices = [
    ['--tid', tid],
    ['--time', `${time},`],
    ['--time', `,${time}`],
    ['--time', '10%/2'],
    ['--time', '0%-20%,50%-60%'],
    ['--dsos', dso],
    ['--symbols', symbol.replace(/^\[unknown\]$/, 'none')],
  ];
  for (const flags of choices) {
    const all = [...flags, '-G', '-F', 'comm,tid,time,ip'];
    const own = await strataText(file, all);
    assert.equal(own, perfText(file, all), flags.join(' '));
    assert.ok(own.length < samples.join('\n').length, `${flags.join(' ')} leaves nothing out`);
  }
});

test('copied stacks: what perf unwinds, and further', async (t) => {
  const file = recorded(t, ['-F', '499', '--call-graph', 'dwarf,16384']);
  if (file === undefined) return;
  const chains = (text: string): string[][] =>
    text.split('\n\n').map((sample) => sample.split('\n').filter((line) => line.startsWith('\t')));
  const perf = chains(perfText(file, []));
  const own = chains(await strataText(file, []));
  assert.equal(own.length, perf.length);
  let same = 0;
  perf.forEach((chain, i) => {
    // At code that it cannot leave perf gives up, now and then with an address that is none.
    const whole = chain.filter((line) => !/^\t(?:f{16}| {15}0) /.test(line));
    assert.ok(own[i].length >= whole.length, `perf has more frames of sample ${i + 1}`);
    same += whole.filter((line, frame) => line === own[i][frame]).length;
  });
  // Unwinders differ where code has no unwind information at all.
  const all = perf.flat().length;
  assert.ok(same >= all * 0.98, `${same} of ${all} frames`);
});

test('several events, a group, and records of other kinds between the samples', async (t) => {
  const several = recorded(t, ['--switch-events', '-e', 'page-faults,cpu-clock:u', '-F', '999']);
  if (several === undefined) return;
  await assertSame(several);
  const shown = ['--show-switch-events', '--show-task-events', '-F', '+misc,+pid'];
  await assertSame(several, shown);
  await assertSame(several, ['-F', 'sw:comm,tid,event,period']);
  const group = join(folder, 'group.data');
  perfRecord(group, ['-e', '{cpu-clock,page-faults}:S', '-c', '100000', 'sleep', '0.01']);
  await assertSame(group);
});

test('a tracepoint with its data and stacks, and registers', async (t) => {
  const file = recorded(t, ['-g', '-e', 'sched:sched_process_fork,sched:sched_process_exit']);
  if (file === undefined) return;
  await assertSame(file, ['-F', 'comm,tid,cpu,time,event,trace,ip']);
  await assertSame(file, ['-G']);
  const registers = join(folder, 'registers.data');
  perfRecord(registers, ['-I', '--user-regs=ip,sp', '-d', '-e', 'page-faults', 'sleep', '0.01']);
  await assertSame(registers, ['-F', '+iregs,+uregs']);
  await assertSame(registers, ['-F', 'ip,addr']);
});

test('the whole system', async (t) => {
  const file = recorded(t, ['-a', '-F', '199']);
  if (file === undefined) return;
  // Of threads that no record names perf prints the number, Strata the process's name.
  await assertSame(file, ['-F', 'pid,tid,cpu,time,period,event,ip']);
});

test('compressed, and through a pipe', async (t) => {
  const compressed = recorded(t, ['-z', '-F', '499', '-g']);
  if (compressed === undefined) return;
  await assertSame(compressed, ['-F', 'comm,pid,tid,time,ip']);
  const perf = spawnSync('perf', ['record', '-q', '-o', '-', '-c', '100000', 'sleep', '0.01'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 28,
  });
  const input = perf.stdout;
  const options = { input, encoding: 'utf8' } as const;
  const own = spawnSync(process.execPath, [STRATA, 'script', '-i', '-'], options);
  assert.equal(own.stdout, spawnSync('perf', ['script', '-i', '-'], options).stdout);
  assert.notEqual(own.stdout, '');
});

test("Python's own functions, by the map that it leaves", async (t) => {
  if (!needsPerf(t)) return;
  const python = requirePython(t, [3, 12]);
  if (python === undefined) return;
  const file = join(folder, 'python.data');
  const before = new Set(readdirSync('/tmp'));
  perfRecord(file, ['-F', '999', '-g', '--', python.path, '-X', 'perf', '-c', PROGRAM]);
  const maps = readdirSync('/tmp').filter((name) => /^perf-\d+\.map$/.test(name));
  try {
    const [perf, own] = await bothLines(file);
    perf.forEach((line, i) => {
      if (!isNamedBehindCall(line) && !isBeforeExec(line)) assert.equal(own[i], line);
    });
    assert.equal(own.length, perf.length);
  } finally {
    const pids = new Set(perfText(file, ['-F', 'pid']).match(/\d+/g));
    for (const name of maps) {
      const pid = /\d+/.exec(name)?.[0] ?? '';
      if (pids.has(pid) && !before.has(name)) rmSync(join('/tmp', name), { force: true });
    }
  }
});

test('recordings that are kept, against what perf said of them', async () => {
  const scripts = readdirSync(fixturePath('perfdata')).filter((name) => name.endsWith('.script'));
  assert.ok(scripts.length >= 3);
  for (const name of scripts) {
    const expected = readFileSync(fixturePath(join('perfdata', name)), 'utf8');
    const data = fixturePath(join('perfdata', name.replace(/script$/, 'data')));
    // Without call chains where the text has none.
    const flags = /^\t/m.test(expected) ? [] : ['-G'];
    const own = await strataText(data, [
      '--ns',
      '-F',
      'comm,pid,tid,time,period,event,ip',
      ...flags,
    ]);
    // Of what comes through a pipe perf prints symbols, asked or not.
    assert.equal(own, expected.replace(/^(\t *[0-9a-f]+) .*$/gm, '$1'), name);
  }
});

test('whoever reads the output may stop early', async () => {
  const data = fixturePath(join('perfdata', 'fp.data'));
  const command = `"${process.execPath}" "${STRATA}" script -i "${data}" | head -n 1`;
  const { stdout, stderr, code } = await run('sh', ['-c', command]);
  assert.match(stdout, /^python3 /);
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

test('says what is wrong with what was asked for', async () => {
  const data = fixturePath(join('perfdata', 'fp.data'));
  const cases: [flags: string[], code: number, message: RegExp][] = [
    [['-F', 'nothing'], 2, /no field 'nothing'/],
    [['-F', 'ip,+sym'], 2, /none may go without/],
    [['--time', '3,2'], 2, /ends before it starts/],
    [['-C', '2-1'], 2, /0,2-3/],
    [['-F', 'addr'], 1, /do not carry what 'addr' prints/],
    [['--event', 'cycles'], 1, /no event 'cycles'/],
  ];
  for (const [flags, expected, message] of cases) {
    const { code, stdout, stderr } = await strata(['script', '-i', data, ...flags]);
    assert.match(stderr, message);
    assert.equal(stdout, '');
    assert.equal(code, expected);
  }
});
