/**
 * Finds the file that a recording's module was, and the file that its symbols are in. Where a build ID
 * is known no other file is ever taken in its place.
 *
 * Places and their order: GDB manual, "Separate Debug Files"; `~/.debug` is `perf`'s build-ID cache.
 */
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { SHT_SYMTAB } from '../formats/elf/constants.js';
import { crc32 } from './crc32.js';
import {
  isMissing,
  MissingReason,
  openElf,
  orUndefined,
  type Missing,
  type OpenModule,
} from './open-elf.js';
import type { SymbolOptions } from './options.js';
import { SymbolFolders } from './symbol-folders.js';

const DELETED = ' (deleted)';

/** What is wanted. */
export interface ModuleRequest {
  /** As in the mapping: `/usr/lib/libc.so.6`, perhaps with ` (deleted)` behind it. */
  readonly path: string;
  /** Hexadecimal, as recorded; without it the file at the path is taken as it is. */
  readonly buildId?: string | undefined;
  /**
   * The folder that stands for `/` in place of `--symfs`: `/proc/PID/root`, through which a process's
   * own mount namespace is seen.
   */
  readonly root?: string | undefined;
}

/** Looks for modules and for the files that their symbols are in, in all places that a person named. */
export class SymbolFiles {
  private readonly symfs: string;
  private readonly folders: SymbolFolders;

  constructor(private readonly options: SymbolOptions = {}) {
    this.symfs = isSeparateTree(options.symfs) ? options.symfs : '';
    this.folders = new SymbolFolders(options.symbolDirs ?? []);
  }

  /**
   * Opens the module's own file, or the same build from elsewhere. Without a recorded build ID the file
   * at the path is taken, unless the mapping says that it was deleted.
   */
  module(request: ModuleRequest): OpenModule | Missing {
    const { path, buildId } = request;
    const deleted = path.endsWith(DELETED);
    const file = deleted ? path.slice(0, -DELETED.length) : path;
    let missing: Missing = { reason: MissingReason.NotFound, detail: `${file} is not there` };
    if (!isFilePath(file)) {
      missing = { reason: MissingReason.NotAFile, detail: `${path} names no file` };
    } else if (deleted && buildId === undefined) {
      return { reason: MissingReason.Deleted, detail: `${file} was deleted while in use` };
    }
    for (const place of this.modulePlaces(file, request)) {
      const found = openElf(place, buildId);
      if (found === undefined) continue;
      if (!isMissing(found)) return found;
      // What is said is what is wrong with the likeliest place.
      if (missing.reason === MissingReason.NotFound) missing = found;
    }
    return missing;
  }

  /**
   * Opens the file that holds the symbols that `module` was stripped of: same build ID, or where there is
   * none the checksum that the module gives. `undefined` where none is found.
   */
  debugFile(module: OpenModule, root = this.symfs): OpenModule | undefined {
    const { image } = module;
    const byBuildId = this.debugFileOf(image.buildId, root);
    if (byBuildId !== undefined) return byBuildId;
    const link = orUndefined(() => image.debugLink);
    if (link === undefined || link.name === '' || link.name !== basename(link.name)) {
      return undefined;
    }
    const folder = dirname(module.path);
    const places = [
      join(folder, link.name),
      join(folder, '.debug', link.name),
      join(root, '/usr/lib/debug', withoutRoot(folder, root), link.name),
      ...this.folders.named(link.name),
    ];
    for (const place of places) {
      const found = openElf(place, image.buildId);
      if (found === undefined || isMissing(found)) continue;
      if (image.buildId !== undefined || crc32(found.source) === link.crc) return found;
      found.source.close();
    }
    return undefined;
  }

  /** A debug file by build ID alone: also where the module's own file is gone. */
  debugFileOf(buildId: string | undefined, root = this.symfs): OpenModule | undefined {
    if (buildId === undefined || buildId.length < 4) return undefined;
    const [folder, name] = [buildId.slice(0, 2), buildId.slice(2)];
    const installed = join('/usr/lib/debug/.build-id', folder, `${name}.debug`);
    const places = [
      ...(root === '' ? [] : [join(root, installed)]),
      installed,
      ...this.folders.ofBuild(buildId),
      join(perfCache(buildId), 'debug'),
    ];
    for (const place of places) {
      const found = openElf(place, buildId);
      if (found === undefined || isMissing(found)) continue;
      if (found.image.sections.some(({ type }) => type === SHT_SYMTAB)) return found;
      found.source.close();
    }
    return undefined;
  }

  /** In order; later ones are looked for only when they are asked for. */
  private *modulePlaces(file: string, { buildId, root = this.symfs }: ModuleRequest) {
    const isFlat = root === this.symfs && this.options.symfsLayout === 'flat';
    if (isFilePath(file)) {
      if (isSeparateTree(root)) yield join(root, isFlat ? basename(file) : file);
      // Without a build ID only the file in the process's own tree can be meant.
      if (!isSeparateTree(root) || buildId !== undefined) yield file;
      yield* this.folders.named(basename(file));
    }
    if (buildId === undefined) return;
    yield* this.folders.ofBuild(buildId);
    yield join(perfCache(buildId), 'elf');
  }
}

function isSeparateTree(root: string | undefined): root is string {
  return root !== undefined && root !== '' && root !== '/';
}

/** The folder in which `perf` keeps copies of what it recorded: `elf`, `debug`, `kallsyms`. */
export function perfCache(buildId: string): string {
  return join(homedir(), '.debug', '.build-id', buildId.slice(0, 2), buildId.slice(2));
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
