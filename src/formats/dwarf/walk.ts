/** A walk over a unit's entries (DIEs), which are written as a tree in prefix order (DWARF 5, section 2.3). */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { type Abbreviation } from './abbreviations.js';
import { Attributes, Slot } from './attributes.js';
import { Form } from './constants.js';
import type { Unit } from './unit.js';

/** Compilers nest some hundred deep at most. */
const MAX_DEPTH = 1 << 16;
const NOTHING_HIDDEN = MAX_DEPTH + 1;

/** What a walk is for. */
export interface WalkPlan {
  /** Which kinds of entries it stops at: bits of `EntryKind`. */
  readonly report: number;
  /** Below which kinds it looks; below others it passes by `DW_AT_sibling` where there is one. */
  readonly enter: number;
  /** Whether names are wanted, not only what finds code. */
  readonly withNames: boolean;
}

/** Walks a list of siblings and what is below them. */
export class EntryWalk {
  /** Of the entry reported last. */
  readonly attributes = new Attributes();
  /** Its position in the unit. */
  at: Bytes = 0;
  /** How many entries are around it, of those walked. */
  depth = 0;
  /** The least depth since the entry reported before: those as deep as this are not around this one. */
  lowest = 0;
  private readonly cursor: Cursor;
  private nextDepth = 0;
  /** Entries deeper than this are not reported. */
  private hidden = NOTHING_HIDDEN;

  /** @param position of the first sibling; then of what is not walked yet */
  constructor(
    private readonly unit: Unit,
    public position: Bytes,
    private readonly plan: WalkPlan,
  ) {
    this.cursor = unit.cursor();
  }

  /**
   * The next entry of the kinds to report; `undefined` at the end of the list that the walk began with,
   * behind which it is not to be called again.
   * @throws FormatError
   */
  next(): Abbreviation | undefined {
    const { cursor, unit, attributes } = this;
    const { report, enter, withNames } = this.plan;
    const { bytes } = cursor;
    let at = this.position;
    let depth = this.nextDepth;
    let { hidden } = this;
    let lowest = depth;
    while (at < bytes.length) {
      const start = at;
      const entryDepth = depth;
      if (depth < lowest) lowest = depth;
      if (bytes[at] === 0) {
        at++;
        if (--depth < 0) break;
        if (depth <= hidden) hidden = NOTHING_HIDDEN;
        continue;
      }
      cursor.position = at;
      const entry = unit.abbreviation(cursor);
      if (!withNames && entry.size >= 0) {
        at = cursor.position + entry.size;
        attributes.clear();
      } else {
        attributes.read(cursor, withNames ? entry.all : entry.brief, unit.encoding);
        at = cursor.position;
      }
      const isReported = depth <= hidden && (entry.kind & report) !== 0;
      if (entry.hasChildren) {
        const isEntered = depth <= hidden && (entry.kind & enter) !== 0;
        // GCC gives no sibling to the last of a list, LLVM to none.
        const sibling = isEntered ? undefined : attributes.get(Slot.Sibling);
        if (sibling !== undefined && attributes.forms[Slot.Sibling] !== Form.ref_addr) {
          if (sibling < at) throw cursor.fault('a sibling further on', `${sibling}`);
          at = sibling;
        } else {
          if (!isEntered && depth <= hidden) hidden = depth;
          if (++depth > MAX_DEPTH) throw cursor.fault('entries less deep', `${depth}`);
        }
      }
      if (isReported) {
        this.at = start;
        this.depth = entryDepth;
        this.lowest = lowest;
        this.position = at;
        this.nextDepth = depth;
        this.hidden = hidden;
        return entry;
      }
    }
    this.position = at;
    return undefined;
  }
}
