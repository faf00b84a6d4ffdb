/**
 * ELF's file header and the two tables that it points to (System V ABI, chapter 4): what
 * {@link ElfImage} is made of.
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import { isExactAddress, type Address, type Bytes } from '../../base/units.js';
import { EHDR_SIZE, PHDR_SIZE, PN_XNUM, SHDR_SIZE, SHN_XINDEX } from './constants.js';

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
  readonly type: number;
  readonly machine: number;
  readonly entry: Address;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
}

/** @throws FormatError where the bytes are not a sound 64-bit ELF file. */
export function readHeader(source: ByteSource): FileHeader {
  const head = source.read(0, EHDR_SIZE);
  const cursor = new Cursor(head, FORMAT);
  cursor.structure = 'e_ident';
  if (cursor.u32() !== 0x464c457f) throw cursor.fault('the magic 7f 45 4c 46', hexOf(head), 4);
  const elfClass = cursor.u8();
  if (elfClass !== 2) throw cursor.fault('ELFCLASS64 (2)', `${elfClass}`, 1);
  const data = cursor.u8();
  if (data !== 1 && data !== 2) throw cursor.fault('ELFDATA2LSB or MSB (1 or 2)', `${data}`, 1);
  const littleEndian = data === 1;

  const header = new Cursor(head, FORMAT, littleEndian, 0, 16);
  header.structure = 'Elf64_Ehdr';
  const type = header.u16();
  const machine = header.u16();
  header.skip(4); // e_version
  const entry = addressField(header);
  const programOffset = header.u64();
  const sectionOffset = header.u64();
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
      'Elf64_Shdr',
      sectionOffset,
      count,
      sectionEntrySize,
      SHDR_SIZE,
    );
  // Counts too large for the header's 16 bits are in section 0 (gABI, "ELF Header").
  const first = sectionOffset === 0 ? undefined : readRawSection(sectionTable(1));
  const realSectionCount = first === undefined ? 0 : sectionCount || first.size;
  const realNameSection =
    first !== undefined && nameSection === SHN_XINDEX ? first.link : nameSection;
  const realProgramCount =
    first !== undefined && programCount === PN_XNUM ? first.info : programCount;

  return {
    littleEndian,
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
              'Elf64_Phdr',
              programOffset,
              realProgramCount,
              programEntrySize,
              PHDR_SIZE,
            ),
            realProgramCount,
            programEntrySize,
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
          ),
  };
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
      structure: 'Elf64_Ehdr',
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

function readSegments(table: Cursor, count: number, entrySize: Bytes): ElfSegment[] {
  const segments: ElfSegment[] = [];
  for (let i = 0; i < count; i++) {
    table.seek(i * entrySize);
    const type = table.u32();
    const flags = table.u32();
    const offset = table.u64();
    const vaddr = addressField(table);
    table.skip(8); // p_paddr
    const fileSize = table.u64();
    const memSize = table.u64();
    segments.push({ type, flags, offset, vaddr, fileSize, memSize, align: table.u64() });
  }
  return segments;
}

type RawSection = Omit<ElfSection, 'name'> & { readonly nameOffset: number };

function readRawSection(table: Cursor): RawSection {
  const nameOffset = table.u32();
  const type = table.u32();
  const flags = table.u32(); // Of the upper half, processors use no bit that matters here.
  const flagsHigh = table.u32();
  const address = addressField(table);
  const offset = table.u64();
  const size = table.u64();
  const link = table.u32();
  const info = table.u32();
  table.skip(8); // sh_addralign
  const entrySize = table.u64();
  return {
    nameOffset,
    type,
    flags: table.littleEndian ? flags : flagsHigh,
    address,
    offset,
    size,
    link,
    info,
    entrySize,
  };
}

function readSections(
  source: ByteSource,
  table: Cursor,
  count: number,
  entrySize: Bytes,
  nameSection: number,
): ElfSection[] {
  const raw: RawSection[] = [];
  for (let i = 0; i < count; i++) {
    table.seek(i * entrySize);
    raw.push(readRawSection(table));
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

function addressField(cursor: Cursor): Address {
  const address = cursor.address();
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
