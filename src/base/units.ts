/**
 * The units that cross module borders, and how they are written for people.
 */

/**
 * A 64-bit address as a *signed* double: the value of the u64 read as an i64.
 *
 * User addresses are positive. Kernel addresses (top bit set) are negative: `0xffffffff81000000` is
 * `-0x7f000000`. Every canonical 48-bit address on x86-64 and arm64 lies within ±2^47 and so is exact;
 * what lies outside ±2^53 is no address that Linux hands out, and {@link isExactAddress} refuses it.
 * The form is chosen because it sorts, adds and compares as one number in hot loops, without bigint.
 */
export type Address = number;

/** Nanoseconds as a double: exact below 104 days, within 1 ns beyond. */
export type Nanoseconds = number;

/** A count of bytes. */
export type Bytes = number;

const TWO_32 = 4294967296;
const TWO_53 = 9007199254740992;

/** The address made of two halves as they lie in memory: `lo` unsigned or signed, `hi` likewise. */
export function addressFrom(lo: number, hi: number): Address {
  return (hi | 0) * TWO_32 + (lo >>> 0);
}

/** Whether a value read with {@link addressFrom} is exact, that is, can be a real address. */
export function isExactAddress(address: Address): boolean {
  return address < TWO_53 && address > -TWO_53;
}

/** Low 32 bits of an address, unsigned (ECMAScript's ToUint32 takes the value modulo 2^32). */
export function addressLow(address: Address): number {
  return address >>> 0;
}

/** High 32 bits of an address, unsigned. */
export function addressHigh(address: Address): number {
  return Math.floor(address / TWO_32) >>> 0;
}

/** `ffffffff81000000`: lowercase hexadecimal, no prefix, no padding, as `perf` writes addresses. */
export function formatAddress(address: Address): string {
  return address >= 0 ? address.toString(16) : BigInt.asUintN(64, BigInt(address)).toString(16);
}

/** Parses what {@link formatAddress} writes; `undefined` where the text is not 1 to 16 hex digits. */
export function parseAddress(text: string): Address | undefined {
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) return undefined;
  if (text.length <= 8) return parseInt(text, 16);
  const lo = parseInt(text.slice(-8), 16);
  const hi = parseInt(text.slice(0, -8), 16);
  return addressFrom(lo, hi);
}

/** The least power of two that is not below a number from 1 to 2^48. */
export function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

/** `1.5 MiB`: three significant digits at most, binary units. */
export function formatBytes(bytes: Bytes): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 || value >= 100
    ? `${Math.round(value)} ${units[unit]}`
    : `${value.toFixed(1)} ${units[unit]}`;
}

/** `12.3 s`, `4.56 ms`, `789 µs`: three significant digits. */
export function formatDuration(ns: Nanoseconds): string {
  const steps: [number, string][] = [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
  ];
  for (const [size, unit] of steps) {
    // What would be rounded to a thousand is one of the next unit.
    if (ns >= 0.9995 * size) {
      const value = ns / size;
      return `${value >= 100 ? Math.round(value) : value.toPrecision(3)} ${unit}`;
    }
  }
  return `${Math.round(ns)} ns`;
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return count.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `12.34%` of a part in a whole; `0.00%` of nothing. As printf(3) writes it, which perf does: halves to even. */
export function formatPercent(part: number, whole: number, digits = 2): string {
  const percent = whole > 0 ? (100 * part) / whole : 0;
  // A double is half way between two decimals of n digits only if it is an odd multiple of 2^-(n + 1).
  const isHalf = (percent * 2 ** (digits + 1)) % 2 === 1;
  const lower = Math.floor(percent * 10 ** digits);
  const rounded = isHalf && lower % 2 === 0 ? lower / 10 ** digits : percent;
  return `${rounded.toFixed(digits)}%`;
}

/** Counts with the right noun: `plural(1, 'sample')` is `1 sample`, `plural(2, 'sample')` is `2 samples`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}
