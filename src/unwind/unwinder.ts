/**
 * From a sample's registers and the copy of its stack to its call chain.
 *
 * The fast path follows three registers (stack pointer, frame pointer, return address) by rules that a
 * cache holds per code address, so that a frame costs a probe and two or three loads. Stack positions
 * are offsets from the sampled stack pointer; code addresses stay two 32-bit halves, as they lie in the
 * stack. A sample with a frame whose rule needs more starts over on the exact path.
 */
import { addressFrom, type Address, type Bytes } from '../base/units.js';
import { REGISTERS, type Architecture } from '../formats/dwarf/registers.js';
import { Truncation } from '../profile/profile.js';
import type { CodeSpace } from './code-space.js';
import { ExactUnwinder } from './exact.js';
import { escapeFrame, type Escape } from './escape.js';
import { StackMemory } from './memory.js';
import {
  Follow,
  FOLLOW_MASK,
  FP_AT_CFA,
  FP_LOST,
  FP_MASK,
  RA_IN_LINK,
  RuleChooser,
} from './rules.js';

/** What a perf record of u16 size can hold at most, and more. */
const MAX_FRAMES = 8192;

/**
 * The cache: pairs of slots, a slot being eight numbers. A miss puts the new rule first and what was
 * first second, so that two hot addresses can share a pair.
 *
 *     [low, high, generation, flags, cfaOffset, fpOffset, raOffset, -]
 *
 * The key is the return address, or the interrupted pc + 1: what is looked up is always key - 1.
 */
const PAIR_BITS = 13;
const SLOT = 8;
const PAIR = 2 * SLOT;

const TWO_32 = 4294967296;

export class Unwinder {
  /**
   * The last call chain, innermost first, {@link count} of them: the sampled pc, then each caller's
   * return address less one (an address inside the call). Frames that a signal interrupted, and the
   * signal's own return code, are exact.
   */
  readonly frames = new Float64Array(MAX_FRAMES);
  /** Where in the stack each frame stands: its stack pointer. */
  readonly levels = new Float64Array(MAX_FRAMES);
  count = 0;
  /** Why the last chain ends; `None` where it reached the thread's start. */
  end: Truncation = Truncation.None;

  private readonly cache = new Int32Array(PAIR << PAIR_BITS);
  private readonly chooser: RuleChooser;
  private readonly exact: ExactUnwinder;
  private readonly memory: StackMemory;
  private readonly escape: Escape = { cfa: 0, returnAddress: 0, framePointer: 0 };
  private readonly sp: number;
  private readonly fp: number;
  private readonly pc: number;
  private readonly link: number;
  private readonly isArm: boolean;

  constructor(private readonly architecture: Architecture) {
    const layout = REGISTERS[architecture];
    this.sp = layout.stackPointer;
    this.fp = layout.framePointer;
    this.pc = layout.programCounter;
    this.link = layout.returnAddress;
    this.isArm = architecture === 'aarch64';
    this.memory = new StackMemory(architecture);
    this.chooser = new RuleChooser(architecture);
    this.exact = new ExactUnwinder(architecture, this.memory, this.chooser);
  }

  /**
   * Unwinds one sample into {@link frames}, {@link count} and {@link end}. Allocates nothing on the
   * fast path.
   *
   * @param space the process's code at the time of the sample
   * @param regs by DWARF number, NaN where unknown, `REGISTERS[architecture].count` long: on x86-64 16
   *   is rip, on arm64 31 is sp and 32 is pc, and 30 (the link register) is stripped of its signature
   *   (`stripSignature`), as a double could not hold it
   * @param words memory with the stack's copy, little-endian
   * @param wordOffset index in `words` of the word at the sampled stack pointer
   * @param stackBytes how much was copied: perf's dynamic size
   * @param maxFrames at which chains are cut as too deep; at most 8192
   */
  unwind(
    space: CodeSpace,
    regs: Float64Array,
    words: Int32Array,
    wordOffset: number,
    stackBytes: Bytes,
    maxFrames: number,
  ): void {
    const size = Math.max(0, Math.min(stackBytes, (words.length - wordOffset) * 4));
    const base = regs[this.sp];
    const most = Math.min(maxFrames, MAX_FRAMES);
    this.count = 0;
    if (Number.isNaN(base) || Number.isNaN(regs[this.pc])) {
      this.end = Truncation.NoRegisters;
      return;
    }
    this.memory.set(words, wordOffset, base, size);
    if (this.unwindFast(space, regs, words, wordOffset, base, size, most)) return;
    this.count = this.exact.unwind(space, regs, this.frames, this.levels, most);
    this.end = this.exact.end;
  }

