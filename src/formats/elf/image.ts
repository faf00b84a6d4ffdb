/**
 * ELF, the format of executables, shared libraries and separate debug files: headers and sections of
 * 64-bit files of either byte order. Spec: System V ABI, chapter 4 and 5 ("Object Files", "Program
 * Loading"); GNU's `.gnu_debuglink`: GDB manual, "Separate Debug Files".
 *
 * Section headers may be missing (`sstrip`): segments, which the kernel itself goes by, then suffice.
 */
import { inflateSync } from 'node:zlib';

import { Cursor } from '../../base/cursor.js';
import type { ByteSource } from '../../base/source.js';
import type { Address, Bytes } from '../../base/units.js';
import { ELFCOMPRESS_ZLIB, PF_X, PT_LOAD, SHF_COMPRESSED, SHT_NOBITS } from './constants.js';
import {
  FORMAT,
  readExactly,
  readHeader,
  type ElfSection,
  type ElfSegment,
  type FileHeader,
} from './header.js';
import { findBuildId } from './notes.js';

export type { ElfSection, ElfSegment } from './header.js';

/** What a compressed section may unpack to: over what any real debug section holds. */
const MAX_UNPACKED: Bytes = 1 << 30;
/** Deflate cannot do better than 1032:1 (a 258-byte match in 2 bits), so more is a lie. */
const MAX_RATIO = 1040;

/** Where a stripped file says its symbols are. */
export interface DebugLink {
  /** A file name without folder. */
  readonly name: string;
  /** CRC-32 of the whole debug file. */
  readonly crc: number;
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
