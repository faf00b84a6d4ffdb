/**
 * Call frame information of a module: which entry describes an address, and its rows. Entries are
 * found by the sorted table of `.eh_frame_hdr` (Linux Standard Base, Core, section 10.6.2) where that
 * is sound, else by one pass over the section.
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError, orUndefined } from '../../base/errors.js';
import { lastAtMost } from '../../base/search.js';
import type { Address } from '../../base/units.js';
import type { ElfImage, ElfSegment } from '../elf/image.js';
import { EntryReader, type Fde, type FrameSection } from './entries.js';
import { encodedSize, readEncodedPointer, readEncodedValue, PointerEncoding } from './pointers.js';
import { compileRows, RowTable } from './rows.js';

const PT_GNU_EH_FRAME = 0x6474e550;
const PT_LOAD = 1;
/** Expressions and entries are kept as 32-bit offsets. */
const MAX_SECTION = 2 ** 31 - 1;

/** The bytes of `.eh_frame_hdr` and where they are loaded. */
export interface FrameHeader {
  readonly bytes: Uint8Array;
  readonly address: Address;
  readonly fileOffset?: number;
}

/** A function's, or a part's, extent in the module's own virtual addresses. */
export interface CodeBounds {
  readonly start: Address;
  readonly end: Address;
}

/** `firstRow` of an entry whose rows were not asked for yet, or whose instructions are malformed. */
const NOT_COMPILED = -1;
const MALFORMED = -2;

/** One section's entries, sorted by address. */
class CfiTable {
  readonly entries: EntryReader;
  readonly rows = new RowTable();
  private readonly firstRow: Int32Array;
  private readonly rowCount: Int32Array;
  /** Those that {@link find} met. */
  private readonly fdes = new Map<number, Fde | undefined>();

  constructor(
    section: FrameSection,
    /** Sorted. */
    private readonly starts: Float64Array,
    private readonly offsets: Float64Array,
  ) {
    this.entries = new EntryReader(section);
    this.firstRow = new Int32Array(starts.length).fill(NOT_COMPILED);
    this.rowCount = new Int32Array(starts.length);
  }

  get length(): number {
    return this.starts.length;
  }

  fde(index: number): Fde | undefined {
    let fde = this.fdes.get(index);
    if (fde === undefined && !this.fdes.has(index)) {
      fde = orUndefined(() => this.entries.fdeAt(this.offsets[index]), FormatError);
      this.fdes.set(index, fde);
    }
    return fde;
  }

  find(vaddr: Address): number {
    const index = lastAtMost(this.starts, this.starts.length, vaddr);
    const fde = index < 0 ? undefined : this.fde(index);
    return fde !== undefined && vaddr >= fde.start && vaddr < fde.end ? index : -1;
  }