  /** @returns false where the sample needs the exact path. */
  private unwindFast(
    space: CodeSpace,
    regs: Float64Array,
    words: Int32Array,
    wordOffset: number,
    base: Address,
    size: Bytes,
    maxFrames: number,
  ): boolean {
    const { cache, frames, levels, isArm } = this;
    const generation = space.generation | 0;
    const pc = regs[this.pc];
    let low = (pc + 1) | 0;
    let high = Math.floor((pc + 1) / TWO_32) | 0;
    // Offsets from `base`; the frame pointer's is any number where it points elsewhere.
    let sp = 0;
    let fp = regs[this.fp] - base;
    let count = 1;
    frames[0] = pc;
    levels[0] = base;

    for (;;) {
      let slot = (Math.imul(low ^ (high << 16), 0x9e3779b1) >>> (32 - PAIR_BITS)) * PAIR;
      if (cache[slot] !== low || cache[slot + 1] !== high || cache[slot + 2] !== generation) {
        const second = slot + SLOT;
        if (
          cache[second] === low &&
          cache[second + 1] === high &&
          cache[second + 2] === generation
        ) {
          slot = second;
        } else {
          this.fill(slot, space, low, high, count === 1);
        }
      }

      const flags = cache[slot + 3];
      let cfa: number;
      switch (flags & FOLLOW_MASK) {
        case Follow.FromStackPointer:
          cfa = sp + cache[slot + 4];
          break;
        case Follow.FromFramePointer:
          cfa = fp + cache[slot + 4];
          break;
        case Follow.ThroughFramePointer: {
          const at = fp + cache[slot + 4];
          if (!(at >= 0 && at + 8 <= size && (at & 3) === 0))
            return this.unreadable(count, at, size);
          const index = wordOffset + (at >> 2);
          cfa = addressFrom(words[index], words[index + 1]) - base;
          break;
        }
        case Follow.Start:
          return this.finish(count, Truncation.None);
        case Follow.Exactly:
          return false;
        case Follow.Stop:
          return this.finish(count, cache[slot + 4] as Truncation);
        default: {
          // After a frame pointer's step, arm64's stack pointer is not known.
          if (isArm) return false;
          const { escape } = this;
          const leaf = count === 1;
          const cause = this.tryEscape(
            space,
            slot,
            base + sp,
            base + fp,
            leaf ? regs[this.link] : NaN,
          );
          if (cause !== Truncation.None) return this.finish(count, cause);
          if (escape.returnAddress === 0) return this.finish(count, Truncation.None);
          if (count >= maxFrames) return this.finish(count, Truncation.TooDeep);
          sp = escape.cfa - base;
          fp = escape.framePointer - base;
          low = escape.returnAddress | 0;
          high = Math.floor(escape.returnAddress / TWO_32) | 0;
          levels[count] = escape.cfa;
          frames[count++] = escape.returnAddress - 1;
          continue;
        }
      }

      // A caller's frame lies above; only where nothing was pushed yet may it begin at the same place.
      if (!(cfa > sp) && !(cfa === sp && count === 1)) {
        return this.finish(count, cfa <= sp ? Truncation.NoProgress : Truncation.MissingRegister);
      }

      if ((flags & RA_IN_LINK) === 0) {
        const at = cfa + cache[slot + 6];
        if (!(at >= 0 && at + 8 <= size && (at & 3) === 0)) return this.unreadable(count, at, size);
        const index = wordOffset + (at >> 2);
        low = words[index];
        high = words[index + 1];
        if (isArm && (high & 0x800000) === 0) high &= 0xffff;
      } else {
        // Only the innermost frame can have its return address in a register.
        if (count > 1) return this.finish(count, Truncation.NoProgress);
        const link = regs[this.link];
        if (Number.isNaN(link)) return this.finish(count, Truncation.MissingRegister);
        low = link | 0;
        high = Math.floor(link / TWO_32) | 0;
      }

      const saved = flags & FP_MASK;
      if (saved !== 0) {
        if (saved === FP_LOST) fp = NaN;
        else {
          const at = (saved === FP_AT_CFA ? cfa : fp) + cache[slot + 5];
          if (at >= 0 && at + 8 <= size && (at & 3) === 0) {
            const index = wordOffset + (at >> 2);
            fp = words[index + 1] * TWO_32 + (words[index] >>> 0) - base;
          } else if (!(at < 0 && count === 1)) fp = NaN;
          // Else it lies below the stack pointer: an epilogue has popped it, and it is in its register.
          // (GCC's rows for the `ret` after `leave` or `pop %rbp` still say that it is saved.)
        }
      }

      if (low === 0 && high === 0) return this.finish(count, Truncation.None);
      if (count >= maxFrames) return this.finish(count, Truncation.TooDeep);
      sp = cfa;
      levels[count] = base + cfa;
      frames[count++] = high * TWO_32 + (low >>> 0) - 1;
    }
  }

  private finish(count: number, end: Truncation): true {
    this.count = count;
    this.end = end;
    return true;
  }

  /** Ends at a word that was not copied. */
  private unreadable(count: number, at: number, size: Bytes): true {
    return this.finish(count, at + 8 > size ? Truncation.DumpTooSmall : Truncation.MissingRegister);
  }

  private tryEscape(
    space: CodeSpace,
    slot: number,
    sp: Address,
    fp: Address,
    link: Address,
  ): Truncation {
    const { chooser, cache } = this;
    chooser.flags = cache[slot + 3];
    chooser.cfaOffset = cache[slot + 4];
    chooser.raOffset = cache[slot + 6];
    return escapeFrame(this.architecture, chooser, space, this.memory, sp, fp, link, this.escape);
  }

  private fill(slot: number, space: CodeSpace, low: number, high: number, leaf: boolean): void {
    const { cache, chooser } = this;
    cache.copyWithin(slot + SLOT, slot, slot + SLOT);
    chooser.choose(space, addressFrom(low, high) - 1, leaf);
    cache[slot] = low;
    cache[slot + 1] = high;
    cache[slot + 2] = space.generation;
    cache[slot + 3] = chooser.flags;
    cache[slot + 4] = chooser.cfaOffset;
    cache[slot + 5] = chooser.fpOffset;
    cache[slot + 6] = chooser.raOffset;
  }
}
