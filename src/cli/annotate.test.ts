/** Recordings of programs whose hot lines are known, against what perf says of the same files. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test, type TestContext } from 'node:test';

import { run, STRATA, strata } from '../testing/cli.js';
import { needsPerf, perfRecord } from '../testing/perf.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';

const folder = mkdtempSync(join(tmpdir(), 'strata annotate '));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

const C_SOURCE = `#include <time.h>
static volatile unsigned long sink;
static inline __attribute__((always_inline)) unsigned long mix(unsigned long x)
{
	x ^= x << 13;
	return x ^ (x >> 7);
}
__attribute__((noinline)) unsigned long hot(unsigned long n)
{
	unsigned long x = 88172645463325252UL;
	for (unsigned long i = 0; i < n; i++) {
		x = mix(x);
		sink += x / (i | 3);
	}
	return x;
}
int main(void)
{
	struct timespec t;
	do {
		hot(50000);
		for (volatile int i = 0; i < 5000; i++);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while (t.tv_sec == 0 && t.tv_nsec < 400000000);
	return 0;
}
`;
const MIX_LINES = [5, 6];
const CALL_LINE = 12;
const LOOP_LINES = [11, 12, 13];

interface Shares {
  readonly weight: number;
  readonly percent: number;
  readonly selfWeight: number;
  readonly selfPercent: number;
  readonly selfSamples: number;
}

interface Line extends Partial<Shares> {
  readonly line: number;
  readonly text?: string;
  readonly functions?: readonly string[];
}

interface Instruction extends Partial<Shares> {
  readonly address: string;
  readonly text: string;
  readonly line?: number;
  readonly inlined?: string;
}

interface Data {
  readonly events: readonly {
    readonly weight: number;
    readonly remarks: readonly string[];
    readonly annotations: readonly (Shares & {
      readonly name: string;
      readonly functions: readonly (Shares & { name: string; inlined: boolean })[];
      readonly files: readonly {
        readonly file: string;
        readonly path?: string;
        readonly problem?: string;
        readonly changed: boolean;
        readonly lines: readonly Line[];
        readonly unplaced: readonly { name: string; definedAt: readonly number[] }[];
      }[];
      readonly code?: readonly { problem?: string; instructions: readonly Instruction[] }[];
    })[];
  }[];
}

async function annotated(data: string, ...argv: readonly string[]): Promise<Data> {
  const { stdout, stderr, code } = await strata(['annotate', '--json', '-i', data, ...argv]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Data;
}

/** Compiles the program; `undefined` where there is no compiler: the test is skipped. */
function compile(t: TestContext, name: string, ...flags: string[]): string | undefined {
  const source = join(folder, `${name}.c`);
  const binary = join(folder, name);
  writeFileSync(source, C_SOURCE);
  const { error, status } = spawnSync('gcc', [...flags, '-o', binary, source]);
  if (error === undefined && status === 0) return binary;
  skipOrFail(t, 'gcc', 'not installed');
  return undefined;
}

/** Also in functions that call none, so that the caller is known. */
const FRAME_POINTERS = ['-fno-omit-frame-pointer', '-mno-omit-leaf-frame-pointer'];

const recordings = new Map<string, string | undefined>();

/** The same recording by perf for each test that wants one; `undefined` where it cannot be made. */
function recorded(t: TestContext, name: string, ...flags: string[]): string | undefined {
  const known = recordings.get(name);
  if (known !== undefined) return known;
  if (!needsPerf(t)) return undefined;
  const binary = compile(t, name, ...FRAME_POINTERS, ...flags);
  if (binary === undefined) return undefined;
  const data = join(folder, `${name}.data`);
  perfRecord(data, ['-F', '2999', '-e', 'cpu-clock:u', '-g', binary]);
  recordings.set(name, data);
  return data;
}

