/**
 * The bounds-checked cursor: the only place that computes whether bytes are there.
 */
import { FormatError } from './errors.js';
import { addressFrom, type Address } from './units.js';

const TWO_32 = 4294967296;
const utf8 = new TextDecoder('utf-8');

/**
 * Reads numbers one after another from bytes. Every read past the end throws a {@link FormatError}
 * that names the format, the structure being read, and the offset in the source.
 */
export class Cursor {
  readonly view: DataView;
  /** The structure being read, for errors; a reader sets it as it goes. */
  structure = '';

  /**
   * @param bytes what to read
   * @param format the format's name, for errors
   * @param littleEndian byte order, decided once
   * @param base offset of `bytes` in its source, so that errors name the source's offsets
   * @param position where to start, in `bytes`
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly format: string,
    readonly littleEndian = true,
    readonly base = 0,
    public position = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.byteLength - this.position;
  }

  /** The error for what stands `back` bytes before the cursor. */
  fault(expected: string, found: string, back = 0): FormatError {
    return new FormatError({
      format: this.format,
      structure: this.structure || 'data',
      offset: this.base + this.position - back,
      expected,
      found,
    });
  }

  /** Throws unless `size` more bytes are there. */
  need(size: number): void {
    if (!(size >= 0 && this.position + size <= this.bytes.byteLength)) {
      throw this.fault(`${size} bytes`, `${Math.max(0, this.remaining)}`);
    }
  }

  skip(size: number): void {
    this.need(size);
    this.position += size;
  }

  /** Moves to `position` in the bytes; the end itself is allowed. */
  seek(position: number): void {
    if (!(position >= 0 && position <= this.bytes.byteLength)) {
      throw this.fault(`an offset up to ${this.bytes.byteLength}`, `${position}`);
    }
    this.position = position;
  }

  u8(): number {
    this.need(1);
    return this.bytes[this.position++];
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    this.need(2);
    const value = this.view.getUint16(this.position, this.littleEndian);
    this.position += 2;
    return value;
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  u32(): number {
    this.need(4);
    const value = this.view.getUint32(this.position, this.littleEndian);
    this.position += 4;
    return value;
  }

  i32(): number {
    return this.u32() | 0;
  }

  /** A u64 that must be a size, an offset or a count: an error past 2^53. */
  u64(): number {
    const [lo, hi] = this.halves();
    if (hi >= 0x200000) throw this.fault('a number below 2^53', `0x${hi.toString(16)}…`, 8);
    return hi * TWO_32 + lo;
  }

  /** A u64 that is an address (see {@link Address}). */
  address(): Address {
    const [lo, hi] = this.halves();
    return addressFrom(lo, hi);
  }

  /** A u64, exact. Not for hot paths. */
  u64big(): bigint {
    const [lo, hi] = this.halves();
    return (BigInt(hi) << 32n) | BigInt(lo);
  }

  /** `length` bytes, sharing memory with the source. */
  take(length: number): Uint8Array {
    this.need(length);
    const start = this.position;
    this.position += length;
    return this.bytes.subarray(start, start + length);
  }

  /** A cursor over the next `length` bytes, past which this one moves. */
  sub(length: number): Cursor {
    const at = this.position;
    const inner = new Cursor(this.take(length), this.format, this.littleEndian, this.base + at);
    inner.structure = this.structure;
    return inner;
  }

  /** An unsigned LEB128 number (DWARF 7.6), below 2^53. */
  uleb128(): number {
    const first = this.bytes[this.position]; // Most take one byte; past the end there is none.
    if (first < 0x80) {
      this.position++;
      return first;
    }
    let result = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.u8();
      result += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) return result;
      scale *= 128;
    }
    throw this.fault('a LEB128 of at most 10 bytes', 'a longer one', 10);
  }

  /** A signed LEB128 number (DWARF 7.6); exact within ±2^53. */
  sleb128(): number {
    const first = this.bytes[this.position];
    if (first < 0x80) {
      this.position++;
      return first < 0x40 ? first : first - 0x80;
    }
    let result = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.u8();
      result += (byte & 0x7f) * scale;
      scale *= 128;
      if ((byte & 0x80) === 0) return (byte & 0x40) !== 0 ? result - scale : result;
    }
    throw this.fault('a LEB128 of at most 10 bytes', 'a longer one', 10);
  }

  /** A NUL-terminated string; the NUL is consumed. An error where no NUL follows. */
  cstring(): string {
    const end = this.bytes.indexOf(0, this.position);
    if (end < 0) throw this.fault('a NUL-terminated string', 'no NUL before the end');
    const text = decodeUtf8(this.bytes.subarray(this.position, end));
    this.position = end + 1;
    return text;
  }

  /** A string in a field of `length` bytes, up to its first NUL. */
  fixedString(length: number): string {
    const field = this.take(length);
    const end = field.indexOf(0);
    return decodeUtf8(end < 0 ? field : field.subarray(0, end));
  }

  private halves(): [number, number] {
    this.need(8);
    const a = this.view.getUint32(this.position, this.littleEndian);
    const b = this.view.getUint32(this.position + 4, this.littleEndian);
    this.position += 8;
    return this.littleEndian ? [a, b] : [b, a];
  }
}

/** Text of untrusted bytes: what is not UTF-8 becomes U+FFFD, never an error. */
export function decodeUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}
