/**
 * Chooses how a frame is left, from what lies at its address, and packs the choice into four numbers.
 *
 * Nearly every frame needs three registers only: the stack pointer, the frame pointer and the return
 * address. What needs more (an expression, a CFA in another register, a signal's saved context) is
 * packed as {@link Follow.Exactly}.
 */
import { FormatError } from '../base/errors.js';
import type { Address } from '../base/units.js';
import type { CfiIndex, FoundRow } from '../formats/dwarf/cfi.js';
import { REGISTERS, type Architecture } from '../formats/dwarf/registers.js';
import { CFA_EXPRESSION, RuleKind } from '../formats/dwarf/rows.js';
import { Truncation } from '../profile/profile.js';
import {
  possibleTrampolineRows,
  trampolineRowAt,
  type Trampoline,
  type TrampolineRow,
} from '../python/trampolines.js';
import type { CodeRegion, CodeSpace } from './code-space.js';

/** How a frame is left: the low three bits of {@link PackedRule.flags}. */
export const Follow = {
  /** CFA = stack pointer + cfaOffset. */
  FromStackPointer: 0,
  /** CFA = frame pointer + cfaOffset. */
  FromFramePointer: 1,
  /** CFA = the word at frame pointer + cfaOffset: functions that realign their stack. */
  ThroughFramePointer: 2,
  /** The thread's first frame: no caller. */
  Start: 3,
  /** Needs registers that the fast path does not follow. */
  Exactly: 4,
  /** No unwind information: by the frame pointer, if it can be one; cfaOffset is the cause if not. */
  FramePointer: 5,
  /** The return address lies below sp + cfaOffset or below sp + raOffset: whichever is code. */
  Guess: 6,
  /** Ends here: cfaOffset is the {@link Truncation}. */
  Stop: 7,
} as const;
export const FOLLOW_MASK = 7;

/** Where the caller's frame pointer is; without any of these it is unchanged. */
export const FP_MASK = 0x18;
/** Saved at CFA + fpOffset. */
export const FP_AT_CFA = 0x08;
/** Saved at the frame pointer + fpOffset. */
export const FP_AT_FP = 0x10;
export const FP_LOST = 0x18;
/** The return address is in the link register, else at CFA + raOffset. */
export const RA_IN_LINK = 0x20;
/** With {@link Follow.Guess}: where no guess is code, the thread starts here. */
export const OR_START = 0x40;

/** From the system call in glibc's `clone` and `clone3` to where the new thread's own code begins. */
const CLONE_GAP = 16;

export interface PackedRule {
  flags: number;
  cfaOffset: number;
  fpOffset: number;
  raOffset: number;
}

/** Chooses rules for code of one architecture. */
export class RuleChooser implements PackedRule {
  flags = 0;
  cfaOffset = 0;
  fpOffset = 0;
  raOffset = 0;
  /** The last choice's row of call frame information, and its region. */
  found: FoundRow | undefined;
  region: CodeRegion | undefined;

  private readonly sp: number;
  private readonly fp: number;
  private readonly ra: number;

  constructor(private readonly architecture: Architecture) {
    const layout = REGISTERS[architecture];
    this.sp = layout.stackPointer;
    this.fp = layout.framePointer;
    this.ra = layout.returnAddress;
  }

