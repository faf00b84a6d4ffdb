/**
 * Streams of bits (RFC 8878, sections 4.1 and 4.2.2). Most are read backwards: the encoder wrote from the
 * first byte on, and the decoder begins at the end, behind the highest bit of the last byte, which marks
 * it. Places are counted in bits from the start of the buffer:
 *
 *   byte        0 …                start                    end
 *   buffer      │ guard │ header … │ bits of a stream    1  │ …
 *   place                start * 8 ◀──────────────── read ┘
 */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';

/** A place in a buffer, in bits from its start. */
export type BitPlace = number;

/**
 * Bytes before the block, so that what reads a few values and then looks whether they were there stays
 * within the buffer.
 */
export const GUARD: Bytes = 16;
/** Bytes behind the end of buffers that are read and written a word at a time. */
export const SLACK: Bytes = 16;

/** The bytes of a header or a block, which begin at {@link GUARD}. */
export class BlockBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same memory; Node.js runs on little-endian machines, as these bits are. */
  readonly words: Int32Array;

  constructor(size: Bytes) {
    const buffer = new ArrayBuffer((GUARD + size + SLACK + 3) & ~3);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.words = new Int32Array(buffer);
  }
}

/** The 32 bits below `place`, of which the one right below is the highest. `place` is at least 32. */
export function bitsBelow(words: Int32Array, place: BitPlace): number {
  const at = place >> 5;
  // `<< 1 << 31 - n` as `<< 32` would shift by nothing.
  return (words[at - 1] >>> place) | ((words[at] << 1) << (31 - (place & 31)));
}

/** The highest `count` of 32 bits, 0 to 31, as a number. */
export function topBits(bits: number, count: number): number {
  return (bits >>> 1) >>> (31 - count);
}

/** Where a stream's bits end: below the mark in its last byte. @throws FormatError where there is none */
export function endOfBits(cursor: Cursor, start: Bytes, end: Bytes): BitPlace {
  const last = end > start ? cursor.bytes[end - 1] : 0;
  if (last === 0) throw cursor.fault('a stream that ends in a mark', 'none');
  return end * 8 - 1 - Math.clz32(last << 24);
}
