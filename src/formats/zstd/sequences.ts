/**
 * Sequences: so many literals, then a match, which is a copy of so many bytes from so far back (RFC 8878,
 * sections 3.1.1.3.2 to 3.1.1.5). They are carried out as they are decoded.
 */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { bitsBelow, endOfBits, topBits, type BlockBuffer } from './bits.js';
import { copyMatch, copyWords } from './copy.js';
import type { FseTable } from './fse.js';
import type { Literals } from './literals.js';
import {
  LITERAL_LENGTHS,
  LITERAL_LENGTH_BASES,
  LITERAL_LENGTH_BITS,
  MATCH_LENGTHS,
  MATCH_LENGTH_BASES,
  MATCH_LENGTH_BITS,
  OFFSETS,
  SequenceTable,
} from './sequence-tables.js';
import type { Window } from './window.js';

export class Sequences {
  private readonly literalLengths = new SequenceTable(LITERAL_LENGTHS);
  private readonly offsets = new SequenceTable(OFFSETS);
  private readonly matchLengths = new SequenceTable(MATCH_LENGTHS);
  /** The offsets used last, latest first (section 3.1.1.5). */
  private readonly recent = Int32Array.of(1, 4, 8);

  constructor(private readonly input: BlockBuffer) {}

  /** Forgets tables and offsets: a frame begins. */
  reset(): void {
    for (const table of [this.literalLengths, this.offsets, this.matchLengths]) table.reset();
    this.recent.set([1, 4, 8]);
  }

  /**
   * Reads the section that the cursor is before, to the end of its bytes, and puts out the block.
   * @param low where in the window the oldest byte is that a match may copy
   * @param limit where in the window the block ends at most
   * @throws FormatError; the window then ends where it did
   */
  read(cursor: Cursor, literals: Literals, window: Window, low: Bytes, limit: Bytes): void {
    cursor.structure = 'sequences';
    const count = readCount(cursor);
    if (count === 0) {
      if (cursor.remaining > 0) throw cursor.fault('the end of the block', 'more');
      copyWords(literals.view, literals.start, window.view, window.end, literals.size);
      window.end += literals.size;
      return;
    }
    const modes = cursor.u8();
    if ((modes & 3) !== 0) throw cursor.fault('reserved bits of zero', `${modes & 3}`, 1);
    const { words } = this.input;
    const tables = [
      this.literalLengths.read(modes >> 6, cursor, words),
      this.offsets.read((modes >> 4) & 3, cursor, words),
      this.matchLengths.read((modes >> 2) & 3, cursor, words),
    ] as const;
    this.carryOut(cursor, count, tables, literals, window, low, limit);
  }

  /** Decodes `count` sequences from the rest of the cursor's bytes, and carries them out. */
  private carryOut(
    cursor: Cursor,
    count: number,
    [literalTable, offsetTable, matchTable]: readonly [FseTable, FseTable, FseTable],
    literals: Literals,
    window: Window,
    low: Bytes,
    limit: Bytes,
  ): void {
    const { words } = this.input;
    const literalCells = literalTable.cells;
    const offsetCells = offsetTable.cells;
    const matchCells = matchTable.cells;
    const { bytes, view } = window;

    const start = cursor.position * 8;
    let place = endOfBits(cursor, cursor.position, cursor.bytes.byteLength);
    let bits = bitsBelow(words, place);
    let literalState = topBits(bits, literalTable.log);
    bits <<= literalTable.log;
    let offsetState = topBits(bits, offsetTable.log);
    bits <<= offsetTable.log;
    let matchState = topBits(bits, matchTable.log);
    place -= literalTable.log + offsetTable.log + matchTable.log;
    let literal = literals.start;
    const literalsEnd = literal + literals.size;
    let at = window.end;
    let [last, second, third] = this.recent;
    for (let left = count; left > 0; left--) {
      if (place < start) throw cursor.fault(`${count} sequences`, `${count - left}`);
      const literalCell = literalCells[literalState];
      const offsetCell = offsetCells[offsetState];
      const matchCell = matchCells[matchState];

      const offsetBits = offsetCell & 0xff;
      bits = bitsBelow(words, place);
      place -= offsetBits;
      const value = (1 << offsetBits) + topBits(bits, offsetBits);
      const matchCode = matchCell & 0xff;
      const matchBits = MATCH_LENGTH_BITS[matchCode];
      bits = bitsBelow(words, place);
      const length = MATCH_LENGTH_BASES[matchCode] + topBits(bits, matchBits);
      const literalCode = literalCell & 0xff;
      const literalBits = LITERAL_LENGTH_BITS[literalCode];
      bits <<= matchBits;
      const literalLength = LITERAL_LENGTH_BASES[literalCode] + topBits(bits, literalBits);
      place -= matchBits + literalBits;

      if (left > 1) {
        // At most 26 bits.
        bits = bitsBelow(words, place);
        const toLiteral = (literalCell >> 8) & 0xff;
        literalState = (literalCell >> 16) + topBits(bits, toLiteral);
        bits <<= toLiteral;
        const toMatch = (matchCell >> 8) & 0xff;
        matchState = (matchCell >> 16) + topBits(bits, toMatch);
        bits <<= toMatch;
        const toOffset = (offsetCell >> 8) & 0xff;
        offsetState = (offsetCell >> 16) + topBits(bits, toOffset);
        place -= toLiteral + toMatch + toOffset;
      }

      let offset = value - 3;
      let which = 3;
      if (value <= 3) {
        // An offset used before, one later where there are no literals; the fourth is the first less 1.
        which = literalLength === 0 ? value : value - 1;
        offset = which === 0 ? last : which === 1 ? second : which === 2 ? third : last - 1;
      }
      if (which > 1) third = second;
      if (which > 0) second = last;
      last = offset;

      const matchAt = at + literalLength;
      if (literal + literalLength > literalsEnd) throw cursor.fault('more literals', 'their end');
      if (matchAt + length > limit) throw cursor.fault('the end of the block', 'more');
      if (offset <= 0 || offset > matchAt - low) {
        throw cursor.fault(`an offset of at most ${matchAt - low}`, `${offset}`);
      }
      copyWords(literals.view, literal, view, at, literalLength);
      literal += literalLength;
      copyMatch(bytes, view, matchAt, offset, length);
      at = matchAt + length;
    }
    if (place !== start) throw cursor.fault(`the bits of ${count} sequences`, 'others');
    const rest = literalsEnd - literal;
    if (at + rest > limit) throw cursor.fault('the end of the block', 'more literals');
    copyWords(literals.view, literal, view, at, rest);
    window.end = at + rest;
    this.recent.set([last, second, third]);
  }
}

/** Number_of_Sequences. */
function readCount(cursor: Cursor): number {
  const first = cursor.u8();
  if (first < 128) return first;
  if (first < 255) return ((first - 128) << 8) | cursor.u8();
  return cursor.u16() + 0x7f00;
}
