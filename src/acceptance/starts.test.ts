/** However an interpreter comes to run, its functions have names; and nothing is left behind. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

import { loadProfile } from '../session/open.js';
import { run } from '../testing/cli.js';
import { skipOrFail, type Python } from '../testing/pythons.js';
import {
  hasPerf,
  perfPythons,
  programPath,
  pythonLabel,
  Workplace,
  type Recording,
} from '../testing/recordings.js';
import { pythonSymbol, readReport, type ReportRow } from '../testing/reports.js';

const NAMES = ['outer', 'inner', 'leaf'];

const found = perfPythons();
const OLDEST = found.slice(-1);
const NEWEST = found.slice(0, 1);

/** Runs `body` for each interpreter, in a folder of its own. */
function forEach(
  interpreters: readonly Python[],
  title: string,
  body: (python: Python, workplace: Workplace) => Promise<void>,
): void {
  for (const python of interpreters) {
    test(`${title}, ${pythonLabel(python)}`, async () => {
      const workplace = new Workplace();
      after(() => workplace.close());
      await body(python, workplace);
    });
  }
}

forEach(NEWEST, 'a virtual environment', async (python, workplace) => {
  const venv = workplace.path('venv');
  const made = await run(python.path, ['-m', 'venv', '--without-pip', venv]);
  assert.equal(made.code, 0, made.stderr);
  const interpreter = join(venv, 'bin', 'python');
  const recording = await workplace.record('a.data', [interpreter, programPath('short.py')]);
  await checkNames(recording);
  checkLeftovers(recording, 1);
});

forEach(OLDEST, 'a #! script whose path has spaces', async (python, workplace) => {
  const folder = workplace.path('a folder with spaces');
  mkdirSync(folder);
  const script = join(folder, 'short');
  writeFileSync(script, `#!${python.path}\n${readFileSync(programPath('short.py'), 'utf8')}`);
  chmodSync(script, 0o755);
  const recording = await workplace.record('a.data', [script]);
  await checkNames(recording);
  checkLeftovers(recording, 1);
  if (!hasPerf()) return;
  const files = await perfFiles(recording);
  assert.deepEqual([...files], [script]);
});

forEach(NEWEST, 'sh -c', async (python, workplace) => {
  // Something after it, so that the shell does not replace itself.
  const line = `'${python.path}' '${programPath('short.py')}' && true`;
  const recording = await workplace.record('a.data', ['sh', '-c', line]);
  await checkNames(recording);
  checkLeftovers(recording, 1);
});

forEach(OLDEST, 'python -m', async (python, workplace) => {
  const folder = workplace.path('package');
  mkdirSync(folder);
  copyFileSync(programPath('short.py'), join(folder, '__main__.py'));
  const recording = await workplace.record('a.data', [python.path, '-m', 'package']);
  await checkNames(recording);
  checkLeftovers(recording, 1);
});

forEach(NEWEST, 'an interpreter that replaces itself twice', async (python, workplace) => {
  const command = [python.path, programPath('short.py'), 'exec', '2'];
  const recording = await workplace.record('a.data', command);
  await checkNames(recording);
  checkLeftovers(recording, 1);
});

test('a shim of pyenv’s', async (t) => {
  const python = found.find(({ source }) => source === 'pyenv');
  const workplace = new Workplace();
  after(() => workplace.close());
  const shim = join(workplace.environment.PYENV_ROOT ?? '', 'shims', 'python');
  if (python === undefined || !existsSync(shim)) {
    return skipOrFail(t, 'pyenv', 'no CPython 3.12 or newer of pyenv');
  }
  const version = dirname(dirname(python.path)).split('/').at(-1);
  const command = [shim, programPath('short.py')];
  const recording = await workplace.record('a.data', command, [], { PYENV_VERSION: version });
  await checkNames(recording);
  checkLeftovers(recording, 1);
});

forEach(OLDEST, 'without perf’s cache of files (-N)', async (python, workplace) => {
  const command = [python.path, programPath('short.py')];
  const recording = await workplace.record('a.data', command, ['-N']);
  checkLeftovers(recording, 0);
  await checkNames(recording, false);
});

/** `outer`, `inner` and `leaf` have nearly all of the time, one within the other. */
async function checkNames(recording: Recording, inPerf = true): Promise<void> {
  check(readReport(await recording.strata('report', '-g', 'none')), (row) => row.symbol);
  if (!inPerf || !hasPerf()) return;
  const flags = ['--stdio', '--children', '-g', 'none', '--max-stack', '1024'];
  // perf has a row per code object: those of several interpreters count together.
  check(
    readReport(await recording.perf('report', ...flags)),
    (row) => pythonSymbol(row.symbol)?.name,
  );

  function check(rows: readonly ReportRow[], nameOf: (row: ReportRow) => string | undefined): void {
    const shares = NAMES.map((name) =>
      rows.filter((row) => nameOf(row) === name).reduce((sum, row) => sum + row.children, 0),
    );
    // Start-up has the rest; with pyenv's shim a few shell scripts too.
    assert.ok(shares[2] > 25, `leaf ${shares[2]} %`);
    assert.ok(
      shares[0] >= shares[1] && shares[1] >= shares[2],
      `${NAMES.join()}: ${shares.join()}`,
    );
    assert.ok(shares[2] > 0.9 * shares[0], `${NAMES.join()}: ${shares.join()}`);
  }
}

/** The source files of the functions of {@link NAMES}, as perf shows them. */
async function perfFiles(recording: Recording): Promise<Set<string>> {
  const flags = ['--stdio', '--children', '-g', 'none', '--max-stack', '1024'];
  const rows = readReport(await recording.perf('report', ...flags));
  const functions = rows.flatMap(({ symbol }) => pythonSymbol(symbol) ?? []);
  return new Set(functions.filter(({ name }) => NAMES.includes(name)).map(({ file }) => file));
}

/** No perf map of the recorded processes, and `namesFiles` files in perf's cache. */
function checkLeftovers(recording: Recording, namesFiles: number): void {
  const { threads } = loadProfile(recording.file);
  const maps = [...new Set(threads.pid)].map((pid) => `/tmp/perf-${pid}.map`);
  assert.deepEqual(
    maps.filter((path) => existsSync(path)),
    [],
  );
  const cache = recording.workplace.buildIdCache;
  const files = existsSync(cache)
    ? readdirSync(cache, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    : [];
  assert.equal(files.length, namesFiles);
}
