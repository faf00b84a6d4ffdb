/**
 * Perf maps, `/tmp/perf-PID.map`: one line `START SIZE NAME` per function, numbers in hexadecimal, that a
 * program with generated code appends to as it goes. Written by CPython 3.12+ (`-X perf`), V8, the JVM
 * and others. Spec: `tools/perf/Documentation/jit-interface.txt`.
 *
 * Several threads may write at once without a lock, so lines can be cut short or run into each other
 * (cpython #103295): what does not parse is counted and passed over.
 */
import { decodeUtf8 } from '../base/cursor.js';
import { Float64Column, Int32Column } from '../base/growable.js';
import { gatherFloat64, gatherInt32, latestOfOverlapping } from '../base/order.js';
import { lastAtMost } from '../base/search.js';
import type { Address, Bytes } from '../base/units.js';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
/** User addresses; also what keeps `start + size` exact. */
const MAX_ADDRESS: Address = 2 ** 52;
/** A function larger than this comes from two lines run into one. */
const MAX_SIZE: Bytes = 2 ** 30;

/** Generated functions by address. No two overlap. */
export interface GeneratedFunctions {
  /** Run-time addresses, sorted. */
  readonly starts: Float64Array;
  /** In bytes, positive. */
  readonly sizes: Float64Array;
  readonly length: number;
  name(i: number): string;
}

/** Those of a perf map. */
export class PerfMap implements GeneratedFunctions {
  /**
   * @param starts sorted run-time addresses
   * @param sizes in bytes, positive
   * @param nameStarts where each name begins in `bytes`
   * @param nameEnds exclusive
   * @param skipped lines that could not be read
   */
  constructor(
    readonly starts: Float64Array,
    readonly sizes: Float64Array,
    readonly skipped: number,
    private readonly nameStarts: Int32Array,
    private readonly nameEnds: Int32Array,
    private readonly bytes: Uint8Array,
  ) {}

  get length(): number {
    return this.starts.length;
  }

  name(i: number): string {
    return decodeUtf8(this.bytes.subarray(this.nameStarts[i], this.nameEnds[i]));
  }

  /** Index of the function that covers `address`, or -1. */
  find(address: Address): number {
    const i = lastAtMost(this.starts, this.starts.length, address);
    return i >= 0 && address < this.starts[i] + this.sizes[i] ? i : -1;
  }
}

/**
 * Reads a perf map. Of lines that overlap the later wins, and the earlier is gone altogether: its
 * memory was freed and used again. Names are decoded when asked for, so `bytes` must not change.
 */
export function parsePerfMap(bytes: Uint8Array): PerfMap {
  const starts = new Float64Column();
  const sizes = new Float64Column();
  const nameStarts = new Int32Column();
  const nameEnds = new Int32Column();
  const position: Position = { at: 0 };
  let skipped = 0;

  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, at);
    const next = newline < 0 ? bytes.length : newline;
    let end = next;
    if (end > at && bytes[end - 1] === CARRIAGE_RETURN) end--;
    if (end > at) {
      position.at = at;
      const start = readHex(bytes, end, position);
      const size = readHex(bytes, end, position);
      const name = skipBlanks(bytes, position.at, end);
      if (start > 0 && start < MAX_ADDRESS && size > 0 && size <= MAX_SIZE && name < end) {
        starts.push(start);
        sizes.push(size);
        nameStarts.push(name);
        nameEnds.push(end);
      } else {
        skipped++;
      }
    }
    at = next + 1;
  }

  const keep = latestOfOverlapping(starts.view(), sizes.view());
  return new PerfMap(
    gatherFloat64(starts.data, keep),
    gatherFloat64(sizes.data, keep),
    skipped,
    gatherInt32(nameStarts.data, keep),
    gatherInt32(nameEnds.data, keep),
    bytes,
  );
}

/** Where reading stopped: a blank, or the line's end. */
interface Position {
  at: number;
}

/** Reads a hexadecimal number up to a blank and moves `position` there; NaN where there is none. */
function readHex(bytes: Uint8Array, end: number, position: Position): number {
  let at = skipBlanks(bytes, position.at, end);
  // perf's own reader takes no prefix, but some writers put one.
  if (at + 1 < end && bytes[at] === 0x30 && (bytes[at + 1] | 0x20) === 0x78) at += 2;
  const first = at;
  let value = 0;
  for (; at < end; at++) {
    const digit = hexDigit(bytes[at]);
    if (digit < 0) break;
    value = value * 16 + digit;
  }
  const isNumber = at > first && (at === end || isBlank(bytes[at]));
  position.at = at;
  return isNumber ? value : NaN;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isBlank(bytes[at])) at++;
  return at;
}
