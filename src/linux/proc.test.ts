import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { ProcReader, listProcesses, readStatus, threadsOf } from './proc.js';

/** `kernel.pid_max` is 2^22 at most. */
const NO_PID = 987_654_321;

test('processes and threads are listed, and those that are gone are not', () => {
  assert.ok(listProcesses().includes(process.pid));
  const threads = threadsOf(process.pid);
  assert.ok(threads.includes(process.pid));
  assert.ok(threads.length > 1, 'Node.js has helper threads');
  assert.deepEqual(threadsOf(threads[1]).sort(), threads.sort(), 'any of them names the process');
  assert.deepEqual(threadsOf(NO_PID), []);
});

test('the status of a process, of a thread, and of none', () => {
  const own = readStatus(process.pid);
  assert.deepEqual(own, {
    pid: process.pid,
    parentPid: process.ppid,
    uid: process.getuid?.(),
    isZombie: false,
  });
  const other = threadsOf(process.pid).find((tid) => tid !== process.pid);
  assert.deepEqual(readStatus(other ?? NO_PID), own);
  assert.equal(readStatus(NO_PID), undefined);
});

test('a process that nobody has waited for is a zombie', async (t) => {
  // The shell becomes a program that does not wait for its child, which ends after that.
  const shell = spawn('/bin/sh', ['-c', 'sleep 1 & echo $!; exec sleep 30']);
  t.after(() => shell.kill('SIGKILL'));
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  while (readStatus(pid)?.isZombie !== true) await new Promise((go) => setTimeout(go, 10));
  assert.equal(readStatus(pid)?.parentPid, shell.pid);
  assert.deepEqual(threadsOf(pid), [pid]);
});

test('a long file of /proc is read whole, and again', () => {
  const proc = new ProcReader();
  const path = '/proc/kallsyms';
  const whole = readFileSync(path);
  for (let i = 0; i < 2; i++) assert.ok(proc.read(path)?.equals(whole));
  assert.equal(proc.read('/proc/self/comm')?.toString(), readFileSync('/proc/self/comm', 'utf8'));
  assert.equal(proc.read('/proc/no such file'), undefined);
});
