/** Huffman codes of literals (RFC 8878, section 4.2). */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { bitsBelow, endOfBits, topBits, type BitPlace } from './bits.js';
import { FseTable } from './fse.js';

/** Of a code, in bits. */
const MAX_LENGTH = 11;
const MAX_WEIGHTS_LOG = 6;

export class HuffmanTable {
  /** For each number of {@link length} bits, its code's length and symbol: `length << 8 | symbol`. */
  private readonly cells = new Uint16Array(1 << MAX_LENGTH);
  /** Of the longest code, in bits; 0 where no table has been read. */
  length = 0;
  private readonly weights = new Uint8Array(256);
  private readonly weightTable = new FseTable(MAX_WEIGHTS_LOG, MAX_LENGTH);

  /** Reads the description of a table, which ends before `end`. @throws FormatError */
  read(cursor: Cursor, words: Int32Array, end: Bytes): void {
    cursor.structure = 'Huffman table';
    this.length = 0;
    const header = cursor.u8();
    const size = header < 128 ? header : (header - 126) >> 1;
    const last = cursor.position + size;
    if (last > end) throw cursor.fault(`a table of ${size} bytes`, `${end - cursor.position}`);
    const count = header < 128 ? this.packedWeights(cursor, words, last) : header - 127;
    if (header >= 128) this.plainWeights(cursor, count);
    cursor.seek(last);
    this.build(cursor, count);
  }

  /** Weights of four bits each. */
  private plainWeights(cursor: Cursor, count: number): void {
    for (let i = 0; i < count; i += 2) {
      const two = cursor.u8();
      this.weights[i] = two >> 4;
      this.weights[i + 1] = two & 15;
    }
  }

  /** Weights that two states tell in turn (section 4.2.1.2); returns their number. */
  private packedWeights(cursor: Cursor, words: Int32Array, end: Bytes): number {
    const { weights, weightTable } = this;
    weightTable.read(cursor, words, end);
    const { cells, log } = weightTable;
    const start = cursor.position * 8;
    let place = endOfBits(cursor, cursor.position, end) - 2 * log;
    if (place < start) throw cursor.fault('two states', 'less');
    let state = topBits(bitsBelow(words, place + 2 * log), log);
    let other = topBits(bitsBelow(words, place + log), log);
    // The last is the one that was deduced, so that there are 255 others at most.
    for (let count = 0; count < 254;) {
      const cell = cells[state];
      const bits = (cell >> 8) & 0xff;
      weights[count++] = cell;
      if (place - bits < start) {
        weights[count++] = cells[other];
        return count;
      }
      state = other;
      other = (cell >> 16) + topBits(bitsBelow(words, place), bits);
      place -= bits;
    }
    throw cursor.fault('at most 255 weights', 'more');
  }

  /** From weights to codes; the weight of the last symbol is what is missing (section 4.2.1). */
  private build(cursor: Cursor, count: number): void {
    const { weights, cells } = this;
    const starts = new Int32Array(17);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      if (weights[i] > 0) sum += 1 << (weights[i] - 1);
      starts[weights[i]]++;
    }
    const length = 32 - Math.clz32(sum);
    const missing = 2 ** length - sum;
    const lastWeight = 32 - Math.clz32(missing);
    if (sum === 0 || length > MAX_LENGTH || (missing & (missing - 1)) !== 0) {
      throw cursor.fault(`weights of codes of at most ${MAX_LENGTH} bits`, `a sum of ${sum}`);
    }
    weights[count] = lastWeight;
    starts[lastWeight]++;
    if (starts[1] < 2) throw cursor.fault('two longest codes', `${starts[1]}`);
    let next = 0;
    for (let weight = 1; weight <= length; weight++) {
      const symbols = starts[weight];
      starts[weight] = next;
      next += symbols << (weight - 1);
    }
    for (let symbol = 0; symbol <= count; symbol++) {
      const weight = weights[symbol];
      if (weight === 0) continue;
      const start = starts[weight];
      starts[weight] = start + (1 << (weight - 1));
      cells.fill(((length + 1 - weight) << 8) | symbol, start, starts[weight]);
    }
    this.length = length;
  }

  /**
   * Decodes the stream in `start` … `end` of the cursor's bytes, which must hold the codes of
   * `target[from … to)` and no more. @throws FormatError
   */
  decode(
    cursor: Cursor,
    words: Int32Array,
    start: Bytes,
    end: Bytes,
    target: Uint8Array,
    from: Bytes,
    to: Bytes,
  ): void {
    const { cells, length } = this;
    const shift = 32 - length;
    const low: BitPlace = start * 8;
    let place = endOfBits(cursor, start, end);
    let at = from;
    // Two codes of 32 bits, six before it is looked whether they were there.
    for (const last = to - 6; at <= last && place >= low;) {
      for (const third = at + 6; at < third; at += 2) {
        const bits = bitsBelow(words, place);
        const first = cells[bits >>> shift];
        const used = first >> 8;
        const second = cells[(bits << used) >>> shift];
        target[at] = first;
        target[at + 1] = second;
        place -= used + (second >> 8);
      }
    }
    for (; at < to && place >= low; at++) {
      const cell = cells[bitsBelow(words, place) >>> shift];
      target[at] = cell;
      place -= cell >> 8;
    }
    if (at < to || place !== low) throw cursor.fault('literals that fill their stream', 'others');
  }
}