  /**
   * Chooses for the frame at `address`; the fields then hold the rule.
   * @param address the pc itself of an interrupted frame, the return address less one of a caller's
   * @param interrupted the frame was sampled or interrupted by a signal, that is, not in a call
   */
  choose(space: CodeSpace, address: Address, interrupted: boolean): void {
    this.found = undefined;
    this.region = space.regionAt(address);
    if (this.region === undefined) {
      // The classic call through a bad pointer: nothing ran there, so the return address is on top.
      if (interrupted) this.set(Follow.Guess, this.architecture === 'x86_64' ? 8 : 0);
      else this.set(Follow.Stop, Truncation.UnmappedCode);
      return;
    }
    const { code, bias } = this.region;
    switch (code.kind) {
      case 'elf': {
        const vaddr = address - bias;
        if (vaddr === code.table.sigreturn || vaddr + 1 === code.table.sigreturn) {
          this.set(Follow.Exactly);
          return;
        }
        this.found = code.table.cfi.rowAt(vaddr);
        if (this.found !== undefined) this.packFound(this.found, vaddr);
        else if (code.table.isStartUp(vaddr)) this.set(Follow.Start);
        else if (interrupted && this.isAfterClone(code.table.cfi, vaddr)) {
          this.set(Follow.Guess | OR_START, 8);
        } else this.set(Follow.FramePointer, Truncation.NoUnwindInfo);
        return;
      }
      case 'trampolines':
        this.chooseInArena(code.template, address - code.arenaStart, code.stride, interrupted);
        return;
      case 'jit':
        this.set(Follow.FramePointer, Truncation.NoUnwindInfo);
        return;
      case 'unreadable':
        this.set(Follow.FramePointer, Truncation.UnreadableModule);
        return;
    }
  }

  /**
   * glibc's x86-64 `clone` and `clone3` end their call frame information before the system call, as of
   * its two returns the child's has no caller. The next entry is of the child's own code, and says so.
   */
  private isAfterClone(cfi: CfiIndex, vaddr: Address): boolean {
    if (this.architecture !== 'x86_64') return false;
    for (let ahead = 1; ahead <= CLONE_GAP; ahead++) {
      const found = cfi.rowAt(vaddr + ahead);
      if (found === undefined) continue;
      const rule = found.rows.ruleOf(found.row, this.ra);
      return rule >= 0 && (found.rows.rules.data[rule] & 7) === RuleKind.Undefined;
    }
    return false;
  }

  private set(flags: number, cfaOffset = 0, fpOffset = 0, raOffset = 0): void {
    this.flags = flags;
    this.cfaOffset = cfaOffset;
    this.fpOffset = fpOffset;
    this.raOffset = raOffset;
  }

  private chooseInArena(
    template: Trampoline,
    offset: number,
    stride: number | undefined,
    interrupted: boolean,
  ): void {
    // A caller stands after the call whatever the stride is.
    if (!interrupted) this.packTrampoline(trampolineRowAt(template, template.returnOffset));
    else if (stride !== undefined)
      this.packTrampoline(trampolineRowAt(template, ((offset % stride) + stride) % stride));
    else {
      const [likeliest, other] = possibleTrampolineRows(template, offset);
      if (other === undefined) this.packTrampoline(likeliest);
      else this.set(Follow.Guess, likeliest.cfaOffset, 0, other.cfaOffset);
    }
  }

  private packTrampoline(row: TrampolineRow): void {
    const flags =
      (row.base === 'sp' ? Follow.FromStackPointer : Follow.FromFramePointer) |
      (row.fpOffset === undefined ? 0 : FP_AT_CFA) |
      (row.raOffset === undefined ? RA_IN_LINK : 0);
    this.set(flags, row.cfaOffset, row.fpOffset, row.raOffset);
  }

  private packFound(found: FoundRow, vaddr: Address): void {
    try {
      this.packRow(found, vaddr);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.set(Follow.Exactly); // where the malformed expression will end the stack
    }
  }

