/** A compilation unit: its root entry's attributes, and what values of its entries mean. */
import type { Cursor } from '../../base/cursor.js';
import type { Address, Bytes } from '../../base/units.js';
import { type Abbreviation, type AbbreviationTable } from './abbreviations.js';
import { Attributes, Slot } from './attributes.js';
import { Form, Tag } from './constants.js';
import type { DebugFile } from './debug-file.js';
import type { DebugSection } from './debug-section.js';
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
  readonly language: number;
  /** The address that range lists begin with; 0 where none is given. */
  readonly base: Address;
  /** Offset of the line number program in `.debug_line`. */
  readonly lineProgram: Bytes | undefined;
  /** Of a skeleton and of what it stands for: by which they find each other. */
  readonly dwoId: string | undefined;
  /** The root entry's. */
  readonly root = new Attributes();
  /** Position past the root entry. */
  readonly firstChild: Bytes;
  private readonly abbreviationsAt: Bytes;
  private readonly strOffsetsBase: Bytes;
  private readonly addrBase: Bytes;
  private readonly rnglistsBase: Bytes;
  private readonly rangesBase: Bytes;
  private abbreviations: AbbreviationTable | undefined;
  private entries: Cursor | undefined;

  /**
   * Reads the root entry, and no more.
   * @param skeleton of a split unit: what in the program stands for it, and holds its addresses
   * @throws FormatError where the root entry or its abbreviation is malformed
   */
  constructor(
    readonly file: DebugFile,
    readonly header: UnitHeader,
    private readonly skeleton?: Unit,
    contribution: Contribution = WHOLE_FILE,
  ) {
    const { encoding, offset } = header;
    const { root } = this;
    this.encoding = encoding;
    this.abbreviationsAt = contribution.abbrev + header.abbreviations;
    const entry = file.info.parse('root entry', offset, (cursor) => {
      cursor.skip(header.size);
      const { tag, hasChildren, all } = file.abbreviation(
        this.abbreviationsAt,
        encoding,
        cursor.uleb128(),
      );
      root.read(cursor, all, encoding);
      const firstChild = cursor.position;
      if (!root.has(Slot.DwoId)) return { tag, hasChildren, firstChild, dwoId: header.dwoId };
      cursor.seek(root.values[Slot.DwoId]);
      return { tag, hasChildren, firstChild, dwoId: hex64(cursor) };
    });
    this.tag = entry.tag;
    this.hasChildren = entry.hasChildren;
    this.firstChild = entry.firstChild;
    this.dwoId = entry.dwoId;
    // The tables of a `.dwo` need no attribute to be found: they follow the one header there is.
    const listHeader = encoding.offsetSize === 8 ? 20 : 12;
    const defaultStrOffsets = encoding.version >= 5 ? listHeader - 4 : 0;
    this.strOffsetsBase =
      contribution.strOffsets + (root.get(Slot.StrOffsetsBase) ?? defaultStrOffsets);
    this.rnglistsBase = contribution.rnglists + (root.get(Slot.RnglistsBase) ?? listHeader);
    this.addrBase = root.get(Slot.AddrBase) ?? 0;
    this.rangesBase = skeleton?.root.get(Slot.RangesBase) ?? 0;
    this.lineProgram = root.get(Slot.StmtList);
    this.language = root.get(Slot.Language) ?? 0;
    this.base = skeleton?.base ?? this.address(root, Slot.LowPc) ?? 0;
  }

  /** The folder that was compiled in. */
  get compDir(): string | undefined {
    return this.string(this.root, Slot.CompDir);
  }

  /** The file that holds the rest of a skeleton. */
  get dwoName(): string | undefined {
    return this.string(this.root, Slot.DwoName);
  }

  /** Whether code is described by the unit, in all or by what it names. */
  get isCode(): boolean {
    return this.tag === Tag.compile_unit || this.tag === Tag.skeleton_unit;
  }

  /** What parsing the unit's entries costs; 0 once they are held. */
  get cost(): Bytes {
    return this.entries === undefined ? this.header.end - this.header.offset : 0;
  }

  /** All bytes of the unit, held from the first call on. Positions count from its header. */
  cursor(): Cursor {
    if (this.entries === undefined) {
      const { offset, end } = this.header;
      this.entries = this.file.info.cursor('entries', offset, end - offset);
      this.file.info.charge(end - offset);
    }
    return this.entries;
  }

  /** Reads an entry's code. @throws FormatError where there is none, but the end of a list of siblings */
  abbreviation(cursor: Cursor): Abbreviation {
    this.abbreviations ??= this.file.abbreviations(this.abbreviationsAt, this.encoding);
    const code = cursor.uleb128();
    const abbreviation = this.abbreviations.get(code);
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

  /** A string of an entry; `undefined` where there is none. @throws FormatError */
  string(attributes: Attributes, slot: Slot): string | undefined {
    const value = attributes.get(slot);
    if (value === undefined) return undefined;
    return this.stringOf(attributes.forms[slot], value, this.file.info, this.header.offset);
  }

  /** @param inline the section, and where in it positions of inline strings count from */
  stringOf(form: number, value: number, inline: DebugSection, start: Bytes): string | undefined {
    const { file } = this;
    switch (form) {
      case Form.string:
        return inline.string(start + value);
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
}
