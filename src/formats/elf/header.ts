/**
 * ELF's file header and the two tables that it points to (System V ABI, chapter 4): what
 * {@link ElfImage} is made of.
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import { isExactAddress, type Address, type Bytes } from '../../base/units.js';
import {
  EHDR_SIZE,
  ELFCLASS32,
  ELFCLASS64,
  PHDR32_SIZE,
  PHDR_SIZE,
  PN_XNUM,
  SHDR32_SIZE,
  SHDR_SIZE,
  SHN_XINDEX,
} from './constants.js';

/** The format's name, for errors. */
export const FORMAT = 'ELF';
/** All section names together: names may share bytes, so the string table's size is no bound. */
const MAX_NAME_BYTES: Bytes = 1 << 26;

/** A program header. */
export interface ElfSegment {
  readonly type: number;
  readonly flags: number;
  readonly offset: Bytes;
  readonly vaddr: Address;
  readonly fileSize: Bytes;
  readonly memSize: Bytes;
  readonly align: Bytes;
}

/** A section header. */
export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: Address;
  readonly offset: Bytes;
  readonly size: Bytes;
  readonly link: number;
  readonly info: number;
  readonly entrySize: Bytes;
}

/** Everything that the headers say. */
export interface FileHeader {
  readonly littleEndian: boolean;
  readonly is64Bit: boolean;
  readonly type: number;
  readonly machine: number;
  readonly entry: Address;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
}

/** What `e_ident` says of every structure after it. */
interface Layout {
  readonly littleEndian: boolean;
  readonly is64Bit: boolean;
}

/** @throws FormatError where the bytes are not a sound ELF file. */
export function readHeader(source: ByteSource): FileHeader {
  const head = source.read(0, EHDR_SIZE);
  const layout = readIdent(head);
  const { littleEndian, is64Bit } = layout;

  const header = new Cursor(head, FORMAT, littleEndian, 0, 16);
  header.structure = is64Bit ? 'Elf64_Ehdr' : 'Elf32_Ehdr';
  const type = header.u16();
  const machine = header.u16();
  header.skip(4); // e_version
  const entry = addressField(header, is64Bit);
  const programOffset = wordField(header, is64Bit);
  const sectionOffset = wordField(header, is64Bit);
  header.skip(4 + 2); // e_flags, e_ehsize
  const programEntrySize = header.u16();
  const programCount = header.u16();
  const sectionEntrySize = header.u16();
  const sectionCount = header.u16();
  const nameSection = header.u16();

  const sectionTable = (count: number): Cursor =>
    readTable(
      source,
      littleEndian,
      is64Bit ? 'Elf64_Shdr' : 'Elf32_Shdr',
      sectionOffset,
      count,
      sectionEntrySize,
      is64Bit ? SHDR_SIZE : SHDR32_SIZE,
    );
  // Counts too large for the header's 16 bits are in section 0 (gABI, "ELF Header").
  const first = sectionOffset === 0 ? undefined : readRawSection(sectionTable(1), is64Bit);
  const realSectionCount = first === undefined ? 0 : sectionCount || first.size;
  const realNameSection =
    first !== undefined && nameSection === SHN_XINDEX ? first.link : nameSection;
  const realProgramCount =
    first !== undefined && programCount === PN_XNUM ? first.info : programCount;

  return {
    ...layout,
    type,
    machine,
    entry,
    segments:
      programOffset === 0 || realProgramCount === 0
        ? []
        : readSegments(
            readTable(
              source,
              littleEndian,
              is64Bit ? 'Elf64_Phdr' : 'Elf32_Phdr',
              programOffset,
              realProgramCount,
              programEntrySize,
              is64Bit ? PHDR_SIZE : PHDR32_SIZE,
            ),
            realProgramCount,
            programEntrySize,
            is64Bit,
          ),
    sections:
      realSectionCount === 0
        ? []
        : readSections(
            source,
            sectionTable(realSectionCount),
            realSectionCount,
            sectionEntrySize,
            realNameSection,
            is64Bit,
          ),
  };
}

function readIdent(head: Uint8Array): Layout {
  const cursor = new Cursor(head, FORMAT);
  cursor.structure = 'e_ident';
  if (cursor.u32() !== 0x464c457f) throw cursor.fault('the magic 7f 45 4c 46', hexOf(head), 4);
  const elfClass = cursor.u8();
  if (elfClass !== ELFCLASS32 && elfClass !== ELFCLASS64) {
    throw cursor.fault('ELFCLASS32 or 64 (1 or 2)', `${elfClass}`, 1);
  }
  const data = cursor.u8();
  if (data !== 1 && data !== 2) throw cursor.fault('ELFDATA2LSB or MSB (1 or 2)', `${data}`, 1);
  return { littleEndian: data === 1, is64Bit: elfClass === ELFCLASS64 };
}

