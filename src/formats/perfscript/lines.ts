/**
 * Lines of a text of any length, one after another, out of chunks of its source: what is in memory is
 * one chunk.
 */
import type { ByteSource } from '../../base/source.js';
import type { Bytes } from '../../base/units.js';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const CHUNK: Bytes = 1 << 20;
/** The longest symbols of C++ have some tens of kilobytes. */
export const MAX_LINE: Bytes = 1 << 16;

export class LineReader {
  /** Where the line lies: `bytes[start..end)`, without its end. Good until {@link next}. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** {@link hashOf} of the line, if it was asked for. */
  hash = 0;
  /** Lines too long to be read, which are passed over. */
  overlong = 0;

  /** Where `bytes` begin in the source. */
  private base = 0;
  /** Where the next line begins in `bytes`. */
  private at = 0;
  private isLastChunk = false;
  /** Whether `bytes` begin in the middle of a line that is too long. */
  private isSkipping = false;

  /** @param longest of the lines that are read; at most `chunk` */
  constructor(
    private readonly source: ByteSource,
    private readonly chunk = CHUNK,
    private readonly longest = MAX_LINE,
  ) {}

  /** The line's offset in the source. */
  get offset(): Bytes {
    return this.base + this.start;
  }

  /**
   * Moves to the next line; false at the end.
   * @param isHashed whether its hash is wanted, which is made on the way to its end
   */
  next(isHashed = false): boolean {
    for (;;) {
      const end = isHashed ? this.scan() : this.findEnd();
      if (end < 0) {
        if (!this.refill()) return false;
        continue;
      }
      const { bytes, at: start } = this;
      this.start = start;
      this.end = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
      this.at = end + 1;
      if (!this.isSkipping && end - start <= this.longest) return true;
      if (!this.isSkipping) this.overlong++;
      this.isSkipping = false;
    }
  }

  /** Where the line that begins at `at` ends; -1 where it goes on after the chunk. */
  private scan(): number {
    const { bytes } = this;
    const { length } = bytes;
    let hash = HASH_START;
    for (let at = this.at; at < length; at++) {
      const byte = bytes[at];
      if (byte === NEWLINE) {
        this.hash = hash;
        return at;
      }
      // The end of the line may have one byte or two.
      if (byte !== CARRIAGE_RETURN) hash = Math.imul(hash ^ byte, HASH_PRIME);
    }
    this.hash = hash;
    return this.isLastChunk && this.at < length ? length : -1;
  }

  /** As {@link scan}, without the hash. */
  private findEnd(): number {
    const { bytes, at } = this;
    const newline = bytes.indexOf(NEWLINE, at);
    if (newline >= 0) return newline;
    return this.isLastChunk && at < bytes.length ? bytes.length : -1;
  }

  /** Reads on from the line that was not whole; false where there is no more. */
  private refill(): boolean {
    if (this.isLastChunk) return false;
    if (this.at === 0 && this.bytes.length > 0) {
      // Not even a chunk holds the line.
      this.base += this.bytes.length;
      if (!this.isSkipping) this.overlong++;
      this.isSkipping = true;
    } else {
      this.base += this.at;
    }
    this.bytes = this.source.read(this.base, this.chunk);
    this.at = 0;
    this.isLastChunk = this.bytes.length < this.chunk;
    return true;
  }
}

// FNV-1a, 32 bits, which passes over carriage returns: one multiplication per byte. It starts at random,
// so that no text can be made whose lines all fall together.
export const HASH_START = (Math.random() * 2 ** 32) | 0;
export const HASH_PRIME = 0x01000193;

export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte !== CARRIAGE_RETURN) hash = Math.imul(hash ^ byte, HASH_PRIME);
  }
  return hash;
}
