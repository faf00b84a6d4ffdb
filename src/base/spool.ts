/**
 * Random access to bytes that come only once: what a pipe brings, or what a decoder puts out.
 */
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';

import { StrataError } from './errors.js';
import { describeSystemError, FileSource, type ByteSource } from './source.js';
import type { Bytes } from './units.js';

/** What is kept in memory; beyond, a file holds everything. */
const MEMORY_LIMIT: Bytes = 32 << 20;
const FIRST_CAPACITY: Bytes = 64 << 10;
/** What one `read` of a pipe may bring: Linux lets pipes hold up to 1 MiB without privileges. */
const PIPE_READ: Bytes = 1 << 20;
const PIPE_POLL_MS = 2;

/** A source that holds a descriptor. */
export interface OpenedSource extends ByteSource {
  close(): void;
}

/**
 * Bytes that are appended, and may be read from anywhere. Up to a limit they are in memory, then in a
 * temporary file that has no name, so that nothing is left whatever ends the program.
 */
export class Spool implements OpenedSource {
  private memory = new Uint8Array(0);
  private length = 0;
  private fd = -1;

  /**
   * @param name what the bytes are called in errors
   * @param memoryLimit bytes to keep in memory
   */
  constructor(
    readonly name: string,
    private readonly memoryLimit = MEMORY_LIMIT,
  ) {}

  get byteLength(): number {
    return this.length;
  }

  /** Copies `bytes` to the end. @throws StrataError where the disk is full */
  append(bytes: Uint8Array): void {
    const length = this.length + bytes.byteLength;
    if (this.fd < 0 && length > this.memoryLimit) this.moveToFile();
    if (this.fd >= 0) {
      this.write(bytes, this.length);
    } else {
      this.reserve(length);
      this.memory.set(bytes, this.length);
    }
    this.length = length;
  }

  read(offset: number, length: number): Uint8Array {
    const size = Math.max(0, Math.min(length, this.length - offset));
    if (this.fd < 0) return this.memory.subarray(offset, offset + size);
    const buffer = new Uint8Array(size);
    return buffer.subarray(0, this.readInto(buffer, offset));
  }

  readInto(target: Uint8Array, offset: number): number {
    const size = Math.max(0, Math.min(target.byteLength, this.length - offset));
    if (this.fd < 0) {
      target.set(this.memory.subarray(offset, offset + size));
      return size;
    }
    let done = 0;
    while (done < size) {
      const got = this.attempt('read', () =>
        readSync(this.fd, target, done, size - done, offset + done),
      );
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  /** Lets go of the memory and the file. */
  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
    this.memory = new Uint8Array(0);
    this.length = 0;
  }

  private reserve(length: number): void {
    if (length <= this.memory.byteLength) return;
    const doubled = Math.max(FIRST_CAPACITY, this.memory.byteLength * 2);
    const grown = new Uint8Array(Math.max(length, Math.min(doubled, this.memoryLimit)));
    grown.set(this.memory.subarray(0, this.length));
    this.memory = grown;
  }

  private moveToFile(): void {
    this.fd = this.attempt('create', openUnnamed);
    this.write(this.memory.subarray(0, this.length), 0);
    this.memory = new Uint8Array(0);
  }

  private write(bytes: Uint8Array, offset: number): void {
    let done = 0;
    while (done < bytes.byteLength) {
      done += this.attempt('write', () =>
        writeSync(this.fd, bytes, done, bytes.byteLength - done, offset + done),
      );
    }
  }

  private attempt<T>(verb: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw new StrataError(
        `cannot ${verb} a temporary file for ${this.name} in ${tmpdir()}: ${describeSystemError(error)}`,
        'set TMPDIR to a folder with more room',
      );
    }
  }
}

/** A file that lost its name as soon as it had one (Node.js has no `O_TMPFILE`). */
function openUnnamed(): number {
  const folder = mkdtempSync(join(tmpdir(), 'strata-'));
  const path = join(folder, 'spool');
  try {
    const fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return fd;
  } finally {
    rmdirSync(folder);
  }
}

/**
 * Opens what a user named as input: a regular file; or a pipe, a FIFO, `<(…)`, or for `-` the standard
 * input, which is read to its end first.
 * @throws StrataError where it cannot be opened, is a directory, or the disk is too full to hold it
 */
export function openSource(path: string): OpenedSource {
  const isInput = path === '-' || path === '/dev/stdin';
  // Not by its path: a socket, which standard input may be, cannot be opened that way.
  const fd = isInput ? 0 : openForReading(path);
  const name = isInput ? 'standard input' : path;
  try {
    const stat = fstatSync(fd);
    if (stat.isFile()) return new FileSource(isInput ? '/dev/stdin' : path);
    if (stat.isDirectory()) throw new StrataError(`cannot read ${name}: it is a directory`);
    if (isatty(fd)) {
      throw new StrataError(
        `cannot read ${name}: it is a terminal`,
        'perf record -o - … | strata report -i -',
      );
    }
    return spoolOf(fd, name);
  } finally {
    if (!isInput) closeSync(fd);
  }
}

function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new StrataError(`cannot open ${path}: ${describeSystemError(error)}`);
  }
}

function spoolOf(fd: number, name: string): Spool {
  const spool = new Spool(name);
  const buffer = new Uint8Array(PIPE_READ);
  for (;;) {
    const got = readSome(fd, buffer, name);
    if (got === 0) return spool;
    spool.append(buffer.subarray(0, got));
  }
}

/** Reads what is there, at least one byte unless the end has come. */
function readSome(fd: number, buffer: Uint8Array, name: string): number {
  for (;;) {
    try {
      return readSync(fd, buffer, 0, buffer.byteLength, null);
    } catch (error) {
      // The other end may have made the pipe non-blocking for both.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
        throw new StrataError(`cannot read ${name}: ${describeSystemError(error)}`);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_POLL_MS);
    }
  }
}
