/**
 * What has been decoded, for matches to copy from (RFC 8878, section 3.1.1.1.2). Behind its end there is
 * always slack, for copies of whole words.
 */
import type { Bytes } from '../../base/units.js';
import { SLACK } from './bits.js';

/** Gets what was decoded; the memory is used again after the call. */
export type Sink = (bytes: Uint8Array) => void;

const FIRST_CAPACITY: Bytes = 256 << 10;
/** How far windows move at least. */
const MIN_STRIDE: Bytes = 1 << 20;

export abstract class Window {
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  end: Bytes = 0;
  /** Where the frame began, or later. */
  protected low: Bytes = 0;
  /** How far back matches reach. */
  protected size: Bytes = 0;

  /** A frame begins, whose matches reach `size` bytes back and not before it. */
  begin(size: Bytes): void {
    this.low = this.end;
    this.size = size;
  }

  /** The oldest byte that a match may copy, of a block that begins now. */
  get oldest(): Bytes {
    return Math.max(this.low, this.end - this.size);
  }

  /** Makes room for a block of `size` bytes; returns for how many there is. */
  abstract makeRoom(size: Bytes): Bytes;

  protected grow(start: Bytes, capacity: Bytes): void {
    const grown = new Uint8Array(Math.max(FIRST_CAPACITY, capacity));
    grown.set(this.bytes.subarray(start, this.end));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/**
 * A window that slides over what is decoded:
 *
 *              oldest                flushed     end
 *   bytes      │ ── size ─────────────────────▶ │ room for a block │ slack
 *
 * When the room is used up, it moves to the front: once for half its size of output or more. It takes
 * memory as output comes, twice its size at most.
 */
export class SlidingWindow extends Window {
  private flushed: Bytes = 0;

  constructor(private readonly sink: Sink) {
    super();
  }

  override makeRoom(size: Bytes): Bytes {
    const { bytes, end } = this;
    const needed = size + SLACK;
    if (end + needed <= bytes.byteLength) return size;
    this.flush();
    const start = this.oldest;
    const most = this.size + Math.max(this.size >> 1, MIN_STRIDE) + needed;
    if (bytes.byteLength >= most) bytes.copyWithin(0, start, end);
    else this.grow(start, Math.min(most, 2 * Math.max(bytes.byteLength, needed)));
    this.low = Math.max(0, this.low - start);
    this.flushed = this.end = end - start;
    return size;
  }

  /** Hands on what was decoded since. */
  flush(): void {
    if (this.flushed === this.end) return;
    const bytes = this.bytes.subarray(this.flushed, this.end);
    this.flushed = this.end;
    this.sink(bytes);
  }
}

/** Everything that was decoded, up to `limit` bytes. */
export class WholeOutput extends Window {
  constructor(private readonly limit: Bytes) {
    super();
  }

  override makeRoom(size: Bytes): Bytes {
    const room = Math.min(size, this.limit - this.end);
    const needed = this.end + room + SLACK;
    const { byteLength } = this.bytes;
    if (needed > byteLength)
      this.grow(0, Math.min(this.limit + SLACK, 2 * Math.max(byteLength, needed)));
    return room;
  }
}