for (const level of ['-O0', '-O2']) {
  test(`lines and instructions of ${level} code cost what perf says`, async (t) => {
    const data = recorded(t, `program${level}`, '-g', level);
    if (data === undefined) return;
    const perf = await run('perf', ['annotate', '-i', data, '--stdio', '-l', '-s', 'hot']);
    const byAddress = numbers(perf.stdout, /^ +(\d+\.\d\d) : +([0-9a-f]+):/gm);
    const byLine = numbers(perf.stdout, /^ +(\d+\.\d\d) +\S+?\.c:(\d+)/gm);
    const ours = await annotated(data, '--asm', '--full', '--min', '0', 'hot');
    const { selfWeight, code = [] } = ours.events[0].annotations[0];
    const [{ instructions }] = code;
    assert.ok(instructions.length > 10);
    assert.equal(instructions.length, byAddress.size);
    // perf leaves instructions of up to half a percent out of its lines (symbol__calc_lines).
    const lines = new Map<string, number>();
    for (const { address, line, selfWeight: weight = 0 } of instructions) {
      const share = (100 * weight) / selfWeight;
      const expected = byAddress.get(address.slice(2)) ?? NaN;
      assert.ok(Math.abs(share - expected) < 0.006, `${address}: ${share} ${expected}`);
      if (share <= 0.5 || line === undefined) continue;
      lines.set(`${line}`, (lines.get(`${line}`) ?? 0) + share);
    }
    assert.ok(lines.size > 0);
    for (const [line, share] of lines) {
      const expected = byLine.get(line) ?? NaN;
      assert.ok(Math.abs(share - expected) < 0.03, `line ${line}: ${share} ${expected}`);
    }
  });
}

/** By what the second group of a pattern matches, the number that is the first. */
function numbers(text: string, pattern: RegExp): Map<string, number> {
  return new Map([...text.matchAll(pattern)].map(([, number, key]) => [key, Number(number)]));
}

test('inlined code costs its own line, and the line that called it as total', async (t) => {
  const data = recorded(t, 'program-O2', '-g', '-O2');
  if (data === undefined) return;
  const [event] = (await annotated(data, 'hot')).events;
  const [{ files, functions, selfPercent, percent }] = event.annotations;
  assert.ok(selfPercent > 90 && percent >= selfPercent, `${selfPercent}`);
  const mix = functions.find(({ name }) => name === 'mix');
  assert.equal(mix?.inlined, true);
  const { lines } = files[0];
  const at = (line: number) => lines.find((one) => one.line === line);
  const own = MIX_LINES.reduce((sum, line) => sum + (at(line)?.selfWeight ?? 0), 0);
  assert.ok(own > 0 && Math.abs(own - mix.selfWeight) < 1);
  assert.equal(at(CALL_LINE)?.weight, mix.weight);
  assert.ok((at(CALL_LINE)?.selfWeight ?? 0) < own);
  assert.match(at(CALL_LINE)?.text ?? '', /x = mix\(x\);/);
  // By its own name it is the same.
  const [inlined] = (await annotated(data, 'mix')).events[0].annotations;
  assert.equal(inlined.selfWeight, mix.selfWeight);
  // Unasked it is not shown twice.
  const [all] = (await annotated(data)).events;
  assert.deepEqual(
    [all.annotations[0].name, all.annotations.some(({ name }) => name === 'mix')],
    ['hot', false],
  );
});

test('instructions stand below the source lines that they come from', async (t) => {
  const data = recorded(t, 'program-O2', '-g', '-O2');
  if (data === undefined) return;
  const [event] = (await annotated(data, '--asm', '--full', 'hot')).events;
  const [{ instructions }] = event.annotations[0].code ?? [];
  // Also of instructions that were not sampled.
  assert.ok(instructions.some(({ line, weight }) => line !== undefined && weight === undefined));
  const inlined = instructions.filter((one) => one.inlined === 'mix');
  assert.ok(inlined.length > 0);
  assert.ok(inlined.every(({ line = 0 }) => MIX_LINES.includes(line)));

  const { stdout } = await strata(['annotate', '-i', data, '--asm', '--full', 'hot']);
  assert.match(
    stdout,
    /│ program-O2\.c:5 {2}x \^= x << 13; {2}← mix, inlined\n[^│]*│ [ ▸][0-9a-f]+ {2}\w/,
  );
  // A line stands once for all instructions in a row that come from it, and each instruction once.
  const shown = [...stdout.matchAll(/│ (?:(\S+\.c:\d+) {2}|[ ▸]([0-9a-f]+) {2})/g)];
  const addresses = shown.flatMap(([, , address]) => address ?? []);
  assert.deepEqual(
    addresses,
    instructions.map(({ address }) => address.slice(2)),
  );
  const lines = shown.flatMap(([, place]) => place ?? []);
  assert.ok(lines.length > 3 && lines.every((place, at) => place !== lines[at - 1]), stdout);
  // perf, too, has the lines of the loop between the instructions.
  const perf = await run('perf', ['annotate', '-i', data, '--stdio', '-s', 'hot']);
  assert.match(perf.stdout, /x \^= x << 13;/);

  const alone = await strata(['annotate', '-i', data, '--asm', '--no-source', '-l', 'hot']);
  assert.doesNotMatch(alone.stdout, /x << 13/);
  assert.match(alone.stdout, / {2}; program-O2\.c:5\n/);

  const recording = await strata(['annotate', data]);
  assert.equal(recording.code, 2);
  assert.match(recording.stderr, /is a recording, .*\n.*strata annotate -i .*\.data\n/);
});

