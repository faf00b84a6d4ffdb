/**
 * perf's cache of files by build ID, `~/.debug`: where `perf report` finds what it cannot find by path.
 *
 *   ~/.debug/PATH/BUILDID/elf            the file
 *   ~/.debug/.build-id/BU/ILDID  ->  ../../PATH/BUILDID
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { MemorySource, type ByteSource } from '../../base/source.js';

const COPY_SIZE = 1024 * 1024;

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
 * Puts a file into the user's cache, unless one of that build is there.
 * @param path what the recording calls the file
 * @param buildId hexadecimal
 * @throws system errors of node:fs, StrataError where the file cannot be read
 */
export function addToBuildIdCache(path: string, buildId: string, file: ByteSource): void {
  const { target, link } = placesOf(buildIdCacheFolder(), path, buildId);
  if (existsSync(join(link, 'elf'))) return;
  mkdirSync(target, { recursive: true });
  mkdirSync(dirname(link), { recursive: true });
  const unfinished = join(target, `elf.${process.pid}`);
  copy(file, unfinished);
  renameSync(unfinished, join(target, 'elf'));
  rmSync(link, { force: true }); // It leads nowhere.
  symlinkSync(relative(dirname(link), target), link);
}

function copy(file: ByteSource, path: string): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    for (let at = 0; at < file.byteLength;) {
      const bytes = file.read(at, COPY_SIZE);
      if (bytes.byteLength === 0) break; // It shrank.
      at += writeSync(fd, bytes);
    }
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
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
  try {
    const buildId = Buffer.from(names.buildId).toString('hex');
    addToBuildIdCache(names.path, buildId, new MemorySource(file));
    return undefined;
  } catch (error) {
    return `perf report will not find Python’s names: ${buildIdCacheFolder()}: ${String(error)}`;
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
