import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';

import {
  formatCpuList,
  hasCapability,
  innermostPid,
  isRunning,
  namespaceOf,
  onlineCpus,
  pageSize,
  parseCpuList,
  readNumber,
  readStart,
  readText,
} from './system.js';

test('CPU lists are numbers and ranges', () => {
  assert.deepEqual(parseCpuList('0'), [0]);
  assert.deepEqual(parseCpuList('0-3,8'), [0, 1, 2, 3, 8]);
  assert.deepEqual(parseCpuList('0-1,4-5,7\n'), [0, 1, 4, 5, 7]);
  assert.deepEqual(parseCpuList(' 2 , 4 '), [2, 4]);
});

test('CPUs in a row are written as a range', () => {
  for (const text of ['', '0', '0-3,8', '1,3,5', '0-1,4-5,7']) {
    assert.equal(formatCpuList(parseCpuList(text)), text);
  }
});

test('what is no CPU list is passed over, and no list is endless', () => {
  assert.deepEqual(parseCpuList(''), []);
  assert.deepEqual(parseCpuList('x,1,-,2-,3'), [1, 3]);
  assert.deepEqual(parseCpuList('5-3'), []);
  assert.equal(parseCpuList('0-99999999999').length, 8192);
});

test('the machine has CPUs and pages', () => {
  const cpus = onlineCpus();
  assert.ok(cpus.length >= availableParallelism());
  assert.equal(new Set(cpus).size, cpus.length);
  assert.ok([4096, 16384, 65536].includes(pageSize()), `${pageSize()}`);
});

test('files of /proc are text, a number, or nothing', () => {
  assert.equal(readText('/proc/self/comm'), readText(`/proc/${process.pid}/comm`));
  assert.equal(readText('/proc/no such file'), undefined);
  assert.equal(typeof readNumber('/proc/sys/kernel/pid_max'), 'number');
  assert.equal(readNumber('/proc/self/comm'), undefined);
  assert.equal(readStart('/proc/self/status', 5), 'Name:');
  assert.equal(readStart('/proc/no such file', 5), '');
});

test('a process runs until it has ended, though nobody has asked for its end', async () => {
  assert.ok(isRunning(process.pid));
  assert.equal(isRunning(0x7fff_fff0), false);
  // The shell's child ends and stays a zombie: the shell became a program that does not wait.
  const shell = spawn('/bin/sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 30']);
  try {
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.match(readText(`/proc/${pid}/stat`) ?? '', /\) Z /, 'it is a zombie');
  } finally {
    shell.kill('SIGKILL');
  }
});

test('a process without namespaces of its own has ours', () => {
  assert.equal(namespaceOf(process.pid, 'pid'), namespaceOf('self', 'pid'));
  assert.equal(namespaceOf(0x7fff_fff0, 'mnt'), undefined);
  assert.equal(innermostPid(0x7fff_fff0), 0x7fff_fff0);
});

test('capabilities are bits', () => {
  const CAP_LAST = 63;
  assert.equal(hasCapability(CAP_LAST), false);
  if (process.getuid?.() === 0) assert.equal(hasCapability(0), true);
});
