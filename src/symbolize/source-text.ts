/** Finds source files by the paths that compilers and interpreters wrote down, and reads lines of them. */
import { join, posix } from 'node:path';

import { decodeUtf8 } from '../base/cursor.js';
import { StrataError } from '../base/errors.js';
import { Int32Column } from '../base/growable.js';
import { FileSource, statOf } from '../base/source.js';
import { formatBytes, type Bytes } from '../base/units.js';

/** Larger files are no source that anyone reads. (Of as many empty lines the index takes 256 MiB.) */
const MAX_FILE: Bytes = 64 << 20;
/** In which a NUL says that a file is no text. */
const START: Bytes = 1 << 16;
/** Of a line, what is shown of the longest is less. */
const MAX_LINE: Bytes = 4096;
/** Folders that a path goes through; deeper ones cannot be opened (PATH_MAX). */
const MAX_PARTS = 64;

/** A file's lines, decoded when asked for. */
export class SourceText {
  /** Where each line begins, and where the last one ends. */
  private readonly starts: Int32Array;

  /**
   * @param path where it was found
   * @param mtimeMs when it was written, in ms since 1970
   */
  constructor(
    readonly path: string,
    readonly mtimeMs: number,
    private readonly bytes: Uint8Array,
  ) {
    const starts = new Int32Column();
    starts.push(0);
    for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1))
      starts.push(at + 1);
    if (starts.data[starts.length - 1] < bytes.byteLength) starts.push(bytes.byteLength);
    this.starts = starts.view();
  }

  /** How many lines there are. */
  get length(): number {
    return this.starts.length - 1;
  }

  get byteLength(): Bytes {
    return this.bytes.byteLength;
  }

  /** A line from 1, without its end and cut where it is very long; `undefined` of one that is not there. */
  line(number: number): string | undefined {
    if (!(number >= 1 && number <= this.length)) return undefined;
    const start = this.starts[number - 1];
    const end = Math.min(this.starts[number], start + MAX_LINE);
    return decodeUtf8(this.bytes.subarray(start, end)).replace(/\r?\n?$/, '');
  }

  /** All of it. */
  whole(): string {
    return decodeUtf8(this.bytes);
  }
}

/** Where sources are looked for. */
export interface SourceOptions {
  /** `--source-path`: folders in which sources lie as they did, or below any part of their path. */
  readonly sourcePaths?: readonly string[] | undefined;
  /** `--prefix`, `--prefix-strip`: what paths begin with here, in place of so many folders. */
  readonly prefix?: string | undefined;
  readonly prefixStrip?: number | undefined;
  /** `--symfs`: the folder that stands for `/`. */
  readonly symfs?: string | undefined;
}

/** Why there is no text, in words. */
export interface NoSource {
  readonly problem: string;
}

export class SourceFiles {
  private readonly known = new Map<string, SourceText | NoSource>();

  constructor(private readonly options: SourceOptions = {}) {}

  /** The text of a file by the path that was written down. Never fails. */
  find(file: string): SourceText | NoSource {
    let found = this.known.get(file);
    if (found === undefined) this.known.set(file, (found = this.open(file)));
    return found;
  }

  private open(file: string): SourceText | NoSource {
    if (file.startsWith('<')) return { problem: `${file} is no file` };
    if (file === '' || file.includes('\0')) return { problem: 'it has no usable path' };
    for (const place of new Set(this.places(file))) {
      if (statOf(place)?.isFile() === true) return read(place);
    }
    return { problem: `${file} is not there` };
  }

  private *places(file: string): Generator<string> {
    const { prefix, prefixStrip = 0, symfs, sourcePaths = [] } = this.options;
    const parts = posix
      .normalize(file)
      .split('/')
      .filter((part) => part !== '' && part !== '..');
    const tail = parts.slice(-MAX_PARTS);
    if (prefix !== undefined && file.startsWith('/')) {
      yield join(prefix, ...parts.slice(prefixStrip));
    }
    for (const folder of sourcePaths) {
      for (let from = 0; from < tail.length; from++) yield join(folder, ...tail.slice(from));
    }
    if (symfs !== undefined) yield join(symfs, file);
    yield file;
  }
}

function read(path: string): SourceText | NoSource {
  let source: FileSource | undefined;
  try {
    source = new FileSource(path);
    const { byteLength } = source;
    if (byteLength > MAX_FILE) {
      return { problem: `${path} has ${formatBytes(byteLength)}: too much to be a source` };
    }
    const bytes = source.read(0, byteLength);
    if (bytes.subarray(0, START).includes(0)) return { problem: `${path} is no text` };
    return new SourceText(path, statOf(path)?.mtimeMs ?? 0, bytes);
  } catch (error) {
    if (error instanceof StrataError) return { problem: error.message };
    throw error;
  } finally {
    source?.close();
  }
}
