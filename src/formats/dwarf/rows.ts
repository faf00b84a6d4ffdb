/**
 * Executes call frame instructions (DWARF 5, section 6.4.2) into rows: for a range of code, how the
 * caller's registers are found. A function's rows are computed when one of them is first asked for.
 */
import type { Cursor } from '../../base/cursor.js';
import { Int32Column } from '../../base/growable.js';
import type { EntryReader, Fde } from './entries.js';

/** How a register's value in the caller is found. */
export const RuleKind = {
  /** Nothing is said: by the ABI, the same value in callee-saved registers, lost in others. */
  Unspecified: 0,
  /** Not recoverable; of the return address: this frame has no caller. */
  Undefined: 1,
  SameValue: 2,
  /** Saved at CFA + value. */
  Offset: 3,
  /** Is CFA + value. */
  ValueOffset: 4,
  /** Is in register `value`. */
  Register: 5,
  /** Saved where the expression at section offset `value` says. */
  Expression: 6,
  /** Is what the expression at section offset `value` says. */
  ValueExpression: 7,
} as const;
export type RuleKind = (typeof RuleKind)[keyof typeof RuleKind];

/** Stands for a register where the CFA is given by an expression. */
export const CFA_EXPRESSION = -1;

/** Registers that rules are kept for: all general ones; vector registers lead no stack on. */
export const RULE_REGISTERS = 35;

/** The biggest functions of real programs have a few thousand rows. */
const MAX_ROWS = 16384;
/** Of one table, in numbers: about three times what all of a 100 MB library's functions need. */
const MAX_RULES = 1 << 25;
/** Of offsets and code, in bytes: no frame or function comes near. */
const MAX_MAGNITUDE = 2 ** 31;
const MAX_REMEMBERED = 64;

const Cfa = {
  nop: 0x00,
  set_loc: 0x01,
  advance_loc1: 0x02,
  advance_loc2: 0x03,
  advance_loc4: 0x04,
  offset_extended: 0x05,
  restore_extended: 0x06,
  undefined: 0x07,
  same_value: 0x08,
  register: 0x09,
  remember_state: 0x0a,
  restore_state: 0x0b,
  def_cfa: 0x0c,
  def_cfa_register: 0x0d,
  def_cfa_offset: 0x0e,
  def_cfa_expression: 0x0f,
  expression: 0x10,
  offset_extended_sf: 0x11,
  def_cfa_sf: 0x12,
  def_cfa_offset_sf: 0x13,
  val_offset: 0x14,
  val_offset_sf: 0x15,
  val_expression: 0x16,
  advance_loc8: 0x1d, // DW_CFA_MIPS_advance_loc8
  negate_ra_state_with_pc: 0x2c, // DW_CFA_AARCH64_…
  negate_ra_state: 0x2d, // DW_CFA_AARCH64_…; DW_CFA_GNU_window_save on SPARC
  args_size: 0x2e, // DW_CFA_GNU_…
  negative_offset_extended: 0x2f, // DW_CFA_GNU_…
} as const;

/** Rows of many functions, as columns. A row is an index; a function's rows are consecutive. */
export class RowTable {
  /** Where the row begins: bytes from its function's start. */
  readonly offset = new Int32Column();
  /** The CFA's register, or {@link CFA_EXPRESSION}. */
  readonly cfaRegister = new Int32Column();
  /** What is added to the register, or the section offset of the expression's length. */
  readonly cfaValue = new Int32Column();
  /** First rule of the row in `rules`: pairs (register × 8 + kind, value). */
  readonly firstRule = new Int32Column();
  readonly ruleCount = new Int32Column();
  readonly rules = new Int32Column();

  get length(): number {
    return this.offset.length;
  }

  /** The index in `rules` of a register's rule, or -1 where none is specified. */
  ruleOf(row: number, register: number): number {
    const first = this.firstRule.data[row];
    const end = first + 2 * this.ruleCount.data[row];
    for (let at = first; at < end; at += 2) {
      if (this.rules.data[at] >> 3 === register) return at;
    }
    return -1;
  }

  /** Forgets rows from `length` on: those of a function that turned out malformed. */
  truncate(length: number, rules: number): void {
    for (const column of [
      this.offset,
      this.cfaRegister,
      this.cfaValue,
      this.firstRule,
      this.ruleCount,
    ]) {
      column.length = length;
    }
    this.rules.length = rules;
  }
}

/** The rules in force while instructions are executed. */
class State {
  cfaRegister = 0;
  cfaValue = 0;
  readonly kinds = new Uint8Array(RULE_REGISTERS);
  readonly values = new Int32Array(RULE_REGISTERS);

