/**
 * perf's cache of files by build ID, `~/.debug`: where `perf report` finds what it cannot find by path.
 *
 *   ~/.debug/PATH/BUILDID/elf            the file
 *   ~/.debug/.build-id/BU/ILDID  ->  ../../PATH/BUILDID
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';

function buildIdCacheFolder(): string {
  return join(homedir(), '.debug');
}

/**
 * Puts a file into the cache.
 * @param path what the recording calls the file
 * @param buildId hexadecimal
 * @throws system errors of node:fs
 */
function addToBuildIdCache(folder: string, path: string, buildId: string, file: Uint8Array): void {
  const target = join(folder, path, buildId);
  const link = join(folder, '.build-id', buildId.slice(0, 2), buildId.slice(2));
  mkdirSync(target, { recursive: true });
  mkdirSync(dirname(link), { recursive: true });
  writeFileSync(join(target, 'elf'), file, { mode: 0o600 });
  symlinkSync(relative(dirname(link), target), link);
}

/**
 * Puts a file of names into the user's cache.
 * @returns what went wrong, as a sentence
 */
export function cacheNames(
  names: { readonly path: string; readonly buildId: Uint8Array },
  file: Uint8Array,
): string | undefined {
  const folder = buildIdCacheFolder();
  try {
    addToBuildIdCache(folder, names.path, Buffer.from(names.buildId).toString('hex'), file);
    return undefined;
  } catch (error) {
    return `perf report will not find Python’s names: ${folder}: ${String(error)}`;
  }
}
