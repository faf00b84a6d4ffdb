/** Attaching to what runs already, whatever becomes of it meanwhile. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';

import { FileSource } from '../base/source.js';
import { readFork } from '../formats/perfdata/sideband.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { loadProfile } from '../session/open.js';
import { Attached, removeMap, startPython } from '../testing/attached.js';
import { requirePython } from '../testing/pythons.js';
import { hasPerf, pythonShares, readByPerf, Workplace } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

const attach = (name: string, ...flags: string[]): Promise<Attached> =>
  Attached.to(workplace, name, flags);

/** New processes that the kernel itself told of, not the recorder. */
function forked(file: string): number[] {
  const source = new FileSource(file);
  try {
    const records = readPerfData(source).records();
    const pids: number[] = [];
    while (records.next()) {
      if (records.type !== PerfRecord.FORK) continue;
      const { pid, tid, synthesized } = readFork(records.body(), records.misc);
      if (!synthesized && pid === tid) pids.push(pid);
    }
    return pids;
  } finally {
    source.close();
  }
}

test('a running program: its functions have names, and its perf map stays', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const text = `
def inner(): spin(0.1)
def outer():
    while True: inner()
tell('ready'); outer()
`;
  const target = await startPython(t, python, text);
  const attached = await attach('running.data', '-p', `${target.pid}`, '--duration', '0.5');
  const recording = await attached.finished();
  const shares = await pythonShares(recording);
  for (const name of ['inner', 'outer', 'spin']) {
    assert.ok((shares.get(name) ?? 0) > 90, `${name} ${shares.get(name)} %`);
  }
  const { info } = recording.section();
  assert.ok(info.whole >= 0.99 * info.unwound, `${info.whole} of ${info.unwound}`);
  assert.ok(existsSync(`/tmp/perf-${target.pid}.map`), 'the program goes on to write it');
  const { threads } = loadProfile(recording.file);
  assert.deepEqual([...new Set(threads.pid)], [target.pid]);
  if (!hasPerf()) return t.diagnostic('perf: not installed');
  await readByPerf(recording);
  const symbols = await recording.perf('report', '--stdio', '--children', '-g', 'none');
  assert.match(symbols, /py::inner:/);
});

test('two hundred threads that are there already, or one of them', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const text = `
tids = [0] * 200
start = threading.Barrier(201)
def in_thread(i):
    tids[i] = threading.get_native_id()
    start.wait(); go.wait()
    spin(0.004)
go = threading.Event()
threads = [threading.Thread(target=in_thread, args=(i,)) for i in range(200)]
for thread in threads: thread.start()
start.wait(); tell('ready'); tell(*tids); wait(); go.set()
for thread in threads: thread.join()
`;
  const target = await startPython(t, python, text);
  const tids = (await target.line()).split(' ').map(Number);
  const all = await attach('threads.data', '-F', '4999', '-p', `${target.pid}`);
  const one = await attach('thread.data', '-F', '4999', '-t', `${tids[100]}`);
  target.go();
  const recording = await all.finished();
  const sampled = new Set(loadProfile(recording.file).threads.tid);
  const seen = tids.filter((tid) => sampled.has(tid)).length;
  assert.ok(seen > 150, `${seen} threads have samples`);
  assert.ok(((await pythonShares(recording)).get('in_thread') ?? 0) > 50);
  const ofOne = await one.finished();
  const alone = loadProfile(ofOne.file);
  assert.deepEqual(new Set(alone.threads.tid), new Set([tids[100]]));
  if (hasPerf()) await readByPerf(ofOne);
});

test('a tree that forks a thousand children', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const text = `
def worker(): spin(0.0005)
tell('ready'); wait()
for i in range(1000):
    if os.fork() == 0:
        worker()
        os._exit(0)
    if i % 8 == 7:
        for _ in range(8): os.wait()
`;
  const target = await startPython(t, python, text);
  const alone = await attach('alone.data', '--no-inherit', '-p', `${target.pid}`);
  const tree = await attach('tree.data', '-p', `${target.pid}`);
  target.go();
  const recording = await tree.finished();
  const children = forked(recording.file);
  assert.equal(children.length, 1000);
  assert.ok(((await pythonShares(recording)).get('worker') ?? 0) > 5);
  const { threads } = loadProfile((await alone.finished()).file);
  assert.deepEqual([...new Set(threads.pid)], [target.pid]);
  for (const pid of children) removeMap(pid);
});

test('a target that becomes another program', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const after =
    'import time\ndef after_exec():\n    while time.thread_time() < 0.4: pass\nafter_exec()';
  const text = `
def before_exec(): spin(0.2)
tell('ready'); wait()
before_exec()
os.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])
`;
  const target = await startPython(t, python, text, after);
  const attached = await attach('exec.data', '-p', `${target.pid}`);
  target.go();
  const shares = await pythonShares(await attached.finished());
  // The program that it becomes takes the perf map of the same name: names of before are gone.
  assert.ok((shares.get('after_exec') ?? 0) > 20, `after_exec ${shares.get('after_exec')} %`);
});

test('a target that is killed, and one that ends while it is attached to', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const text = `
def until_killed():
    while True: pass
tell('ready'); until_killed()
`;
  const target = await startPython(t, python, text);
  const short = await startPython(t, python, `tell('ready'); wait()`);
  short.go(); // It ends now, or a moment later.
  const attached = await attach('killed.data', '-p', `${short.pid},${target.pid}`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  target.child.kill('SIGKILL');
  // Nothing is left to record: it ends by itself.
  const recording = await attached.finished();
  assert.ok(((await pythonShares(recording)).get('until_killed') ?? 0) > 50);
  const { info } = recording.section();
  assert.ok(info.whole >= 0.9 * info.unwound, `${info.whole} of ${info.unwound}`);

  const { run } = await attach('none.data', '-p', `${target.pid}`);
  assert.equal(await run.ended, 1);
  assert.match(run.stderr(), new RegExp(`^strata: no process ${target.pid}$`, 'm'));
});

test('one CPU, for as long as a command runs', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const text = `
cpu = max(os.sched_getaffinity(0))
os.sched_setaffinity(0, {cpu})
def on_one_cpu():
    while True: pass
tell('ready'); tell(cpu); on_one_cpu()
`;
  const target = await startPython(t, python, text);
  const cpu = await target.line();
  const attached = await attach('cpu.data', '-a', '-C', cpu, '--', 'sleep', '0.5');
  const recording = await attached.finished();
  assert.ok(((await pythonShares(recording)).get('on_one_cpu') ?? 0) > 0);
  const script = await recording.strata('script', '-F', 'cpu');
  assert.deepEqual([...new Set(script.trim().split(/\s+/))], [`[${cpu.padStart(3, '0')}]`]);
  if (hasPerf()) await readByPerf(recording);
});