  copyFrom(other: State): void {
    this.cfaRegister = other.cfaRegister;
    this.cfaValue = other.cfaValue;
    this.kinds.set(other.kinds);
    this.values.set(other.values);
  }
}

/**
 * Appends the rows of an FDE to `table`.
 * @throws FormatError on malformed instructions; the table is then as before.
 */
export function compileRows(entries: EntryReader, fde: Fde, table: RowTable): void {
  const { length } = table;
  const rules = table.rules.length;
  try {
    new Compiler(entries, fde, table).run();
  } catch (error) {
    table.truncate(length, rules);
    throw error;
  }
}

class Compiler {
  private readonly state = new State();
  private readonly initial = new State();
  private readonly remembered: State[] = [];
  /** Bytes from the FDE's start. */
  private location = 0;
  private readonly firstRow: number;
  /** Whether rules changed since the last row; rows that differ in their CFA alone share rules. */
  private rulesChanged = true;

  constructor(
    private readonly entries: EntryReader,
    private readonly fde: Fde,
    private readonly table: RowTable,
  ) {
    this.firstRow = table.length;
  }

  run(): void {
    const { cie, programStart, programEnd } = this.fde;
    this.execute(cie.programStart, cie.programEnd, 'CIE instructions');
    this.initial.copyFrom(this.state);
    this.execute(programStart, programEnd, 'FDE instructions');
    this.emit();
  }

  private execute(start: number, end: number, structure: string): void {
    const cursor = this.entries.cursor(structure, start, end);
    while (cursor.remaining > 0) this.instruction(cursor);
  }

  private instruction(cursor: Cursor): void {
    const { codeAlignment, dataAlignment } = this.fde.cie;
    const byte = cursor.u8();
    const low = byte & 0x3f;
    switch (byte & 0xc0) {
      case 0x40:
        return this.advance(cursor, low * codeAlignment);
      case 0x80:
        return this.rule(cursor, low, RuleKind.Offset, cursor.uleb128() * dataAlignment);
      case 0xc0:
        return this.restore(low);
    }
    const { state } = this;
    switch (byte) {
      case Cfa.nop:
        return;
      case Cfa.set_loc: {
        const to = this.entries.pointer(cursor, this.fde.cie.pointerEncoding);
        return this.advance(cursor, to - this.fde.start - this.location);
      }
      case Cfa.advance_loc1:
        return this.advance(cursor, cursor.u8() * codeAlignment);
      case Cfa.advance_loc2:
        return this.advance(cursor, cursor.u16() * codeAlignment);
      case Cfa.advance_loc4:
        return this.advance(cursor, cursor.u32() * codeAlignment);
      case Cfa.advance_loc8:
        return this.advance(cursor, cursor.u64() * codeAlignment);
      case Cfa.offset_extended: {
        const register = cursor.uleb128();
        return this.rule(cursor, register, RuleKind.Offset, cursor.uleb128() * dataAlignment);
      }
      case Cfa.offset_extended_sf: {
        const register = cursor.uleb128();
        return this.rule(cursor, register, RuleKind.Offset, cursor.sleb128() * dataAlignment);
      }
      case Cfa.negative_offset_extended: {
        const register = cursor.uleb128();
        return this.rule(cursor, register, RuleKind.Offset, -cursor.uleb128() * dataAlignment);
      }
      case Cfa.val_offset: {
        const register = cursor.uleb128();
        return this.rule(cursor, register, RuleKind.ValueOffset, cursor.uleb128() * dataAlignment);
      }
      case Cfa.val_offset_sf: {
        const register = cursor.uleb128();
        return this.rule(cursor, register, RuleKind.ValueOffset, cursor.sleb128() * dataAlignment);
      }
      case Cfa.restore_extended:
        return this.restore(cursor.uleb128());
      case Cfa.undefined:
        return this.rule(cursor, cursor.uleb128(), RuleKind.Undefined, 0);
      case Cfa.same_value:
        return this.rule(cursor, cursor.uleb128(), RuleKind.SameValue, 0);
      case Cfa.register: {
        const register = cursor.uleb128();
        return this.rule(cursor, register, RuleKind.Register, cursor.uleb128());
      }
      case Cfa.expression: {
        const register = cursor.uleb128();
        return this.rule(cursor, register, RuleKind.Expression, block(cursor));
      }
      case Cfa.val_expression: {
        const register = cursor.uleb128();
        return this.rule(cursor, register, RuleKind.ValueExpression, block(cursor));
      }
      case Cfa.remember_state: {
        if (this.remembered.length === MAX_REMEMBERED) {
          throw cursor.fault(`at most ${MAX_REMEMBERED} remembered states`, 'more', 1);
        }
        const copy = new State();
        copy.copyFrom(state);
        this.remembered.push(copy);
        return;
      }
      case Cfa.restore_state: {
        // The CFA is restored too, as GCC has done since it emits these (DWARF says "registers").
        const copy = this.remembered.pop();
        if (copy === undefined) throw cursor.fault('a remembered state', 'none', 1);
        state.copyFrom(copy);
        this.rulesChanged = true;
        return;
      }
      case Cfa.def_cfa: {
        const register = cursor.uleb128();
        return this.cfa(cursor, register, cursor.uleb128());
      }
      case Cfa.def_cfa_sf: {
        const register = cursor.uleb128();
        return this.cfa(cursor, register, cursor.sleb128() * dataAlignment);
      }
      case Cfa.def_cfa_register:
        return this.cfa(cursor, cursor.uleb128(), state.cfaValue);
      case Cfa.def_cfa_offset:
        return this.cfa(cursor, state.cfaRegister, cursor.uleb128());
      case Cfa.def_cfa_offset_sf:
        return this.cfa(cursor, state.cfaRegister, cursor.sleb128() * dataAlignment);
      case Cfa.def_cfa_expression:
        state.cfaRegister = CFA_EXPRESSION;
        state.cfaValue = block(cursor);
        return;
      case Cfa.negate_ra_state:
      case Cfa.negate_ra_state_with_pc:
        return; // whether the return address is signed: the bits are stripped anyway
      case Cfa.args_size:
        cursor.uleb128();
        return; // for exceptions only
      default:
        throw cursor.fault('a DW_CFA instruction', `0x${byte.toString(16)}`, 1);
    }
  }

