/** Headers of frames (RFC 8878, sections 3.1.1.1 and 3.1.2). */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { MAX_BLOCK } from './block.js';

const MAGIC = 0xfd2fb528;
/** Frames whose content is to be passed over: any value of the lowest four bits. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const DICTIONARY_ID_SIZES = [0, 1, 2, 4];

/** Of the magic number and what tells how long the header is. */
export const FRAME_START: Bytes = 5;
/** Of a skippable frame. */
export const SKIPPABLE_HEADER: Bytes = 8;
export const MAX_FRAME_HEADER: Bytes = 18;

export interface FrameHeader {
  readonly windowSize: Bytes;
  readonly contentSize: Bytes | undefined;
  readonly hasChecksum: boolean;
  /** Of the content of its blocks. */
  readonly maxBlock: Bytes;
}

/** How long the header is whose first {@link FRAME_START} bytes are before the cursor. @throws FormatError */
export function frameHeaderSize(cursor: Cursor): Bytes {
  cursor.structure = 'frame header';
  const magic = cursor.u32();
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) return SKIPPABLE_HEADER;
  if (magic !== MAGIC) throw cursor.fault('a frame', `0x${magic.toString(16)}`, 4);
  const descriptor = cursor.u8();
  const sizes = contentSizeSize(descriptor) + DICTIONARY_ID_SIZES[descriptor & 3];
  return FRAME_START + (isSingleSegment(descriptor) ? 0 : 1) + sizes;
}

/** Reads a header, or the size of a skippable frame. @throws FormatError */
export function readFrameHeader(cursor: Cursor, maxWindow: Bytes): FrameHeader | Bytes {
  cursor.structure = 'frame header';
  if (cursor.u32() !== MAGIC) return cursor.u32();
  const descriptor = cursor.u8();
  if ((descriptor & 8) !== 0) throw cursor.fault('a reserved bit of zero', '1', 1);
  const isSingle = isSingleSegment(descriptor);
  let windowSize = isSingle ? 0 : windowSizeOf(cursor.u8());
  if ((descriptor & 3) !== 0) throw cursor.fault('no dictionary', 'one');
  const contentSize = readContentSize(cursor, contentSizeSize(descriptor));
  if (isSingle) windowSize = contentSize ?? 0;
  if (windowSize > maxWindow) {
    throw cursor.fault(`a window of at most ${maxWindow}`, `${windowSize}`);
  }
  const maxBlock = Math.min(MAX_BLOCK, windowSize);
  return { windowSize, contentSize, hasChecksum: (descriptor & 4) !== 0, maxBlock };
}

/** The content is the window, and its size is told. */
function isSingleSegment(descriptor: number): boolean {
  return (descriptor & 0x20) !== 0;
}

function contentSizeSize(descriptor: number): Bytes {
  const flag = descriptor >> 6;
  return flag > 0 ? 1 << flag : isSingleSegment(descriptor) ? 1 : 0;
}

/** Section 3.1.1.1.2. */
function windowSizeOf(descriptor: number): Bytes {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function readContentSize(cursor: Cursor, size: Bytes): Bytes | undefined {
  switch (size) {
    case 0:
      return undefined;
    case 1:
      return cursor.u8();
    case 2:
      return cursor.u16() + 256;
    case 4:
      return cursor.u32();
    default:
      return cursor.u64();
  }
}
