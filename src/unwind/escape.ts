/**
 * Ways out of a frame without unwind information. Each is checked: the caller's address must lie in
 * executable memory, and the stack must be left upwards.
 */
import type { Address } from '../base/units.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import { Truncation } from '../profile/profile.js';
import type { CodeSpace } from './code-space.js';
import type { StackMemory } from './memory.js';
import { Follow, FOLLOW_MASK, OR_START, type PackedRule } from './rules.js';

/** The caller's registers, where a way was found. */
export interface Escape {
  cfa: Address;
  returnAddress: Address;
  framePointer: Address;
}

/**
 * Leaves a frame whose rule is `Follow.FramePointer` or `Follow.Guess`.
 * @param link the link register, NaN where it is not known
 * @returns `None` with `out` filled (a return address of 0 is the thread's start), or why not
 */
export function escapeFrame(
  architecture: Architecture,
  rule: PackedRule,
  space: CodeSpace,
  memory: StackMemory,
  sp: Address,
  fp: Address,
  link: Address,
  out: Escape,
): Truncation {
  const isArm = architecture === 'aarch64';
  if ((rule.flags & FOLLOW_MASK) === Follow.FramePointer) {
    return byFramePointer(space, memory, sp, fp, out)
      ? Truncation.None
      : (rule.cfaOffset as Truncation);
  }
  // A call through a bad pointer, or a trampoline at an unknown place in its copy.
  out.framePointer = fp;
  if (isArm) {
    out.cfa = sp;
    out.returnAddress = link;
    if (rule.cfaOffset > 0) {
      // The trampoline's record is at sp where it holds what the link register still does, or where
      // that leads back into the trampoline, as after its call.
      const saved = memory.loadReturnAddress(sp + 8);
      if (saved === link || space.regionAt(link - 1)?.code.kind === 'trampolines') {
        out.cfa = sp + rule.cfaOffset;
        out.returnAddress = saved;
        out.framePointer = memory.load(sp);
      }
    }
    return isCode(space, out.returnAddress) ? Truncation.None : Truncation.UnmappedCode;
  }
  for (let other = 0; other < 2; other++) {
    const offset = other === 0 ? rule.cfaOffset : rule.raOffset;
    if (offset === 0) continue;
    const candidate = memory.load(sp + offset - 8);
    if (!isCode(space, candidate)) continue;
    out.cfa = sp + offset;
    out.returnAddress = candidate;
    return Truncation.None;
  }
  if ((rule.flags & OR_START) !== 0) {
    out.returnAddress = 0;
    return Truncation.None;
  }
  return rule.raOffset === 0 ? Truncation.UnmappedCode : Truncation.NoUnwindInfo;
}

/** A frame record, on both architectures: [saved frame pointer][return address]. */
function byFramePointer(
  space: CodeSpace,
  memory: StackMemory,
  sp: Address,
  fp: Address,
  out: Escape,
): boolean {
  if (!(fp >= sp) || fp % 8 !== 0) return false;
  const saved = memory.load(fp);
  const returnAddress = memory.loadReturnAddress(fp + 8);
  const isStart = returnAddress === 0 && saved === 0;
  // The caller's record lies above, unless it keeps none and uses the register for something else.
  if (!isStart && (!isCode(space, returnAddress) || saved === fp)) return false;
  out.cfa = fp + 16;
  out.returnAddress = returnAddress;
  out.framePointer = saved;
  return true;
}

function isCode(space: CodeSpace, returnAddress: Address): boolean {
  return returnAddress > 0 && space.regionAt(returnAddress - 1) !== undefined;
}
