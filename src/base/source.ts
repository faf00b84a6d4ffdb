/**
 * Where readers get their bytes. A reader does no I/O of its own: it asks a source.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';

import { StrataError } from './errors.js';

/** Random access to a run of bytes. */
export interface ByteSource {
  /** What the bytes are called in errors: a path. */
  readonly name: string;
  readonly byteLength: number;
  /**
   * The bytes from `offset`, `length` of them or fewer where the source ends first (never more, never
   * an error for being short). The result may share memory with the source: do not write to it.
   */
  read(offset: number, length: number): Uint8Array;
  /** Fills `target` from `offset`, where the source has to copy anyway; returns how many bytes came. */
  readInto?(target: Uint8Array, offset: number): number;
}

/** Bytes that are in memory. */
export class MemorySource implements ByteSource {
  constructor(
    private readonly bytes: Uint8Array,
    readonly name = 'memory',
  ) {}

  get byteLength(): number {
    return this.bytes.byteLength;
  }

  read(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(
      Math.min(offset, this.bytes.byteLength),
      Math.min(offset + length, this.bytes.byteLength),
    );
  }
}

/** Opening a pipe must not wait for its writer: files are named by processes that may be hostile. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A regular file, read on demand through one descriptor. Call {@link close} when done. */
export class FileSource implements ByteSource {
  readonly byteLength: number;
  private fd: number;

  /** @throws StrataError where the path cannot be opened or is not a regular file. */
  constructor(readonly name: string) {
    try {
      this.fd = openSync(name, OPEN_FLAGS);
    } catch (error) {
      throw new StrataError(`cannot open ${name}: ${describeSystemError(error)}`);
    }
    const stat = fstatSync(this.fd);
    if (!stat.isFile()) {
      closeSync(this.fd);
      const kind = stat.isDirectory() ? 'a directory' : 'not a regular file';
      throw new StrataError(`cannot read ${name}: it is ${kind}`);
    }
    this.byteLength = stat.size;
  }

  read(offset: number, length: number): Uint8Array {
    const wanted = Math.max(0, Math.min(length, this.byteLength - offset));
    const buffer = new Uint8Array(wanted);
    let filled = 0;
    while (filled < wanted) {
      const got = this.readInto(buffer.subarray(filled), offset + filled);
      if (got === 0) break; // the file shrank under us
      filled += got;
    }
    return filled === wanted ? buffer : buffer.subarray(0, filled);
  }

  /** Fills `target` from `offset`; returns how many bytes came, 0 at the end. */
  readInto(target: Uint8Array, offset: number): number {
    try {
      return readSync(this.fd, target, 0, target.byteLength, offset);
    } catch (error) {
      throw new StrataError(
        `cannot read ${this.name} at byte ${offset}: ${describeSystemError(error)}`,
      );
    }
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}

/** What is at a path; `undefined` where nothing is, or what may not be looked at. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ENOSPC: 'no space left on device',
  EMFILE: 'too many open files',
  EROFS: 'read-only file system',
  EIO: 'input/output error',
  ELOOP: 'too many symbolic links',
};

/** The reason in a thrown system error, in words: `no such file or directory`. */
export function describeSystemError(error: unknown): string {
  if (error instanceof Error) {
    const code = (error as NodeJS.ErrnoException).code;
    return (code !== undefined && REASONS[code]) || error.message;
  }
  return String(error);
}
