/** Blocks (RFC 8878, section 3.1.1.2). */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import type { BlockBuffer } from './bits.js';
import { Literals } from './literals.js';
import { Sequences } from './sequences.js';
import type { Window } from './window.js';

export const BLOCK_HEADER: Bytes = 3;
/** Of a block, decoded or not. */
export const MAX_BLOCK: Bytes = 128 << 10;

const BlockType = { RAW: 0, RLE: 1, COMPRESSED: 2, RESERVED: 3 } as const;

export interface BlockHeader {
  readonly isLast: boolean;
  readonly type: number;
  /** Of a run the length of the run, else of the bytes that follow. */
  readonly size: Bytes;
  /** Of the bytes that follow. */
  readonly stored: Bytes;
}

/** @throws FormatError */
export function readBlockHeader(cursor: Cursor, maxBlock: Bytes): BlockHeader {
  cursor.structure = 'block header';
  const bits = cursor.u16() | (cursor.u8() << 16);
  const type = (bits >> 1) & 3;
  const size = bits >> 3;
  if (type === BlockType.RESERVED) throw cursor.fault('a type of block', '3');
  if (size > maxBlock) throw cursor.fault(`a block of at most ${maxBlock}`, `${size}`);
  return { isLast: (bits & 1) !== 0, type, size, stored: type === BlockType.RLE ? 1 : size };
}

/** Decodes the blocks of a frame, which hand tables and offsets down. */
export class BlockDecoder {
  private readonly literals: Literals;
  private readonly sequences: Sequences;

  constructor(input: BlockBuffer) {
    this.literals = new Literals(input, MAX_BLOCK);
    this.sequences = new Sequences(input);
  }

  /** A frame begins. */
  reset(): void {
    this.literals.reset();
    this.sequences.reset();
  }

  /**
   * Puts the content of the block that the cursor's bytes end with into the window, in which there is
   * room for `room` bytes. @throws FormatError
   */
  decode({ type, size }: BlockHeader, cursor: Cursor, window: Window, room: Bytes): void {
    cursor.structure = 'block';
    const { bytes, end, oldest } = window;
    if (type === BlockType.COMPRESSED) {
      this.literals.read(cursor, room);
      this.sequences.read(cursor, this.literals, window, oldest, end + room);
      return;
    }
    if (size > room) throw cursor.fault(`at most ${room} bytes`, `${size}`);
    if (type === BlockType.RAW) bytes.set(cursor.take(size), end);
    else bytes.fill(cursor.u8(), end, end + size);
    window.end += size;
  }
}
