/**
 * Stacks deeper than their copy. A sample holds 64 KiB of stack at most, and Python programs go deeper: an
 * import in an import, a template in a template. Their outermost frames, though, rarely change from one
 * sample of a thread to the next. So each thread's last chain is remembered, and a chain that ends where
 * its copy does is continued with the frames of the one before, if the two agree on the frames that both
 * have seen:
 *
 *   before    ···A B C D E F G H          (innermost frames left, outermost right)
 *   now       ···X Y C D E F|             copied up to the bar
 *                    ‾‾‾‾‾‾‾ agree: same code, same place in the stack
 *   result    ···X Y C D E F G H
 *
 * That G and H are still there is an inference, the same as that of perf's `--stitch-lbr`: for it to be
 * wrong the thread must have left F and come back to exactly the same frames, from elsewhere, between two
 * samples. So the agreement must be long, and reports say how many stacks were continued.
 */
import { Truncation } from '../profile/profile.js';
import type { Bytes } from '../base/units.js';

/** Frames and bytes of stack on which two chains must agree. */
const MIN_FRAMES = 4;
const MIN_BYTES: Bytes = 4096;
/** And of the copied bytes so large a part. */
const MIN_SHARE = 0.25;

/** A call chain, innermost frame first: what an `Unwinder` leaves. */
export interface CallChain {
  readonly frames: Float64Array;
  /** Each frame's stack pointer. */
  readonly levels: Float64Array;
  count: number;
  end: Truncation;
}

/** A thread's last chain that reached its start. */
interface Remembered {
  frames: Float64Array;
  levels: Float64Array;
  count: number;
}

export class DeepStacks {
  /** Chains that were continued. */
  continued = 0;
  private readonly threads = new Map<number, Remembered>();
  private lastThread = -1;
  private last: Remembered | undefined;

  /**
   * Takes note of a sample's chain, which is continued in place where it ended with its copy.
   * @param thread of the sample
   * @param stackBytes how much of the stack was copied
   */
  follow(thread: number, chain: CallChain, stackBytes: Bytes, maxFrames: number): void {
    if (thread !== this.lastThread) {
      this.last = this.threads.get(thread);
      this.lastThread = thread;
    }
    if (chain.end === Truncation.DumpTooSmall) {
      if (this.last === undefined || !this.extend(this.last, chain, stackBytes, maxFrames)) return;
    }
    if (chain.end === Truncation.None) this.remember(thread, chain);
  }

  /** Forgets a thread that has ended. */
  forget(thread: number): void {
    this.threads.delete(thread);
    this.lastThread = -1;
  }

  private remember(thread: number, { frames, levels, count }: CallChain): void {
    let memory = this.last;
    if (memory === undefined || memory.frames.length < count) {
      const capacity = Math.max(64, 2 * count);
      memory = { frames: new Float64Array(capacity), levels: new Float64Array(capacity), count: 0 };
      this.threads.set(thread, memory);
      this.last = memory;
    }
    for (let i = 0; i < count; i++) {
      memory.frames[i] = frames[i];
      memory.levels[i] = levels[i];
    }
    memory.count = count;
  }

  private extend(
    before: Remembered,
    chain: CallChain,
    stackBytes: Bytes,
    maxFrames: number,
  ): boolean {
    const { frames, levels, count } = chain;
    const outermost = count - 1;
    const meeting = indexOfLevel(before, levels[outermost]);
    if (meeting < 0) return false;

    let agreeing = 0;
    while (
      agreeing <= Math.min(outermost, meeting) &&
      before.levels[meeting - agreeing] === levels[outermost - agreeing] &&
      before.frames[meeting - agreeing] === frames[outermost - agreeing]
    ) {
      agreeing++;
    }
    if (agreeing < MIN_FRAMES) return false;
    const agreedBytes = levels[outermost] - levels[outermost - agreeing + 1];
    if (agreedBytes < Math.max(MIN_BYTES, stackBytes * MIN_SHARE)) return false;

    const added = before.count - meeting - 1;
    if (count + added > maxFrames) return false;
    for (let i = 0; i < added; i++) {
      frames[count + i] = before.frames[meeting + 1 + i];
      levels[count + i] = before.levels[meeting + 1 + i];
    }
    chain.count = count + added;
    chain.end = Truncation.None;
    this.continued++;
    return true;
  }
}

/** Index of the frame at a stack level, or -1. Levels rise from the innermost frame outwards. */
function indexOfLevel({ levels, count }: Remembered, level: number): number {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (levels[middle] === level) return middle;
    if (levels[middle] < level) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
