/**
 * Writes an ELF file that holds nothing but function names, for `perf` to find in its build-ID cache:
 * so code that has no file (CPython's trampolines) gets its names in `perf report` too.
 *
 *   0 ┬ Elf64_Ehdr
 *     ├ PT_LOAD (R+X): vaddr 0 = offset 0, so that an address is the file offset of the mapping,
 *     │ PT_NOTE        which is what `perf` looks symbols up by
 *     ├ .note.gnu.build-id
 *     ├ .symtab, .strtab, .shstrtab
 *     └ Elf64_Shdr × 6        (.text is SHT_NOBITS: addresses without bytes)
 */
import type { Address, Bytes } from '../../base/units.js';
import { addressHigh, addressLow } from '../../base/units.js';
import {
  EHDR_SIZE,
  ET_DYN,
  NT_GNU_BUILD_ID,
  PF_R,
  PF_X,
  PHDR_SIZE,
  PT_LOAD,
  PT_NOTE,
  SHDR_SIZE,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_NULL,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_GLOBAL,
  STT_FUNC,
  SYM_SIZE,
} from './constants.js';

const SECTION_NAMES = ['', '.text', '.note.gnu.build-id', '.symtab', '.strtab', '.shstrtab'];
const TEXT = 1;
const STRTAB = 4;
const SHSTRTAB = 5;
const PAGE: Bytes = 4096;
const GNU_NAME = 0x00554e47; // "GNU\0" as a little-endian u32

export interface SymbolFile {
  /** 20 bytes, under which `perf` looks the file up. */
  readonly buildId: Uint8Array;
  /** `EM_*` of the code. */
  readonly machine: number;
  /** Columns of one length. Starts are offsets into the mapped code. */
  readonly symbols: {
    readonly starts: ArrayLike<Address>;
    readonly sizes: ArrayLike<Bytes>;
    /** Any text; a NUL ends a name early. */
    readonly names: readonly string[];
  };
  /** Size of the code: every symbol lies below it. */
  readonly textSize: Bytes;
}

/** A little-endian ELF64 shared object (`ET_DYN`) with the names given and no code. */
export function writeSymbolFile({ buildId, machine, symbols, textSize }: SymbolFile): Uint8Array {
  const count = symbols.names.length;
  const noteOffset = EHDR_SIZE + 2 * PHDR_SIZE;
  const noteSize = 16 + align(buildId.length, 4);
  const symtabOffset = align(noteOffset + noteSize, 8);
  const symtabSize = (count + 1) * SYM_SIZE;
  const strtabOffset = symtabOffset + symtabSize;
  const names = symbols.names.map((name) => name.split('\0', 1)[0]);
  const strtabSize = names.reduce((sum, name) => sum + Buffer.byteLength(name) + 1, 1);
  const shstrtabOffset = strtabOffset + strtabSize;
  const sectionNames = Buffer.from(SECTION_NAMES.map((name) => `${name}\0`).join(''));
  const sectionsOffset = align(shstrtabOffset + sectionNames.length, 8);

  const file = Buffer.alloc(sectionsOffset + SECTION_NAMES.length * SHDR_SIZE);
  const out = new Writer(file);

  // Elf64_Ehdr
  out.bytes([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  out.u16(ET_DYN).u16(machine).u32(1).u64(0).u64(EHDR_SIZE).u64(sectionsOffset);
  out.u32(0).u16(EHDR_SIZE).u16(PHDR_SIZE).u16(2);
  out.u16(SHDR_SIZE).u16(SECTION_NAMES.length).u16(SHSTRTAB);

  // Elf64_Phdr: type, flags, offset, vaddr, paddr, filesz, memsz, align
  out
    .u32(PT_LOAD)
    .u32(PF_R | PF_X)
    .u64(0)
    .u64(0)
    .u64(0)
    .u64(textSize)
    .u64(textSize)
    .u64(PAGE);
  out.u32(PT_NOTE).u32(PF_R).u64(noteOffset).u64(noteOffset).u64(noteOffset);
  out.u64(noteSize).u64(noteSize).u64(4);

  // Elf64_Nhdr
  out.u32(4).u32(buildId.length).u32(NT_GNU_BUILD_ID).u32(GNU_NAME).bytes(buildId);

  // Elf64_Sym: name, info, other, shndx, value, size; the first is the null symbol
  out.at = symtabOffset + SYM_SIZE;
  let nameOffset = 1;
  for (let i = 0; i < count; i++) {
    out
      .u32(nameOffset)
      .u8((STB_GLOBAL << 4) | STT_FUNC)
      .u8(0)
      .u16(TEXT);
    out.u64(symbols.starts[i]).u64(symbols.sizes[i]);
    nameOffset += file.write(names[i], strtabOffset + nameOffset) + 1;
  }
  file.set(sectionNames, shstrtabOffset);

  // Elf64_Shdr: name, type, flags, addr, offset, size, link, info, addralign, entsize
  out.at = sectionsOffset;
  let sectionName = 0;
  const section = (
    [type, flags, address, offset, size]: readonly [number, number, Address, Bytes, Bytes],
    [link, info, alignment, entrySize]: readonly [number, number, Bytes, Bytes],
  ): void => {
    out.u32(sectionName).u32(type).u64(flags).u64(address).u64(offset).u64(size);
    out.u32(link).u32(info).u64(alignment).u64(entrySize);
    sectionName = sectionNames.indexOf(0, sectionName) + 1;
  };
  section([SHT_NULL, 0, 0, 0, 0], [0, 0, 0, 0]);
  section([SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, 0, 0, textSize], [0, 0, 16, 0]);
  section([SHT_NOTE, 0, 0, noteOffset, noteSize], [0, 0, 4, 0]);
  // sh_info of a symbol table is the index of its first global symbol.
  section([SHT_SYMTAB, 0, 0, symtabOffset, symtabSize], [STRTAB, 1, 8, SYM_SIZE]);
  section([SHT_STRTAB, 0, 0, strtabOffset, strtabSize], [0, 0, 1, 0]);
  section([SHT_STRTAB, 0, 0, shstrtabOffset, sectionNames.length], [0, 0, 1, 0]);
  return file;
}

/** Little-endian numbers, one after another. */
class Writer {
  at = 0;
  constructor(private readonly file: Buffer) {}

  u8(value: number): this {
    this.at = this.file.writeUInt8(value, this.at);
    return this;
  }

  u16(value: number): this {
    this.at = this.file.writeUInt16LE(value, this.at);
    return this;
  }

  u32(value: number): this {
    this.at = this.file.writeUInt32LE(value, this.at);
    return this;
  }

  u64(value: number): this {
    return this.u32(addressLow(value)).u32(addressHigh(value));
  }

  bytes(values: ArrayLike<number>): this {
    this.file.set(values, this.at);
    this.at += values.length;
    return this;
  }
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
