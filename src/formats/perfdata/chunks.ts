/**
 * A file seen through a few buffers that are used again and again, so that memory does not grow with
 * its length. Reading runs forward; ordering by time then comes back to what was read a little before,
 * which is why more than one chunk is kept.
 */
import type { ByteSource } from '../../base/source.js';

/** Bytes in a chunk: a multiple of 8, so that a chunk keeps the alignment of the section's start. */
const CHUNK_SIZE = 1 << 20;
/** Chunks kept: rounds of some tens of MiB are read from the file once. */
const CHUNK_COUNT = 32;

/** A run of the file, and views of the same memory. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Int32Array;
}

interface Slot extends Chunk {
  /** Which chunk of the section this holds; -1 for none. */
  index: number;
  filled: number;
  /** The time of the last use, in uses. */
  used: number;
}

/** A section of a source in chunks of {@link CHUNK_SIZE} bytes from its start. */
export class ChunkWindow {
  private readonly slots: Slot[] = [];
  private uses = 0;
  private current: Slot | undefined;

  constructor(
    private readonly source: ByteSource,
    private readonly start: number,
    private readonly end: number,
    private readonly chunkSize = CHUNK_SIZE,
  ) {}

  /** Offset, in its chunk, of the byte at `offset` of the source. */
  within(offset: number): number {
    return (offset - this.start) % this.chunkSize;
  }

  /**
   * The chunk that holds `size` bytes from `offset` on; `undefined` where they cross chunks or the
   * section (or a file that shrank) ends before. What is returned holds until the next call.
   */
  chunk(offset: number, size: number): Chunk | undefined {
    const at = this.within(offset);
    const slot = this.slotOf(Math.floor((offset - this.start) / this.chunkSize));
    return at + size <= slot.filled ? slot : undefined;
  }

  /** Copies `target.byteLength` bytes from `offset` on; returns how many were there. */
  copy(offset: number, target: Uint8Array): number {
    let done = 0;
    while (done < target.byteLength && offset + done < this.end) {
      const at = this.within(offset + done);
      const slot = this.slotOf(Math.floor((offset + done - this.start) / this.chunkSize));
      const part = slot.bytes.subarray(at, Math.min(slot.filled, at + target.byteLength - done));
      if (part.byteLength === 0) break;
      target.set(part, done);
      done += part.byteLength;
    }
    return done;
  }

  private slotOf(index: number): Slot {
    if (this.current?.index === index) return this.current;
    let slot = this.slots.find((candidate) => candidate.index === index);
    if (slot === undefined) {
      slot = this.freeSlot();
      this.fill(slot, index);
    }
    slot.used = ++this.uses;
    this.current = slot;
    return slot;
  }

  /** A new slot, or the one that was not used for longest. */
  private freeSlot(): Slot {
    if (this.slots.length < CHUNK_COUNT) {
      const size = Math.min(this.chunkSize, this.end - this.start);
      const buffer = new ArrayBuffer((size + 7) & ~7);
      const slot = {
        bytes: new Uint8Array(buffer),
        view: new DataView(buffer),
        words: new Int32Array(buffer),
        index: -1,
        filled: 0,
        used: 0,
      };
      this.slots.push(slot);
      return slot;
    }
    return this.slots.reduce((oldest, slot) => (slot.used < oldest.used ? slot : oldest));
  }

  private fill(slot: Slot, index: number): void {
    const offset = this.start + index * this.chunkSize;
    const wanted = Math.max(0, Math.min(this.chunkSize, this.end - offset));
    slot.index = index;
    slot.filled = 0;
    if (this.source.readInto !== undefined) {
      while (slot.filled < wanted) {
        const target = slot.bytes.subarray(slot.filled, wanted);
        const got = this.source.readInto(target, offset + slot.filled);
        if (got === 0) break; // the file shrank under us
        slot.filled += got;
      }
    } else {
      const bytes = this.source.read(offset, wanted);
      slot.bytes.set(bytes);
      slot.filled = bytes.byteLength;
    }
  }
}
