/**
 * Open addressing over rows that live in columns elsewhere: the index stores row numbers and hashes,
 * the caller compares the columns. So interning a row allocates nothing, and growth never asks the
 * caller to hash again.
 *
 *   let slot = index.first(hash);
 *   for (let row; (row = index.slots[slot]) >= 0; slot = index.next(slot)) if (same(row)) return row;
 *   index.insert(slot, hash);   // the row's number is the count of rows inserted before it
 */
import { Int32Column } from '../base/growable.js';

const FIRST_SLOTS = 1024;

export class HashIndex {
  /** Row numbers; -1 where free. */
  slots = new Int32Array(FIRST_SLOTS).fill(-1);
  private readonly hashes = new Int32Column();

  /** Where a row with this hash would stand, were nothing in its way. */
  first(hash: number): number {
    return hash & (this.slots.length - 1);
  }

  next(slot: number): number {
    return (slot + 1) & (this.slots.length - 1);
  }

  /** Takes the free `slot` for the next row; the load stays at or below one half. */
  insert(slot: number, hash: number): void {
    this.slots[slot] = this.hashes.push(hash);
    if (this.hashes.length * 2 > this.slots.length) this.grow();
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let row = 0; row < this.hashes.length; row++) {
      let slot = this.hashes.data[row] & mask;
      while (slots[slot] >= 0) slot = (slot + 1) & mask;
      slots[slot] = row;
    }
    this.slots = slots;
  }
}

/** Mixes two 32-bit numbers; every bit of both reaches the low bits (murmur3's finalizer). */
export function hashPair(a: number, b: number): number {
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x7f4a7c15, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
