/**
 * Text as bytes, put together in one buffer: a recording prints to hundreds of megabytes, most of which is
 * copied from what was printed before, so that strings would cost more than all else.
 */
import { addressHigh, addressLow, type Address } from '../../../base/units.js';

const CAPACITY = 1 << 18;
/** Longest text that is copied here; the engine copies longer ones faster. */
const SHORT = 96;
/** Longest number: a u64 in decimal or hexadecimal. */
const MAX_DIGITS = 20;
const TWO_31 = 2 ** 31;

const SPACE = 0x20;
const ZERO = 0x30;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

export class ByteWriter {
  private readonly buffer = Buffer.allocUnsafe(CAPACITY);
  private used = 0;

  /** @param write takes what has gathered; must be done with it when it returns */
  constructor(private readonly write: (bytes: Uint8Array) => void) {}

  /** Hands out what has gathered. */
  flush(): void {
    if (this.used > 0) this.write(this.buffer.subarray(0, this.used));
    this.used = 0;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.used++] = value;
  }

  bytes(source: Uint8Array): void {
    const { length } = source;
    if (length > CAPACITY) {
      this.flush();
      this.write(source);
      return;
    }
    this.reserve(length);
    copy(source, this.buffer, this.used);
    this.used += length;
  }

  text(text: string): void {
    const { length } = text;
    if (length > SHORT) {
      this.bytes(Buffer.from(text, 'utf8'));
      return;
    }
    this.reserve(length);
    const { buffer } = this;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.used += i;
        this.bytes(Buffer.from(text.slice(i), 'utf8'));
        return;
      }
      buffer[this.used + i] = code;
    }
    this.used += length;
  }

  /** A whole number, not negative, with blanks in front to fill `width`. */
  decimal(value: number, width = 0): void {
    this.number(value, width, SPACE);
  }

  /** The same with zeros in front. */
  zeroPadded(value: number, width: number): void {
    this.number(value, width, ZERO);
  }

  /** Lowercase hexadecimal, as of a u64, with blanks in front to fill `width`. */
  hex(address: Address, width = 0): void {
    this.hexWords(addressLow(address), addressHigh(address), width);
  }

  /** As {@link hex}, of a u64 that may be any number: its halves, unsigned. */
  hexWords(low: number, high: number, width = 0): void {
    this.reserve(Math.max(width, MAX_DIGITS));
    const digits = high === 0 ? hexDigits(low) : 8 + hexDigits(high);
    const { buffer } = this;
    const end = this.used + Math.max(width, digits);
    let at = end;
    let rest = low;
    for (let i = 0; i < digits; i++) {
      if (i === 8) rest = high;
      buffer[--at] = HEX[rest & 15];
      rest >>>= 4;
    }
    while (at > this.used) buffer[--at] = SPACE;
    this.used = end;
  }

  private number(value: number, width: number, fill: number): void {
    this.reserve(Math.max(width, MAX_DIGITS));
    const { buffer, used } = this;
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    const end = used + Math.max(width, digits);
    let at = end;
    let rest = value;
    // Division of doubles costs more than that of small integers.
    while (rest >= TWO_31) {
      const next = Math.floor(rest / 10);
      buffer[--at] = ZERO + (rest - next * 10);
      rest = next;
    }
    let small = rest | 0;
    do {
      const next = (small / 10) | 0;
      buffer[--at] = ZERO + (small - next * 10);
      small = next;
    } while (small > 0);
    while (at > used) buffer[--at] = fill;
    this.used = end;
  }

  private reserve(size: number): void {
    if (this.used + size > CAPACITY) this.flush();
  }
}

/** Copies all of `source` to `target`, which has room. Calls into the engine cost more than short loops. */
export function copy(source: Uint8Array, target: Uint8Array, at: number): void {
  const { length } = source;
  if (length > SHORT) target.set(source, at);
  else for (let i = 0; i < length; i++) target[at + i] = source[i];
}

function hexDigits(word: number): number {
  return word === 0 ? 1 : 8 - (Math.clz32(word) >> 2);
}