  rowAt(index: number, fde: Fde, vaddr: Address): number {
    if (this.firstRow[index] === NOT_COMPILED) this.compile(index, fde);
    const first = this.firstRow[index];
    if (first < 0) return -1;
    const offset = vaddr - fde.start;
    const { data } = this.rows.offset;
    let low = first;
    let high = first + this.rowCount[index];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (data[middle] <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  private compile(index: number, fde: Fde): void {
    const first = this.rows.length;
    const compiled = orUndefined(() => {
      compileRows(this.entries, fde, this.rows);
      return true;
    }, FormatError);
    this.firstRow[index] = compiled ? first : MALFORMED;
    this.rowCount[index] = this.rows.length - first;
  }
}

/** A row as found: in which table, so that its columns and expressions can be read. */
export interface FoundRow {
  readonly fde: Fde;
  readonly rows: RowTable;
  readonly row: number;
  /** Reads the section's expressions. */
  readonly entries: EntryReader;
}

/**
 * All call frame information of a module. Entries are numbered from 0: those of `.eh_frame` first, in
 * the order of their addresses, then those of `.debug_frame`.
 */
export class CfiIndex {
  private constructor(private readonly tables: readonly CfiTable[]) {}

  /**
   * Of an ELF file: empty where it has none, or only malformed ones. Reads the sections, which are
   * then kept; the image's source is not used any more.
   */
  static fromElf(image: ElfImage): CfiIndex {
    const tables: CfiTable[] = [];
    const eh =
      orUndefined(() => ehFrameOf(image), FormatError) ??
      orUndefined(() => ehFrameBySegment(image), FormatError);
    if (eh !== undefined) tables.push(tableOf(eh.section, eh.header));
    const debug = orUndefined(() => debugFrameOf(image), FormatError);
    if (debug !== undefined) tables.push(tableOf(debug));
    return new CfiIndex(tables.filter((table) => table.length > 0));
  }

  /** Of bytes that are in memory: a jitdump's, a test's. */
  static fromSection(section: FrameSection, header?: FrameHeader): CfiIndex {
    return new CfiIndex([tableOf(section, header)]);
  }

  /** How many entries there are. */
  get length(): number {
    return this.tables.reduce((sum, table) => sum + table.length, 0);
  }

  /** The entry that describes the code at a virtual address, or -1. */
  find(vaddr: Address): number {
    let before = 0;
    for (const table of this.tables) {
      const index = table.find(vaddr);
      if (index >= 0) return before + index;
      before += table.length;
    }
    return -1;
  }

  /** `undefined` where the entry is malformed. */
  bounds(index: number): CodeBounds | undefined {
    const [table, at] = this.locate(index);
    const fde = table.fde(at);
    return fde && { start: fde.start, end: fde.end };
  }

  /** The row in force at a virtual address; `undefined` where none is, or its entry is malformed. */
  rowAt(vaddr: Address): FoundRow | undefined {
    const index = this.find(vaddr);
    if (index < 0) return undefined;
    const [table, at] = this.locate(index);
    const fde = table.fde(at);
    const row = fde === undefined ? -1 : table.rowAt(at, fde, vaddr);
    if (row < 0 || fde === undefined) return undefined;
    return { fde, rows: table.rows, row, entries: table.entries };
  }

  private locate(index: number): [CfiTable, number] {
    let at = index;
    for (const table of this.tables) {
      if (at < table.length) return [table, at];
      at -= table.length;
    }
    throw new RangeError(`call frame entry ${index} of ${this.length}`);
  }
}

interface EhFrame {
  readonly section: FrameSection;
  readonly header: FrameHeader | undefined;
}

function ehFrameOf(image: ElfImage): EhFrame | undefined {
  const section = image.section('.eh_frame');
  if (section === undefined) return undefined;
  const bytes = image.sectionBytes(section);
  if (bytes.byteLength === 0) return undefined; // a separate debug file
  const got = image.section('.got')?.address;
  const header = image.section('.eh_frame_hdr');
  return {
    section: {
      kind: 'eh_frame',
      bytes,
      littleEndian: image.littleEndian,
      address: section.address,
      fileOffset: section.offset,
      ...(got !== undefined && { dataAddress: got }),
    },
    header: header && {
      bytes: image.sectionBytes(header),
      address: header.address,
      fileOffset: header.offset,
    },
  };
}

/**
 * Where section headers were stripped, as the C++ runtime itself does: the segment PT_GNU_EH_FRAME
 * holds `.eh_frame_hdr`, which points to `.eh_frame`; that ends with a terminator.
 */
function ehFrameBySegment(image: ElfImage): EhFrame | undefined {
  const segment = image.segments.find(({ type }) => type === PT_GNU_EH_FRAME);
  if (segment === undefined) return undefined;
  const header = {
    bytes: image.source.read(segment.offset, segment.fileSize),
    address: segment.vaddr,
    fileOffset: segment.offset,
  };
  const cursor = headerCursor(header, image.littleEndian);
  const start = readHeaderStart(cursor, header).ehFrame;
  const inside = ({ type, vaddr, fileSize }: ElfSegment): boolean =>
    type === PT_LOAD && start !== undefined && start >= vaddr && start < vaddr + fileSize;
  const load = image.segments.find(inside);
  if (load === undefined || start === undefined) return undefined;
  const fileOffset = load.offset + (start - load.vaddr);
  const bytes = image.source.read(fileOffset, load.vaddr + load.fileSize - start);
  const { littleEndian } = image;
  return { section: { kind: 'eh_frame', bytes, littleEndian, address: start, fileOffset }, header };
}

function debugFrameOf(image: ElfImage): FrameSection | undefined {
  const section = image.section('.debug_frame');
  if (section === undefined) return undefined;
  const bytes = image.sectionBytes(section);
  if (bytes.byteLength === 0) return undefined;
  const { littleEndian } = image;
  return { kind: 'debug_frame', bytes, littleEndian, address: 0, fileOffset: section.offset };
}

function tableOf(section: FrameSection, header?: FrameHeader): CfiTable {
  if (section.bytes.byteLength > MAX_SECTION) {
    return new CfiTable(section, new Float64Array(0), new Float64Array(0));
  }
  const sorted = header && orUndefined(() => readSearchTable(header, section), FormatError);
  return sorted ? new CfiTable(section, sorted.starts, sorted.offsets) : scan(section);
}

function headerCursor(header: FrameHeader, littleEndian: boolean): Cursor {
  const cursor = new Cursor(header.bytes, 'ELF', littleEndian, header.fileOffset);
  cursor.structure = '.eh_frame_hdr';
  return cursor;
}

interface HeaderStart {
  readonly ehFrame: Address | undefined;
  readonly countEncoding: number;
  readonly tableEncoding: number;
}

/** The header's fixed part; moves `cursor` behind it. */
function readHeaderStart(cursor: Cursor, { address }: FrameHeader): HeaderStart {
  const version = cursor.u8();
  if (version !== 1) throw cursor.fault('version 1', `${version}`, 1);
  const pointerEncoding = cursor.u8();
  const countEncoding = cursor.u8();
  const tableEncoding = cursor.u8();
  const bases = { section: address, data: address };
  return {
    ehFrame: readEncodedPointer(cursor, pointerEncoding, bases),
    countEncoding,
    tableEncoding,
  };
}

interface SortedEntries {
  readonly starts: Float64Array;
  readonly offsets: Float64Array;
}

/** The header's table; `undefined` where it has none, or it is not sorted or points elsewhere. */
function readSearchTable(header: FrameHeader, section: FrameSection): SortedEntries | undefined {
  const cursor = headerCursor(header, section.littleEndian);
  const { countEncoding, tableEncoding } = readHeaderStart(cursor, header);
  const size = encodedSize(tableEncoding);
  if (countEncoding === PointerEncoding.Omit || size === undefined) return undefined;
  const count = readEncodedValue(cursor, countEncoding);
  if (!(count > 0)) return undefined;
  cursor.need(count * 2 * size);
  if (tableEncoding === LINKERS_ENCODING) return readLinkersTable(cursor, count, header, section);
  const starts = new Float64Array(count);
  const offsets = new Float64Array(count);
  const bases = { section: header.address, data: header.address };
  for (let i = 0; i < count; i++) {
    const start = readEncodedPointer(cursor, tableEncoding, bases);
    const entry = readEncodedPointer(cursor, tableEncoding, bases);
    if (start === undefined || entry === undefined) return undefined;
    const offset = entry - section.address;
    if (!(offset >= 0 && offset < section.bytes.byteLength)) return undefined;
    if (i > 0 && start < starts[i - 1]) return undefined;
    starts[i] = start;
    offsets[i] = offset;
  }
  return { starts, offsets };
}

/** `DW_EH_PE_datarel | DW_EH_PE_sdata4`: what every linker writes. */
const LINKERS_ENCODING = 0x3b;

/** {@link readSearchTable} in one tight loop: a library has ten thousand entries. */
function readLinkersTable(
  { view, position }: Cursor,
  count: number,
  { address }: FrameHeader,
  section: FrameSection,
): { starts: Float64Array; offsets: Float64Array } | undefined {
  const { littleEndian } = section;
  const length = section.bytes.byteLength;
  const toOffset = address - section.address;
  const starts = new Float64Array(count);
  const offsets = new Float64Array(count);
  let before = -Infinity;
  for (let i = 0; i < count; i++) {
    const start = address + view.getInt32(position + i * 8, littleEndian);
    const offset = toOffset + view.getInt32(position + i * 8 + 4, littleEndian);
    if (!(start >= before && offset >= 0 && offset < length)) return undefined;
    starts[i] = start;
    offsets[i] = offset;
    before = start;
  }
  return { starts, offsets };
}

function scan(section: FrameSection): CfiTable {
  const found: { start: Address; offset: number }[] = [];
  new EntryReader(section).forEachFde((offset, fde) => {
    // Linkers leave entries of discarded functions in .debug_frame, at address 0.
    const discarded = fde.start === 0 && section.kind === 'debug_frame';
    if (!discarded && fde.end > fde.start) found.push({ start: fde.start, offset });
  });
  found.sort((a, b) => a.start - b.start);
  return new CfiTable(
    section,
    Float64Array.from(found, ({ start }) => start),
    Float64Array.from(found, ({ offset }) => offset),
  );
}