test('folded stacks have no lines, and that is said', async () => {
  const folded = join(folder, 'x.folded');
  writeFileSync(folded, 'app;main;compute 7\napp;main 1\n');
  const { stdout, code } = await strata(['annotate', '-i', folded, '--asm']);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^compute: 87\.50% of everything, .*\n {2}no line of a source is known: what was read is text, /m,
  );
  assert.doesNotMatch(stdout, /debug information|--asm/);
});

test('tells what a name means, and what was perhaps meant', async (t) => {
  const data = recorded(t, 'program-O2', '-g', '-O2');
  if (data === undefined) return;
  const none = await strata(['annotate', '-i', data, 'ho']);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /has no samples of ho\n {2}it has: hot/);
  const slip = await strata(['annotate', '-i', data, 'hto']);
  assert.match(slip.stderr, /has no samples of hto\n {2}it has: hot\n/);
  const several = await strata(['annotate', '-i', data, '--limit', '1', '/^(hot|main)$/']);
  assert.match(
    several.stdout,
    /stands for 2:\n(.*\n)*.* hot \(program-O2\)\n.* main \(program-O2\)\n\nhot \(program-O2\): /,
  );
  const line = await strata([
    'annotate',
    '-i',
    data,
    `program-O2.c:${LOOP_LINES[0]}`,
    '--context',
    '0',
  ]);
  assert.match(line.stdout, /│ 11 {2} +for \(/);
  assert.doesNotMatch(line.stdout, /clock_gettime/);
  const csv = await strata(['annotate', '-i', data, '--csv', 'hot']);
  const [head, ...rows] = csv.stdout.trim().split('\r\n');
  assert.equal(head.split(',').length, 15);
  assert.ok(
    rows.some((row) => /^cpu-clock:u,hot,program-O2,line,,.*program-O2\.c,13,,\d/.test(row)),
    csv.stdout,
  );
  const both = await strata(['annotate', '--json', '--csv']);
  assert.equal(both.code, 2);
});

test('says what is missing: sources, a program without lines, the disassembler', async (t) => {
  const data = recorded(t, 'program-O2', '-g', '-O2');
  if (data === undefined) return;
  const source = join(folder, 'program-O2.c');
  const later = new Date(Date.now() + 3600_000);
  utimesSync(source, later, later);
  const changed = await strata(['annotate', '-i', data, 'program-O2.c']);
  assert.match(changed.stdout, /written after the recording: lines may have moved/);

  renameSync(source, `${source}.moved`);
  const gone = await strata(['annotate', '-i', data, 'hot']);
  assert.match(gone.stdout, /! no source: .*program-O2\.c is not there; --source-path DIR/);
  assert.match(gone.stdout, /^ +\d+\.\d+% +\d+\.\d+% +\d+\.\d+% │ 13$/m);
  const between = await strata(['annotate', '-i', data, '--asm', 'hot', 'main']);
  assert.equal(between.stdout.match(/! no source: .*program-O2\.c is not there/g)?.length, 1);
  assert.match(between.stdout, /│ program-O2\.c:13\n[^│]*│ [ ▸][0-9a-f]+ {2}\w/);
  renameSync(`${source}.moved`, source);

  const node = dirname(process.execPath);
  const program = [STRATA, 'annotate', '-i', data, '--asm', 'hot'];
  const env = { PATH: join(folder, 'nothing') };
  const without = await run(join(node, 'node'), program, { env });
  assert.equal(without.code, 0, without.stderr);
  assert.match(
    without.stdout,
    /! no disassembly: objdump is not installed\n +for example: sudo apt install binutils/,
  );
});

