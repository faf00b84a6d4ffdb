/**
 * Recordings by perf, and by Strata with the stacks kept, injected: perf and Strata show the same whole
 * stacks of the result, in a tenth of the size and less, and nothing lies about.
 */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync } from 'node:fs';
import type { TestContext } from 'node:test';

import { Truncation } from '../profile/profile.js';
import { loadProfile } from '../session/open.js';
import { steadyTest as test } from '../testing/again.js';
import { run, strata } from '../testing/cli.js';
import { skipOrFail } from '../testing/pythons.js';
import {
  hasPerf,
  perfPythons,
  programPath,
  pythonLabel,
  Recording,
  Workplace,
} from '../testing/recordings.js';
import { pythonSymbol, readReport, type ReportRow } from '../testing/reports.js';

/** Samples as they are counted; chains and names apart. */
const SCRIPT_FIELDS = ['--ns', '-F', 'comm,pid,tid,time,period,event'];
const NO_GRAPH = ['-g', 'none'];
const PERF_FLAGS = ['--stdio', ...NO_GRAPH, '--max-stack', '1024'];

const found = perfPythons();
const [newest] = found;
const oldest = found.at(-1);
const withJit = found.filter(({ version: [, minor] }) => minor >= 13).at(-1);

interface Case {
  readonly name: string;
  readonly python: (typeof found)[number] | undefined;
  /** Of `-X`. */
  readonly interpreter: string;
  readonly program: readonly string[];
  readonly perf: readonly string[];
  /** Functions of the program whose shares perf is to show as Strata does. */
  readonly functions: readonly string[];
}

const short = { program: ['short.py', '0.4'], functions: ['outer', 'inner', 'leaf'] };
const CASES: readonly Case[] = [
  { ...short, name: '-X perf_jit', python: withJit, interpreter: 'perf_jit', perf: ['-k', '1'] },
  { ...short, name: '-X perf, -z', python: newest, interpreter: 'perf', perf: ['-z'] },
  {
    name: 'processes',
    python: oldest,
    interpreter: 'perf',
    program: ['children.py'],
    perf: [],
    functions: ['forked', 'work', 'inherited'],
  },
];

for (const { name, python, interpreter, program, perf, functions } of CASES) {
  test(`perf record, ${name}`, async (t) => {
    if (!hasPerf()) return skipOrFail(t, 'perf', 'not installed');
    if (python === undefined) return skipOrFail(t, 'python', 'no CPython that knows perf');
    t.diagnostic(pythonLabel(python));
    const workplace = new Workplace();
    t.after(() => workplace.close());
    const { folder, environment } = workplace;
    const [script, ...args] = program;
    const file = workplace.path('in.data');
    const flags = ['-q', '-F', '999', '--call-graph', 'dwarf,16384', ...perf, '-o', file];
    const command = [python.path, '-X', interpreter, programPath(script), ...args];
    const recorded = await run('perf', ['record', ...flags, ...command], {
      cwd: folder,
      env: environment,
    });
    assert.equal(recorded.code, 0, recorded.stderr);
    const recording = new Recording(workplace, file, recorded);
    await checkInjected(t, recording, functions, perf.includes('-z'));
  });
}

test('strata record --keep-stacks', async (t) => {
  if (oldest === undefined) return skipOrFail(t, 'python', 'no CPython that knows perf');
  const workplace = new Workplace();
  t.after(() => workplace.close());
  const command = [oldest.path, programPath('short.py')];
  const recording = await workplace.record('in.data', command, ['--keep-stacks', '-N']);
  await checkInjected(t, recording, short.functions);
});

async function checkInjected(
  t: TestContext,
  recording: Recording,
  functions: readonly string[],
  isCompressed = false,
): Promise<void> {
  const { workplace, file } = recording;
  const { folder, environment } = workplace;
  const before = readdirSync(folder);
  const output = workplace.path('out.data');
  const injected = await strata(['inject', '-i', file, '-o', output], {
    cwd: folder,
    env: environment,
  });
  assert.equal(injected.code, 0, injected.stderr);
  assert.match(injected.stderr, /out\.data: [\d,]+ samples, .* before, .* now\n.*thread’s start/);
  // Nothing but the file: its names are in perf's cache.
  assert.deepEqual(readdirSync(folder).sort(), [...before, 'out.data'].sort());

  const result = new Recording(workplace, output, injected);
  const ours = await recording.strata('report', ...NO_GRAPH);
  assert.equal(await result.strata('report', ...NO_GRAPH), ours);
  const { samples, threads } = loadProfile(output);
  t.after(() => removeNames(new Set(threads.pid)));
  const whole = samples.truncation.filter((cause) => cause === Truncation.None).length;
  assert.ok(samples.length > 50, `${samples.length} samples`);
  // Imports go deeper than what perf copies.
  assert.ok(whole >= 0.9 * samples.length, `${whole} of ${samples.length} are whole`);
  const [sizeBefore, size] = [file, output].map((path) => statSync(path).size);
  assert.ok(isCompressed || size < sizeBefore / 10, `${size} of ${sizeBefore} bytes`);

  const rows = readReport(ours);
  const shares = functions.map((name) =>
    share(rows, ({ object, symbol }) => object === '[python]' && symbol === name),
  );
  assert.ok(
    shares.every((one) => one > 10),
    `${functions.join()}: ${shares.join()}`,
  );
  if (!hasPerf()) return;
  assert.equal(
    await result.perf('script', ...SCRIPT_FIELDS),
    await recording.perf('script', ...SCRIPT_FIELDS),
  );
  const theirs = readReport(await result.perf('report', '--children', ...PERF_FLAGS));
  functions.forEach((name, i) => {
    const theirShare = share(theirs, ({ symbol }) => pythonSymbol(symbol)?.name === name);
    const difference = Math.abs(theirShare - shares[i]);
    assert.ok(difference < 0.1, `${name}: ${shares[i]} %, perf ${theirShare} %`);
  });
}

/** Percent, over all rows of a function: one for each name of a thread. */
function share(rows: readonly ReportRow[], isOne: (row: ReportRow) => boolean): number {
  return rows.filter(isOne).reduce((sum, { children }) => sum + children, 0);
}

/** What the recorded interpreters left behind. */
function removeNames(pids: Iterable<number>): void {
  for (const pid of pids) {
    rmSync(`/tmp/perf-${pid}.map`, { force: true });
    rmSync(`/tmp/jit-${pid}.dump`, { force: true });
  }
}
