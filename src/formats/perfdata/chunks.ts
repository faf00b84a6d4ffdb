/**
 * A file seen through a few buffers that are used again and again, so that memory does not grow with
 * its length. Reading runs forward; ordering by time then comes back to what was read a little before,
 * which is why more than one chunk is kept.
 */
import type { ByteSource } from '../../base/source.js';

/** Bytes in a chunk: a multiple of 8, so that a chunk keeps the alignment of the section's start. */
const CHUNK_SIZE = 1 << 20;
/** Chunks kept at first: few, so that they stay in the CPU's cache. */
const FIRST_COUNT = 4;
/** Chunks kept where more is come back to: rounds of some tens of MiB are read from the file once. */
const MAX_COUNT = 32;

/** A run of the source, and views of the same memory. */
export class Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Int32Array;
  /** Where it lies in the source, and how many bytes hold. */
  start = 0;
  filled = 0;
  /** The time of the last use, in uses. */
  used = 0;

  constructor(size: number) {
    const buffer = new ArrayBuffer((size + 7) & ~7);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.words = new Int32Array(buffer);
  }
}

/** A section of a source in chunks of {@link CHUNK_SIZE} bytes from its start. */
export class ChunkWindow {
  private readonly chunks: Chunk[] = [];
  private count = FIRST_COUNT;
  private uses = 0;
  private current = new Chunk(0);
  /** Where the youngest chunk begins. */
  private youngest = -1;

  /** A chunk's start; the others lie whole chunks from it. */
  private origin: number;

  constructor(
    private readonly source: ByteSource,
    private readonly start: number,
    private readonly end: number,
    private readonly chunkSize = CHUNK_SIZE,
  ) {
    this.origin = start;
  }

  /** Whether the words of chunks are those of a record at `offset`. */
  isAligned(offset: number): boolean {
    return ((offset - this.origin) & 7) === 0;
  }

  /** Moves all chunks to begin a little before the section, so that a record at `offset` is aligned. */
  align(offset: number): void {
    this.origin = this.start + ((offset - this.start) & 7) - 8;
    this.youngest = -1;
    this.chunks.length = 0;
    this.current = new Chunk(0);
  }

  /**
   * The chunk that holds `size` bytes from `offset` on; `undefined` where they cross chunks or the
   * section (or a file that shrank) ends before. What is returned holds until the next call.
   */
  chunk(offset: number, size: number): Chunk | undefined {
    const { current } = this;
    const at = offset - current.start;
    if (at >= 0 && at + size <= current.filled) return current;
    const chunk = this.chunkOf(offset);
    return offset + size <= chunk.start + chunk.filled ? chunk : undefined;
  }

  /** Copies `target.byteLength` bytes from `offset` on; returns how many were there. */
  copy(offset: number, target: Uint8Array): number {
    let done = 0;
    while (done < target.byteLength && offset + done < this.end) {
      const chunk = this.chunkOf(offset + done);
      const at = offset + done - chunk.start;
      const part = chunk.bytes.subarray(at, Math.min(chunk.filled, at + target.byteLength - done));
      if (part.byteLength === 0) break;
      target.set(part, done);
      done += part.byteLength;
    }
    return done;
  }

  private chunkOf(offset: number): Chunk {
    const start = offset - ((offset - this.origin) % this.chunkSize);
    let chunk = this.chunks.find((candidate) => candidate.start === start);
    if (chunk === undefined) {
      // What was let go is asked for again: more must be kept.
      if (start < this.youngest) this.count = Math.min(this.count * 2, MAX_COUNT);
      else this.youngest = start;
      chunk = this.freeChunk();
      this.fill(chunk, start);
    }
    chunk.used = ++this.uses;
    this.current = chunk;
    return chunk;
  }

  /** A new chunk, or the one that was not used for longest. */
  private freeChunk(): Chunk {
    if (this.chunks.length < this.count) {
      const chunk = new Chunk(Math.min(this.chunkSize, this.end - this.origin));
      this.chunks.push(chunk);
      return chunk;
    }
    return this.chunks.reduce((oldest, chunk) => (chunk.used < oldest.used ? chunk : oldest));
  }

  private fill(chunk: Chunk, start: number): void {
    const wanted = Math.max(0, Math.min(this.chunkSize, this.end - start));
    chunk.start = start;
    chunk.filled = Math.max(0, -start); // before the source's first byte there is nothing to read
    if (this.source.readInto !== undefined) {
      while (chunk.filled < wanted) {
        const target = chunk.bytes.subarray(chunk.filled, wanted);
        const got = this.source.readInto(target, start + chunk.filled);
        if (got === 0) break; // the file shrank under us
        chunk.filled += got;
      }
    } else {
      const bytes = this.source.read(start + chunk.filled, wanted - chunk.filled);
      chunk.bytes.set(bytes, chunk.filled);
      chunk.filled += bytes.byteLength;
    }
  }
}
