/** Frames by address, for the lookups of every address of every new chain: no boxing, no objects. */
import { Float64Column, Int32Column } from '../base/growable.js';
import { addressHigh, type Address } from '../base/units.js';
import { HashIndex, hashPair } from '../profile/hash-index.js';

/** {@link FrameIndex}'s space of the kernel's addresses: no generation of a process's has the number. */
export const KERNEL_SPACE = 0;

export class FrameIndex {
  private readonly index = new HashIndex();
  private readonly spaces = new Int32Column();
  private readonly addresses = new Float64Column();
  private readonly frames = new Int32Column();
  private slot = 0;
  private hash = 0;

  /**
   * The frame at an address, or -1.
   * @param space generation of the address space, or {@link KERNEL_SPACE}
   */
  find(space: number, address: Address): number {
    const hash = hashPair(address | 0, addressHigh(address) ^ space);
    let slot = this.index.first(hash);
    for (;;) {
      const row = this.index.slots[slot];
      if (row < 0) break;
      if (this.addresses.data[row] === address && this.spaces.data[row] === space) {
        return this.frames.data[row];
      }
      slot = this.index.next(slot);
    }
    this.slot = slot;
    this.hash = hash;
    return -1;
  }

  /** Adds what {@link find} has just not found. */
  add(space: number, address: Address, frame: number): void {
    this.index.insert(this.slot, this.hash);
    this.spaces.push(space);
    this.addresses.push(address);
    this.frames.push(frame);
  }
}
