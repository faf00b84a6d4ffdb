/** A walk over a unit's entries (DIEs), which are written as a tree in prefix order (DWARF 5, section 2.3). */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { Attributes, Slot, type Abbreviation } from './abbreviations.js';
import { Form } from './constants.js';
import type { Unit } from './unit.js';

/** Compilers nest some hundred deep at most. */
const MAX_DEPTH = 1 << 16;

/** Walks a list of siblings and all below them. */
export class EntryWalk {
  /** Of the entry read last. */
  readonly attributes = new Attributes();
  /** Its position in the unit. */
  at: Bytes = 0;
  /** How many entries are around it, of those walked. */
  depth = 0;
  private readonly cursor: Cursor;
  private entry: Abbreviation | undefined;
  private position: Bytes;
  private nextDepth = 0;

  /** @param start position of the first sibling */
  constructor(
    private readonly unit: Unit,
    start: Bytes,
  ) {
    this.cursor = unit.cursor();
    this.position = start;
  }

  /** The next entry; `undefined` at the end of the list that the walk began with. @throws FormatError */
  next(): Abbreviation | undefined {
    const { cursor, unit } = this;
    cursor.seek(this.position);
    for (;;) {
      if (cursor.remaining === 0) return undefined;
      this.at = cursor.position;
      const entry = unit.abbreviation(cursor);
      if (entry === undefined) {
        if (--this.nextDepth < 0) return undefined;
        continue;
      }
      this.attributes.read(cursor, entry, unit.encoding);
      this.entry = entry;
      this.depth = this.nextDepth;
      if (entry.hasChildren && ++this.nextDepth > MAX_DEPTH) {
        throw cursor.fault(`entries nested up to ${MAX_DEPTH} deep`, 'deeper ones');
      }
      this.position = cursor.position;
      return entry;
    }
  }

  /** Makes {@link next} pass over what is below the entry read last. @throws FormatError */
  skipChildren(): void {
    if (this.entry?.hasChildren !== true) return;
    const { cursor, unit, attributes } = this;
    cursor.seek(this.position);
    // GCC gives no sibling to the last of a list, LLVM to none.
    for (let open = this.skipToSibling() ? 0 : 1; open > 0;) {
      const entry = unit.abbreviation(cursor);
      if (entry === undefined) {
        open--;
        continue;
      }
      attributes.read(cursor, entry, unit.encoding);
      if (entry.hasChildren && !this.skipToSibling()) open++;
    }
    this.position = cursor.position;
    this.nextDepth = this.depth;
  }

  /** Moves from behind an entry to the next of its list, if the entry says where that is. */
  private skipToSibling(): boolean {
    const { cursor, attributes } = this;
    const sibling = attributes.get(Slot.Sibling);
    if (sibling === undefined || attributes.forms[Slot.Sibling] === Form.ref_addr) return false;
    if (sibling < cursor.position) throw cursor.fault('a sibling further on', `${sibling}`);
    cursor.seek(sibling);
    return true;
  }
}
