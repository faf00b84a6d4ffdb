import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';

import { StrataError } from '../base/errors.js';
import { encodeAttr } from '../formats/perfdata/attr.js';
import { PerfCountSw, PerfType } from '../formats/perfdata/spec.js';
import { closeEvent, openEvent } from '../linux/perf-event.js';
import { formatCpuList, onlineCpus } from '../linux/system.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';
import { isGone, resolveTarget, type Target } from './targets.js';

/** `kernel.pid_max` is 2^22 at most. */
const NO_PID = 987_654_321;

function refusal(target: Target): StrataError {
  try {
    resolveTarget(target);
  } catch (error) {
    assert.ok(error instanceof StrataError, String(error));
    return error;
  }
  assert.fail('it was not refused');
}

/** A program that says when it is ready. */
async function started(
  t: TestContext,
  program: string,
  argv: readonly string[],
  options: { uid?: number; gid?: number } = {},
): Promise<ChildProcess & { pid: number; said: string }> {
  const child = spawn(program, argv, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return Object.assign(child, { pid: child.pid ?? NO_PID, said: line.toString() });
}

test('a command has no threads yet, and a system none of its own', () => {
  const cpus = onlineCpus();
  const none = { tids: [], pids: [], cpus, notes: [] };
  assert.deepEqual(resolveTarget({ kind: 'command' }), { ...none, systemWide: false });
  assert.deepEqual(resolveTarget({ kind: 'system' }), { ...none, systemWide: true });
  const last = cpus.slice(-1);
  assert.deepEqual(resolveTarget({ kind: 'system', cpus: [...last, ...last] }).cpus, last);
});

test('CPUs that are not there are refused, with those that are', () => {
  const { message } = refusal({ kind: 'system', cpus: [0, 8000] });
  const online = formatCpuList(onlineCpus());
  assert.equal(message, `CPU 8000 is not online; these are: ${online}`);
  assert.match(refusal({ kind: 'system', cpus: [] }).message, /^no CPU was chosen; these are: 0/);
});

test('two hundred threads are those of their process, whichever names it', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const child = await started(t, python.path, [
    '-c',
    `
import sys, threading
end = threading.Event()
for _ in range(200): threading.Thread(target=end.wait, daemon=True).start()
print(threading.get_native_id(), flush=True)
sys.stdin.read()
`,
  ]);
  const { tids, pids } = resolveTarget({ kind: 'processes', pids: [child.pid, child.pid] });
  assert.deepEqual(pids, [child.pid]);
  assert.equal(new Set(tids).size, 201);
  assert.equal(tids.length, 201);

  const other = tids.find((tid) => tid !== child.pid) ?? NO_PID;
  assert.deepEqual(resolveTarget({ kind: 'processes', pids: [other] }), {
    ...resolveTarget({ kind: 'processes', pids: [child.pid] }),
  });
  const alone = resolveTarget({ kind: 'threads', tids: [other] });
  assert.deepEqual([alone.tids, alone.pids], [[other], [child.pid]]);
});

test('what is not there is told by its number; what has ended is passed over while something is left', async (t) => {
  assert.equal(refusal({ kind: 'processes', pids: [NO_PID] }).message, `no process ${NO_PID}`);
  const several = refusal({ kind: 'threads', tids: [NO_PID, NO_PID + 1] });
  assert.equal(several.message, `no threads ${NO_PID}, ${NO_PID + 1}`);
  assert.equal(several.exitCode, 1);

  const shell = await started(t, '/bin/sh', ['-c', 'sleep 1 & echo $!; exec sleep 30']);
  const zombie = Number(shell.said);
  while (!/^State:\tZ/m.test(readFileSync(`/proc/${zombie}/status`, 'utf8'))) {
    await new Promise((go) => setTimeout(go, 10));
  }
  assert.equal(refusal({ kind: 'processes', pids: [zombie] }).message, `no process ${zombie}`);
  const { pids, tids, notes } = resolveTarget({
    kind: 'processes',
    pids: [NO_PID, shell.pid, zombie],
  });
  assert.deepEqual([pids, tids], [[shell.pid], [shell.pid]]);
  assert.deepEqual(notes, [`there were no processes ${NO_PID}, ${zombie} any more`]);
});

test('threads outlive the leader of their process', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const child = await started(t, python.path, [
    '-c',
    `
import ctypes, sys, threading, time
def rest():
    time.sleep(0.1)
    print('alone', flush=True)
    sys.stdin.read()
threading.Thread(target=rest).start()
ctypes.CDLL(None).pthread_exit(None)
`,
  ]);
  const { pids, tids } = resolveTarget({ kind: 'processes', pids: [child.pid] });
  assert.deepEqual(pids, [child.pid]);
  assert.equal(tids.length, 1);
  assert.notEqual(tids[0], child.pid);
});

test('a tree that grows while it is listed: each process has its threads or is passed over', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const child = await started(t, python.path, [
    '-c',
    `
import os, sys
print('now', flush=True)
for i in range(1000):
    if os.fork() == 0: os._exit(0)
    os.wait()
print('done', flush=True)
sys.stdin.read()
`,
  ]);
  let done = false;
  child.stdout?.once('data', () => (done = true));
  let looks = 0;
  do {
    const { pids, tids } = resolveTarget({ kind: 'user', user: String(process.getuid?.()) });
    assert.ok(pids.includes(child.pid));
    assert.ok(!pids.includes(process.pid), 'the recorder is none of its own targets');
    assert.ok(tids.length >= pids.length);
    looks++;
    await new Promise((go) => setImmediate(go));
  } while (!done);
  t.diagnostic(`${looks} looks`);
});

test('all processes of a user, and of nobody else', async (t) => {
  if (process.getuid?.() !== 0) return skipOrFail(t, 'root', 'only root starts others’ processes');
  // A user that no one else is.
  const uid = 54_321;
  const argv = ['-c', 'echo ready; exec sleep 30'];
  assert.match(refusal({ kind: 'user', user: `${uid}` }).message, /^user 54321 has no processes$/);
  const children = [
    await started(t, '/bin/sh', argv, { uid, gid: uid }),
    await started(t, '/bin/sh', argv, { uid, gid: uid }),
  ];
  const { pids } = resolveTarget({ kind: 'user', user: `${uid}` });
  assert.deepEqual(
    pids.toSorted((a, b) => a - b),
    children.map(({ pid }) => pid).toSorted((a, b) => a - b),
  );
});

test('users are known by name', () => {
  const root = resolveTarget({ kind: 'user', user: 'root' });
  assert.ok(root.pids.includes(1));
  assert.equal(refusal({ kind: 'user', user: 'no such user' }).message, 'no user "no such user"');
  assert.equal(refusal({ kind: 'user', user: '--help' }).message, 'no user "--help"');
});

test('an event of a thread that has ended is gone, other refusals are not', () => {
  const dummy = { type: PerfType.SOFTWARE, config: BigInt(PerfCountSw.DUMMY) };
  const attr = (flags = {}): Uint8Array => encodeAttr({ ...dummy, flags });
  const opening = (pid: number, cpu: number): unknown => {
    try {
      closeEvent(openEvent(attr({ exclude_kernel: true }), pid, cpu));
      return undefined;
    } catch (error) {
      return error;
    }
  };
  assert.equal(isGone(opening(NO_PID, -1)), true);
  assert.equal(opening(process.pid, -1), undefined);
  assert.equal(isGone(opening(-1, -1)), false);
  assert.equal(isGone(new RangeError('ours')), false);
});
