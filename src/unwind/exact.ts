/**
 * The exact path: follows every register that a rule can name, evaluates expressions, and returns from
 * signal handlers. Some hundred times slower than the fast path and taken by about one sample in a
 * hundred.
 */
import type { Address } from '../base/units.js';
import type { FoundRow } from '../formats/dwarf/cfi.js';
import { evaluateExpression, type ExpressionInputs } from '../formats/dwarf/expression.js';
import { REGISTERS, type Architecture, type RegisterLayout } from '../formats/dwarf/registers.js';
import { CFA_EXPRESSION, RuleKind, RULE_REGISTERS } from '../formats/dwarf/rows.js';
import { FormatError } from '../base/errors.js';
import { Truncation } from '../profile/profile.js';
import type { CodeSpace } from './code-space.js';
import { escapeFrame, type Escape } from './escape.js';
import type { StackMemory } from './memory.js';
import { Follow, FOLLOW_MASK, FP_AT_CFA, FP_MASK, RA_IN_LINK, type RuleChooser } from './rules.js';

/** More nested signal handlers than any stack shows. */
const MAX_SIGNAL_FRAMES = 16;

/**
 * arm64's signal frame at sp (`struct rt_sigframe`, arch/arm64/kernel/signal.c): 128 bytes of siginfo,
 * then `struct ucontext`, whose sigcontext is at 176 and begins with the fault address.
 */
const ARM_SIGCONTEXT_REGISTERS = 128 + 176 + 8;

export class ExactUnwinder implements ExpressionInputs {
  end: Truncation = Truncation.None;

  private readonly layout: RegisterLayout;
  private readonly preserved: Uint8Array;
  private regs: Float64Array;
  private next: Float64Array;
  private readonly escape: Escape = { cfa: 0, returnAddress: 0, framePointer: 0 };
  /** The return address that the last step found. */
  private returnAddress = 0;
  /** All stack below this address has been left. */
  private floor = 0;
  private interrupted = true;

  constructor(
    private readonly architecture: Architecture,
    private readonly memory: StackMemory,
    private readonly chooser: RuleChooser,
  ) {
    this.layout = REGISTERS[architecture];
    this.regs = new Float64Array(RULE_REGISTERS);
    this.next = new Float64Array(RULE_REGISTERS);
    this.preserved = new Uint8Array(RULE_REGISTERS);
    for (const register of this.layout.calleeSaved) this.preserved[register] = 1;
  }

  /** {@link ExpressionInputs}: of the frame that is being left. */
  register(number: number): number {
    return number < RULE_REGISTERS ? this.regs[number] : NaN;
  }

  load(address: Address, size: number): number {
    const value = this.memory.load(address);
    if (size === 8) return value;
    return size === 4 ? value >>> 0 : NaN; // no compiler loads less in these expressions
  }

  /**
   * Fills `frames` and their stack pointers, `levels`, from registers as {@link Unwinder.unwind} takes
   * them; returns how many.
   */
  unwind(
    space: CodeSpace,
    regs: Float64Array,
    frames: Float64Array,
    levels: Float64Array,
    maxFrames: number,
  ): number {
    const { layout, chooser } = this;
    const { stackPointer, programCounter } = layout;
    this.regs.fill(NaN);
    this.regs.set(regs.subarray(0, layout.count));
    this.floor = this.regs[stackPointer];
    this.interrupted = true;
    let signals = 0;
    let count = 0;
    let pc = this.regs[programCounter];
    for (;;) {
      const address = this.interrupted ? pc : pc - 1;
      levels[count] = this.regs[stackPointer];
      frames[count++] = address;
      this.regs[programCounter] = pc;
      chooser.choose(space, address, this.interrupted);
      const isSignal = this.isSignalFrame(pc);
      if (isSignal) {
        frames[count - 1] = pc;
        if (++signals > MAX_SIGNAL_FRAMES) return this.finish(count, Truncation.NoProgress);
      }
      const failed = this.step(space, isSignal);
      if (failed !== undefined) return this.finish(count, failed);
      if (this.returnAddress === 0) return this.finish(count, Truncation.None);
      if (count >= maxFrames) return this.finish(count, Truncation.TooDeep);
      pc = this.returnAddress;
      this.interrupted = isSignal;
      [this.regs, this.next] = [this.next, this.regs];
    }
  }

  private finish(count: number, end: Truncation): number {
    this.end = end;
    return count;
  }

