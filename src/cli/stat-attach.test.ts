/** `strata stat` of what runs already: processes, threads, CPUs. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';

import { onlineCpus } from '../linux/system.js';
import { steadyTest } from '../testing/again.js';
import { strata } from '../testing/cli.js';
import { startStrata, until } from '../testing/live.js';
import { needsPerf } from '../testing/perf.js';
import { requirePython, type Python } from '../testing/pythons.js';
import { byEvent, fields, GETPPID, needsTracepoints, perfCount } from '../testing/stat.js';

/**
 * A program that does its work when it gets SIGUSR1, and ends then: what bounds the counting sends it, and
 * waits for that end.
 */
const WORKER = `
import ctypes, os, signal, sys, threading
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
value = ctypes.c_long()
go = threading.Event()
def work(count):
    go.wait()
    for _ in range(count): os.getppid()
threads = [threading.Thread(target=work, args=(count,)) for count in (10, 20, 30)]
for thread in threads: thread.start()
print(hex(ctypes.addressof(value)), *[thread.native_id for thread in threads], flush=True)
signal.sigwait([signal.SIGUSR1])
for i in range(37): value.value = i
work_of_main = [os.getppid() for _ in range(5)] if not go.set() else None
for thread in threads: thread.join()
if os.fork() == 0:
    for _ in range(100): os.getppid()
    os._exit(0)
os.wait()
os.close(1)
signal.sigwait([signal.SIGUSR1])
`;

interface Worker {
  readonly pid: number;
  /** Of the variable that it writes to. */
  readonly address: string;
  readonly tids: readonly string[];
  /** A command that has it do its work, and waits until that is done. */
  readonly trigger: readonly string[];
}

async function startWorker(t: TestContext, python: Python): Promise<Worker> {
  const child = begin(t, [python.path, '-I', '-S', '-c', WORKER]);
  const { pid } = child;
  const [line] = (await once(child.stdout!.setEncoding('utf8'), 'data')) as [string];
  const [address, ...tids] = line.trim().split(' ');
  const isDone = `[ -e /proc/${pid}/fd/1 ]`;
  const trigger = ['sh', '-c', `kill -USR1 ${pid}; while ${isDone}; do sleep 0.02; done`];
  return { pid: pid!, address, tids, trigger };
}

