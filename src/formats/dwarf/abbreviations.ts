/**
 * Abbreviations: what a debugging information entry (DIE) consists of (DWARF 5, section 7.5.3). Each is
 * compiled once to the few steps that reading such an entry takes, since units have millions of entries
 * and of most of them nothing is wanted but their end.
 */
import type { Cursor } from '../../base/cursor.js';
import { At, Form, Tag } from './constants.js';
import { fixedSizeOf, readForm, skipForm, type Encoding } from './forms.js';

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

const SLOT_OF = new Map<number, Slot>([
  [At.sibling, Slot.Sibling],
  [At.name, Slot.Name],
  [At.linkage_name, Slot.LinkageName],
  [At.MIPS_linkage_name, Slot.LinkageName],
  [At.low_pc, Slot.LowPc],
  [At.high_pc, Slot.HighPc],
  [At.ranges, Slot.Ranges],
  [At.abstract_origin, Slot.Origin],
  [At.specification, Slot.Origin],
  [At.call_file, Slot.CallFile],
  [At.call_line, Slot.CallLine],
  [At.stmt_list, Slot.StmtList],
  [At.comp_dir, Slot.CompDir],
  [At.language, Slot.Language],
  [At.str_offsets_base, Slot.StrOffsetsBase],
  [At.addr_base, Slot.AddrBase],
  [At.GNU_addr_base, Slot.AddrBase],
  [At.rnglists_base, Slot.RnglistsBase],
  [At.GNU_ranges_base, Slot.RangesBase],
  [At.dwo_name, Slot.DwoName],
  [At.GNU_dwo_name, Slot.DwoName],
  [At.GNU_dwo_id, Slot.DwoId],
]);

/** Entries that have a name or code of their own; of others only the sibling is wanted. */
const READ_TAGS: ReadonlySet<number> = new Set(Object.values(Tag));

/** A run of values that are skipped, all of fixed size. */
const STEP_SKIP = 0;

/** One kind of entry. */
export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  /** Triples: form (or {@link STEP_SKIP}), slot (or -1), bytes to skip (or value of `implicit_const`). */
  readonly steps: Float64Array;
}

/** The wanted attributes of the entry read last; one object serves for all. */
export class Attributes {
  readonly forms = new Uint16Array(SLOT_COUNT);
  readonly values = new Float64Array(SLOT_COUNT);
  private present = 0;

  has(slot: Slot): boolean {
    return (this.present & (1 << slot)) !== 0;
  }

  /** The value; `undefined` where the entry has no such attribute. */
  get(slot: Slot): number | undefined {
    return this.has(slot) ? this.values[slot] : undefined;
  }

  /** Reads the values of an entry, whose code the cursor has passed. @throws FormatError */
  read(cursor: Cursor, { steps }: Abbreviation, encoding: Encoding): void {
    this.present = 0;
    for (let i = 0; i < steps.length; i += 3) {
      let form = steps[i];
      if (form === STEP_SKIP) {
        cursor.skip(steps[i + 2]);
        continue;
      }
      if (form === Form.indirect) form = cursor.uleb128();
      const slot = steps[i + 1];
      if (slot < 0) {
        skipForm(cursor, form, encoding);
        continue;
      }
      this.present |= 1 << slot;
      this.forms[slot] = form;
      if (slot === Slot.DwoId) {
        this.values[slot] = cursor.position;
        skipForm(cursor, form, encoding);
      } else {
        this.values[slot] =
          form === Form.implicit_const ? steps[i + 2] : readForm(cursor, form, encoding);
      }
    }
  }
}

/** The abbreviations of a unit, by code. */
export class AbbreviationTable {
  /** Codes count up from 1 in what compilers write. */
  private readonly dense: Abbreviation[] = [];
  private readonly sparse = new Map<number, Abbreviation>();

  get(code: number): Abbreviation | undefined {
    return code <= this.dense.length ? this.dense[code - 1] : this.sparse.get(code);
  }

  private add(code: number, abbreviation: Abbreviation): void {
    if (code === this.dense.length + 1) this.dense.push(abbreviation);
    else if (this.get(code) === undefined) this.sparse.set(code, abbreviation);
  }

  /** Reads a table up to its end, a code of 0. @throws FormatError */
  static read(cursor: Cursor, encoding: Encoding): AbbreviationTable {
    const table = new AbbreviationTable();
    for (;;) {
      const code = cursor.uleb128();
      if (code === 0) return table;
      table.add(code, readAbbreviation(cursor, encoding));
    }
  }
}

function readAbbreviation(cursor: Cursor, encoding: Encoding): Abbreviation {
  const tag = cursor.uleb128();
  const hasChildren = cursor.u8() !== 0;
  const isRead = READ_TAGS.has(tag);
  const steps: number[] = [];
  let skipped = 0;
  let seen = 0;
  const flush = (): void => {
    if (skipped > 0) steps.push(STEP_SKIP, -1, skipped);
    skipped = 0;
  };
  for (;;) {
    const attribute = cursor.uleb128();
    const form = cursor.uleb128();
    const constant = form === Form.implicit_const ? cursor.sleb128() : 0;
    if (attribute === 0 && form === 0) break;
    let slot = SLOT_OF.get(attribute) ?? -1;
    const isWanted = slot === Slot.Sibling ? hasChildren : isRead;
    // An attribute occurs once (section 2.2); so no entry takes more steps than there are slots and bytes.
    if (!isWanted || (slot >= 0 && (seen & (1 << slot)) !== 0)) slot = -1;
    if (slot >= 0) seen |= 1 << slot;
    const size = form === Form.indirect ? undefined : fixedSizeOf(form, encoding);
    if (slot < 0 && size !== undefined) {
      skipped += size;
      continue;
    }
    flush();
    steps.push(form, slot, constant);
  }
  flush();
  return { tag, hasChildren, steps: Float64Array.from(steps) };
}
