/** What a command starts is recorded with it, from its first instruction to the command's end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';

import { FileSource } from '../base/source.js';
import { readComm, readFork, readMmap } from '../formats/perfdata/sideband.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { SampleView } from '../formats/perfdata/sample.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { startStrata, until, type LiveRun } from '../testing/live.js';
import { requirePython, skipOrFail, type Python } from '../testing/pythons.js';
import { pythonShares, Recording, Workplace } from '../testing/recordings.js';
import { readReport } from '../testing/reports.js';
import { existingPerfMaps } from './processes/perf-maps.js';

const workplace = new Workplace();
after(() => workplace.close());

const SPIN = `
import os, sys, threading, time
def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
`;

function program(name: string, text: string): string {
  const path = workplace.path(name);
  writeFileSync(path, SPIN + text);
  return path;
}

/** A recording that was not made by {@link Workplace.record}. */
function finished(file: string, run: LiveRun): Recording {
  return new Recording(workplace, file, { stdout: run.stdout(), stderr: run.stderr(), code: 0 });
}

interface Told {
  readonly what: 'exec' | 'fork' | 'thread' | 'map' | 'sample' | 'exit';
  readonly pid: number;
  readonly tid: number;
  /** A file's path, or a name. */
  readonly name: string;
  readonly ip: number;
}

/** The records of a file that tell of processes, in its order. */
function told(file: string): Told[] {
  const source = new FileSource(file);
  try {
    const recording = readPerfData(source);
    const records = recording.records();
    const sample = new SampleView();
    const all: Told[] = [];
    const tell = (what: Told['what'], pid: number, tid: number, name = '', ip = 0): void => {
      all.push({ what, pid, tid, name, ip });
    };
    while (records.next()) {
      const { type, misc } = records;
      if (type === PerfRecord.SAMPLE) {
        assert.ok(records.sample(sample));
        tell('sample', sample.pid, sample.tid, '', sample.ip);
      } else if (type === PerfRecord.COMM) {
        const { pid, tid, comm, exec } = readComm(records.body(), misc);
        if (exec) tell('exec', pid, tid, comm);
      } else if (type === PerfRecord.FORK || type === PerfRecord.EXIT) {
        const { pid, tid, parentPid } = readFork(records.body(), misc);
        if (type === PerfRecord.EXIT) tell('exit', pid, tid);
        else tell(pid === parentPid ? 'thread' : 'fork', pid, tid);
      } else if (type === PerfRecord.MMAP2) {
        const { pid, path } = readMmap(records.body(), type, misc);
        tell('map', pid, pid, path);
      }
    }
    return all;
  } finally {
    source.close();
  }
}

test('the first instruction is seen', async (t) => {
  const source = workplace.path('tiny.s');
  const binary = workplace.path('tiny');
  const exit =
    process.arch === 'arm64'
      ? 'mov x8, 93; mov x0, 0; svc 0'
      : 'mov $60,%eax; xor %edi,%edi; syscall';
  writeFileSync(source, `.globl _start\n_start: ${exit}\n`);
  const built = spawnSync('gcc', ['-nostdlib', '-static', '-o', binary, source]);
  if (built.status !== 0) return skipOrFail(t, 'gcc', 'not installed');
  // To fetch its first instruction is the program's first fault.
  const recording = await workplace.record(
    'tiny.data',
    [binary],
    ['-e', 'page-faults:u', '-F', 'max'],
  );
  const entry = Number(readFileSync(binary).readBigUInt64LE(24));
  const records = told(recording.file);
  assert.equal(records[0].what, 'exec');
  assert.equal(records[0].name, 'tiny');
  const samples = records.filter(({ what }) => what === 'sample');
  assert.ok(
    samples.some(({ ip }) => ip === entry),
    `${entry.toString(16)} in ${samples.map(({ ip }) => ip.toString(16)).join(' ')}`,
  );
});

test('threads, forked children and programs that they become are followed', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const path = program(
    'family.py',
    `
def in_thread(): spin(0.15)
def in_child(): spin(0.15)
def in_grandchild(): spin(0.15)
def in_main(): spin(0.15)
thread = threading.Thread(target=in_thread); thread.start(); thread.join()
if os.fork() == 0:
    in_child()
    if os.fork() == 0:
        in_grandchild()
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
in_main()
os.execv(sys.executable, [sys.executable, '-c', 'import runpy, sys; sys.argv = ["after"]; runpy.run_path("after.py")'])
`,
  );
  program('after.py', 'def after_exec(): spin(0.15)\nafter_exec()\n');
  const recording = await workplace.record('family.data', [
    'sh',
    '-c',
    `exec '${python.path}' '${path}'`,
  ]);
  const shares = await pythonShares(recording);
  for (const name of ['in_thread', 'in_child', 'in_grandchild', 'in_main', 'after_exec']) {
    const share = shares.get(name) ?? 0;
    assert.ok(share > 2, `${name} has ${share} %`);
  }
  const records = told(recording.file);
  assert.equal(records.filter(({ what }) => what === 'fork').length, 2);
  assert.equal(
    new Set(records.filter(({ what }) => what === 'sample').map(({ pid }) => pid)).size,
    3,
  );
});

