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
 * That G and H are still there is an inference, as in perf's `--stitch-lbr`. It is wrong where the thread
 * left F between the two samples and came back to the same frames from elsewhere, as a recursion does that
 * is called from two places. So the two must agree on half of what is copied, and {@link isDistinctive}
 * asks of those frames that they are not a recursion's. Reports say how many stacks were continued.
 */
import { lastAtMost } from '../base/search.js';
import { Truncation } from '../profile/profile.js';
import type { Bytes } from '../base/units.js';

/** The part of the copied bytes on which two chains must agree. */
const AGREED_PART = 0.5;
/** Of the agreeing frames, how many must be of calls that are made once there. */
const DISTINCT_CALLS = 4;

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
    // Levels rise from the innermost frame outwards.
    const meeting = lastAtMost(before.levels, before.count, levels[outermost]);
    if (meeting < 0 || before.levels[meeting] !== levels[outermost]) return false;

    const agreed = stackBytes * AGREED_PART;
    let inner = outermost;
    for (let back = 0; levels[outermost] - levels[inner] < agreed; back++, inner--) {
      if (inner === 0 || back === meeting) return false;
      const same =
        before.levels[meeting - back] === levels[inner] &&
        before.frames[meeting - back] === frames[inner];
      if (!same) return false;
    }
    if (!isDistinctive(chain, agreed)) return false;

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

/**
 * Whether some calls in a chain's outermost `bytes` of stack are made only once there. The interpreter's
 * own calls repeat with each Python function, but each function has a trampoline of its own: a chain of
 * different functions is distinctive, a recursion is not.
 */
export function isDistinctive({ frames, levels, count }: CallChain, bytes: Bytes): boolean {
  let inner = count - 1;
  while (inner > 0 && levels[count - 1] - levels[inner - 1] <= bytes) inner--;
  const sorted = frames.slice(inner, count).sort();
  let once = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (sorted[i] !== sorted[i - 1] && sorted[i] !== sorted[i + 1]) once++;
  }
  return once >= DISTINCT_CALLS;
}
