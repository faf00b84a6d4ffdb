/**
 * The entries of a procedure linkage table: jumps to functions of other files, which no symbol names. An
 * entry belongs to the relocation of the same number, and that to a symbol (System V ABI, AMD64
 * supplement 5.2; `dso__synthesize_plt_symbols` in tools/perf/util/symbol-elf.c).
 */
import { Cursor, decodeUtf8 } from '../base/cursor.js';
import { FormatError } from '../base/errors.js';
import type { Address, Bytes } from '../base/units.js';
import { EM_AARCH64, EM_X86_64, SHT_DYNSYM } from '../formats/elf/constants.js';
import type { ElfImage, ElfSection } from '../formats/elf/image.js';

/** `Elf64_Rela`: offset, info (the symbol's number in its upper half), addend. */
const RELA_SIZE = 24;
const SYM_SIZE = 24;
/** More are made up. */
const MAX_ENTRIES = 1 << 20;

export interface PltEntry {
  /** Of the function that it jumps to; empty where the relocation names none. */
  readonly name: string;
  readonly start: Address;
  readonly size: Bytes;
}

interface Table {
  readonly section: ElfSection;
  /** Bytes before the first entry. */
  readonly header: Bytes;
  readonly entry: Bytes;
}

export class PltNames {
  private constructor(
    private readonly tables: readonly Table[],
    private readonly relocations: Uint8Array,
    private readonly symbols: Uint8Array,
    private readonly strings: Uint8Array,
    private readonly littleEndian: boolean,
  ) {}

  /** `undefined` where the file has no such table, or it is damaged, or of a machine not known. */
  static read(image: ElfImage): PltNames | undefined {
    const relocations = image.section('.rela.plt');
    const symbols = image.sections.find(({ type }) => type === SHT_DYNSYM);
    const strings = symbols && image.sections[symbols.link];
    const tables = tablesOf(image);
    if (relocations === undefined || strings === undefined || tables.length === 0) return undefined;
    if (image.sections[relocations.link] !== symbols) return undefined;
    try {
      return new PltNames(
        tables,
        image.sectionBytes(relocations),
        image.sectionBytes(symbols),
        image.sectionBytes(strings),
        image.littleEndian,
      );
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }

  /** The entry that covers an address. */
  find(vaddr: Address): PltEntry | undefined {
    for (const { section, header, entry } of this.tables) {
      const from = vaddr - section.address - header;
      if (from < 0 || from >= section.size - header) continue;
      const index = Math.floor(from / entry);
      const count = Math.min(MAX_ENTRIES, Math.floor(this.relocations.length / RELA_SIZE));
      if (index >= count) return undefined;
      const start = section.address + header + index * entry;
      return { name: this.nameOf(index), start, size: entry };
    }
    return undefined;
  }

  private nameOf(index: number): string {
    const symbol = this.at(this.relocations, index * RELA_SIZE + (this.littleEndian ? 12 : 8));
    const name = this.at(this.symbols, symbol * SYM_SIZE);
    if (symbol === 0 || name === 0 || name >= this.strings.length) return '';
    const end = this.strings.indexOf(0, name);
    return decodeUtf8(this.strings.subarray(name, end < 0 ? undefined : end));
  }

  /** A u32; 0 past the end. */
  private at(bytes: Uint8Array, offset: number): number {
    if (offset + 4 > bytes.length) return 0;
    return new Cursor(bytes, 'ELF', this.littleEndian, 0, offset).u32();
  }
}

/** The tables whose entries follow the relocations' order, and how they are laid out. */
function tablesOf(image: ElfImage): Table[] {
  const plt = image.section('.plt');
  const tables: Table[] = [];
  if (image.machine === EM_AARCH64) {
    if (plt !== undefined) tables.push({ section: plt, header: 32, entry: 16 });
  } else if (image.machine === EM_X86_64) {
    if (plt !== undefined) tables.push({ section: plt, header: 16, entry: 16 });
    // With branch tracking calls enter here; these entries have no header before them.
    const second = image.section('.plt.sec');
    if (second !== undefined) tables.push({ section: second, header: 0, entry: 16 });
  }
  return tables;
}