  private isSignalFrame(pc: Address): boolean {
    const { found } = this.chooser;
    return found !== undefined ? found.fde.cie.isSignalFrame : this.isSigreturn(pc);
  }

  private isSigreturn(pc: Address): boolean {
    const { region } = this.chooser;
    if (region?.code.kind !== 'elf') return false;
    const vaddr = pc - region.bias;
    const { sigreturn } = region.code.table;
    return sigreturn !== undefined && vaddr >= sigreturn && vaddr < sigreturn + 8;
  }

  /**
   * Computes the caller's registers into `next` and {@link returnAddress}.
   * @returns why the stack ends here, `undefined` where it goes on
   */
  private step(space: CodeSpace, isSignal: boolean): Truncation | undefined {
    const { found, flags, cfaOffset } = this.chooser;
    this.memory.fault = Truncation.None;
    if (found !== undefined) {
      try {
        return this.stepByRow(found, isSignal);
      } catch (error) {
        if (error instanceof FormatError) return Truncation.NoUnwindInfo; // a malformed expression
        throw error;
      }
    }
    if (isSignal) return this.stepBySigcontext();
    switch (flags & FOLLOW_MASK) {
      case Follow.Start:
        return Truncation.None;
      case Follow.Stop:
        return cfaOffset as Truncation;
      case Follow.FromStackPointer:
      case Follow.FromFramePointer:
        return this.stepByTrampoline();
      default:
        return this.stepByEscape(space);
    }
  }

  private stepByRow(
    { fde, rows, row, entries }: FoundRow,
    isSignal: boolean,
  ): Truncation | undefined {
    const { regs, next, layout } = this;
    const { returnColumn } = fde.cie;
    const returnRule = rows.ruleOf(row, returnColumn);
    const returnKind = returnRule < 0 ? RuleKind.Unspecified : rows.rules.data[returnRule] & 7;
    if (returnKind === RuleKind.Undefined) {
      this.returnAddress = 0;
      return undefined;
    }
    const cfa = this.cfaOf({ fde, rows, row, entries });
    const advanced = this.advance(cfa, isSignal);
    if (advanced !== undefined) return advanced;

    for (let register = 0; register < RULE_REGISTERS; register++) {
      // Of a frame that a signal interrupted, all registers are as they were.
      next[register] = isSignal || this.preserved[register] !== 0 ? regs[register] : NaN;
    }
    next[layout.stackPointer] = cfa;
    // Where the rule of the return column leaves it in its register: arm64's link register.
    this.returnAddress = this.architecture === 'aarch64' ? regs[returnColumn] : NaN;

    const first = rows.firstRule.data[row];
    const end = first + 2 * rows.ruleCount.data[row];
    for (let at = first; at < end; at += 2) {
      const register = rows.rules.data[at] >> 3;
      const value = rows.rules.data[at + 1];
      const kind = (rows.rules.data[at] & 7) as RuleKind;
      let saved: number = NaN; // the address where it is saved
      switch (kind) {
        case RuleKind.Unspecified:
        case RuleKind.SameValue:
          next[register] = regs[register];
          break;
        case RuleKind.Undefined:
          next[register] = NaN;
          break;
        case RuleKind.Offset:
          saved = cfa + value;
          break;
        case RuleKind.ValueOffset:
          next[register] = cfa + value;
          break;
        case RuleKind.Register:
          next[register] = this.register(value);
          break;
        case RuleKind.Expression:
          saved = this.evaluate(entries, value, cfa);
          break;
        case RuleKind.ValueExpression:
          next[register] = this.evaluate(entries, value, cfa);
          break;
      }
      const isSaved = kind === RuleKind.Offset || kind === RuleKind.Expression;
      if (register === returnColumn) {
        if (isSaved) next[register] = this.memory.loadReturnAddress(saved);
        this.returnAddress = next[register];
      } else if (isSaved) {
        // Below the innermost frame's stack pointer: popped already (see Unwinder).
        const isPopped =
          saved < this.memory.base && this.regs[layout.stackPointer] === this.memory.base;
        next[register] = isPopped ? regs[register] : this.memory.load(saved);
      }
    }
    if (!Number.isNaN(this.returnAddress)) return undefined;
    return this.memory.fault || Truncation.MissingRegister;
  }

