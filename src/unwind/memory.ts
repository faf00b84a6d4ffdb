/**
 * The stack as the kernel copied it: memory from the sampled stack pointer upwards.
 */
import { addressFrom, type Address, type Bytes } from '../base/units.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import { Truncation } from '../profile/profile.js';

export class StackMemory {
  private words: Int32Array = new Int32Array(0);
  private wordOffset = 0;
  base: Address = 0;
  size: Bytes = 0;
  /** Why the last {@link load} that failed did. */
  fault: Truncation = Truncation.None;

  constructor(private readonly architecture: Architecture) {}

  /** @param words little-endian; the copy begins at `wordOffset` and holds `size` bytes */
  set(words: Int32Array, wordOffset: number, base: Address, size: Bytes): void {
    this.words = words;
    this.wordOffset = wordOffset;
    this.base = base;
    this.size = size;
    this.fault = Truncation.None;
  }

  /** The u64 at an address, or NaN where it was not copied. */
  load(address: Address): number {
    const index = this.indexOf(address);
    return index < 0 ? NaN : addressFrom(this.words[index], this.words[index + 1]);
  }

  /** Like {@link load} of a code address, which arm64 may have signed. */
  loadReturnAddress(address: Address): number {
    if (this.architecture === 'x86_64') return this.load(address);
    const index = this.indexOf(address);
    return index < 0 ? NaN : stripSignature(this.words[index], this.words[index + 1]);
  }

  private indexOf(address: Address): number {
    const at = address - this.base;
    if (at >= 0 && at + 8 <= this.size && (at & 3) === 0) return this.wordOffset + (at >> 2);
    this.fault = at + 8 > this.size ? Truncation.DumpTooSmall : Truncation.MissingRegister;
    return -1;
  }
}

/**
 * An arm64 code address, from its halves, without its pointer authentication code: bits 48 to 63 of a
 * user address are zero, of a kernel address (bit 55 set) as they are.
 */
export function stripSignature(low: number, high: number): Address {
  return addressFrom(low, (high & 0x800000) === 0 ? high & 0xffff : high);
}
