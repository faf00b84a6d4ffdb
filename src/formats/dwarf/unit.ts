/** A compilation unit: its root entry's attributes, and what values of its entries mean. */
import type { Cursor } from '../../base/cursor.js';
import type { Address, Bytes } from '../../base/units.js';
import { Attributes, Slot, type Abbreviation, type AbbreviationTable } from './abbreviations.js';
import { Form, Tag } from './constants.js';
import type { DebugFile } from './debug-file.js';
import { readAddress, readOffset, type Encoding } from './forms.js';
import { hex64, type UnitHeader } from './unit-header.js';

/** Where a unit's parts begin in a package's sections; 0 in every other file. */
export interface Contribution {
  readonly info: Bytes;
  readonly abbrev: Bytes;
  readonly strOffsets: Bytes;
  readonly rnglists: Bytes;
}

const WHOLE_FILE: Contribution = { info: 0, abbrev: 0, strOffsets: 0, rnglists: 0 };

/** An entry: its unit, and its position there. */
export interface EntryRef {
  readonly unit: Unit;
  readonly at: Bytes;
}

export class Unit {
  readonly encoding: Encoding;
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly name: string | undefined;
  readonly compDir: string | undefined;
  readonly language: number;
  /** The address that range lists begin with; 0 where none is given. */
  readonly base: Address;
  /** Offset of the line number program in `.debug_line`. */
  readonly lineProgram: Bytes | undefined;
  /** The file that holds the rest of this unit, and which it must be. */
  readonly dwoName: string | undefined;
  readonly dwoId: string | undefined;
  /** Position past the root entry. */
  readonly firstChild: Bytes;
  private readonly root = new Attributes();
  private readonly abbreviationTable: AbbreviationTable;
  private readonly strOffsetsBase: Bytes;
  private readonly addrBase: Bytes;
  private readonly rnglistsBase: Bytes;
  private readonly rangesBase: Bytes;
  private loaded: Cursor | undefined;

  /**
   * @param skeleton of a split unit: what in the program stands for it, and holds its addresses
   * @throws FormatError where its root entry or its abbreviations are malformed
   */
  constructor(
    readonly file: DebugFile,
    readonly header: UnitHeader,
    private readonly skeleton?: Unit,
    contribution: Contribution = WHOLE_FILE,
  ) {
    const { encoding } = header;
    this.encoding = encoding;
    const isVersion5 = encoding.version >= 5;
    this.abbreviationTable = file.abbreviations(
      contribution.abbrev + header.abbreviations,
      encoding,
    );
    const { root } = this;
    const entry = file.info.parse('root entry', header.offset, (cursor) => {
      cursor.skip(header.size);
      const abbreviation = this.abbreviation(cursor);
      root.read(cursor, abbreviation.all, encoding);
      const firstChild = cursor.position;
      // These need no bases; strings that do are resolved below.
      const inlineStrings = cursor;
      let dwoId = header.dwoId;
      if (root.has(Slot.DwoId)) {
        cursor.seek(root.values[Slot.DwoId]);
        dwoId = hex64(cursor);
      }
      return { abbreviation, firstChild, dwoId, inlineStrings };
    });
    this.tag = entry.abbreviation.tag;
    this.hasChildren = entry.abbreviation.hasChildren;
    this.firstChild = entry.firstChild;
    this.dwoId = entry.dwoId;
    const isSplit = skeleton !== undefined;
    // The tables of a `.dwo` need no attribute to be found: they follow the one header there is.
    const listHeader = encoding.offsetSize === 8 ? 20 : 12;
    this.strOffsetsBase =
      contribution.strOffsets +
      (root.get(Slot.StrOffsetsBase) ?? (isVersion5 ? listHeader - 4 : 0));
    this.rnglistsBase = contribution.rnglists + (root.get(Slot.RnglistsBase) ?? listHeader);
    this.addrBase = root.get(Slot.AddrBase) ?? 0;
    this.rangesBase = isSplit ? (skeleton.root.get(Slot.RangesBase) ?? 0) : 0;
    this.lineProgram = root.get(Slot.StmtList);
    this.language = root.get(Slot.Language) ?? 0;
    this.name = this.string(root, Slot.Name, entry.inlineStrings);
    this.compDir = this.string(root, Slot.CompDir, entry.inlineStrings);
    this.dwoName = this.string(root, Slot.DwoName, entry.inlineStrings);
    this.base = skeleton?.base ?? this.address(root, Slot.LowPc) ?? 0;
  }

  /** Whether code is described by the unit, in all or by what it names. */
  get isCode(): boolean {
    return this.tag === Tag.compile_unit || this.tag === Tag.skeleton_unit;
  }

  /** What parsing the unit's entries costs. */
  get cost(): Bytes {
    return this.loaded === undefined ? this.header.end - this.header.offset : 0;
  }