test('two hundred threads', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const path = program(
    'threads.py',
    `
ready = threading.Barrier(200)
def in_thread():
    ready.wait()
    spin(0.002)
threads = [threading.Thread(target=in_thread) for _ in range(200)]
for thread in threads: thread.start()
for thread in threads: thread.join()
`,
  );
  const recording = await workplace.record('threads.data', [python.path, path], ['-F', '4999']);
  const records = told(recording.file);
  const threads = new Set(records.filter(({ what }) => what === 'thread').map(({ tid }) => tid));
  assert.equal(threads.size, 200);
  const exits = records.filter(({ what, tid }) => what === 'exit' && threads.has(tid));
  assert.equal(exits.length, 200);
  const sampled = new Set(records.filter(({ what }) => what === 'sample').map(({ tid }) => tid));
  assert.ok(sampled.size > 150, `${sampled.size} threads have samples`);
  const { info } = recording.section();
  assert.ok(info.whole >= 0.99 * info.unwound, `${info.whole} of ${info.unwound}`);
  assert.ok(((await pythonShares(recording)).get('in_thread') ?? 0) > 20);
});

test('a thousand forks in a row: names of forked workers, and memory within bounds', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const path = program(
    'forks.py',
    `
def worker(): spin(0.0005)
for i in range(1000):
    if os.fork() == 0:
        worker()
        os._exit(0)
    if i % 8 == 7:
        for _ in range(8): os.wait()
`,
  );
  const file = workplace.path('forks.data');
  const before = existingPerfMaps(); // of processes that had the same numbers long ago
  const run = startStrata(['record', '-N', '-o', file, python.path, path], {
    cwd: workplace.folder,
  });
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${run.child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // it has ended
    }
  }, 100);
  const code = await run.ended;
  clearInterval(timer);
  assert.equal(code, 0, run.stderr());
  const records = told(file);
  assert.equal(records.filter(({ what }) => what === 'fork').length, 1000);
  const report = await finished(file, run).strata('report', '-g', 'none');
  const worker = readReport(report).find(({ symbol }) => symbol === 'worker');
  assert.ok(worker !== undefined && worker.children > 5, `worker has ${worker?.children} %`);
  t.diagnostic(`${peak.toFixed(0)} MiB at most`);
  assert.ok(peak > 20 && peak < 500, `${peak} MiB`);
  assert.deepEqual(
    leftMaps(records).filter((name) => !before.has(name)),
    [],
  );
});

/** Perf maps that processes of a recording left in /tmp. */
function leftMaps(records: readonly Told[]): string[] {
  const pids = new Set(records.map(({ pid }) => pid));
  return readdirSync('/tmp').filter((name) =>
    pids.has(Number(/^perf-(\d+)\.map$/.exec(name)?.[1] ?? -1)),
  );
}

test('processes that outlive the command are told, and not waited for', async (t) => {
  const file = workplace.path('daemon.data');
  // The daemons keep none of the recorder's pipes open.
  const daemon = 'setsid sleep 60 </dev/null >/dev/null 2>&1 & echo $!';
  const script = `${daemon}\n${daemon}\ni=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; exit 3`;
  const run = startStrata(['record', '-N', '-o', file, 'sh', '-c', script]);
  await until(() => run.stdout().split('\n').length > 2, 'the daemons');
  const pids = run.stdout().trim().split('\n').map(Number);
  t.after(() => {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  });
  assert.equal(await run.ended, 3);
  const note =
    '2 processes that the command started still ran when it ended; recording ended with the command';
  assert.match(run.stderr(), new RegExp(note));
  for (const pid of pids) process.kill(pid, 0); // throws where it is gone
  const recording = finished(file, run);
  assert.ok(recording.section().info.notes.includes(note));
  assert.match(await recording.strata('report', '-g', 'none'), / sh /);
});

/** Runs Python in its own namespaces; `undefined` where this user may not. */
async function inNamespaces(
  t: TestContext,
  python: Python,
  name: string,
  script: string,
): Promise<Map<string, number> | undefined> {
  if (spawnSync('unshare', ['-pmf', '--mount-proc', 'true']).status !== 0) {
    skipOrFail(t, 'namespaces', 'this user may not make any');
    return undefined;
  }
  const path = program(`${name}.py`, `def ${name}(): spin(0.3)\n${name}()\n`);
  const argv = ['unshare', '-pmf', '--mount-proc', 'sh', '-c', script, 'sh', python.path, path];
  return pythonShares(await workplace.record(`${name}.data`, argv));
}

test('Python’s names come from the /tmp of its own mount and PID namespace', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  // The program itself may lie in /tmp.
  const script =
    'exec 3<"$2"; mount -t tmpfs tmpfs /tmp; "$1" /dev/fd/3; ls /tmp/perf-*.map >&2; exit 0';
  const shares = await inNamespaces(t, python, 'inner', script);
  if (shares !== undefined) assert.ok((shares.get('inner') ?? 0) > 50, `${shares.get('inner')} %`);
});

test('Python’s names come from the /tmp of a chroot', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const root = workplace.path('root');
  mkdirSync(root);
  const script =
    `exec 3<"$2"; mount --rbind / '${root}' && mount -t tmpfs tmpfs '${root}/tmp' && ` +
    `chroot '${root}' "$1" /dev/fd/3`;
  const shares = await inNamespaces(t, python, 'jailed', script);
  if (shares !== undefined)
    assert.ok((shares.get('jailed') ?? 0) > 50, `${shares.get('jailed')} %`);
});
