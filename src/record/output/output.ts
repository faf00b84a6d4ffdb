/**
 * The file being recorded: records are appended in large writes. When the disk is full, recording ends
 * and what was written is made a readable file in the room that it has.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';

import { StrataError, usageError } from '../../base/errors.js';
import { describeSystemError } from '../../base/source.js';
import { PerfRecord } from '../../formats/perfdata/spec.js';
import { encodeFileEnd, encodeFileStart, type FileEvent } from '../../formats/perfdata/writer.js';

const BUFFER_SIZE = 1024 * 1024;
/** On a full disk room for the names is made in steps of this, as records allow. */
const MARK_EVERY = 4096;

/** A file that gets its name once recording has begun: until then an older one is left alone. */
export interface NewOutput {
  readonly fd: number;
  /**
   * Gives it its name; one that is there already becomes `NAME.old`, as with perf.
   * @returns what went wrong, as a sentence
   */
  keep(): string | undefined;
  /** Removes it. */
  discard(): void;
}

/** `makedev(1, 3)`: what it swallows is what it costs to record. */
const DEV_NULL = 0x103;

/**
 * Creates the file, with mode 0600, beside its later place.
 * @throws StrataError
 */
export function createOutput(path: string): NewOutput {
  if (path === '') throw usageError('the recording has no name');
  if (path === '-') {
    throw usageError(
      'a recording cannot go to standard output, which is the command’s',
      'for example: strata record -o perf.data python app.py',
    );
  }
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) {
      if (there.isDirectory()) throw new StrataError(`cannot write ${path}: it is a directory`);
      if (!there.isCharacterDevice() || there.rdev !== DEV_NULL) {
        throw new StrataError(`cannot write ${path}: it is no regular file`);
      }
      return { fd: openSync(path, 'w+'), keep: () => undefined, discard: () => undefined };
    }
    const old = `${path}.old`;
    if (there !== undefined && statSync(old, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw new StrataError(`cannot keep the older ${path}: ${old} is a directory`);
    }
    const unnamed = `${path}.${process.pid}.tmp`;
    return {
      fd: openSync(unnamed, 'wx+', 0o600),
      keep: () => {
        try {
          if (there !== undefined && there.size > 0) renameSync(path, old);
          renameSync(unnamed, path);
          return undefined;
        } catch (error) {
          return `the recording is ${unnamed}, not ${path}: ${describeSystemError(error)}`;
        }
      },
      discard: () => unlinkSync(unnamed),
    };
  } catch (error) {
    if (error instanceof StrataError) throw error;
    throw new StrataError(`cannot write ${path}: ${describeSystemError(error)}`);
  }
}

export class Output {
  readonly buffer = new Uint8Array(BUFFER_SIZE);
  readonly words = new Int32Array(this.buffer.buffer);
  /** Bytes in the buffer. */
  private filled = 0;
  /** Bytes in the file. */
  private written = 0;
  private readonly dataStart: number;
  /** Where the data can be cut: ends of records. */
  private readonly recordEnds: number[] = [];
  /** Bytes of the finished file. */
  fileSize = 0;
  /** Why nothing more can be written, once it is so. */
  failure: string | undefined;

  constructor(
    private readonly fd: number,
    private readonly events: readonly FileEvent[],
  ) {
    const start = encodeFileStart(events, 0, []);
    this.dataStart = start.byteLength;
    this.writeAll(start, 0);
    this.written = this.dataStart;
    this.recordEnds.push(this.written);
  }

  /** Bytes of the file so far. */
  get size(): number {
    return this.written + this.filled;
  }

  /**
   * Room for a record of up to `size` bytes in {@link buffer}, from the returned offset on. It counts
   * only once {@link commit} is called.
   */
  reserve(size: number): number {
    if (this.filled + size > BUFFER_SIZE) this.flush();
    return this.filled;
  }

  /** Appends the `size` bytes that were put where {@link reserve} said; returns their file offset. */
  commit(size: number): number {
    const at = this.written + this.filled;
    this.filled += size;
    return at;
  }

  /** Appends a whole record. @returns its offset in the file */
  append(record: Uint8Array): number {
    this.buffer.set(record, this.reserve(record.byteLength));
    return this.commit(record.byteLength);
  }

  /** Says that all records so far are in order of time: perf then need not hold them in memory. */
  finishRound(): void {
    const at = this.reserve(8);
    this.words[at >> 2] = PerfRecord.FINISHED_ROUND;
    this.words[(at >> 2) + 1] = 8 << 16;
    this.commit(8);
  }

  /** Overwrites bytes of a record that was appended before; past a failure's cut, does nothing. */
  patch(at: number, bytes: Uint8Array): void {
    this.flush();
    if (at + bytes.byteLength <= this.written) this.writeAll(bytes, at);
  }

  flush(): void {
    if (this.filled === 0) return;
    const chunk = this.buffer.subarray(0, this.filled);
    this.filled = 0;
    if (this.failure !== undefined) return;
    const { done, error } = writeFully(this.fd, chunk, this.written);
    if (error === undefined) {
      this.written += done;
      this.recordEnds.push(this.written);
    } else {
      this.failure = describeSystemError(error);
      this.keepWhole(chunk.subarray(0, done));
    }
  }

  /** Of what was written before the disk was full, keeps the whole records. */
  private keepWhole(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let end = 0;
    let marked = 0;
    while (end + 8 <= bytes.byteLength) {
      const size = view.getUint16(end + 6, true);
      if (end + size > bytes.byteLength) break;
      end += size;
      if (end - marked < MARK_EVERY) continue;
      this.recordEnds.push(this.written + end);
      marked = end;
    }
    this.written += end;
    this.recordEnds.push(this.written);
  }

  /** Writes what follows the data, completes the header and closes the file. */
  finish(features: ReadonlyMap<number, Uint8Array>): void {
    this.flush();
    let end = encodeFileEnd(this.written, features);
    if (this.failure !== undefined) {
      // The names are worth more than the last records: give back room until they fit.
      ftruncateSync(this.fd, this.written);
      while (!this.tryWrite(end, this.written) && this.recordEnds.length > 1) {
        this.recordEnds.pop();
        this.written = this.recordEnds[this.recordEnds.length - 1];
        ftruncateSync(this.fd, this.written);
        end = encodeFileEnd(this.written, features);
      }
    } else if (!this.writeAll(end, this.written)) {
      this.finish(features);
      return;
    }
    const dataSize = this.written - this.dataStart;
    this.tryWrite(encodeFileStart(this.events, dataSize, [...features.keys()]), 0);
    this.fileSize = fstatSync(this.fd).size;
    closeSync(this.fd);
  }

  /** Writes or notes the failure. */
  private writeAll(bytes: Uint8Array, at: number): boolean {
    const { error } = writeFully(this.fd, bytes, at);
    if (error !== undefined) this.failure ??= describeSystemError(error);
    return error === undefined;
  }

  private tryWrite(bytes: Uint8Array, at: number): boolean {
    return writeFully(this.fd, bytes, at).error === undefined;
  }
}

/** Writes as much as there is room for. @returns how much, and why not all */
function writeFully(fd: number, bytes: Uint8Array, at: number): { done: number; error?: unknown } {
  let done = 0;
  try {
    while (done < bytes.byteLength) {
      done += writeSync(fd, bytes, done, bytes.byteLength - done, at + done);
    }
    return { done };
  } catch (error) {
    return { done, error };
  }
}
