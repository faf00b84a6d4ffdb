import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { until } from '../testing/live.js';
import { SystemCallError } from './perf-event.js';
import { ProcessMemory } from './process-memory.js';
import { whileStopped } from './ptrace.js';

const stateOf = (pid: number): string =>
  /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];

const SIGUSR1 = 10;
function catches(pid: number, signal: number): boolean {
  const caught = /^SigCgt:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
  return ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

test('a thread stands still meanwhile, and goes on after', async (t) => {
  const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const pid = child.pid!;
  await until(() => stateOf(pid) === 'R', 'it runs');
  for (let i = 0; i < 20; i++) {
    assert.equal(
      whileStopped(pid, () => stateOf(pid)),
      't',
    );
  }
  assert.throws(
    () =>
      whileStopped(pid, () => {
        throw new Error('of the action');
      }),
    /of the action/,
  );
  await until(() => stateOf(pid) === 'R', 'it runs on');
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^TracerPid:\t0$/m);
});

test('a signal that comes meanwhile is not lost', async (t) => {
  const program = 'trap "exit 7" USR1; while :; do sleep 0.01; done';
  const child = spawn('sh', ['-c', program], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await until(() => catches(child.pid!, SIGUSR1), 'a trap');
  whileStopped(child.pid!, () => child.kill('SIGUSR1'));
  assert.equal(await ended, 7);
});

test('when the tracer is killed the thread goes on', async (t) => {
  const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const module = JSON.stringify(new URL('./ptrace.js', import.meta.url).href);
  const script = `import(${module}).then((m) => m.whileStopped(${child.pid}, () => {
    process.stdout.write('stopped'); for (;;);
  }))`;
  const tracer = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => tracer.kill('SIGKILL'));
  await until(() => stateOf(child.pid!) === 't', 'it stops');
  tracer.kill('SIGKILL');
  await until(() => stateOf(child.pid!) === 'R', 'it runs on');
});

test('of one that is not there the system says so', () => {
  assert.throws(
    () => whileStopped(2 ** 22 + 1, () => undefined),
    (error) => error instanceof SystemCallError && error.code === 'ESRCH',
  );
});

test('memory is read and written whole, or not at all', async (t) => {
  const child = spawn('sleep', ['100'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const pid = child.pid!;
  await until(() => readFileSync(`/proc/${pid}/maps`, 'utf8').includes('[stack]'), 'a stack');
  const line = readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .find((one) => one.endsWith('[stack]'))!;
  const [start, end] = line.split(/[- ]/, 2).map((text) => parseInt(text, 16));
  const memory = ProcessMemory.open(pid, 'r+');
  t.after(() => memory.close());
  const before = memory.read(start, 16);
  assert.equal(before?.length, 16);
  assert.ok(
    memory.write(
      start,
      Uint8Array.from({ length: 16 }, (_, i) => i),
    ),
  );
  assert.deepEqual([...(memory.read(start, 16) ?? [])], [...Array(16).keys()]);
  assert.equal(memory.read(end - 8, 16), undefined, 'the stack ends before');
  for (const address of [0, -4096, 0.5, NaN, 2 ** 60]) {
    assert.equal(memory.read(address, 8), undefined, `${address}`);
    assert.equal(memory.write(address, new Uint8Array(8)), false);
  }
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(memory.read(start, 16), undefined);
  assert.equal(memory.write(start, new Uint8Array(1)), false);
});