/** A table's bytes. The check of its size against the file bounds every loop over it. */
function readTable(
  source: ByteSource,
  littleEndian: boolean,
  structure: string,
  offset: Bytes,
  count: number,
  entrySize: Bytes,
  leastSize: Bytes,
): Cursor {
  if (entrySize < leastSize) {
    throw new FormatError({
      format: FORMAT,
      structure: 'file header',
      offset: 0,
      expected: `entries of ${structure} of at least ${leastSize} bytes`,
      found: `${entrySize}`,
    });
  }
  const bytes = readExactly(source, offset, count * entrySize, structure);
  const cursor = new Cursor(bytes, FORMAT, littleEndian, offset);
  cursor.structure = structure;
  return cursor;
}

function readSegments(
  table: Cursor,
  count: number,
  entrySize: Bytes,
  is64Bit: boolean,
): ElfSegment[] {
  const segments: ElfSegment[] = [];
  for (let i = 0; i < count; i++) {
    table.seek(i * entrySize);
    const type = table.u32();
    const flagsBefore = is64Bit ? table.u32() : 0; // So that the words after them are aligned.
    const offset = wordField(table, is64Bit);
    const vaddr = addressField(table, is64Bit);
    table.skip(is64Bit ? 8 : 4); // p_paddr
    const fileSize = wordField(table, is64Bit);
    const memSize = wordField(table, is64Bit);
    const flags = is64Bit ? flagsBefore : table.u32();
    const align = wordField(table, is64Bit);
    segments.push({ type, flags, offset, vaddr, fileSize, memSize, align });
  }
  return segments;
}

type RawSection = Omit<ElfSection, 'name'> & { readonly nameOffset: number };

function readRawSection(table: Cursor, is64Bit: boolean): RawSection {
  const nameOffset = table.u32();
  const type = table.u32();
  let flags = table.u32();
  if (is64Bit) {
    const upper = table.u32(); // Of the upper half, processors use no bit that matters here.
    if (!table.littleEndian) flags = upper;
  }
  const address = addressField(table, is64Bit);
  const offset = wordField(table, is64Bit);
  const size = wordField(table, is64Bit);
  const link = table.u32();
  const info = table.u32();
  table.skip(is64Bit ? 8 : 4); // sh_addralign
  const entrySize = wordField(table, is64Bit);
  return { nameOffset, type, flags, address, offset, size, link, info, entrySize };
}

function readSections(
  source: ByteSource,
  table: Cursor,
  count: number,
  entrySize: Bytes,
  nameSection: number,
  is64Bit: boolean,
): ElfSection[] {
  const raw: RawSection[] = [];
  for (let i = 0; i < count; i++) {
    table.seek(i * entrySize);
    raw.push(readRawSection(table, is64Bit));
  }
  const names = nameSection === 0 ? undefined : raw[nameSection];
  if (nameSection >= count) throw table.fault(`a section of ${count}`, `number ${nameSection}`);
  let strings: Cursor | undefined;
  if (names !== undefined) {
    const bytes = readExactly(source, names.offset, names.size, '.shstrtab');
    strings = new Cursor(bytes, FORMAT, table.littleEndian, names.offset);
    strings.structure = '.shstrtab';
  }
  let budget = MAX_NAME_BYTES;
  return raw.map(({ nameOffset, ...section }) => {
    strings?.seek(nameOffset);
    const name = strings?.cstring() ?? '';
    budget -= name.length;
    if (budget < 0) throw table.fault(`names of up to ${MAX_NAME_BYTES} bytes`, 'longer ones');
    return { name, ...section };
  });
}

/** An offset or a size: `Elf64_Xword` or `Elf32_Word`. */
function wordField(cursor: Cursor, is64Bit: boolean): number {
  return is64Bit ? cursor.u64() : cursor.u32();
}

function addressField(cursor: Cursor, is64Bit: boolean): Address {
  const address = is64Bit ? cursor.address() : cursor.u32();
  if (!isExactAddress(address)) throw cursor.fault('an address within ±2^53', `${address}`, 8);
  return address;
}

/** `length` bytes at `offset`. @throws FormatError where the source ends before. */
export function readExactly(
  source: ByteSource,
  offset: Bytes,
  length: Bytes,
  structure: string,
): Uint8Array {
  const fits = offset + length <= source.byteLength;
  const bytes = fits ? source.read(offset, length) : undefined;
  if (bytes?.byteLength === length) return bytes;
  throw new FormatError({
    format: FORMAT,
    structure,
    offset,
    expected: `${length} bytes`,
    found: `${Math.max(0, source.byteLength - offset)}`,
  });
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 4)).toString('hex') || 'no bytes';
}