  /** All bytes of the unit, held from the first call on. Positions count from its header. */
  cursor(): Cursor {
    if (this.loaded === undefined) {
      const { offset, end } = this.header;
      this.loaded = this.file.info.cursor('entries', offset, end - offset);
      this.file.info.charge(end - offset);
    }
    return this.loaded;
  }

  /** Reads an entry's code. @throws FormatError where there is none, but the end of a list of siblings */
  abbreviation(cursor: Cursor): Abbreviation {
    const code = cursor.uleb128();
    const abbreviation = this.abbreviationTable.get(code);
    if (abbreviation === undefined) throw cursor.fault('a code of an abbreviation', `${code}`);
    return abbreviation;
  }

  /** Reads the entry at a position. @throws FormatError where there is none */
  entry(at: Bytes, into: Attributes): Abbreviation {
    const cursor = this.cursor();
    cursor.seek(at);
    const abbreviation = this.abbreviation(cursor);
    into.read(cursor, abbreviation.all, this.encoding);
    return abbreviation;
  }

  /** A string; `undefined` where there is none, or the form is of none that is known. */
  string(attributes: Attributes, slot: Slot, inline: Cursor = this.cursor()): string | undefined {
    const value = attributes.get(slot);
    return value === undefined ? undefined : this.stringOf(attributes.forms[slot], value, inline);
  }

  /** @param inline where the position is that stands for an inline string */
  stringOf(form: number, value: number, inline: Cursor): string | undefined {
    const { file } = this;
    switch (form) {
      case Form.string:
        inline.seek(value);
        return inline.cstring();
      case Form.strp:
        return file.str.string(value);
      case Form.line_strp:
        return file.lineStr.string(value);
      case Form.strp_sup:
      case Form.GNU_strp_alt:
        return file.alternate()?.str.string(value);
      case Form.strx:
      case Form.strx1:
      case Form.strx2:
      case Form.strx3:
      case Form.strx4:
      case Form.GNU_str_index: {
        const { offsetSize } = this.encoding;
        const at = this.strOffsetsBase + value * offsetSize;
        return file.str.string(
          readOffset(file.strOffsets.cursor('string offset', at, offsetSize), this.encoding),
        );
      }
      default:
        return undefined;
    }
  }

  /** An address; `undefined` where there is none, or a constant. @throws FormatError */
  address(attributes: Attributes, slot: Slot): Address | undefined {
    const value = attributes.get(slot);
    if (value === undefined) return undefined;
    switch (attributes.forms[slot]) {
      case Form.addr:
        return value;
      case Form.addrx:
      case Form.addrx1:
      case Form.addrx2:
      case Form.addrx3:
      case Form.addrx4:
      case Form.GNU_addr_index:
        return this.indexedAddress(value);
      default:
        return undefined;
    }
  }

  /** An address of `.debug_addr`, which is always in the program's own file. @throws FormatError */
  indexedAddress(index: number): Address {
    if (this.skeleton !== undefined) return this.skeleton.indexedAddress(index);
    const { addressSize } = this.encoding;
    const at = this.addrBase + index * addressSize;
    return readAddress(this.file.addr.cursor('address', at, addressSize), this.encoding);
  }

  /** The entry that a value refers to; `undefined` of a form that cannot be followed. @throws FormatError */
  reference(attributes: Attributes, slot: Slot): EntryRef | undefined {
    const value = attributes.get(slot);
    if (value === undefined) return undefined;
    switch (attributes.forms[slot]) {
      case Form.ref1:
      case Form.ref2:
      case Form.ref4:
      case Form.ref8:
      case Form.ref_udata:
        return { unit: this, at: value };
      case Form.ref_addr: // A split unit refers to no other.
        return this.skeleton === undefined ? this.file.entryAt(value) : undefined;
      case Form.ref_sup4:
      case Form.ref_sup8:
      case Form.GNU_ref_alt:
        return this.file.alternate()?.entryAt(value);
      default:
        return undefined;
    }
  }

  /** Where a range list of an entry, or of the root, begins. */
  rangeList(form: number, value: number): { readonly file: DebugFile; readonly offset: Bytes } {
    const { file, encoding, skeleton } = this;
    if (encoding.version < 5) {
      return { file: skeleton?.file ?? file, offset: this.rangesBase + value };
    }
    if (form !== Form.rnglistx) return { file, offset: value };
    const at = this.rnglistsBase + value * encoding.offsetSize;
    const offset = readOffset(
      file.rnglists.cursor('range list offset', at, encoding.offsetSize),
      encoding,
    );
    return { file, offset: this.rnglistsBase + offset };
  }

  /** Of the root. */
  get attributes(): Attributes {
    return this.root;
  }
}