  private packRow(found: FoundRow, vaddr: Address): void {
    const { fde, rows, row } = found;
    if (fde.cie.isSignalFrame || fde.cie.returnColumn !== this.ra) return this.set(Follow.Exactly);
    const ruleKind = (at: number): number =>
      at < 0 ? RuleKind.Unspecified : rows.rules.data[at] & 7;
    const ruleValue = (at: number): number => rows.rules.data[at + 1];

    const ra = rows.ruleOf(row, this.ra);
    const raKind = ruleKind(ra);
    if (raKind === RuleKind.Undefined) return this.set(Follow.Start);
    let flags = 0;
    let raOffset = 0;
    if (raKind === RuleKind.Offset) raOffset = ruleValue(ra);
    else if (raKind <= RuleKind.SameValue && this.architecture === 'aarch64') flags = RA_IN_LINK;
    else return this.set(Follow.Exactly);

    const fp = rows.ruleOf(row, this.fp);
    let fpOffset = 0;
    switch (ruleKind(fp)) {
      case RuleKind.Unspecified:
      case RuleKind.SameValue:
        break;
      case RuleKind.Undefined:
        flags |= FP_LOST;
        break;
      case RuleKind.Offset:
        flags |= FP_AT_CFA;
        fpOffset = ruleValue(fp);
        break;
      case RuleKind.Expression: {
        const offset = registerOffset(found, ruleValue(fp), this.fp, 0);
        if (offset === undefined) return this.set(Follow.Exactly);
        flags |= FP_AT_FP;
        fpOffset = offset;
        break;
      }
      default:
        return this.set(Follow.Exactly);
    }
    if (rows.ruleOf(row, this.sp) >= 0) return this.set(Follow.Exactly);

    const cfaRegister = rows.cfaRegister.data[row];
    const cfaValue = rows.cfaValue.data[row];
    if (cfaRegister === this.sp) {
      this.set(flags | Follow.FromStackPointer, cfaValue, fpOffset, raOffset);
    } else if (cfaRegister === this.fp) {
      this.set(flags | Follow.FromFramePointer, cfaValue, fpOffset, raOffset);
    } else if (cfaRegister === CFA_EXPRESSION) {
      const inPlt = pltOffset(found, cfaValue, vaddr);
      const through = registerOffset(found, cfaValue, this.fp, 1);
      if (inPlt !== undefined) {
        this.set(flags | Follow.FromStackPointer, inPlt, fpOffset, raOffset);
      } else if (through !== undefined) {
        this.set(flags | Follow.ThroughFramePointer, through, fpOffset, raOffset);
      } else this.set(Follow.Exactly);
    } else this.set(Follow.Exactly);
  }
}

const DW_OP_deref = 0x06;
const DW_OP_breg0 = 0x70;

/**
 * The offset of an expression that is `DW_OP_breg<register> offset` alone, or with one `DW_OP_deref`
 * (`derefs` 1): what GCC emits where a function realigned its stack.
 */
function registerOffset(
  { entries }: FoundRow,
  block: number,
  register: number,
  derefs: 0 | 1,
): number | undefined {
  const outer = entries.cursor('expression', block);
  const cursor = outer.sub(outer.uleb128());
  if (cursor.remaining < 2 || cursor.u8() !== DW_OP_breg0 + register) return undefined;
  const offset = cursor.sleb128();
  if (cursor.remaining !== derefs) return undefined;
  return derefs === 1 && cursor.u8() !== DW_OP_deref ? undefined : offset;
}

/**
 * The CFA's offset from rsp in an x86-64 procedure linkage table, whose one entry for all stubs
 * (written by the linkers) says: 8, and 8 more once the stub pushed the index, that is, where
 * rip mod 16 is at least `at`:
 *
 *     DW_OP_breg7 8, breg16 0, lit15, and, lit<at>, ge, lit3, shl, plus
 */
function pltOffset({ entries }: FoundRow, block: number, vaddr: Address): number | undefined {
  const cursor = entries.cursor('expression', block);
  if (cursor.remaining < 12 || cursor.u8() !== 11) return undefined;
  const [bregSp, offset, bregPc, zero, lit15, and, lit, ge, lit3, shl, plus] = cursor.take(11);
  const matches =
    bregSp === DW_OP_breg0 + 7 &&
    offset < 0x40 &&
    bregPc === DW_OP_breg0 + 16 &&
    zero === 0 &&
    lit15 === 0x3f &&
    and === 0x1a &&
    lit >= 0x30 &&
    lit < 0x50 &&
    ge === 0x2a &&
    lit3 === 0x33 &&
    shl === 0x24 &&
    plus === 0x22;
  if (!matches) return undefined;
  return offset + (vaddr % 16 >= lit - 0x30 ? 8 : 0);
}
