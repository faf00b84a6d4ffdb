import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';

import { steadyTest } from '../../testing/again.js';
import { run, strata, STRATA } from '../../testing/cli.js';
import { pythons, requirePython, type Python } from '../../testing/pythons.js';
import { pythonLabel, Workplace } from '../../testing/recordings.js';
import { smallDisk } from '../../testing/small-disk.js';
import { installHelper } from './install.js';
import { HELPER_TEXT } from './module.js';

const place = new Workplace();
after(() => place.close());
const modules = place.path('modules');
mkdirSync(modules);
writeFileSync(join(modules, 'strata.py'), HELPER_TEXT);
const ENVIRONMENT = { ...place.environment, PYTHONPATH: modules };

const SPIN = `
import sys, threading, time
import strata
def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end: pass
`;

/** Runs a program under `strata record`, and counts the samples of its whole and of a region. */
async function record(
  flags: string[],
  python: Python,
  program: string,
): Promise<(...choice: string[]) => Promise<number>> {
  const file = place.path('perf.data');
  writeFileSync(place.path('app.py'), SPIN + program);
  const argv = ['record', '-q', '-o', file, ...flags, python.path, place.path('app.py')];
  const { code, stderr } = await strata(argv, { cwd: place.folder, env: ENVIRONMENT });
  assert.equal(code, 0, stderr);
  return (...choice) => countSamples(file, choice);
}

async function countSamples(file: string, choice: readonly string[]): Promise<number> {
  const argv = ['script', '-i', file, '-G', '-F', 'tid', ...choice];
  const { stdout, stderr, code } = await strata(argv);
  assert.equal(code, 0, stderr);
  return stdout.trim() === '' ? 0 : stdout.trim().split('\n').length;
}

function near(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual / expected - 1) < 0.35, `${what}: ${actual}, not ${expected}`);
}

test('without a recorder the module does nothing, in every version', (t) => {
  const program = `
import asyncio, strata
assert not strata.is_recording() and not strata.enable() and not strata.disable()
@strata.sample("a")
def plain(x, *, y=1): "said"; return x + y
@strata.region("b")
def numbers(): got = yield 1; yield got
@strata.sample("c")
async def later(): return 3
assert plain(1, y=2) == 3 and plain.__name__ == "plain" and plain.__doc__ == "said"
steps = numbers(); next(steps); assert steps.send(5) == 5
assert asyncio.run(later()) == 3
with strata.sample("é\\n") as one, one: pass
try:
    with strata.region("d"): raise KeyError(1)
except KeyError: print("done")
`;
  const seen = new Set<number>();
  for (const python of pythons()) {
    if (seen.has(python.version[1]) || python.version[1] < 8) continue;
    seen.add(python.version[1]);
    const said = execFileSync(python.path, ['-W', 'error', '-c', program], {
      encoding: 'utf8',
      env: { ...process.env, ...ENVIRONMENT },
    });
    assert.equal(said, 'done\n', pythonLabel(python));
  }
  if (seen.size === 0) requirePython(t, [3, 8]);
});

steadyTest(
  'only blocks are sampled where nothing else is asked for; regions are their thread’s',
  async (t) => {
    const python = requirePython(t, [3, 8]);
    if (python === undefined) return;
    const samples = await record(
      ['--control', 'program', '-D', '-1', '-F', '999'],
      python,
      `
def other(): spin(0.2)
spin(0.3)
with strata.sample("load it"):
    thread = threading.Thread(target=other); thread.start()
    with strata.region("päse/1"): spin(0.1)
    spin(0.1)
    with strata.sample("inner"): pass
    thread.join()
spin(0.3)
`,
    );
    const all = await samples();
    near(all, 400, 'all');
    near(await samples('--region', 'load it'), all / 2, 'a region');
    near(await samples('--region', 'päse/1'), all / 4, 'a region within');
    assert.equal(await samples('--region', 'päse/1,load it'), await samples('--region', 'load it'));
    const { code, stderr } = await strata([
      'report',
      '-i',
      place.path('perf.data'),
      '--region',
      'x',
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /has no region 'x'\n +it has: load it, päse\/1, inner/);
    const injected = place.path('injected.data');
    await strata(['inject', '-q', '-N', '-i', place.path('perf.data'), '-o', injected]);
    near(await countSamples(injected, ['--region', 'päse/1']), all / 4, 'injected');
  },
);

steadyTest(
  'where sampling is on anyway blocks only mark; forks and threads have their own',
  async (t) => {
    const python = requirePython(t, [3, 8]);
    if (python === undefined) return;
    const samples = await record(
      ['--control', 'program', '-F', '999'],
      python,
      `
import os
@strata.sample("work")
def work(): spin(0.1)
with strata.sample("parent"):
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    os.waitpid(child, 0)
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
spin(0.2)
strata.region("left open").__enter__()
spin(0.1)
os._exit(0)
`,
    );
    near(await samples('--region', 'work'), 300, 'a child and two threads');
    near(await samples('--region', 'left open'), 100, 'a region that never ended');
    assert.ok((await samples()) > 550, 'the rest is sampled, too');
    const { stdout } = await strata(['report', '-i', place.path('perf.data'), '-g', 'none']);
    assert.match(stdout, /1 region had not ended/);
  },
);

steadyTest('a program records itself', async (t) => {
  for (const python of selfRecording(t)) {
    const file = place.path('own.data');
    const program = `${SPIN}
def slow(): spin(0.2)
slow()
with strata.record(${JSON.stringify(file)}, "-F", "999"):
    slow()
    assert strata.is_recording()
    with strata.record("not this one", name="inner"): spin(0.1)
assert not strata.is_recording()
slow()
import os; print(os.getpid())
`;
    const STRATA_BIN = `${process.execPath} '${STRATA}'`;
    const temporary = place.path('temporary');
    mkdirSync(temporary, { recursive: true });
    const { code, stdout, stderr } = await run(python.path, ['-c', program], {
      cwd: place.folder,
      env: { ...ENVIRONMENT, STRATA_BIN, TMPDIR: temporary },
    });
    assert.equal(code, 0, stderr);
    assert.ok(!existsSync(place.path('not this one')));
    assert.ok(!existsSync(`/tmp/perf-${stdout.trim()}.map`));
    near(await countSamples(file, []), 300, 'the block');
    near(await countSamples(file, ['--region', 'inner']), 100, 'the inner one');
    if (python.version[1] >= 12) {
      const flags = ['--no-children', '-g', 'none', '--view', 'python'];
      assert.match((await strata(['report', '-i', file, ...flags])).stdout, /\] slow|\] spin/);
    }
    assert.deepEqual(readdirSync(temporary), []);
  }
});

