/**
 * A zstd stream (RFC 8878) that comes in pieces. The decoder is `fzstd`; it allocates what a frame's
 * header asks for and takes blocks of any size, so that frames and blocks are checked here before it
 * sees them.
 */
import { Decompress } from 'fzstd';

import { FormatError, StrataError } from '../../base/errors.js';

const FORMAT = 'zstd';
const MAGIC = 0xfd2fb528;
/** Frames whose content is to be passed over: any value of the lowest four bits. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** What `zstd` itself takes without being asked for more (`--long=27`); perf uses up to 8 MiB. */
const MAX_WINDOW = 128 << 20;
const MAX_BLOCK = 128 << 10;
const DICTIONARY_ID_SIZES = [0, 1, 2, 4];
const MAX_FRAME_HEADER = 18;

/** Where the stream stands: what the next bytes are. */
const Expect = { FRAME: 0, BLOCK: 1, CONTENT: 2 } as const;

export class ZstdStream {
  private readonly decoder: Decompress;
  private expect: (typeof Expect)[keyof typeof Expect] = Expect.FRAME;
  /** The header being collected. */
  private readonly header = new Uint8Array(MAX_FRAME_HEADER);
  private collected = 0;
  /** Bytes of content that are left, and what comes after it. */
  private left = 0;
  private after: typeof Expect.FRAME | typeof Expect.BLOCK = Expect.FRAME;
  private maxBlock = MAX_BLOCK;
  private hasChecksum = false;
  /** Bytes that came before. */
  private position = 0;

  /** @param output gets what was decoded, in memory that is its own */
  constructor(output: (bytes: Uint8Array) => void) {
    this.decoder = new Decompress(output);
  }

  /** Decodes what can be decoded with `bytes`. @throws FormatError where they are damaged */
  push(bytes: Uint8Array): void {
    let good = 0;
    try {
      while (good < bytes.byteLength) good = this.check(bytes, good);
    } finally {
      // What stands before the damage is of use.
      this.decode(bytes.subarray(0, good), false);
      this.position += good;
    }
  }

  /** Decodes what was held back. perf never ends its stream, so that its end is no error. */
  finish(): void {
    try {
      this.decode(new Uint8Array(0), true);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }

  private decode(bytes: Uint8Array, isLast: boolean): void {
    try {
      // It keeps pieces of what it gets, which the caller reads over.
      this.decoder.push(bytes.slice(), isLast);
    } catch (error) {
      if (error instanceof StrataError) throw error; // of the output
      throw this.fault('zstd data', error instanceof Error ? error.message : String(error));
    }
  }

  /** Checks bytes from `at` on; returns up to where. */
  private check(bytes: Uint8Array, at: number): number {
    if (this.expect === Expect.CONTENT) {
      const size = Math.min(this.left, bytes.byteLength - at);
      this.left -= size;
      if (this.left === 0) this.expect = this.after;
      return at + size;
    }
    this.header[this.collected++] = bytes[at];
    if (this.expect === Expect.FRAME) this.checkFrame();
    else if (this.collected === 3) this.checkBlock();
    return at + 1;
  }

  private checkFrame(): void {
    const { header } = this;
    if (this.collected < 5) return;
    const view = new DataView(header.buffer);
    const magic = view.getUint32(0, true);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      if (this.collected === 8) this.toContent(view.getUint32(4, true), Expect.FRAME);
      return;
    }
    if (magic !== MAGIC) throw this.fault('a frame', `0x${magic.toString(16)}`);
    const descriptor = header[4];
    const isSingle = (descriptor & 0x20) !== 0;
    const dictionarySize = DICTIONARY_ID_SIZES[descriptor & 3];
    const sizeFlag = descriptor >> 6;
    const sizeSize = sizeFlag > 0 ? 1 << sizeFlag : isSingle ? 1 : 0;
    const sizeAt = 5 + (isSingle ? 0 : 1) + dictionarySize;
    if (this.collected < sizeAt + sizeSize) return;
    if (dictionarySize > 0) throw this.fault('no dictionary', 'one');
    const window = isSingle ? contentSize(view, sizeAt, sizeSize) : windowSize(header[5]);
    if (window > MAX_WINDOW) throw this.fault(`a window of at most ${MAX_WINDOW}`, `${window}`);
    this.maxBlock = Math.min(MAX_BLOCK, window);
    this.hasChecksum = (descriptor & 4) !== 0;
    this.expect = Expect.BLOCK;
    this.collected = 0;
  }

  private checkBlock(): void {
    const [a, b, c] = this.header;
    const isLast = (a & 1) !== 0;
    const type = (a >> 1) & 3;
    const size = (a >> 3) | (b << 5) | (c << 13);
    if (type === 3) throw this.fault('a type of block', '3');
    if (size > this.maxBlock) throw this.fault(`a block of at most ${this.maxBlock}`, `${size}`);
    // Of a run-length block the content is the byte that is repeated.
    const content = (type === 1 ? 1 : size) + (isLast && this.hasChecksum ? 4 : 0);
    this.toContent(content, isLast ? Expect.FRAME : Expect.BLOCK);
  }

  private toContent(size: number, after: typeof Expect.FRAME | typeof Expect.BLOCK): void {
    this.collected = 0;
    this.left = size;
    this.after = after;
    this.expect = size === 0 ? after : Expect.CONTENT;
  }

  private fault(expected: string, found: string): FormatError {
    const offset = this.position;
    return new FormatError({ format: FORMAT, structure: 'stream', offset, expected, found });
  }
}

/** RFC 8878, 3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** RFC 8878, 3.1.1.1.4: of a frame whose whole content is the window. */
function contentSize(view: DataView, at: number, size: number): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, true) + 256;
  if (size === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}
