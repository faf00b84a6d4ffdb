/** Runs of bytes stored once and named by index: the texts that repeat from sample to sample. */
import { decodeUtf8 } from '../../base/cursor.js';
import { Float64Column, Int32Column, Uint8Column } from '../../base/growable.js';
import { hashOf } from './lines.js';

const FIRST_SLOTS = 1024;

export class InternedTexts {
  private readonly bytes = new Uint8Column();
  /** Where each text ends in `bytes`. */
  private readonly ends = new Float64Column();
  private readonly hashes = new Int32Column();
  /** Open addressing: rows, -1 where free. */
  private slots = new Int32Array(FIRST_SLOTS).fill(-1);

  get length(): number {
    return this.ends.length;
  }

  /** All texts together. */
  get byteLength(): number {
    return this.bytes.length;
  }

  text(row: number): string {
    const start = row === 0 ? 0 : this.ends.data[row - 1];
    return decodeUtf8(this.bytes.data.subarray(start, this.ends.data[row]));
  }

  /** The row of `bytes[start..end)`, or -1. The hash may be any, but the same for the same text. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const mask = this.slots.length - 1;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const row = this.slots[slot];
      if (row < 0 || (this.hashes.data[row] === hash && this.equals(row, bytes, start, end))) {
        return row;
      }
    }
  }

  /** Adds what {@link find} did not find; returns its row. */
  add(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const at = this.bytes.length;
    const length = at + end - start;
    this.bytes.reserve(length);
    this.bytes.data.set(bytes.subarray(start, end), at);
    this.bytes.length = length;
    const row = this.ends.push(length);
    this.hashes.push(hash);
    if (this.ends.length * 2 > this.slots.length) this.grow();
    else this.place(row);
    return row;
  }

  /** The row of `bytes[start..end)`, which is hashed here. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    const row = this.find(bytes, start, end, hash);
    return row < 0 ? this.add(bytes, start, end, hash) : row;
  }

  private equals(row: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = row === 0 ? 0 : this.ends.data[row - 1];
    if (this.ends.data[row] - from !== end - start) return false;
    const { data } = this.bytes;
    for (let at = start, i = from; at < end; at++, i++) if (data[i] !== bytes[at]) return false;
    return true;
  }

  private place(row: number): void {
    const mask = this.slots.length - 1;
    let slot = spread(this.hashes.data[row]) & mask;
    while (this.slots[slot] >= 0) slot = (slot + 1) & mask;
    this.slots[slot] = row;
  }

  private grow(): void {
    this.slots = new Int32Array(this.slots.length * 2).fill(-1);
    for (let row = 0; row < this.ends.length; row++) this.place(row);
  }
}

/** The high bits of FNV's hash are better than its low ones. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}