/** The newest, which names its functions, and one that cannot. */
function selfRecording(t: TestContext): Python[] {
  return [requirePython(t, [3, 14]), requirePython(t, [3, 8], { below: [3, 12] })].filter(
    (python) => python !== undefined,
  );
}

test('a recorder that has gone, or does not answer, holds nobody up for long', (t) => {
  const python = requirePython(t, [3, 8]);
  if (python === undefined) return;
  const program = `
import os, signal, sys, time
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
commands, answers = sys.argv[1:]
os.mkfifo(commands); os.mkfifo(answers)
os.environ.update(STRATA_CONTROL=commands, STRATA_ACK=answers)
import strata
strata.PATIENCE = 0.1
assert not strata.is_recording()
reader = os.open(commands, os.O_RDONLY | os.O_NONBLOCK)
strata._recorder.next_try = 0
assert strata.is_recording()
with strata.sample("a"): pass
os.close(reader)
with strata.sample("b"): pass
assert not strata.enable()
print("done")
`;
  const said = execFileSync(
    python.path,
    ['-c', program, place.path('commands'), place.path('answers')],
    { encoding: 'utf8', env: { ...process.env, ...ENVIRONMENT }, timeout: 20_000 },
  );
  assert.equal(said, 'done\n');
});

steadyTest('the module is installed, printed and removed; others of its name stay', async (t) => {
  const folder = place.path('site');
  const path = join(folder, 'strata.py');
  assert.equal((await strata(['python-helper', '--target', folder])).stdout, `${path}\n`);
  assert.equal(readFileSync(path, 'utf8'), HELPER_TEXT);
  assert.equal((await strata(['python-helper', '--print'])).stdout, HELPER_TEXT);
  assert.equal((await strata(['python-helper', '--target', folder])).code, 0, 'again');
  const removed = await strata(['python-helper', '--remove', '--target', folder]);
  assert.equal(removed.stdout, `${path}\n`);
  assert.ok(!existsSync(path));
  const none = await strata(['python-helper', '--remove', '--target', folder]);
  assert.match(none.stdout, /^there is none in /);
  writeFileSync(path, 'import os\n');
  for (const flags of [[], ['--remove']]) {
    const { code, stderr } = await strata(['python-helper', '--target', folder, ...flags]);
    assert.equal(code, 1);
    assert.match(stderr, /it is another module of this name\n +--target DIR/);
  }
  const unknown = await strata(['python-helper', '--python', place.path('no-python')]);
  assert.match(unknown.stderr, /does not say where its modules are: no such file/);

  const python = requirePython(t, [3, 8], { source: 'pyenv' });
  if (python === undefined) return;
  const venv = place.path('venv');
  execFileSync(python.path, ['-m', 'venv', '--without-pip', venv]);
  const inside = join(venv, 'bin', 'python');
  const { stdout } = await strata(['python-helper', '--python', inside]);
  assert.ok(stdout.startsWith(venv) && stdout.endsWith('/site-packages/strata.py\n'), stdout);
  execFileSync(inside, ['-c', 'import strata; strata.region']);
  const env = { HOME: place.home };
  const user = await strata(['python-helper', '--python', python.path], { env });
  assert.ok(user.stdout.startsWith(join(place.home, '.local', 'lib')), user.stderr);
});

test('on a full disk no half module is left', (t) => {
  const folder = smallDisk(t, 8192);
  if (folder === undefined) return;
  writeFileSync(join(folder, 'other'), new Uint8Array(4096));
  assert.throws(() => installHelper(folder), /cannot write .*: no space left on device/);
  assert.deepEqual(readdirSync(folder), ['other']);
});
