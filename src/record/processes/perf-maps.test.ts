import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import type { LiveProcess } from './live-processes.js';
import { existingPerfMaps, readPerfMap, removePerfMap } from './perf-maps.js';

const root = mkdtempSync(join(tmpdir(), 'strata maps '));
mkdirSync(join(root, 'tmp'));
after(() => rmSync(root, { recursive: true, force: true }));

const LINE = '1000 10 py::main:/a.py\n';

function inRoot(innerPid: number): { process: LiveProcess; path: string } {
  return {
    process: { pid: 4711, innerPid, root, ofCommand: true },
    path: join(root, 'tmp', `perf-${innerPid}.map`),
  };
}

test('a map is found by the number that the process has in its own namespace, in its own /tmp', () => {
  const { process, path } = inRoot(7);
  assert.equal(readPerfMap(process), undefined);
  writeFileSync(path, LINE);
  const map = readPerfMap(process);
  assert.deepEqual([map?.length, map?.name(0)], [1, 'py::main:/a.py']);
});

test('links, folders and pipes of that name are not read', () => {
  const link = inRoot(8);
  const target = join(root, 'target');
  writeFileSync(target, LINE);
  symlinkSync(target, link.path);
  assert.equal(readPerfMap(link.process), undefined);

  const folder = inRoot(9);
  mkdirSync(folder.path);
  assert.equal(readPerfMap(folder.process), undefined);

  // Opening a pipe without a writer would wait for ever.
  const pipe = inRoot(10);
  execFileSync('mkfifo', [pipe.path]);
  assert.equal(readPerfMap(pipe.process), undefined);

  removePerfMap(link.process, new Set());
  assert.equal(existsSync(link.path), false);
  assert.equal(existsSync(target), true, 'what the link leads to stays');
});

test('the recording’s own maps are removed, those that were there before stay', (t) => {
  // No process has such a number: kernel.pid_max is 2^22 at most.
  const pid = 987_654_321;
  const path = `/tmp/perf-${pid}.map`;
  t.after(() => rmSync(path, { force: true }));
  const process: LiveProcess = { pid, innerPid: pid, root: '', ofCommand: true };
  writeFileSync(path, LINE);
  const before = existingPerfMaps();
  assert.ok(before.has(`perf-${pid}.map`));
  removePerfMap(process, before);
  assert.ok(existsSync(path));
  removePerfMap(process, new Set());
  assert.equal(existsSync(path), false);
  removePerfMap(process, new Set()); // gone already
});

test('what was there in our /tmp says nothing of another /tmp', () => {
  const { process, path } = inRoot(11);
  writeFileSync(path, LINE);
  removePerfMap(process, new Set(['perf-11.map']));
  assert.equal(existsSync(path), false);
});

test('the map of a process that only happened to be recorded stays', () => {
  const { process, path } = inRoot(12);
  writeFileSync(path, LINE);
  removePerfMap({ ...process, ofCommand: false }, new Set());
  assert.equal(existsSync(path), true);
});
