/**
 * Finds the file that a recording's module was, and the file that its symbols are in. Where a build ID
 * is known no other file is ever taken in its place.
 *
 * Places and their order: GDB manual, "Separate Debug Files"; `~/.debug` is `perf`'s build-ID cache.
 */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { StrataError } from '../base/errors.js';
import { FileSource } from '../base/source.js';
import { ElfImage } from '../formats/elf/image.js';
import { crc32 } from './crc32.js';

const DELETED = ' (deleted)';

/** What is wanted. */
export interface ModuleRequest {
  /** As in the mapping: `/usr/lib/libc.so.6`, perhaps with ` (deleted)` behind it. */
  readonly path: string;
  /** Hexadecimal, as recorded; without it the file at the path is taken as it is. */
  readonly buildId?: string | undefined;
  /**
   * The folder that stands for `/`: a copy of another machine's files, or `/proc/PID/root`, through
   * which a process's own mount namespace is seen.
   */
  readonly root?: string | undefined;
}

/** An open ELF file. */
export interface OpenModule {
  readonly path: string;
  readonly image: ElfImage;
  readonly source: FileSource;
}

/** Why there is no file. */
export const MissingReason = {
  /** Not a path of a file: `[heap]`, `//anon`, `/memfd:x`. */
  NotAFile: 'not a file',
  NotFound: 'no such file',
  /** A file is there, but it is not the one that ran. */
  Mismatch: 'another build',
  /** Deleted while mapped, and without build ID nothing can be recognized as the same file. */
  Deleted: 'deleted',
  Unreadable: 'unreadable',
} as const;
export type MissingReason = (typeof MissingReason)[keyof typeof MissingReason];

export interface Missing {
  readonly reason: MissingReason;
  /** A sentence's end with the facts: `build ID 93ac… recorded, 1f2e… found`. */
  readonly detail: string;
}

export function isMissing(found: OpenModule | Missing): found is Missing {
  return 'reason' in found;
}

/**
 * Opens the module's own file, or the same build from `perf`'s cache. Without a recorded build ID the
 * file at the path is taken, unless the mapping says that it was deleted.
 */
export function openModule(request: ModuleRequest): OpenModule | Missing {
  const { path, buildId, root } = request;
  const deleted = path.endsWith(DELETED);
  const file = deleted ? path.slice(0, -DELETED.length) : path;
  let missing: Missing = { reason: MissingReason.NotFound, detail: `${file} is not there` };
  if (!isFilePath(file)) {
    missing = { reason: MissingReason.NotAFile, detail: `${path} names no file` };
  } else if (deleted && buildId === undefined) {
    return { reason: MissingReason.Deleted, detail: `${file} was deleted while in use` };
  } else {
    // Without a build ID only the file in the process's own tree can be meant.
    const isSeparateTree = root !== undefined && root !== '' && root !== '/';
    const places = isSeparateTree ? [join(root, file)] : [file];
    if (isSeparateTree && buildId !== undefined) places.push(file);
    for (const place of places) {
      const found = tryOpen(place, buildId);
      if (found === undefined) continue;
      if (!isMissing(found)) return found;
      missing = found;
    }
  }
  if (buildId !== undefined) {
    const cached = tryOpen(perfCachePath(buildId), buildId);
    if (cached !== undefined && !isMissing(cached)) return cached;
  }
  return missing;
}

/**
 * Opens the file that holds the symbols that `module` was stripped of: same build ID, or where there is
 * none the checksum that the module gives. `undefined` where none is found.
 */
export function openDebugFile(module: OpenModule, root = ''): OpenModule | undefined {
  const { image } = module;
  const byBuildId = openDebugFileOf(image.buildId, root);
  if (byBuildId !== undefined) return byBuildId;
  const link = orUndefined(() => image.debugLink);
  if (link === undefined || link.name === '' || link.name !== basename(link.name)) return undefined;
  const folder = dirname(module.path);
  const places = [
    join(folder, link.name),
    join(folder, '.debug', link.name),
    join(root, '/usr/lib/debug', withoutRoot(folder, root), link.name),
  ];
  for (const place of places) {
    const found = tryOpen(place, image.buildId);
    if (found === undefined || isMissing(found)) continue;
    if (image.buildId !== undefined || crc32(found.source) === link.crc) return found;
    found.source.close();
  }
  return undefined;
}

/** A debug file by build ID alone: also where the module's own file is gone. */
export function openDebugFileOf(buildId: string | undefined, root = ''): OpenModule | undefined {
  if (buildId === undefined || buildId.length < 4) return undefined;
  const name = join('/usr/lib/debug/.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`);
  for (const place of root === '' ? [name] : [join(root, name), name]) {
    const found = tryOpen(place, buildId);
    if (found !== undefined && !isMissing(found)) return found;
  }
  return undefined;
}

/** `undefined` where there is no file; {@link Missing} where it is not what was asked for. */
function tryOpen(path: string, buildId: string | undefined): OpenModule | Missing | undefined {
  // A path out of a recording may name a device or a pipe, which open(2) would act on or wait for.
  const kind = orUndefined(() => statSync(path, { throwIfNoEntry: false }));
  if (!kind?.isFile()) return undefined;
  let source: FileSource | undefined;
  try {
    source = new FileSource(path);
    const image = ElfImage.read(source);
    if (buildId === undefined || image.buildId === buildId) return { path, image, source };
    source.close();
    const found = image.buildId === undefined ? 'none' : image.buildId;
    return {
      reason: MissingReason.Mismatch,
      detail: `${path} is another build (build ID ${buildId} recorded, ${found} found)`,
    };
  } catch (error) {
    source?.close();
    if (!(error instanceof StrataError)) throw error;
    return { reason: MissingReason.Unreadable, detail: error.message };
  }
}

/** Where `perf` keeps a copy of what it recorded. */
function perfCachePath(buildId: string): string {
  return join(homedir(), '.debug', '.build-id', buildId.slice(0, 2), buildId.slice(2), 'elf');
}

function isFilePath(path: string): boolean {
  return (
    path.startsWith('/') &&
    !path.startsWith('//') &&
    !path.startsWith('/memfd:') &&
    !path.includes('\0')
  );
}

function withoutRoot(path: string, root: string): string {
  return root !== '' && path.startsWith(root) ? path.slice(root.length) : path;
}

/** What `read` returns; `undefined` where the system or the file's bytes do not allow it. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof StrataError || (error as NodeJS.ErrnoException).code !== undefined) {
      return undefined;
    }
    throw error;
  }
}
