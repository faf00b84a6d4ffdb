/** A stream of frames (RFC 8878, section 3.1) that comes in pieces, cut anywhere. */
import { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { BlockBuffer, GUARD } from './bits.js';
import {
  BLOCK_HEADER,
  BlockDecoder,
  MAX_BLOCK,
  readBlockHeader,
  type BlockHeader,
} from './block.js';
import { FRAME_START, frameHeaderSize, readFrameHeader, type FrameHeader } from './frame.js';
import type { Window } from './window.js';

const FORMAT = 'zstd';
const CHECKSUM: Bytes = 4;

/** What is being collected. */
const Expect = {
  START: 'the start of a frame',
  HEADER: 'a frame header',
  BLOCK_HEADER: 'a block header',
  BLOCK: 'a block',
  CHECKSUM: 'a checksum',
} as const;
type Expect = (typeof Expect)[keyof typeof Expect];

/** What stands in the place of headers that have not come. */
const NO_FRAME: FrameHeader = {
  windowSize: 0,
  contentSize: undefined,
  hasChecksum: false,
  maxBlock: 0,
};
const NO_BLOCK: BlockHeader = { isLast: true, type: 0, size: 0, stored: 0 };

export class FrameDecoder {
  private readonly input = new BlockBuffer(MAX_BLOCK);
  private readonly blocks = new BlockDecoder(this.input);
  private expect: Expect = Expect.START;
  /** How long what is expected is, and how much of it is in the buffer. */
  private wanted: Bytes = FRAME_START;
  private collected: Bytes = 0;
  /** Where it begins in the stream. */
  private offset: Bytes = 0;
  /** What is left to pass over before, of a skippable frame. */
  private skip: Bytes = 0;
  private frame: FrameHeader = NO_FRAME;
  private block: BlockHeader = NO_BLOCK;
  /** Bytes that the frame has brought. */
  private content: Bytes = 0;

  /** @param maxWindow of frames */
  constructor(
    private readonly window: Window,
    private readonly maxWindow: Bytes,
  ) {}

  /** Decodes all blocks that are complete with `bytes`. @throws FormatError */
  push(bytes: Uint8Array): void {
    for (let at = 0; ;) {
      const skipped = Math.min(this.skip, bytes.byteLength - at);
      this.skip -= skipped;
      at += skipped;
      const piece = bytes.subarray(at, at + this.wanted - this.collected);
      this.input.bytes.set(piece, GUARD + this.collected);
      this.collected += piece.byteLength;
      at += piece.byteLength;
      if (this.skip > 0 || this.collected < this.wanted) return;
      this.read();
    }
  }

  /** @throws FormatError where the stream ends within a frame */
  end(): void {
    if (this.expect === Expect.START && this.collected === 0 && this.skip === 0) return;
    const cursor = this.cursor();
    cursor.structure = 'stream';
    throw cursor.fault(this.skip > 0 ? 'a skippable frame' : this.expect, 'the end');
  }

  /** Of what was collected: the positions are those in the buffer. */
  private cursor(): Cursor {
    const bytes = this.input.bytes.subarray(0, GUARD + this.collected);
    return new Cursor(bytes, FORMAT, true, this.offset - GUARD, GUARD);
  }

  /** Takes what was collected. */
  private read(): void {
    const cursor = this.cursor();
    switch (this.expect) {
      case Expect.START:
        this.expect = Expect.HEADER;
        this.wanted = frameHeaderSize(cursor); // which begins with what is there
        return;
      case Expect.HEADER:
        return this.readHeader(cursor);
      case Expect.BLOCK_HEADER:
        this.block = readBlockHeader(cursor, this.frame.maxBlock);
        return this.next(Expect.BLOCK, this.block.stored);
      case Expect.BLOCK:
        return this.readBlock(cursor);
      case Expect.CHECKSUM:
        return this.next(Expect.START, FRAME_START);
    }
  }

  private readHeader(cursor: Cursor): void {
    const header = readFrameHeader(cursor, this.maxWindow);
    if (typeof header === 'number') {
      this.next(Expect.START, FRAME_START);
      this.skip = header;
      this.offset += header;
      return;
    }
    this.frame = header;
    this.content = 0;
    this.window.begin(header.windowSize);
    this.blocks.reset();
    this.next(Expect.BLOCK_HEADER, BLOCK_HEADER);
  }

  private readBlock(cursor: Cursor): void {
    const { window, frame, block } = this;
    const room = window.makeRoom(frame.maxBlock);
    const start = window.end;
    this.blocks.decode(block, cursor, window, room);
    this.content += window.end - start;
    if (!block.isLast) return this.next(Expect.BLOCK_HEADER, BLOCK_HEADER);
    if (this.content !== (frame.contentSize ?? this.content)) {
      throw cursor.fault(`a frame of ${frame.contentSize} bytes`, `${this.content}`);
    }
    if (frame.hasChecksum) this.next(Expect.CHECKSUM, CHECKSUM);
    else this.next(Expect.START, FRAME_START);
  }

  private next(expect: Expect, wanted: Bytes): void {
    this.offset += this.wanted;
    this.collected = 0;
    this.expect = expect;
    this.wanted = wanted;
  }
}
