/** The codes of sequences, and the tables that tell them (RFC 8878, sections 3.1.1.3.2.1 and 3.1.1.3.2.2). */
import type { Cursor } from '../../base/cursor.js';
import { FseTable } from './fse.js';

/** How long the alphabets of codes are, and the tables that a block uses that brings none. */
interface Alphabet {
  readonly maxLog: number;
  readonly maxCode: number;
  readonly log: number;
  readonly probabilities: readonly number[];
}

// prettier-ignore
export const LITERAL_LENGTHS: Alphabet = {
  maxLog: 9, maxCode: 35, log: 6,
  probabilities: [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
    -1, -1, -1, -1,
  ],
};
// prettier-ignore
export const MATCH_LENGTHS: Alphabet = {
  maxLog: 9, maxCode: 52, log: 6,
  probabilities: [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ],
};
/** Code 31, of offsets from 2 GiB on, is none: windows are smaller. */
// prettier-ignore
export const OFFSETS: Alphabet = {
  maxLog: 8, maxCode: 30, log: 5,
  probabilities: [
    1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
  ],
};

/** A length is the code's base and a number in so many bits more. */
export const LITERAL_LENGTH_BITS = Uint8Array.of(
  ...Array<number>(16).fill(0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
export const LITERAL_LENGTH_BASES = basesOf(LITERAL_LENGTH_BITS, 0);
export const MATCH_LENGTH_BITS = Uint8Array.of(
  ...Array<number>(32).fill(0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
export const MATCH_LENGTH_BASES = basesOf(MATCH_LENGTH_BITS, 3);

function basesOf(bits: Uint8Array, first: number): Int32Array {
  let next = first;
  return Int32Array.from(bits, (count) => (next += 1 << count) - (1 << count));
}

const Mode = { PREDEFINED: 0, RLE: 1, COMPRESSED: 2, REPEAT: 3 } as const;

/** The table of one kind of codes, from block to block of a frame. */
export class SequenceTable {
  private readonly predefined: FseTable;
  private readonly own: FseTable;
  private used: FseTable | undefined;

  constructor(private readonly alphabet: Alphabet) {
    this.predefined = new FseTable(alphabet.log, alphabet.maxCode);
    this.predefined.fill(alphabet.probabilities, alphabet.log);
    this.own = new FseTable(alphabet.maxLog, alphabet.maxCode);
  }

  /** Forgets the table: a frame begins. */
  reset(): void {
    this.used = undefined;
  }

  /** The table of a block whose header says `mode`. @throws FormatError */
  read(mode: number, cursor: Cursor, words: Int32Array): FseTable {
    if (mode === Mode.REPEAT) {
      if (this.used === undefined) throw cursor.fault('a table before', 'none');
      return this.used;
    }
    this.used = undefined;
    if (mode === Mode.PREDEFINED) return (this.used = this.predefined);
    if (mode === Mode.RLE) {
      const code = cursor.u8();
      const { maxCode } = this.alphabet;
      if (code > maxCode) throw cursor.fault(`a code up to ${maxCode}`, `${code}`, 1);
      this.own.fillWith(code);
    } else {
      this.own.read(cursor, words, cursor.bytes.byteLength);
    }
    return (this.used = this.own);
  }
}
