/**
 * ELF, the format of executables, shared libraries and separate debug files: headers and sections of
 * 64-bit files of either byte order. Spec: System V ABI, chapter 4 and 5 ("Object Files", "Program
 * Loading"); GNU's `.gnu_debuglink`: GDB manual, "Separate Debug Files".
 *
 * Section headers may be missing (`sstrip`): segments, which the kernel itself goes by, then suffice.
 */
import { inflateSync } from 'node:zlib';

import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import { isExactAddress, type Address, type Bytes } from '../../base/units.js';
import {
  EHDR_SIZE,
  ELFCOMPRESS_ZLIB,
  PF_X,
  PHDR_SIZE,
  PN_XNUM,
  PT_LOAD,
  SHDR_SIZE,
  SHF_COMPRESSED,
  SHN_XINDEX,
  SHT_NOBITS,
} from './constants.js';
import { findBuildId } from './notes.js';

const FORMAT = 'ELF';
/** What a compressed section may unpack to: over what any real debug section holds. */
const MAX_UNPACKED: Bytes = 1 << 30;
/** Deflate cannot do better than 1032:1 (a 258-byte match in 2 bits), so more is a lie. */
const MAX_RATIO = 1040;
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

/** Where a stripped file says its symbols are. */
export interface DebugLink {
  /** A file name without folder. */
  readonly name: string;
  /** CRC-32 of the whole debug file. */
  readonly crc: number;
}

interface FileHeader {
  readonly littleEndian: boolean;
  readonly type: number;
  readonly machine: number;
  readonly entry: Address;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
}

/** An ELF file's headers, and its bytes on demand. The source must stay open while it is used. */
export class ElfImage {
  /** Hexadecimal; `undefined` where the file has none. */
  readonly buildId: string | undefined;
  private readonly byName = new Map<string, ElfSection>();

  private constructor(
    readonly source: ByteSource,
    private readonly header: FileHeader,
  ) {
    // The first of a name wins, as in `perf` and binutils.
    for (const section of header.sections) {
      if (!this.byName.has(section.name)) this.byName.set(section.name, section);
    }
    this.buildId = findBuildId(this);
  }

  /** @throws FormatError where the bytes are not a sound 64-bit ELF file. */
  static read(source: ByteSource): ElfImage {
    return new ElfImage(source, readHeader(source));
  }

  get littleEndian(): boolean {
    return this.header.littleEndian;
  }

  /** `EM_*`. */
  get machine(): number {
    return this.header.machine;
  }

  /** `ET_*`. */
  get type(): number {
    return this.header.type;
  }

  get entry(): Address {
    return this.header.entry;
  }

  get segments(): readonly ElfSegment[] {
    return this.header.segments;
  }

  /** In the file's order, so that an index is a section index; empty where there are no headers. */
  get sections(): readonly ElfSection[] {
    return this.header.sections;
  }

  section(name: string): ElfSection | undefined {
    return this.byName.get(name);
  }

  /**
   * A section's contents, unpacked where compressed; empty of a section that occupies no file space
   * (as all code and data do in a separate debug file). Read anew on every call.
   * @throws FormatError where it does not lie within the file, or does not unpack.
   */
  sectionBytes(section: ElfSection): Uint8Array {
    if (section.type === SHT_NOBITS) return new Uint8Array(0);
    const bytes = readExactly(this.source, section.offset, section.size, `section ${section.name}`);
    return (section.flags & SHF_COMPRESSED) === 0 ? bytes : this.inflate(section, bytes);
  }

  /** A cursor over a section; its errors name the file's offsets. */
  sectionCursor(section: ElfSection): Cursor {
    const base = (section.flags & SHF_COMPRESSED) === 0 ? section.offset : 0;
    const cursor = new Cursor(this.sectionBytes(section), FORMAT, this.littleEndian, base);
    cursor.structure = section.name;
    return cursor;
  }

  /**
   * The virtual address at which a byte of the file is loaded; `undefined` where it is not. Where
   * segments share a file page, the executable one is meant: addresses come from code.
   */
  vaddrOfOffset(fileOffset: Bytes): Address | undefined {
    let found: ElfSegment | undefined;
    for (const segment of this.segments) {
      if (segment.type !== PT_LOAD) continue;
      if (fileOffset < segment.offset || fileOffset >= segment.offset + segment.fileSize) continue;
      if ((segment.flags & PF_X) !== 0) return segment.vaddr + (fileOffset - segment.offset);
      found ??= segment;
    }
    return found && found.vaddr + (fileOffset - found.offset);
  }

  /** The file offset of what is loaded at a virtual address; `undefined` where no byte of the file is. */
  offsetOfVaddr(vaddr: Address): Bytes | undefined {
    for (const segment of this.segments) {
      if (segment.type !== PT_LOAD) continue;
      if (vaddr < segment.vaddr || vaddr >= segment.vaddr + segment.fileSize) continue;
      return segment.offset + (vaddr - segment.vaddr);
    }
    return undefined;
  }

  /** `.gnu_debuglink`, or `undefined` where there is none. @throws FormatError where it is malformed. */
  get debugLink(): DebugLink | undefined {
    const section = this.section('.gnu_debuglink');
    if (section === undefined || section.type === SHT_NOBITS) return undefined;
    const cursor = this.sectionCursor(section);
    const name = cursor.cstring();
    cursor.skip((4 - (cursor.position % 4)) % 4);
    return { name, crc: cursor.u32() };
  }

  private inflate(section: ElfSection, packed: Uint8Array): Uint8Array {
    const cursor = new Cursor(packed, FORMAT, this.littleEndian, section.offset);
    cursor.structure = `Elf64_Chdr of ${section.name}`;
    const type = cursor.u32();
    cursor.skip(4);
    const size = cursor.u64();
    cursor.skip(8);
    if (type !== ELFCOMPRESS_ZLIB) throw cursor.fault('zlib compression (1)', `${type}`, 24);
    if (size > Math.min(MAX_UNPACKED, packed.byteLength * MAX_RATIO)) {
      throw cursor.fault('a size that zlib can unpack to', `${size}`, 16);
    }
    let unpacked: Uint8Array;
    try {
      unpacked = inflateSync(packed.subarray(cursor.position), {
        maxOutputLength: Math.max(1, size),
      });
    } catch (error) {
      throw cursor.fault(`${size} bytes of zlib data`, error instanceof Error ? error.message : '');
    }
    if (unpacked.byteLength !== size) {
      throw cursor.fault(`${size} bytes of zlib data`, `${unpacked.byteLength}`);
    }
    return unpacked;
  }
}

function readHeader(source: ByteSource): FileHeader {
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

function readExactly(
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
