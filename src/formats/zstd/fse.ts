/** Finite state entropy: the table of an alphabet (RFC 8878, section 4.1). */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { bitsBelow } from './bits.js';

/**
 * What each state stands for, as `next << 16 | bits << 8 | symbol`: its symbol, and where the state after
 * it is, `next` plus the number that is in the next `bits` bits of the stream.
 */
export class FseTable {
  readonly cells: Int32Array;
  /** The table has two to this power of states. */
  log = 0;
  /** How many states each symbol has; -1 is one that takes all bits to leave. */
  private readonly probabilities: Int16Array;
  private readonly numbers: Uint16Array;

  constructor(
    private readonly maxLog: number,
    private readonly maxSymbol: number,
  ) {
    this.cells = new Int32Array(1 << maxLog);
    this.probabilities = new Int16Array(maxSymbol + 1);
    this.numbers = new Uint16Array(maxSymbol + 1);
  }

  /** One symbol that takes no bits. */
  fillWith(symbol: number): void {
    this.log = 0;
    this.cells[0] = symbol;
  }

  fill(probabilities: readonly number[], log: number): void {
    this.probabilities.set(probabilities);
    this.build(probabilities.length, log);
  }

  /**
   * Reads the table that the cursor is before and that ends before `end` (section 4.1.1).
   * @throws FormatError
   */
  read(cursor: Cursor, words: Int32Array, end: Bytes): void {
    const { probabilities, maxSymbol } = this;
    let place = cursor.position * 8;
    const log = (bitsBelow(words, place + 32) & 15) + 5;
    if (log > this.maxLog) throw cursor.fault(`an accuracy of at most ${this.maxLog}`, `${log}`);
    place += 4;
    let count = 0;
    for (let left = 1 << log; left > 0;) {
      // Bits of the largest number that may come, left + 1; the lowest numbers take one bit less.
      const bits = 32 - Math.clz32(left + 1);
      const short = (1 << bits) - 2 - left;
      const next = bitsBelow(words, place + 32) & ((1 << bits) - 1);
      const low = next & ((1 << (bits - 1)) - 1);
      const isShort = low < short;
      place += isShort ? bits - 1 : bits;
      const value = isShort ? low : next === low ? next : next - short;
      if (place > end * 8 || count > maxSymbol) throw this.damage(cursor, count);
      left -= Math.abs(value - 1);
      probabilities[count++] = value - 1;
      if (value !== 1) continue;
      for (let zeros = 3; zeros === 3;) {
        zeros = bitsBelow(words, place + 32) & 3;
        place += 2;
        if (place > end * 8 || count + zeros > maxSymbol) throw this.damage(cursor, count + zeros);
        probabilities.fill(0, count, count + zeros);
        count += zeros;
      }
    }
    this.build(count, log);
    cursor.seek((place + 7) >> 3);
  }

  private damage(cursor: Cursor, count: number): Error {
    return cursor.fault(`probabilities of up to ${this.maxSymbol + 1} symbols`, `${count} or more`);
  }

  /** Spreads the symbols over the states (section 4.1.1). */
  private build(count: number, log: number): void {
    const { cells, numbers, probabilities } = this;
    const size = 1 << log;
    this.log = log;
    let high = size - 1;
    for (let symbol = 0; symbol < count; symbol++) {
      numbers[symbol] = Math.abs(probabilities[symbol]);
      if (probabilities[symbol] < 0) cells[high--] = symbol;
    }
    const step = (size >> 1) + (size >> 3) + 3;
    let state = 0;
    for (let symbol = 0; symbol < count; symbol++) {
      for (let i = 0; i < probabilities[symbol]; i++) {
        cells[state] = symbol;
        do state = (state + step) & (size - 1);
        while (state > high);
      }
    }
    for (state = 0; state < size; state++) {
      const symbol = cells[state];
      const number = numbers[symbol]++;
      const bits = log - 31 + Math.clz32(number);
      cells[state] = (((number << bits) - size) << 16) | (bits << 8) | symbol;
    }
  }
}
