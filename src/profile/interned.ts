/**
 * Rows of numbers stored once and named by index: the tables of a profile while they grow.
 */
import { Float64Column, Int32Column, Uint8Column } from '../base/growable.js';
import { addressHigh } from '../base/units.js';
import { HashIndex, hashPair } from './hash-index.js';
import type { Address, FrameTable, StackTable } from './profile.js';

/** Distinct pairs of numbers. */
export class InternedPairs {
  readonly a = new Int32Column();
  readonly b = new Int32Column();
  private readonly index = new HashIndex();

  get length(): number {
    return this.a.length;
  }

  /** The pair's index, the same for the same pair. */
  intern(a: number, b: number): number {
    const hash = hashPair(a, b);
    let slot = this.index.first(hash);
    for (;;) {
      const row = this.index.slots[slot];
      if (row < 0) break;
      if (this.a.data[row] === a && this.b.data[row] === b) return row;
      slot = this.index.next(slot);
    }
    this.index.insert(slot, hash);
    this.b.push(b);
    return this.a.push(a);
  }
}

/** What a table of pairs takes at most, in numbers. */
const MOST_PAIRS = 1 << 22;

/**
 * Distinct pairs of few numbers, asked for once per sample: where all possible pairs fit in a table, a
 * look-up is a read of it.
 */
export class RepeatedPairs {
  readonly pairs = new InternedPairs();
  /** Index + 1 of each possible pair; 0 where it has none. */
  private readonly table: Int32Array | undefined;
  private readonly width: number;

  /**
   * @param firsts the first of a pair is 0 or more, and below this
   * @param seconds the second is -1 or more, and below this
   */
  constructor(firsts: number, seconds: number) {
    this.width = seconds + 1;
    const size = firsts * this.width;
    if (size <= MOST_PAIRS) this.table = new Int32Array(size);
  }

  intern(a: number, b: number): number {
    const { table } = this;
    if (table === undefined) return this.pairs.intern(a, b);
    const slot = a * this.width + b + 1;
    if (table[slot] === 0) table[slot] = this.pairs.intern(a, b) + 1;
    return table[slot] - 1;
  }
}

/** The prefix tree: distinct (parent, frame). A parent is interned before its children. */
export class InternedStacks {
  private readonly pairs = new InternedPairs();

  /** @param parent the outer frames' stack, or -1 */
  intern(parent: number, frame: number): number {
    return this.pairs.intern(parent, frame);
  }

  table(): StackTable {
    const { a, b, length } = this.pairs;
    return { length, parent: a.view(), frame: b.view() };
  }
}

/** Distinct (function, address, line, inline depth, file). */
export class InternedFrames {
  private readonly func = new Int32Column();
  private readonly address = new Float64Column();
  private readonly line = new Int32Column();
  private readonly inlineDepth = new Uint8Column();
  private readonly file = new Int32Column();
  private readonly index = new HashIndex();

  intern(func: number, address: Address, line: number, inlineDepth: number, file: number): number {
    const depth = Math.min(inlineDepth, 255);
    const place = hashPair(address | 0, addressHigh(address));
    const hash = hashPair(place, hashPair(func, line * 256 + depth));
    let slot = this.index.first(hash);
    for (;;) {
      const row = this.index.slots[slot];
      if (row < 0) break;
      if (
        this.func.data[row] === func &&
        this.address.data[row] === address &&
        this.line.data[row] === line &&
        this.inlineDepth.data[row] === depth &&
        this.file.data[row] === file
      ) {
        return row;
      }
      slot = this.index.next(slot);
    }
    this.index.insert(slot, hash);
    this.address.push(address);
    this.line.push(line);
    this.inlineDepth.push(depth);
    this.file.push(file);
    return this.func.push(func);
  }

  table(): FrameTable {
    return {
      length: this.func.length,
      func: this.func.view(),
      address: this.address.view(),
      line: this.line.view(),
      file: this.file.view(),
      inlineDepth: this.inlineDepth.view(),
    };
  }
}