  private cfaOf({ rows, row, entries }: FoundRow): Address {
    const register = rows.cfaRegister.data[row];
    const value = rows.cfaValue.data[row];
    if (register === CFA_EXPRESSION) return this.evaluate(entries, value);
    const known = this.register(register);
    if (!Number.isNaN(known) || register !== this.layout.stackPointer) return known + value;
    // After a step by frame pointer arm64's stack pointer is not known; but x29 then points to where
    // this function saved it.
    const saved = rows.ruleOf(row, this.layout.framePointer);
    if (saved < 0 || (rows.rules.data[saved] & 7) !== RuleKind.Offset) return NaN;
    return this.regs[this.layout.framePointer] - rows.rules.data[saved + 1];
  }

  private evaluate(entries: FoundRow['entries'], block: number, initial?: number): number {
    const outer = entries.cursor('expression', block);
    return evaluateExpression(outer.sub(outer.uleb128()), this, initial);
  }

  /**
   * Notes that the stack is left up to `cfa`. A signal handler may have run on a stack of its own, so
   * that its caller's stack may be anywhere.
   */
  private advance(cfa: Address, isSignal: boolean): Truncation | undefined {
    if (Number.isNaN(cfa)) return this.memory.fault || Truncation.MissingRegister;
    if (!isSignal && !(cfa > this.floor) && !(cfa === this.floor && this.interrupted)) {
      return Truncation.NoProgress;
    }
    this.floor = cfa;
    return undefined;
  }

  private keepPreserved(): void {
    for (let register = 0; register < RULE_REGISTERS; register++) {
      this.next[register] = this.preserved[register] !== 0 ? this.regs[register] : NaN;
    }
  }

  private stepByTrampoline(): Truncation | undefined {
    const { regs, next, layout, chooser, memory } = this;
    const { flags, cfaOffset, fpOffset, raOffset } = chooser;
    const fromSp = (flags & FOLLOW_MASK) === Follow.FromStackPointer;
    let cfa = regs[fromSp ? layout.stackPointer : layout.framePointer] + cfaOffset;
    const savesFp = (flags & FP_MASK) === FP_AT_CFA;
    if (Number.isNaN(cfa) && savesFp) cfa = regs[layout.framePointer] - fpOffset; // as in cfaOf
    const advanced = this.advance(cfa, false);
    if (advanced !== undefined) return advanced;
    this.keepPreserved();
    next[layout.stackPointer] = cfa;
    if (savesFp) next[layout.framePointer] = memory.load(cfa + fpOffset);
    this.returnAddress =
      (flags & RA_IN_LINK) !== 0
        ? regs[layout.returnAddress]
        : memory.loadReturnAddress(cfa + raOffset);
    if (!Number.isNaN(this.returnAddress)) return undefined;
    return memory.fault || Truncation.MissingRegister;
  }

  private stepByEscape(space: CodeSpace): Truncation | undefined {
    const { regs, next, layout, escape, chooser, architecture } = this;
    const cause = escapeFrame(
      architecture,
      chooser,
      space,
      this.memory,
      this.floor,
      regs[layout.framePointer],
      regs[layout.returnAddress],
      escape,
    );
    if (cause !== Truncation.None) return cause;
    const advanced = this.advance(escape.cfa, false);
    if (advanced !== undefined) return advanced;
    const byFramePointer = (chooser.flags & FOLLOW_MASK) === Follow.FramePointer;
    this.keepPreserved();
    // arm64 keeps the record at the frame's lowest address, so the frame's end is not known by it; and
    // what else unknown code saved is not known on either.
    if (byFramePointer) next.fill(NaN);
    next[layout.framePointer] = escape.framePointer;
    next[layout.stackPointer] = byFramePointer && architecture === 'aarch64' ? NaN : escape.cfa;
    this.returnAddress = escape.returnAddress;
    return undefined;
  }

  /** Returns from an arm64 signal handler: all registers are in the frame that the kernel laid out. */
  private stepBySigcontext(): Truncation | undefined {
    const { regs, next, memory, layout } = this;
    const base = regs[layout.stackPointer] + ARM_SIGCONTEXT_REGISTERS;
    for (let register = 0; register <= layout.programCounter; register++) {
      next[register] = memory.load(base + 8 * register);
    }
    next[layout.returnAddress] = memory.loadReturnAddress(base + 8 * layout.returnAddress);
    this.returnAddress = memory.loadReturnAddress(base + 8 * layout.programCounter);
    const advanced = this.advance(next[layout.stackPointer], true);
    if (advanced !== undefined) return advanced;
    return Number.isNaN(this.returnAddress)
      ? memory.fault || Truncation.MissingRegister
      : undefined;
  }
}
