/**
 * The folder in which elfutils' client (`debuginfod-client.c`) keeps what servers gave, shared with it:
 * `BUILDID/debuginfo`, `BUILDID/executable`. An empty file says that no server had it, for `cache_miss_s`.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';

export type DebuginfodKind = 'debuginfo' | 'executable';

/** Until a query that failed is tried again, where the file `cache_miss_s` does not say. */
const DEFAULT_MISS_SECONDS = 600;

export class DebuginfodCache {
  constructor(private readonly folder: string) {}

  /** The file, or that servers were asked lately and had none; `undefined` where nobody asked. */
  find(buildId: string, kind: DebuginfodKind): { readonly path: string | undefined } | undefined {
    const path = this.path(buildId, kind);
    const stat = orUndefined(() => statSync(path, { throwIfNoEntry: false }));
    if (!stat?.isFile()) return undefined;
    if (stat.size > 0) {
      // Files that nobody reads for a week are removed by elfutils.
      orUndefined(() => {
        utimesSync(path, new Date(), stat.mtime);
      });
      return { path };
    }
    const age = (Date.now() - stat.mtimeMs) / 1000;
    return age <= this.missSeconds() ? { path: undefined } : undefined;
  }

  /** A file to write a download to. @throws the system's error where the folder cannot be made */
  temporary(buildId: string, kind: DebuginfodKind): string {
    mkdirSync(join(this.folder, buildId), { recursive: true, mode: 0o700 });
    return `${this.path(buildId, kind)}.${randomBytes(4).toString('hex')}`;
  }

  /** Takes a whole and checked download in; returns its path. @throws the system's error */
  keep(temporary: string, buildId: string, kind: DebuginfodKind): string {
    const path = this.path(buildId, kind);
    chmodSync(temporary, 0o400);
    renameSync(temporary, path);
    return path;
  }

  /** Remembers that no server has it. @throws the system's error */
  keepAbsent(buildId: string, kind: DebuginfodKind): void {
    const path = this.path(buildId, kind);
    rmSync(path, { force: true });
    closeSync(openSync(path, 'wx'));
  }

  private path(buildId: string, kind: DebuginfodKind): string {
    return join(this.folder, buildId, kind);
  }

  private missSeconds(): number {
    const text = orUndefined(() => readFileSync(join(this.folder, 'cache_miss_s'), 'latin1'));
    const seconds = Number.parseInt(text ?? '', 10);
    return Number.isNaN(seconds) ? DEFAULT_MISS_SECONDS : seconds;
  }
}

/** What is best done, and does no harm where the system does not allow it. */
function orUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
