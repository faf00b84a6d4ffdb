/**
 * perf's cache of files by build ID, `~/.debug`: where `perf report` finds what it cannot find by path.
 *
 *   ~/.debug/PATH/BUILDID/elf            the file
 *   ~/.debug/.build-id/BU/ILDID  ->  ../../PATH/BUILDID
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';

export function buildIdCacheFolder(): string {
  return join(homedir(), '.debug');
}

/**
 * Puts a file into the cache.
 * @param path what the recording calls the file
 * @param buildId hexadecimal
 * @throws system errors of node:fs
 */
export function addToBuildIdCache(
  folder: string,
  path: string,
  buildId: string,
  file: Uint8Array,
): void {
  const target = join(folder, path, buildId);
  const link = join(folder, '.build-id', buildId.slice(0, 2), buildId.slice(2));
  mkdirSync(target, { recursive: true });
  mkdirSync(dirname(link), { recursive: true });
  writeFileSync(join(target, 'elf'), file, { mode: 0o600 });
  symlinkSync(relative(dirname(link), target), link);
}
