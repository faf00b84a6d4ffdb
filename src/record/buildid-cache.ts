/**
 * perf's cache of files by build ID, `~/.debug`: where `perf report` finds what it cannot find by path.
 *
 *   ~/.debug/PATH/BUILDID/elf            the file
 *   ~/.debug/.build-id/BU/ILDID  ->  ../../PATH/BUILDID
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';

function buildIdCacheFolder(): string {
  return join(homedir(), '.debug');
}

/** Where a file lies, and the link that leads there. @param buildId hexadecimal */
function placesOf(folder: string, path: string, buildId: string): { target: string; link: string } {
  return {
    target: join(folder, path, buildId),
    link: join(folder, '.build-id', buildId.slice(0, 2), buildId.slice(2)),
  };
}

/**
 * Puts a file into the cache.
 * @param path what the recording calls the file
 * @param buildId hexadecimal
 * @throws system errors of node:fs
 */
function addToBuildIdCache(folder: string, path: string, buildId: string, file: Uint8Array): void {
  const { target, link } = placesOf(folder, path, buildId);
  mkdirSync(target, { recursive: true });
  mkdirSync(dirname(link), { recursive: true });
  writeFileSync(join(target, 'elf'), file, { mode: 0o600 });
  symlinkSync(relative(dirname(link), target), link);
}

/** A file of names, by what recordings call it. */
export interface CachedNames {
  readonly path: string;
  readonly buildId: Uint8Array;
}

/**
 * Puts a file of names into the user's cache.
 * @returns what went wrong, as a sentence
 */
export function cacheNames(names: CachedNames, file: Uint8Array): string | undefined {
  const folder = buildIdCacheFolder();
  try {
    addToBuildIdCache(folder, names.path, Buffer.from(names.buildId).toString('hex'), file);
    return undefined;
  } catch (error) {
    return `perf report will not find Python’s names: ${folder}: ${String(error)}`;
  }
}

/** Removes what {@link cacheNames} put there: its recording is gone. */
export function uncacheNames({ path, buildId }: CachedNames): void {
  const id = Buffer.from(buildId).toString('hex');
  const { target, link } = placesOf(buildIdCacheFolder(), path, id);
  try {
    rmSync(link, { force: true });
    rmSync(dirname(target), { recursive: true, force: true });
  } catch {
    // What is left there harms nobody.
  }
}
