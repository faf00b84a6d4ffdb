/**
 * Abbreviations: what a debugging information entry (DIE) consists of (DWARF 5, section 7.5.3). Each is
 * compiled once to the few steps that reading such an entry takes, since units have millions of entries
 * and of most of them nothing is wanted but their end.
 */
import { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { BRIEF_SLOTS, Slot, StepList } from './attributes.js';
import { Form, Tag } from './constants.js';
import type { Encoding } from './forms.js';

/** What an entry can be to a walk; a bit each. */
export const EntryKind = {
  Function: 1,
  Inlined: 2,
  Block: 4,
  /** A namespace or module: what holds functions, most often. */
  Scope: 8,
  Type: 16,
  Unit: 32,
  Other: 64,
} as const;
export const ANY_KIND = 127;

const KIND_OF: Readonly<Record<number, number>> = {
  [Tag.subprogram]: EntryKind.Function,
  [Tag.inlined_subroutine]: EntryKind.Inlined,
  [Tag.lexical_block]: EntryKind.Block,
  [Tag.namespace]: EntryKind.Scope,
  [Tag.module]: EntryKind.Scope,
  [Tag.class_type]: EntryKind.Type,
  [Tag.structure_type]: EntryKind.Type,
  [Tag.union_type]: EntryKind.Type,
  [Tag.interface_type]: EntryKind.Type,
  [Tag.enumeration_type]: EntryKind.Type,
  [Tag.compile_unit]: EntryKind.Unit,
  [Tag.partial_unit]: EntryKind.Unit,
  [Tag.skeleton_unit]: EntryKind.Unit,
  [Tag.type_unit]: EntryKind.Unit,
};

/** One kind of entry: what it is, and the steps that read it. */
export class Abbreviation {
  readonly kind: number;
  /** Reads only what finds code and the entry's end. */
  readonly brief: readonly number[];
  /** Bytes of the attributes, where in brief none is read and all such entries have as many; else -1. */
  readonly size: Bytes;
  private readonly wanted: number;
  private allSteps: readonly number[] | undefined;

  /** @param attributes at the list of attributes and forms, which has been read once */
  constructor(
    readonly tag: number,
    readonly hasChildren: boolean,
    private readonly attributes: Cursor,
    private readonly encoding: Encoding,
  ) {
    this.kind = KIND_OF[tag] ?? EntryKind.Other;
    // Siblings are of use where there are children; the rest where a function or a scope can be.
    const isRead = this.kind !== EntryKind.Other;
    this.wanted = (hasChildren ? 1 << Slot.Sibling : 0) | (isRead ? -1 << 1 : 0);
    const brief = this.compile(this.wanted & BRIEF_SLOTS);
    this.brief = brief.end();
    this.size = brief.size;
  }

  /** Reads all attributes that have a slot. */
  get all(): readonly number[] {
    this.allSteps ??= this.compile(this.wanted).end();
    return this.allSteps;
  }

  private compile(wanted: number): StepList {
    const cursor = this.attributes;
    const start = cursor.position;
    const steps = new StepList(wanted, this.encoding);
    for (;;) {
      const attribute = cursor.uleb128();
      const form = cursor.uleb128();
      const constant = form === Form.implicit_const ? cursor.sleb128() : 0;
      if (attribute === 0 && form === 0) break;
      steps.add(attribute, form, constant);
    }
    cursor.position = start;
    return steps;
  }
}

/** The abbreviations of a unit, by code; each compiled when first used. */
export class AbbreviationTable {
  private readonly compiled: (Abbreviation | undefined)[] = [];

  /**
   * @param starts positions of the tags
   * @param indexes of codes in `starts`, where codes do not count up from 1 as compilers have them
   */
  private constructor(
    private readonly table: Cursor,
    private readonly encoding: Encoding,
    private readonly starts: readonly number[],
    private readonly indexes: ReadonlyMap<number, number> | undefined,
  ) {}

  get(code: number): Abbreviation | undefined {
    const index = this.indexes === undefined ? code - 1 : (this.indexes.get(code) ?? -1);
    return this.compiled[index] ?? this.compile(index);
  }

  private compile(index: number): Abbreviation | undefined {
    if (!(index >= 0 && index < this.starts.length)) return undefined;
    const { bytes, format, littleEndian } = this.table;
    const cursor = new Cursor(bytes, format, littleEndian, this.table.base, this.starts[index]);
    cursor.structure = this.table.structure;
    const tag = cursor.uleb128();
    const hasChildren = cursor.u8() !== 0;
    const abbreviation = new Abbreviation(tag, hasChildren, cursor, this.encoding);
    this.compiled[index] = abbreviation;
    return abbreviation;
  }

  /**
   * Finds where each begins, up to the table's end, a code of 0.
   * @param until the code up to which they are wanted
   * @throws FormatError
   */
  static read(cursor: Cursor, encoding: Encoding, until = -1): AbbreviationTable {
    const starts: number[] = [];
    const codes: number[] = [];
    let isDense = true;
    for (let code = cursor.uleb128(); code !== 0; code = cursor.uleb128()) {
      if (codes.push(code) !== code) isDense = false;
      starts.push(cursor.position);
      cursor.uleb128(); // tag
      cursor.skip(1); // whether it has children
      for (;;) {
        const attribute = cursor.uleb128();
        const form = cursor.uleb128();
        if (form === Form.implicit_const) cursor.sleb128();
        if (attribute === 0 && form === 0) break;
      }
      if (code === until) break;
    }
    // The first of a code counts.
    const indexes = isDense
      ? undefined
      : new Map(codes.map((code, i): [number, number] => [code, i]).reverse());
    return new AbbreviationTable(cursor, encoding, starts, indexes);
  }
}
