/**
 * Reading a debugging information entry's attributes: those that are wanted, by the steps to which its
 * abbreviation was compiled.
 */
import type { Cursor } from '../../base/cursor.js';
import { addressFrom, type Bytes } from '../../base/units.js';
import { At, Form } from './constants.js';
import { fixedSizeOf, readForm, type Encoding } from './forms.js';

/** The attributes that are wanted, numbered densely. */
export const Slot = {
  Sibling: 0,
  Name: 1,
  LinkageName: 2,
  LowPc: 3,
  HighPc: 4,
  Ranges: 5,
  /** `abstract_origin` or `specification`: the entry that says the rest of this one. */
  Origin: 6,
  CallFile: 7,
  CallLine: 8,
  StmtList: 9,
  CompDir: 10,
  Language: 11,
  StrOffsetsBase: 12,
  AddrBase: 13,
  RnglistsBase: 14,
  RangesBase: 15,
  DwoName: 16,
  /** Position of the 8 bytes. */
  DwoId: 17,
} as const;
export type Slot = (typeof Slot)[keyof typeof Slot];
const SLOT_COUNT = 18;

const SLOTS: Readonly<Record<number, Slot>> = {
  [At.sibling]: Slot.Sibling,
  [At.name]: Slot.Name,
  [At.linkage_name]: Slot.LinkageName,
  [At.MIPS_linkage_name]: Slot.LinkageName,
  [At.low_pc]: Slot.LowPc,
  [At.high_pc]: Slot.HighPc,
  [At.ranges]: Slot.Ranges,
  [At.abstract_origin]: Slot.Origin,
  [At.specification]: Slot.Origin,
  [At.call_file]: Slot.CallFile,
  [At.call_line]: Slot.CallLine,
  [At.stmt_list]: Slot.StmtList,
  [At.comp_dir]: Slot.CompDir,
  [At.language]: Slot.Language,
  [At.str_offsets_base]: Slot.StrOffsetsBase,
  [At.addr_base]: Slot.AddrBase,
  [At.GNU_addr_base]: Slot.AddrBase,
  [At.rnglists_base]: Slot.RnglistsBase,
  [At.GNU_ranges_base]: Slot.RangesBase,
  [At.dwo_name]: Slot.DwoName,
  [At.GNU_dwo_name]: Slot.DwoName,
  [At.GNU_dwo_id]: Slot.DwoId,
};

/** The slot of each attribute, -1 of those that have none. */
const SLOT_OF = new Int8Array(At.GNU_addr_base + 1).fill(-1);
for (const [attribute, slot] of Object.entries(SLOTS)) SLOT_OF[Number(attribute)] = slot;

/** What a step does, and of which numbers it consists. */
const Step = {
  /** Passes over values of fixed size, `extra` bytes in all. */
  Skip: 0,
  /** The value takes 1, 2, 4 or 8 bytes. */
  Read1: 1,
  Read2: 2,
  Read4: 3,
  Read8: 4,
  /** The value is `extra`, and takes no bytes. */
  Constant: 5,
  /** The value is where `extra` bytes stand. */
  Position: 6,
  /** Passes over a LEB128 number. */
  SkipLeb: 7,
  /** Passes over a block behind its length, a LEB128 number. */
  SkipBlock: 8,
  /** Whatever else the form says. */
  Other: 9,
} as const;

/** Numbers of a step: what it does, form, slot (-1: none), extra. */
const STEP_SIZE = 4;

/** What finds code and an entry's end. */
export const BRIEF_SLOTS =
  (1 << Slot.Sibling) |
  (1 << Slot.LowPc) |
  (1 << Slot.HighPc) |
  (1 << Slot.Ranges) |
  (1 << Slot.CallFile) |
  (1 << Slot.CallLine);

/** The wanted attributes of the entry read last; one object serves for all. */
export class Attributes {
  readonly forms = new Uint16Array(SLOT_COUNT);
  readonly values = new Float64Array(SLOT_COUNT);
  private present = 0;

  has(slot: Slot): boolean {
    return (this.present & (1 << slot)) !== 0;
  }

  clear(): void {
    this.present = 0;
  }

  /** The value; `undefined` where the entry has no such attribute. */
  get(slot: Slot): number | undefined {
    return this.has(slot) ? this.values[slot] : undefined;
  }

