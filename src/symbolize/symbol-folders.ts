/**
 * Folders with modules and debug files somewhere below them: build trees, unpacked packages, another
 * machine's `/usr/lib/debug`.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { isMissing, openElf } from './open-elf.js';

/** A folder given by mistake (`/`) must not keep a person waiting for ever. */
const MAX_FILES = 200_000;
const MAX_DEPTH = 32;
/** Files whose build ID is read. */
const MAX_OPENED = 20_000;

/** What lies below the folders; each is listed when first needed. */
export class SymbolFolders {
  private byName: ReadonlyMap<string, readonly string[]> | undefined;
  private byBuildId: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(private readonly folders: readonly string[]) {}

  /** Paths of all files of that name. */
  named(name: string): readonly string[] {
    if (this.folders.length === 0) return [];
    this.byName ??= filesByName(this.folders);
    return this.byName.get(name) ?? [];
  }

  /** Paths of ELF files of that build: by their name (`ab/cdef….debug`), else by what they hold. */
  ofBuild(buildId: string): readonly string[] {
    const rest = buildId.slice(2);
    const named = [...this.named(`${rest}.debug`), ...this.named(rest)];
    if (named.length > 0 || this.byName === undefined) return named;
    this.byBuildId ??= filesByBuildId([...this.byName.values()].flat());
    return this.byBuildId.get(buildId) ?? [];
  }
}

function filesByName(folders: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let count = 0;
  const waiting = folders.map((path) => ({ path, depth: 0 }));
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    for (const entry of entriesOf(folder.path)) {
      const path = join(folder.path, entry.name);
      // Links to folders are not followed: they may lead round in a circle.
      if (entry.isDirectory() && folder.depth < MAX_DEPTH) {
        waiting.push({ path, depth: folder.depth + 1 });
      } else if (entry.isFile() || entry.isSymbolicLink()) {
        if (++count > MAX_FILES) return found;
        const same = found.get(entry.name);
        if (same === undefined) found.set(entry.name, [path]);
        else same.push(path);
      }
    }
  }
  return found;
}

/** In the order of their names, so that what is found does not depend on the file system. */
function entriesOf(folder: string) {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // not there, or not ours to read
  }
}

function filesByBuildId(paths: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let opened = 0;
  for (const path of paths) {
    if (!mayBeElf(basename(path))) continue;
    if (++opened > MAX_OPENED) break;
    const buildId = buildIdOf(path);
    if (buildId === undefined) continue;
    const same = found.get(buildId);
    if (same === undefined) found.set(buildId, [path]);
    else same.push(path);
  }
  return found;
}

/** Sources and the like, of which a build tree is full, are not worth opening. */
function mayBeElf(name: string): boolean {
  return !/\.(?:[chdoas]|cc|cpp|cxx|hh|hpp|rs|py|pyc|js|ts|txt|md|html|json|ya?ml|xml)$/i.test(
    name,
  );
}

function buildIdOf(path: string): string | undefined {
  const found = openElf(path, undefined);
  if (found === undefined || isMissing(found)) return undefined;
  found.source.close();
  return found.image.buildId;
}
