/** A disk that is soon full. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { skipOrFail } from './pythons.js';

/**
 * Mounts a file system of `size` bytes until the test ends.
 * @returns its folder; where this user may not mount, skips the test and returns `undefined`
 */
export function smallDisk(t: TestContext, size: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'strata disk '));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  t.after(() => {
    if (mounted.status === 0) spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  if (mounted.status === 0) return folder;
  skipOrFail(t, 'small disk', 'this user may not mount a tmpfs');
  return undefined;
}