  /**
   * Reads the values of an entry, whose code the cursor has passed. A hot loop: it reads bytes by itself,
   * past the end zeros, and finds out after the last that there were too few.
   * @throws FormatError
   */
  read(cursor: Cursor, steps: readonly number[], encoding: Encoding): void {
    const { bytes, littleEndian } = cursor;
    let at = cursor.position;
    this.present = 0;
    for (let i = 0; i < steps.length; i += STEP_SIZE) {
      let form = steps[i + 1];
      const slot = steps[i + 2];
      let value: number;
      switch (steps[i]) {
        case Step.Skip:
          at += steps[i + 3];
          continue;
        case Step.Read1:
          value = bytes[at];
          at += 1;
          break;
        case Step.Read2:
          value = littleEndian
            ? bytes[at] | (bytes[at + 1] << 8)
            : (bytes[at] << 8) | bytes[at + 1];
          at += 2;
          break;
        case Step.Read4:
          value = word(bytes, at, littleEndian);
          at += 4;
          break;
        case Step.Read8: {
          const first = word(bytes, at, littleEndian);
          const second = word(bytes, at + 4, littleEndian);
          value = littleEndian ? addressFrom(first, second) : addressFrom(second, first);
          at += 8;
          break;
        }
        case Step.Constant:
          value = steps[i + 3];
          break;
        case Step.Position:
          value = at;
          at += steps[i + 3];
          break;
        case Step.SkipLeb:
          while (bytes[at] >= 0x80) at++;
          at++;
          continue;
        case Step.SkipBlock:
          if (bytes[at] < 0x80) {
            at += bytes[at] + 1;
          } else {
            cursor.position = at;
            readForm(cursor, form, encoding);
            at = cursor.position;
          }
          continue;
        default:
          cursor.position = at;
          if (form === Form.indirect) form = cursor.uleb128();
          value = readForm(cursor, form, encoding);
          at = cursor.position;
          if (slot < 0) continue;
      }
      this.present |= 1 << slot;
      this.forms[slot] = form;
      this.values[slot] = value;
    }
    if (at > bytes.length) throw cursor.fault('an entry', 'the end of the unit');
    cursor.position = at;
  }
}
function word(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian
    ? (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
    : ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Compiles the attributes of an abbreviation to the steps that read them. */
export class StepList {
  private readonly steps: number[] = [];
  private skipped = 0;

  /** @param wanted a bit for each slot */
  constructor(
    private wanted: number,
    private readonly encoding: Encoding,
  ) {}

  /** @param constant the value of `implicit_const` */
  add(attribute: number, form: number, constant: number): void {
    const slot = SLOT_OF[attribute] ?? -1;
    const size = fixedSizeOf(form, this.encoding);
    if (slot < 0 || (this.wanted & (1 << slot)) === 0) {
      if (size !== undefined) this.skipped += size;
      else this.push(SKIP_STEP_OF[form] ?? Step.Other, form, -1, 0);
      return;
    }
    // An attribute occurs once (section 2.2); so entries take no more steps than there are slots and bytes.
    this.wanted &= ~(1 << slot);
    if (form === Form.implicit_const) this.push(Step.Constant, form, slot, constant);
    else if (slot === Slot.DwoId) this.push(Step.Position, form, slot, size ?? 0);
    else this.push(READ_STEP_OF[size ?? -1] ?? Step.Other, form, slot, 0);
  }

  end(): readonly number[] {
    this.flush();
    return this.steps;
  }

  /** Bytes of the attributes, after {@link end}, where all there is to do is to pass over them; else -1. */
  get size(): Bytes {
    const { steps } = this;
    if (steps.length === 0) return 0;
    return steps.length === STEP_SIZE && steps[0] === Step.Skip ? steps[3] : -1;
  }

  private push(step: number, form: number, slot: number, extra: number): void {
    this.flush();
    this.steps.push(step, form, slot, extra);
  }

  private flush(): void {
    if (this.skipped > 0) this.steps.push(Step.Skip, 0, -1, this.skipped);
    this.skipped = 0;
  }
}

/** How a value of so many bytes is read. */
const READ_STEP_OF: Readonly<Record<number, number>> = {
  1: Step.Read1,
  2: Step.Read2,
  4: Step.Read4,
  8: Step.Read8,
};

const SKIP_STEP_OF: Readonly<Record<number, number>> = {
  [Form.sdata]: Step.SkipLeb,
  [Form.udata]: Step.SkipLeb,
  [Form.ref_udata]: Step.SkipLeb,
  [Form.strx]: Step.SkipLeb,
  [Form.addrx]: Step.SkipLeb,
  [Form.loclistx]: Step.SkipLeb,
  [Form.rnglistx]: Step.SkipLeb,
  [Form.block]: Step.SkipBlock,
  [Form.exprloc]: Step.SkipBlock,
};
