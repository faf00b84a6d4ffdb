/** Nothing is left of a recording but its file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { repositoryRoot, run } from '../testing/cli.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';
import type { AttachedOften } from './attach-often.js';

/** Each takes some 0.5 s of CPU time, most of it to start threads; what leaks shows after a few. */
const TIMES = process.env.CI ? 100 : 25;

/** Its own PIDs and mounts, with an empty /tmp; the repository, which may lie there, is at /mnt, too. */
const ALONE = ['--pid', '--fork', '--mount', '--mount-proc', 'sh', '-c'];
const REPOSITORY = '/mnt';
const EMPTY_TMP = `mount --bind "$0" ${REPOSITORY} && mount -t tmpfs tmpfs /tmp && exec "$@"`;

/** It runs often enough to be sampled each time, and leaves the rest of its CPU to the recorder. */
const TARGET = `
import threading, time
def outer():
    while True:
        inner()
        time.sleep(0.004)
def inner():
    for _ in range(10_000): pass
for _ in range(3): threading.Thread(target=outer, daemon=True).start()
print('on', flush=True)
outer()
`;

test(`attached ${TIMES} times in a row: no file, process, mapping or descriptor is left`, async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const root = repositoryRoot();
  if (spawnSync('unshare', [...ALONE, EMPTY_TMP, root, 'true']).status !== 0) {
    return skipOrFail(t, 'namespaces', 'this user may not make any, or not mount a tmpfs');
  }
  const built = fileURLToPath(new URL('./attach-often.js', import.meta.url));
  const program = join(REPOSITORY, relative(root, built));
  const target = [python.path, '-X', 'perf', '-c', TARGET];
  const argv = [...ALONE, EMPTY_TMP, root, process.execPath, program, `${TIMES}`, ...target];
  const { code, stdout, stderr } = await run('unshare', argv);
  assert.equal(code, 0, stderr);
  const { before, after, exitCodes } = JSON.parse(stdout) as AttachedOften;
  assert.deepEqual(exitCodes, Array(TIMES).fill(0));
  // The target's own perf map stays, too: it is still written.
  assert.deepEqual(
    before.files.map((name) => name.replace(/\d+/, 'N')),
    ['perf-N.map', 'perf.data', 'perf.data.old'],
  );
  assert.equal(before.rings, 0);
  assert.equal(before.processes, 1);
  assert.deepEqual(after, before);
});
