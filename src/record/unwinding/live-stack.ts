/**
 * The part of a deep stack that a sample could not hold, read from the running process a moment later.
 *
 *   sample   sp |#################|                    64 KiB at most
 *   memory                |=======|..............|     the same bytes, and what lies above them
 *
 * Where the bytes that both hold are still the same, the thread has not left the frames above them since
 * (see unwind/deep-stacks for what that rests on), so that sample and memory together are the stack.
 */
import type { Address, Bytes } from '../../base/units.js';
import { isDistinctive, type CallChain } from '../../unwind/deep-stacks.js';
import type { LiveProcesses } from '../processes/live-processes.js';

/** The part of the sample's copy that must be the same. */
const OVERLAP_PART = 0.5;
/** Less is no deep stack, whose end was not copied for another reason. */
const MIN_COPIED: Bytes = 4096;
/** How much is read at most: CPython's recursion limit ends a stack of Python calls before. */
const MAX_STACK: Bytes = 2 * 1024 * 1024;
/** Reading costs some hundred microseconds; a stack that changes all the time is not worth it. */
const INTERVAL_NS = 10_000_000;

export class LiveStack {
  /** A whole stack from its sampled stack pointer on, and how much of it is there. */
  words = new Int32Array(0);
  size: Bytes = 0;
  private nextTime = 0;

  constructor(private readonly live: LiveProcesses) {}

  /**
   * Puts a sample's stack and the memory above it into {@link words}.
   * @param chain what could be unwound of it
   * @param words memory with the sample's copy from `wordOffset` on, `copied` bytes of it
   * @returns false where the process has gone on, or was asked too lately
   */
  complete(
    pid: number,
    sp: Address,
    chain: CallChain,
    words: Int32Array,
    wordOffset: number,
    copied: Bytes,
    time: number,
  ): boolean {
    if (copied < MIN_COPIED || time < this.nextTime) return false;
    this.nextTime = time + INTERVAL_NS;
    const overlap = (copied * OVERLAP_PART) & ~7;
    if (!isDistinctive(chain, overlap)) return false;
    const overlapAt = copied - overlap;
    const memory = this.live.readMemory(pid, sp + overlapAt, MAX_STACK);
    if (memory === undefined || memory.byteLength <= overlap) return false;
    const above = new Int32Array(memory.buffer, 0, memory.byteLength >> 2);
    const first = wordOffset + (overlapAt >> 2);
    for (let i = 0; i < overlap >> 2; i++) {
      if (words[first + i] !== above[i]) return false;
    }
    const overlapWords = overlapAt >> 2;
    if (this.words.length === 0) this.words = new Int32Array((MAX_STACK + 65536) >> 2);
    this.words.set(words.subarray(wordOffset, wordOffset + overlapWords));
    this.words.set(above, overlapWords);
    this.size = overlapAt + above.length * 4;
    return true;
  }
}