test('shows instructions of a stripped program, whose lines are not known', async (t) => {
  const data = recorded(t, 'stripped', '-O2', '-s');
  if (data === undefined) return;
  const { stdout } = await strata(['annotate', '-i', data, '-M', 'intel']);
  assert.match(stdout, /^stripped\+0x[0-9a-f]+ \(stripped\): \d/m);
  assert.match(stdout, /^ +\d+\.\d+% +\d+\.\d+% +\d+\.\d+% │ .*[0-9a-f]+ {2}\S+ +r..,/m);
  assert.match(stdout, /│ ▸[0-9a-f]+ {2}/, 'where the loop begins');
  assert.equal(
    stdout.match(/! no source lines: there is no debug information of stripped\n/g)?.length,
    1,
  );
});

const PYTHON_SOURCE = `import asyncio
import functools
import time


def deco(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args)
    return wrapper


def spin(n):
    t = 0
    for i in range(n):
        t += i
    return t


class Work:
    @deco
    @functools.wraps(spin)
    def decorated(self, n):
        return spin(n)

    @property
    def value(self):
        return spin(2000)

    @value.setter
    def value(self, n):
        spin(n)

    def outer(self, n):
        def inner(m):
            return sum(x for x in range(m))
        return sorted((3, 1, 2), key=lambda x: inner(n))


async def task(n):
    spin(n)
    await asyncio.sleep(0)


end = time.process_time() + 0.5
work = Work()
while time.process_time() < end:
    asyncio.run(task(20000))
    work.decorated(20000)
    work.outer(20000)
    work.value = work.value
`;

test('Python functions cost as a whole, at their definitions', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (python === undefined) return;
  const script = join(folder, 'app.py');
  const data = join(folder, 'python.data');
  writeFileSync(script, PYTHON_SOURCE);
  const made = await strata(['record', '-q', '-o', data, python.path, script]);
  assert.equal(made.code, 0, made.stderr);
  const [event] = (await annotated(data, 'app.py', '--min', '0')).events;
  const [{ files }] = event.annotations;
  const [{ lines, unplaced, file }] = files;
  assert.equal(file, script);
  const placed = new Map(
    lines.flatMap(({ line, functions = [] }) => functions.map((name) => [name, line])),
  );
  const source = PYTHON_SOURCE.split('\n');
  const lineOf = (text: string) => source.findIndex((line) => line.includes(text)) + 1;
  assert.equal(placed.get('spin'), lineOf('def spin'));
  assert.equal(placed.get('task'), lineOf('def task'));
  assert.equal(placed.get('Work.outer'), lineOf('def outer'));
  assert.equal(placed.get('Work.outer.<locals>.inner'), lineOf('def inner'));
  assert.equal(placed.get('Work.outer.<locals>.<lambda>'), lineOf('key=lambda'));
  assert.equal(placed.get('<module>'), 1);
  // Both of the property's functions have one name.
  const [value] = unplaced;
  assert.deepEqual([value.name, value.definedAt.length], ['Work.value', 2]);
  const spin = lines.find(({ line }) => line === lineOf('def spin'));
  assert.ok((spin?.percent ?? 0) > 25, JSON.stringify(spin));
  // A Python function is found by the last part of its name; CPython's own where nothing else is.
  const both = await strata(['annotate', '-i', data, 'inner', 'spin']);
  assert.match(both.stdout, /╭ {6,}def inner\(m\):\n.*[╰╶] +return sum\(x for x in range\(m\)\)/);
  assert.match(both.stdout, /│ 13 ╭ {2}def spin\(n\):\n(.*│ 1\d │ .*\n)+.*│ 17 ╰ {6}return t\n/);
  unlinkSync(script);
  const gone = await strata(['annotate', '-i', data, 'app']);
  assert.match(gone.stdout, /! no source: .*app\.py is not there/);
  assert.match(gone.stdout, /% │ spin\n/);
});
