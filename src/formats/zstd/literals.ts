/** The literals of a block (RFC 8878, section 3.1.1.3.1). */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { SLACK, type BlockBuffer } from './bits.js';
import { HuffmanTable } from './huffman.js';

const LiteralsType = { RAW: 0, RLE: 1, COMPRESSED: 2, TREELESS: 3 } as const;

/** Where the literals of a block are, and the Huffman table that blocks hand down. */
export class Literals {
  /** Of the literals that follow one another from {@link start} on. */
  view: DataView;
  start: Bytes = 0;
  size: Bytes = 0;
  private readonly huffman = new HuffmanTable();
  private readonly bytes: Uint8Array;
  private readonly ownView: DataView;

  constructor(
    private readonly input: BlockBuffer,
    maxBlock: Bytes,
  ) {
    this.bytes = new Uint8Array(maxBlock + SLACK);
    this.view = this.ownView = new DataView(this.bytes.buffer);
  }

  /** Forgets the table: a frame begins. */
  reset(): void {
    this.huffman.length = 0;
  }

  /** Reads the section that the cursor is before. @throws FormatError */
  read(cursor: Cursor, maxBlock: Bytes): void {
    cursor.structure = 'literals';
    const first = cursor.u8();
    const type = first & 3;
    const format = (first >> 2) & 3;
    if (type >= LiteralsType.COMPRESSED) {
      this.readCompressed(cursor, first, maxBlock);
      return;
    }
    if ((format & 1) === 0) this.size = first >> 3;
    else if (format === 1) this.size = (first >> 4) | (cursor.u8() << 4);
    else this.size = (first >> 4) | (cursor.u16() << 4);
    this.check(cursor, maxBlock);
    if (type === LiteralsType.RAW) {
      this.view = this.input.view;
      this.start = cursor.position;
      cursor.skip(this.size);
    } else {
      this.bytes.fill(cursor.u8(), 0, this.size);
      this.view = this.ownView;
      this.start = 0;
    }
  }

  private readCompressed(cursor: Cursor, first: number, maxBlock: Bytes): void {
    const format = (first >> 2) & 3;
    // Both sizes in 10, 14 or 18 bits each, from bit 4 on.
    let compressed: Bytes;
    if (format < 2) {
      const rest = cursor.u16();
      this.size = (first >> 4) | ((rest & 0x3f) << 4);
      compressed = rest >> 6;
    } else if (format === 2) {
      const rest = cursor.u8() | (cursor.u16() << 8);
      this.size = (first >> 4) | ((rest & 0x3ff) << 4);
      compressed = rest >> 10;
    } else {
      const rest = cursor.u32();
      this.size = (first >> 4) | ((rest & 0x3fff) << 4);
      compressed = rest >>> 14;
    }
    this.check(cursor, maxBlock);
    cursor.need(compressed);
    const end = cursor.position + compressed;
    if ((first & 3) === LiteralsType.COMPRESSED) this.huffman.read(cursor, this.input.words, end);
    else if (this.huffman.length === 0) throw cursor.fault('a Huffman table before', 'none');
    cursor.structure = 'literals';
    this.view = this.ownView;
    this.start = 0;
    if (format === 0) this.decode(cursor, cursor.position, end, 0, this.size);
    else this.readStreams(cursor, end);
    cursor.seek(end);
  }

  /** Four streams: the sizes of three, and a quarter of the literals in each, the last with less. */
  private readStreams(cursor: Cursor, end: Bytes): void {
    const sizes = [cursor.u16(), cursor.u16(), cursor.u16()];
    const quarter = (this.size + 3) >> 2;
    if (3 * quarter > this.size) throw cursor.fault('literals for four streams', `${this.size}`);
    let start = cursor.position;
    for (let i = 0; i < 3; i++) {
      if (start + sizes[i] > end) throw cursor.fault(`${sizes[i]} bytes`, `${end - start}`);
      this.decode(cursor, start, start + sizes[i], i * quarter, (i + 1) * quarter);
      start += sizes[i];
    }
    this.decode(cursor, start, end, 3 * quarter, this.size);
  }

  private decode(cursor: Cursor, start: Bytes, end: Bytes, from: Bytes, to: Bytes): void {
    this.huffman.decode(cursor, this.input.words, start, end, this.bytes, from, to);
  }

  private check(cursor: Cursor, maxBlock: Bytes): void {
    if (this.size > maxBlock) throw cursor.fault(`at most ${maxBlock} literals`, `${this.size}`);
  }
}
