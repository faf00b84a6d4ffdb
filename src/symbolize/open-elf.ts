/** Opens ELF files by paths that come from recordings and from people, and checks which build they are. */
import { statSync } from 'node:fs';

import { StrataError } from '../base/errors.js';
import { FileSource } from '../base/source.js';
import { ElfImage } from '../formats/elf/image.js';

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
 * Opens an ELF file if it is of the build that is asked for (`undefined`: of any). `undefined` where there
 * is no file, {@link Missing} where it is not what was asked for.
 */
export function openElf(
  path: string,
  buildId: string | undefined,
): OpenModule | Missing | undefined {
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

/** What `read` returns; `undefined` where the system or the file's bytes do not allow it. */
export function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof StrataError || (error as NodeJS.ErrnoException).code !== undefined) {
      return undefined;
    }
    throw error;
  }
}
