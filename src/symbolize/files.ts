/**
 * Finds the file that a recording's module was, and the file that its symbols are in. Where a build ID
 * is known no other file is ever taken in its place.
 *
 * Places and their order: GDB manual, "Separate Debug Files"; `~/.debug` is `perf`'s build-ID cache.
 */
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { SHF_EXECINSTR, SHT_NOBITS, SHT_SYMTAB } from '../formats/elf/constants.js';
import type { ElfImage } from '../formats/elf/image.js';
import { crc32 } from './crc32.js';
import type { DebuginfodClient } from './debuginfod-client.js';
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

  /** @param downloads where what is nowhere here is asked for, if anywhere */
  constructor(
    private readonly options: SymbolOptions = {},
    private readonly downloads?: DebuginfodClient,
  ) {
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
    let withoutCode: OpenModule | undefined;
    for (const place of this.modulePlaces(file, request)) {
      const found = openElf(place, buildId);
      if (found === undefined) continue;
      if (isMissing(found)) {
        // What is said is what is wrong with the likeliest place.
        if (missing.reason === MissingReason.NotFound) missing = found;
      } else if (holdsCode(found.image)) {
        withoutCode?.source.close();
        return found;
      } else if (withoutCode === undefined) {
        withoutCode = found; // a debug file: it names functions, but nothing can be unwound by it
      } else {
        found.source.close();
      }
    }
    return withoutCode ?? missing;
  }

  /**
   * Opens the file that holds the symbols that `module` was stripped of: same build ID, or where there is
   * none the checksum that the module gives. `undefined` where none is found.
   */
  debugFile(module: OpenModule, root = this.symfs): OpenModule | undefined {
    const { buildId } = module.image;
    const found = this.installedDebugFile(buildId, root) ?? this.linkedDebugFile(module, root);
    return found ?? this.downloadedDebugFile(buildId, module.path);
  }

  /** A debug file by build ID alone: also where the module's own file, `path`, is gone. */
  debugFileOf(
    buildId: string | undefined,
    path: string,
    root = this.symfs,
  ): OpenModule | undefined {
    return this.installedDebugFile(buildId, root) ?? this.downloadedDebugFile(buildId, path);
  }

  private installedDebugFile(buildId: string | undefined, root: string): OpenModule | undefined {
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
      const found = openWithSymbols(place, buildId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private linkedDebugFile({ path, image }: OpenModule, root: string): OpenModule | undefined {
    const link = orUndefined(() => image.debugLink);
    if (link === undefined || link.name === '' || link.name !== basename(link.name)) {
      return undefined;
    }
    const folder = dirname(path);
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

  private downloadedDebugFile(buildId: string | undefined, path: string): OpenModule | undefined {
    if (buildId === undefined) return undefined;
    const place = this.downloads?.find(buildId, 'debuginfo', path);
    return place === undefined ? undefined : openWithSymbols(place, buildId);
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
    const downloaded = this.downloads?.find(buildId, 'executable', file);
    if (downloaded !== undefined) yield downloaded;
  }
}

/** A debug file of that build; `undefined` also where it has no symbols. */
function openWithSymbols(path: string, buildId: string): OpenModule | undefined {
  const found = openElf(path, buildId);
  if (found === undefined || isMissing(found)) return undefined;
  if (found.image.sections.some(({ type }) => type === SHT_SYMTAB)) return found;
  found.source.close();
  return undefined;
}

/** Of a separate debug file all code is left out. */
function holdsCode({ sections }: ElfImage): boolean {
  const code = sections.filter(({ flags }) => (flags & SHF_EXECINSTR) !== 0);
  return code.length === 0 || code.some(({ type }) => type !== SHT_NOBITS);
}

/** Whether files are to be looked for in another tree than this machine's. */
export function isSeparateTree(root: string | undefined): root is string {
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
