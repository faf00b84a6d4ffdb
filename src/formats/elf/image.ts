/**
 * ELF, the format of executables, shared libraries and separate debug files: headers and sections of
 * files of either word size and byte order. Spec: System V ABI, chapter 4 and 5 ("Object Files", "Program
 * Loading"); GNU's `.gnu_debuglink`: GDB manual, "Separate Debug Files".
 *
 * Section headers may be missing (`sstrip`): segments, which the kernel itself goes by, then suffice.
 */
import { Cursor } from '../../base/cursor.js';
import type { ByteSource } from '../../base/source.js';
import type { Address, Bytes } from '../../base/units.js';
import { packingOf, PACKING_HEADER, unpack, type Packing } from './compression.js';
import { PF_X, PT_LOAD, SHT_NOBITS } from './constants.js';
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

  /** @throws FormatError where the bytes are not a sound ELF file. */
  static read(source: ByteSource): ElfImage {
    return new ElfImage(source, readHeader(source));
  }

  get littleEndian(): boolean {
    return this.header.littleEndian;
  }

  /** Whether addresses take 8 bytes; else 4. */
  get is64Bit(): boolean {
    return this.header.is64Bit;
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
    const packing = this.packing(section, bytes);
    return packing === undefined ? bytes : unpack(section, bytes, packing);
  }

  /** How large {@link sectionBytes} are, and whether they are packed in the file. @throws FormatError */
  sectionExtent(section: ElfSection): { readonly size: Bytes; readonly isPacked: boolean } {
    if (section.type === SHT_NOBITS) return { size: 0, isPacked: false };
    const head = this.source.read(section.offset, Math.min(section.size, PACKING_HEADER));
    const packing = this.packing(section, head);
    return { size: packing?.size ?? section.size, isPacked: packing !== undefined };
  }

  /** A cursor over a section; its errors name the file's offsets. */
  sectionCursor(section: ElfSection): Cursor {
    const bytes = this.sectionBytes(section);
    const base = bytes.byteLength === section.size ? section.offset : 0;
    const cursor = new Cursor(bytes, FORMAT, this.littleEndian, base);
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

  private packing(section: ElfSection, head: Uint8Array): Packing | undefined {
    return packingOf(section, head, this.littleEndian, this.is64Bit);
  }
}