function begin(t: TestContext, [program, ...argv]: readonly string[]): ChildProcess {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('a process is counted while a command runs: all threads, what they start, breakpoints', async (t) => {
  if (!needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const { pid, address, trigger } = await startWorker(t, python);
  const breakpoint = `mem:${address}/8:w`;
  const events = `${GETPPID},${breakpoint}`;
  const { stderr, code } = await strata([
    'stat',
    '-x;',
    '-e',
    events,
    '-p',
    `${pid}`,
    '--',
    ...trigger,
  ]);
  assert.equal(code, 0);
  assert.deepEqual(byEvent(stderr), { [GETPPID]: 165, [breakpoint]: 37 });
});

test('rows of threads give each its own, and add up to the process’s', async (t) => {
  if (!needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const { pid, tids, trigger } = await startWorker(t, python);
  const argv = ['stat', '-x;', '-e', GETPPID, '-p', `${pid}`, '--per-thread', '--', ...trigger];
  const { stderr } = await strata(argv);
  const rows = fields(stderr, 1);
  const calls = Object.fromEntries(
    rows.map(({ all, value }) => [/-(\d+)$/.exec(all[0])![1], Number(value)]),
  );
  // Main's child is main's.
  assert.deepEqual(calls, { [pid]: 105, [tids[0]]: 10, [tids[1]]: 20, [tids[2]]: 30 });
  for (const { all } of rows) assert.match(all[0], /^\w.*-\d+$/);
});

test('one thread, without what it starts', async (t) => {
  if (!needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const { pid, tids, trigger } = await startWorker(t, python);
  const argv = ['stat', '-x;', '-e', GETPPID, '-i', '-t', `${pid},${tids[1]}`, '--', ...trigger];
  assert.deepEqual(byEvent((await strata(argv)).stderr), { [GETPPID]: 25 });
});

test('a process that ends, or is killed, ends the counting; Ctrl-C does, too', async (t) => {
  const endBy = async (how: 'itself' | 'SIGKILL' | 'SIGINT'): Promise<void> => {
    const target = begin(t, how === 'itself' ? ['sleep', '1.5'] : ['sleep', '100']);
    const live = startStrata(['stat', '-x;', '-e', 'cs,faults', '-p', `${target.pid}`]);
    t.after(() => live.child.kill('SIGKILL'));
    if (how !== 'itself') {
      await until(() => opened(live.child.pid!) >= 2, 'the counters');
      if (how === 'SIGKILL') target.kill('SIGKILL');
      else live.child.kill('SIGINT');
    }
    assert.equal(await live.ended, 0, live.stderr());
    const [switches, faults] = fields(live.stderr());
    assert.equal(switches.event, 'cs');
    assert.match(faults.value, /^\d+$/);
  };
  await Promise.all([endBy('itself'), endBy('SIGKILL'), endBy('SIGINT')]);
});

/** How many events a process has open. */
function opened(pid: number): number {
  const { stdout } = spawnSync('ls', ['-l', `/proc/${pid}/fd`], { encoding: 'utf8' });
  return stdout.split('[perf_event]').length - 1;
}

test('Ctrl-C goes to the command, which is counted to its end', async (t) => {
  const script = 'trap "exit 5" INT; echo ready; while :; do sleep 0.02; done';
  const live = startStrata(['stat', '-r', '9', '-x;', '-e', 'faults', 'sh', '-c', script]);
  t.after(() => live.child.kill('SIGKILL'));
  await until(() => live.stdout() !== '', 'the command');
  live.child.kill('SIGINT');
  assert.equal(await live.ended, 5);
  // No further run.
  assert.equal(live.stdout(), 'ready\n');
  assert.equal(fields(live.stderr()).length, 1);
});

steadyTest('CPUs are counted whoever runs there, as perf does', async (t) => {
  if (!needsPerf(t)) return;
  const cpus = onlineCpus();
  const argv = ['stat', '-x;', '-a', '-A', '-e', 'cpu-clock,msr/tsc/', 'sleep', '1'];
  const rows = fields((await strata(argv)).stderr, 1);
  assert.deepEqual(
    rows.map(({ all, event }) => `${all[0]} ${event}`),
    ['cpu-clock', 'msr/tsc/'].flatMap((event) => cpus.map((cpu) => `CPU${cpu} ${event}`)),
  );
  const clocks = rows
    .filter(({ event }) => event === 'cpu-clock')
    .map(({ value }) => Number(value));
  for (const clock of clocks) assert.ok(clock > 990, `${clock} ms of 1000`);

  const ticks = rows.filter(({ event }) => event === 'msr/tsc/').map(({ value }) => Number(value));
  const perf = perfCount('msr/tsc/,cpu-clock', ['sleep', '1'], ['-a']);
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  const speed = sum(ticks) / sum(clocks);
  const theirs = perf['msr/tsc/'] / perf['cpu-clock'];
  // One event is switched on after the other, and other work may come between.
  assert.ok(Math.abs(speed / theirs - 1) < 0.1, `${speed} ticks a unit of time, perf ${theirs}`);

  const first = await strata(['stat', '-x;', '-A', '-C', `${cpus[0]}`, '-e', 'cs', 'true']);
  assert.deepEqual(
    fields(first.stderr).map(({ all }) => all[0]),
    [`CPU${cpus[0]}`],
  );
  const groups = fields(
    (await strata(['stat', '-x;', '-a', '--per-socket', '-e', 'cs', 'true'])).stderr,
  );
  assert.match(groups[0].all[0], /^S\d+$/);
  assert.equal(sum(groups.map(({ all }) => Number(all[1]))), cpus.length);
});
