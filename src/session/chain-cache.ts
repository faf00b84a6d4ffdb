/**
 * Call chains, each resolved once: a sample whose chain was seen before, in the same state of its address
 * space, costs a hash and a comparison. So the cost of symbols grows with distinct stacks.
 */
import { Int32Column, Uint8Column } from '../base/growable.js';
import { HashIndex, hashPair } from '../profile/hash-index.js';

export class ChainCache {
  /** Of the chain found or added last. */
  stack = -1;
  truncation = 0;

  private readonly index = new HashIndex();
  private readonly starts = new Int32Column();
  private readonly lengths = new Int32Column();
  private readonly generations = new Int32Column();
  private readonly stacks = new Int32Column();
  private readonly truncations = new Uint8Column();
  /** The chains, one after another, as they came. */
  private words = new Int32Array(1 << 16);
  private used = 0;
  private slot = 0;
  private hash = 0;

  /**
   * Looks for the chain of `length` words at `at`; what it found is in {@link stack}.
   * @param generation of the address space
   * @param kind what else tells chains of equal words apart
   */
  find(words: Int32Array, at: number, length: number, generation: number, kind: number): boolean {
    // The lower halves of the addresses tell chains apart; equality is of all words. Two hashes side by
    // side: neither multiplication waits for the other.
    let even = generation;
    let odd = kind;
    let i = 0;
    for (; i + 2 < length; i += 4) {
      even = Math.imul(even ^ words[at + i], 0x9e3779b1);
      odd = Math.imul(odd ^ words[at + i + 2], 0x85ebca6b);
      even ^= even >>> 15;
      odd ^= odd >>> 13;
    }
    if (i < length) even = Math.imul(even ^ words[at + i], 0x9e3779b1);
    const hash = hashPair(even ^ Math.imul(odd, 0xc2b2ae35), length * 64 + kind);
    this.hash = hash;
    const { index, starts, lengths, generations } = this;
    let slot = index.first(hash);
    for (;;) {
      const row = index.slots[slot];
      if (row < 0) break;
      if (
        lengths.data[row] === length * 64 + kind &&
        generations.data[row] === generation &&
        this.isSame(starts.data[row], words, at, length)
      ) {
        this.stack = this.stacks.data[row];
        this.truncation = this.truncations.data[row];
        return true;
      }
      slot = index.next(slot);
    }
    this.slot = slot;
    return false;
  }

  /** Adds the chain that {@link find} has just not found. */
  add(
    words: Int32Array,
    at: number,
    length: number,
    generation: number,
    kind: number,
    stack: number,
    truncation: number,
  ): void {
    if (this.used + length > this.words.length) this.grow(this.used + length);
    this.words.set(words.subarray(at, at + length), this.used);
    this.index.insert(this.slot, this.hash);
    this.starts.push(this.used);
    this.lengths.push(length * 64 + kind);
    this.generations.push(generation);
    this.stacks.push(stack);
    this.truncations.push(truncation);
    this.used += length;
    this.stack = stack;
    this.truncation = truncation;
  }

  private isSame(start: number, words: Int32Array, at: number, length: number): boolean {
    const own = this.words;
    // Two words to an address: as many as there are, two at a time.
    for (let i = 0; i < length; i += 2) {
      const differs = (own[start + i] ^ words[at + i]) | (own[start + i + 1] ^ words[at + i + 1]);
      if (differs !== 0) return false;
    }
    return true;
  }

  private grow(needed: number): void {
    let capacity = this.words.length;
    while (capacity < needed) capacity *= 2;
    const grown = new Int32Array(capacity);
    grown.set(this.words);
    this.words = grown;
  }
}
