/** `strata timeit` on code and commands of known cost. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync, existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { steadyTest } from '../testing/again.js';
import { strata, STRATA } from '../testing/cli.js';
import { startStrata, until } from '../testing/live.js';
import { pythons, requirePython } from '../testing/pythons.js';
import { Terminal } from '../testing/tmux.js';
import { isRunning } from '../linux/system.js';
import { parseCommandLine } from './program.js';
import type { TimeitOptions } from './options/timeit.js';

const folder = mkdtempSync(join(tmpdir(), 'strata timeit '));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly interrupted: boolean;
  readonly contestants: readonly {
    readonly name: string;
    readonly kind: string;
    readonly python?: string;
    readonly version?: string;
    readonly command?: readonly string[];
    readonly loops: number;
    readonly summary: { readonly min: number; readonly median: number };
    readonly runs: readonly {
      readonly real: number;
      readonly cpu: number;
      readonly code?: number;
    }[];
  }[];
  readonly comparisons: readonly { ratio: number; low: number; high: number; rounds: number }[];
}

async function outcome(...argv: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await strata(['timeit', '--json', ...argv]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Outcome;
}

function parsed(...argv: string[]): TimeitOptions {
  const invocation = parseCommandLine(['timeit', ...argv], '0');
  assert.equal(invocation.command, 'timeit');
  return (invocation as { options: TimeitOptions }).options;
}

test('words are a command, unless a flag says that they are code', () => {
  assert.equal(parsed('python', '-c', 'pass').code, false);
  assert.deepEqual(parsed('--', 'python', '-s').operands, ['python', '-s']);
  assert.equal(parsed('-i', '--prepare', 'sync', '-r', '3', 'ls').code, false);
  for (const flags of [['-c'], ['-s', 'x'], ['-n', '1'], ['--python', 'python3']]) {
    assert.equal(parsed(...flags, 'pass').code, true, flags[0]);
  }
  const { setup, operands, loops, rounds } = parsed(
    '-s',
    'a',
    '-s',
    ' b',
    '-n',
    '7',
    '-r2',
    'x',
    'y',
  );
  assert.deepEqual([setup, operands, loops, rounds], ['a\n b', ['x', 'y'], 7, 2]);
});

for (const [argv, message] of [
  [[], /needs a command, or Python code/],
  [['--compare', 'one'], /--compare needs two/],
  [['--python', 'a', '--python', 'b', 'x'], /several interpreters need --compare/],
  [['-c', '--prepare', 'sync', 'x'], /--prepare is of commands/],
  [['-c', '--compare', 'a', ' '], /nothing to run in an empty word/],
  [
    ['-c', '--compare', '--python', 'python3', '--python', 'python3', 'a', 'b', 'c'],
    /as many pieces of code/,
  ],
] as const) {
  test(`refused: timeit ${argv.join(' ')}`, async () => {
    const { code, stderr } = await strata(['timeit', ...argv]);
    assert.equal(code, 2);
    assert.match(stderr, message);
  });
}

steadyTest('code four times as long takes about four times as long', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const found = await outcome(
    '--python',
    python.path,
    '--compare',
    '-r',
    '6',
    '-n',
    '1000',
    'sum(range(4000))',
    'sum(range(1000))',
  );
  const [a, b] = found.contestants;
  // Of the CPU time, which other programs do not lengthen much.
  const cpu = (one: typeof a): number => Math.min(...one.runs.map((run) => run.cpu));
  assert.ok(cpu(a) / cpu(b) > 2.5 && cpu(a) / cpu(b) < 8, `${cpu(a) / cpu(b)}`);
  assert.deepEqual([a.runs.length, b.runs.length], [6, 6]);
  const [{ ratio, low, high, rounds }] = found.comparisons;
  assert.ok(low <= ratio && ratio <= high && rounds === 6);
  assert.ok(low > 1, 'and is slower for certain');
});

test('lines make up one statement, and the text says what was measured', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const lines = ['for i in range(3):', '    x = i', 'assert x == 2'];
  const { code, stdout, stderr } = await strata([
    'timeit',
    '--python',
    python.path,
    '-n',
    '20',
    '-r',
    '9',
    '-u',
    'us',
    ...lines,
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^for i in range\(3\):\n {7}x = i\n {3}assert x == 2\n/);
  assert.ok(stdout.includes(`(Python ${python.versionText}), 9 runs of 20 executions each`));
  for (const label of ['best', 'median', 'mean']) {
    assert.match(stdout, new RegExp(`^  ${label} +[\\d.]+ µs`, 'm'));
  }
  assert.match(stdout, /^ {2}runs +[\d.]+ µs ▕[ ▁-█]{40}▏ [\d.]+ µs$/m);
});

test('two interpreters are compared on the same code', async (t) => {
  const [one, other] = pythons().filter(({ version }) => version[0] === 3 && version[1] >= 8);
  if (other === undefined) {
    t.skip('needs two Pythons');
    return;
  }
  const found = await outcome(
    '--compare',
    '--python',
    one.path,
    '--python',
    other.path,
    '-n',
    '10',
    '-r',
    '2',
    'len("")',
  );
  assert.deepEqual(
    found.contestants.map(({ python, version }) => [python, version]),
    [one, other].map(({ path, versionText }) => [path, versionText]),
  );
});

test('commands run in turns, forward and backward, prepared and warmed up', async () => {
  const log = join(folder, 'log');
  const found = await outcome(
    '--compare',
    '-r',
    '3',
    '--warmup',
    '1',
    '--prepare',
    `printf p >> '${log}'`,
    `sh -c "printf a >> '${log}'"`,
    `printf b >> '${log}'`,
  );
  assert.equal(readFileSync(log, 'utf8'), 'papb' + 'papb' + 'pbpa' + 'papb');
  assert.deepEqual(found.contestants[0].command?.[0], 'sh');
  // What needs a shell has one.
  assert.deepEqual(found.contestants[1].command?.slice(0, 2), ['sh', '-c']);
});

test('a command is run ten times where nobody says how often, and its start-up counts', async () => {
  const [{ contestants }, quick] = await Promise.all([
    outcome('--', 'sleep', '0.3'),
    outcome('-r', '4', '--', 'true'),
  ]);
  assert.equal(contestants[0].runs.length, 10);
  assert.ok(contestants[0].summary.min >= 0.3e9);
  assert.equal(quick.contestants[0].runs.length, 4);
});

test('a command that fails is told with exit code 1, unless that does not matter', async () => {
  const failed = await strata(['timeit', '--', 'sh', '-c', 'exit 7']);
  assert.deepEqual([failed.code, failed.stdout], [1, '']);
  assert.match(failed.stderr, /^strata: sh -c 'exit 7' failed with exit code 7\n/);
  const ignored = await strata(['timeit', '-i', '-r', '2', '--', 'sh', '-c', 'exit 7']);
  assert.equal(ignored.code, 0, ignored.stderr);
  assert.match(ignored.stdout, /2 runs failed/);
});

test('code that fails is shown as Python shows it, with exit code 1', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const { code, stdout, stderr } = await strata(['timeit', '--python', python.path, '1/0']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^Traceback \(most recent call last\):\n[^]*ZeroDivisionError: division by zero\n$/,
  );
});

test('a missing program is told, with what may have been meant', async () => {
  const python = await strata(['timeit', '--python', 'no-such-python', 'pass']);
  assert.equal(python.code, 127);
  assert.match(python.stderr, /^strata: cannot run no-such-python: no such program in PATH\n/);
  const statement = await strata(['timeit', 'sum(range(100))']);
  assert.equal(statement.code, 127);
  assert.match(statement.stderr, /Python code is given with -c/);
  const none = await strata(['timeit', '-c', 'pass'], { env: { PATH: folder } });
  assert.equal(none.code, 127);
  assert.match(none.stderr, /neither python3 nor python is in PATH/);
});

test('what is measured writes to /dev/null, unless asked for', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const argv = ['--python', python.path, '-n', '2', '-r', '1', '--warmup', '0', 'print("said")'];
  assert.doesNotMatch((await strata(['timeit', ...argv])).stdout, /^said$/m);
  assert.match((await strata(['timeit', '--show-output', ...argv])).stdout, /^said\nsaid\nprint/);
});

test('a signal ends it: what was measured is told, and no process is left', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const file = join(folder, 'pids');
  const setup = `import os; print(os.getpid(), file=open(${JSON.stringify(file)}, "a"), flush=True)`;
  const run = startStrata([
    'timeit',
    '--python',
    python.path,
    '-s',
    setup,
    '-n',
    '1',
    '-r',
    '100',
    '--warmup',
    '0',
    'time.sleep(0.2)',
  ]);
  const pids = (): number[] =>
    existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
  await until(() => pids().length >= 3, 'two runs');
  run.child.kill('SIGINT');
  assert.equal(await run.ended, 130);
  assert.match(run.stderr(), /^strata: interrupted; runs so far: [2-9]\n$/);
  assert.match(run.stdout(), /, [2-9] runs of 1 execution each\n/);
  assert.deepEqual(pids().filter(isRunning), []);
});

test('what ignores a signal is ended by the second', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const file = join(folder, 'stubborn');
  const script = join(folder, 'stubborn.py');
  writeFileSync(
    script,
    'import os, signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n' +
      'print(os.getpid(), file=open(sys.argv[1], "w"), flush=True)\ntime.sleep(60)\n',
  );
  const run = startStrata(['timeit', '--', python.path, script, file]);
  await until(() => existsSync(file) && /\n/.test(readFileSync(file, 'utf8')), 'the command');
  run.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const pid = Number(readFileSync(file, 'utf8'));
  assert.ok(isRunning(pid));
  run.child.kill('SIGTERM');
  assert.equal(await run.ended, 143);
  assert.ok(!isRunning(pid));
  assert.equal(run.stdout(), '');
});

test('Ctrl-C on a terminal ends it with 130', async (t) => {
  const terminal = Terminal.open(t, { width: 120, cwd: folder });
  if (terminal === undefined) return;
  terminal.line(`'${process.execPath}' '${STRATA}' timeit -r 100 -- sleep 0.2; echo code $?`);
  await terminal.until(/^strata: 2 of 100 runs$/m);
  terminal.press('C-c');
  await terminal.until(/^code 130$/m);
  assert.match(terminal.screen(), /interrupted; runs so far: [2-9]\nsleep 0\.2\n {2}[2-9] runs\n/);
});
