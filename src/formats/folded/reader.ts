/**
 * Folded stacks, one per line: frames from the outermost inwards, divided by `;`, a blank and a number.
 *
 *     python3;py::<module>:/app.py;py::work:/app.py;[libc.so.6];vfs_read_[k] 42
 *     main;parse;read 31 28           of `difffolded.pl`: before and after
 *     <module> (app.py:12);work (app.py:7) 3       of py-spy
 *
 * FlameGraph's scripts, inferno, py-spy, bpftrace's and many others write it; there is no specification.
 * Numbers may have decimals. Empty lines and such as begin with `#` are passed over. Frames repeat from line to
 * line, so each distinct one is named by an index: the cost of a line is that of finding its frames again.
 */
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import type { Bytes } from '../../base/units.js';
import { HASH_PRIME, HASH_START, LineReader } from '../perfscript/lines.js';
import { InternedTexts } from '../perfscript/texts.js';

const FORMAT = 'folded stacks';
const CHUNK: Bytes = 1 << 22;
/** A thousand frames of C++ have some hundred kilobytes. */
const MAX_LINE: Bytes = 1 << 20;
/** Deeper than any stack that a profiler takes. */
const MAX_FRAMES = 8192;
/** All distinct frames together. */
const MAX_TEXT: Bytes = 2 ** 30;
const MAX_SHOWN = 60;

const BLANK = 0x20;
const TAB = 0x09;
const COMMENT = 0x23;
const SEMICOLON = 0x3b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** Reads stack after stack. Memory grows with the distinct frames alone. */
export class FoldedReader {
  readonly frames = new InternedTexts();

  /** Of the stack at hand, outermost first: the first `depth` are rows of `frames`. */
  readonly stack = new Int32Array(MAX_FRAMES);
  depth = 0;
  /** Whether there are more frames, further in. */
  isCut = false;
  /** What the stack weighs; in a comparison, `other` is what it weighed before. */
  weight = 0;
  other = 0;

  /** Numbers behind each stack, by the first line: 2 in a comparison. */
  columns: 1 | 2 = 1;

  private readonly lines: LineReader;
  private line = 0;
  private hasColumns = false;

  constructor(source: ByteSource) {
    this.lines = new LineReader(source, CHUNK, MAX_LINE);
  }

  /**
   * Moves to the next stack; false at the end.
   * @throws FormatError for a line that is none
   */
  next(): boolean {
    const { lines } = this;
    for (;;) {
      const passed = lines.overlong;
      if (!lines.next()) {
        if (lines.overlong > passed) throw this.overlong();
        return false;
      }
      if (lines.overlong > passed) throw this.overlong();
      this.line++;
      const { bytes, start } = lines;
      const end = endOfText(bytes, start, lines.end);
      if (start === end || bytes[start] === COMMENT) continue;
      this.readLine(bytes, start, end);
      return true;
    }
  }

  private readLine(bytes: Uint8Array, start: number, end: number): void {
    let number = startOfNumber(bytes, start, end);
    if (number < 0) throw this.fault('a number behind the stack, as in main;parse 42', start, end);
    let stackEnd = endOfText(bytes, start, number);
    this.weight = this.numberAt(bytes, number, end);
    this.other = 0;
    if (!this.hasColumns) this.columns = startOfNumber(bytes, start, stackEnd) < 0 ? 1 : 2;
    this.hasColumns = true;
    if (this.columns === 2) {
      number = startOfNumber(bytes, start, stackEnd);
      if (number < 0) {
        throw this.fault('two numbers behind the stack, as in the lines before', start, end);
      }
      this.other = this.numberAt(bytes, number, stackEnd);
      stackEnd = endOfText(bytes, start, number);
    }
    this.readFrames(bytes, start, stackEnd);
  }

  private readFrames(bytes: Uint8Array, start: number, end: number): void {
    const { frames, stack } = this;
    this.isCut = false;
    let depth = 0;
    let from = start;
    let hash = HASH_START;
    for (let at = start; at <= end; at++) {
      const byte = at === end ? SEMICOLON : bytes[at];
      if (byte !== SEMICOLON) {
        hash = Math.imul(hash ^ byte, HASH_PRIME);
        continue;
      }
      if (depth === MAX_FRAMES) {
        this.isCut = true;
        break;
      }
      let row = frames.find(bytes, from, at, hash);
      if (row < 0) {
        if (frames.byteLength > MAX_TEXT) {
          throw this.fault(`at most ${MAX_TEXT} bytes of distinct frames`, from, at);
        }
        row = frames.add(bytes, from, at, hash);
      }
      stack[depth++] = row;
      from = at + 1;
      hash = HASH_START;
    }
    this.depth = depth;
  }

  private numberAt(bytes: Uint8Array, start: number, end: number): number {
    let value = 0;
    let at = start;
    for (; at < end && bytes[at] !== DOT; at++) value = value * 10 + bytes[at] - ZERO;
    if (at < end) value = Number(textOf(bytes, start, end));
    if (!(value <= Number.MAX_SAFE_INTEGER)) {
      throw this.fault(`a number of at most ${Number.MAX_SAFE_INTEGER}`, start, end);
    }
    return value;
  }

  private fault(expected: string, start: number, end: number): FormatError {
    const text = textOf(this.lines.bytes, start, Math.min(end, start + MAX_SHOWN));
    return new FormatError({
      format: FORMAT,
      structure: `line ${this.line}`,
      offset: this.lines.offset,
      expected,
      found: JSON.stringify(text) + (end - start > MAX_SHOWN ? '…' : ''),
    });
  }

  private overlong(): FormatError {
    return new FormatError({
      format: FORMAT,
      structure: `line ${this.line + 1}`,
      offset: this.lines.offset,
      expected: `at most ${MAX_LINE} bytes`,
      found: 'more',
    });
  }
}

/** Where the text ends before blanks and carriage returns. */
export function endOfText(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === BLANK || bytes[at - 1] === TAB || bytes[at - 1] === 0x0d))
    at--;
  return at;
}

/** Where the number that ends at `end` starts, behind a blank and a frame; -1 where there is none. */
export function startOfNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  let dots = 0;
  for (; at > start; at--) {
    const byte = bytes[at - 1];
    if (byte === DOT) dots++;
    else if (byte < ZERO || byte > NINE) break;
  }
  const isNumber = at < end && dots <= 1 && bytes[at] !== DOT && bytes[end - 1] !== DOT;
  const isBehind = at > start + 1 && (bytes[at - 1] === BLANK || bytes[at - 1] === TAB);
  return isNumber && isBehind && endOfText(bytes, start, at) > start ? at : -1;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString('utf8');
}
