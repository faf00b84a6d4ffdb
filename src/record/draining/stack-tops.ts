/**
 * How high the stacks of threads reach, told by the unwinding thread to the draining one. Above a thread's
 * first frame the kernel copies on as long as there is memory, often 50 KiB of a neighbour's; what is known
 * to be no stack need not be moved.
 *
 * A table in shared memory, a slot per thread by its number, the later of two that meet in a slot winning.
 * An entry that is wrong (a new thread with an old one's number) costs one stack, which is then marked as cut
 * short and clears it.
 */
import type { Address } from '../../base/units.js';

const SLOTS = 4096;

export class StackTops {
  private readonly slots: Float64Array;

  /** @param shared made by {@link createStackTops} */
  constructor(shared: SharedArrayBuffer) {
    this.slots = new Float64Array(shared);
  }

  /** Above which a thread has no stack; 0 where that is not known. */
  get(thread: number): Address {
    const slot = (thread & (SLOTS - 1)) * 2;
    return this.slots[slot] === thread ? this.slots[slot + 1] : 0;
  }

  set(thread: number, top: Address): void {
    const slot = (thread & (SLOTS - 1)) * 2;
    if (this.slots[slot] === thread && this.slots[slot + 1] === top) return;
    this.slots[slot + 1] = 0; // between the two writes the other thread must not see a mixture
    this.slots[slot] = thread;
    this.slots[slot + 1] = top;
  }
}

export function createStackTops(): SharedArrayBuffer {
  return new SharedArrayBuffer(SLOTS * 16);
}