  private cfa(cursor: Cursor, register: number, offset: number): void {
    if (register < 0 || register >= RULE_REGISTERS) {
      throw cursor.fault('a general register for the CFA', `register ${register}`);
    }
    this.state.cfaRegister = register;
    this.state.cfaValue = checked(cursor, offset);
  }

  private rule(cursor: Cursor, register: number, kind: RuleKind, value: number): void {
    if (register >= RULE_REGISTERS) return;
    this.state.kinds[register] = kind;
    this.state.values[register] = checked(cursor, value);
    this.rulesChanged = true;
  }

  private restore(register: number): void {
    if (register >= RULE_REGISTERS) return;
    this.state.kinds[register] = this.initial.kinds[register];
    this.state.values[register] = this.initial.values[register];
    this.rulesChanged = true;
  }

  private advance(cursor: Cursor, by: number): void {
    // Some producers place an instruction for the current location; going back is malformed.
    if (!(by >= 0)) throw cursor.fault('a later location', `${by} bytes on`);
    if (by === 0) return;
    this.emit();
    const { length, rules } = this.table;
    if (length - this.firstRow >= MAX_ROWS || rules.length >= MAX_RULES) {
      throw cursor.fault(`at most ${MAX_ROWS} rows and ${MAX_RULES} rules`, 'more');
    }
    this.location = checked(cursor, this.location + by);
  }

  private emit(): void {
    const { table, state } = this;
    if (this.rulesChanged) {
      const first = table.rules.length;
      for (let register = 0; register < RULE_REGISTERS; register++) {
        const kind = state.kinds[register];
        if (kind === RuleKind.Unspecified) continue;
        table.rules.push(register * 8 + kind);
        table.rules.push(state.values[register]);
      }
      table.firstRule.push(first);
      table.ruleCount.push((table.rules.length - first) / 2);
      this.rulesChanged = false;
    } else {
      const last = table.length - 1;
      table.firstRule.push(table.firstRule.data[last]);
      table.ruleCount.push(table.ruleCount.data[last]);
    }
    table.offset.push(this.location);
    table.cfaRegister.push(state.cfaRegister);
    table.cfaValue.push(state.cfaValue);
  }
}

/** The offset of a block (a length, then so many bytes), which is passed over. */
function block(cursor: Cursor): number {
  const at = cursor.position;
  cursor.skip(cursor.uleb128());
  return at;
}

function checked(cursor: Cursor, value: number): number {
  if (!(Math.abs(value) < MAX_MAGNITUDE)) throw cursor.fault('a 32-bit offset', `${value}`);
  return value;
}
