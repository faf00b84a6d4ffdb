/**
 * The functions that an ELF file names, as columns: libraries have 100,000 and more, so there is no
 * object per symbol and names stay bytes until asked for.
 */
import { decodeUtf8 } from '../../base/cursor.js';
import { sortedOrder } from '../../base/order.js';
import { lastAtMost } from '../../base/search.js';
import type { Address, Bytes } from '../../base/units.js';
import { addressFrom } from '../../base/units.js';
import { isBetterName } from './aliases.js';
import {
  EM_AARCH64,
  EM_RISCV,
  SHF_EXECINSTR,
  SHN_LORESERVE,
  SHN_UNDEF,
  SHT_DYNSYM,
  SHT_NOBITS,
  SHT_SYMTAB,
  STB_GLOBAL,
  STB_WEAK,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_NOTYPE,
  STV_HIDDEN,
  STV_INTERNAL,
  SYM32_SIZE,
  SYM_SIZE,
} from './constants.js';
import type { ElfImage, ElfSection } from './image.js';

const DOLLAR = 0x24;
/** Names are longer than this in files made to waste time only. */
const MAX_NAME: Bytes = 1 << 16;
/** Functions that overlap deeper than this are made up. */
const MAX_NESTING = 64;

/** A symbol section with its strings. */
interface RawTable {
  readonly view: DataView;
  readonly strings: Uint8Array;
  readonly count: number;
  readonly layout: SymLayout;
}

/** Where the fields of an entry lie; `st_name` is first. */
interface SymLayout {
  readonly bytes: Bytes;
  readonly value: Bytes;
  readonly size: Bytes;
  readonly info: Bytes;
  readonly other: Bytes;
  readonly section: Bytes;
}

const SYM64: SymLayout = { bytes: SYM_SIZE, info: 4, other: 5, section: 6, value: 8, size: 16 };
const SYM32: SymLayout = { bytes: SYM32_SIZE, value: 4, size: 8, info: 12, other: 13, section: 14 };

/** Functions by address, one per start address. */
export class SymbolTable {
  /**
   * @param starts sorted, distinct
   * @param ends exclusive
   * @param enclosing the nearest earlier symbol that reaches past this one's start, or -1
   * @param sized 1 where the file gives the size
   * @param names offset of the name in `strings[stringsOf[i]]`
   */
  constructor(
    private readonly starts: Float64Array,
    private readonly ends: Float64Array,
    private readonly enclosing: Int32Array,
    private readonly sized: Uint8Array,
    private readonly names: Uint32Array,
    private readonly stringsOf: Uint8Array,
    private readonly strings: readonly Uint8Array[],
  ) {}

  get length(): number {
    return this.starts.length;
  }

  /** Index of the innermost function that covers `vaddr`, or -1. */
  find(vaddr: Address): number {
    let i = lastAtMost(this.starts, this.starts.length, vaddr);
    for (let depth = 0; i >= 0 && this.ends[i] <= vaddr; depth++) {
      if (depth === MAX_NESTING) return -1;
      i = this.enclosing[i];
    }
    return i;
  }

  name(i: number): string {
    return decodeUtf8(stringAt(this.strings[this.stringsOf[i]], this.names[i]));
  }

  start(i: number): Address {
    return this.starts[i];
  }

  /** Of a symbol without size: up to the next symbol or the section's end. */
  size(i: number): Bytes {
    return this.ends[i] - this.starts[i];
  }

  /** Whether {@link size} is the file's word; if not, another function may lie in between unnamed. */
  isSized(i: number): boolean {
    return this.sized[i] === 1;
  }
}

/**
 * The functions of `.symtab` and `.dynsym`: `STT_FUNC`, `STT_GNU_IFUNC`, and labels (`STT_NOTYPE`) in
 * executable sections, as assembly has them. Left out: hidden labels, mapping symbols (`$x`), and
 * labels without size inside of a function.
 *
 * Of several names for one address `perf`'s choice is taken (`choose_best_symbol` in
 * `tools/perf/util/symbol.c`): with a size, typed, not weak, global, fewer leading underscores, the
 * longer name, the first in the file.
 *
 * @throws FormatError where a table does not lie within the file.
 */
export function readSymbols(image: ElfImage): SymbolTable {
  const tables = rawTables(image);
  const total = tables.reduce((sum, table) => sum + table.count, 0);
  const all: Candidates = {
    strings: tables.map((table) => table.strings),
    starts: new Float64Array(total),
    sizes: new Float64Array(total),
    limits: new Float64Array(total),
    names: new Uint32Array(total),
    stringsOf: new Uint8Array(total),
    ranks: new Uint8Array(total),
  };
  const skipsMapping = image.machine === EM_AARCH64 || image.machine === EM_RISCV;
  let count = 0;
  tables.forEach((table, tableIndex) => {
    count = collect(image, table, tableIndex, skipsMapping, all, count);
  });
  return build(all, count);
}

interface Candidates {
  readonly strings: readonly Uint8Array[];
  readonly starts: Float64Array;
  readonly sizes: Float64Array;
  /** End of the symbol's section. */
  readonly limits: Float64Array;
  readonly names: Uint32Array;
  readonly stringsOf: Uint8Array;
  /** How much a symbol is preferred among aliases, before names are looked at; see {@link rankOf}. */
  readonly ranks: Uint8Array;
}

const RANK_SIZED = 16;
const RANK_TYPED = 8;
const RANK_STRONG = 4;
const RANK_GLOBAL = 2;
/** `.dynsym` repeats what `.symtab` has: so no names need comparing to find that out. */
const RANK_FIRST_TABLE = 1;

function rankOf(size: Bytes, type: number, binding: number, table: number): number {
  return (
    (table === 0 ? RANK_FIRST_TABLE : 0) |
    (size > 0 ? RANK_SIZED : 0) |
    (type !== STT_NOTYPE ? RANK_TYPED : 0) |
    (binding !== STB_WEAK ? RANK_STRONG : 0) |
    (binding === STB_GLOBAL ? RANK_GLOBAL : 0)
  );
}

/** Appends a table's functions to `all` from index `count` on; returns the new count. */
function collect(
  image: ElfImage,
  { view, strings, count: tableCount, layout }: RawTable,
  tableIndex: number,
  skipsMapping: boolean,
  all: Candidates,
  count: number,
): number {
  const le = image.littleEndian;
  const sections = image.sections;
  // Proof of bounds: a table holds `count` whole entries, and `at` + their size never passes them.
  for (let i = 0, at = 0; i < tableCount; i++, at += layout.bytes) {
    const info = view.getUint8(at + layout.info);
    const type = info & 0xf;
    if (type !== STT_FUNC && type !== STT_GNU_IFUNC && type !== STT_NOTYPE) continue;
    const name = view.getUint32(at, le);
    const sectionIndex = view.getUint16(at + layout.section, le);
    if (sectionIndex === SHN_UNDEF || name === 0 || name >= strings.length) continue;
    const section: ElfSection | undefined =
      sectionIndex < SHN_LORESERVE ? sections[sectionIndex] : undefined;
    if (type === STT_NOTYPE) {
      const visibility = view.getUint8(at + layout.other) & 3;
      if (visibility === STV_HIDDEN || visibility === STV_INTERNAL) continue;
      if (section === undefined || (section.flags & SHF_EXECINSTR) === 0) continue;
      if (skipsMapping && strings[name] === DOLLAR) continue;
    }
    const start = wordAt(view, at + layout.value, le, layout);
    const size = wordAt(view, at + layout.size, le, layout);
    // Sizes past 2^47 (with the sign bit: negative) are no sizes; a lie would swallow the file.
    const sound = size >= 0 && size < 2 ** 47;
    if (!(Math.abs(start) < 2 ** 52)) continue;
    all.starts[count] = start;
    all.sizes[count] = sound ? size : 0;
    all.limits[count] = section === undefined ? start : section.address + section.size;
    all.names[count] = name;
    all.stringsOf[count] = tableIndex;
    all.ranks[count] = rankOf(sound ? size : 0, type, info >> 4, tableIndex);
    count++;
  }
  return count;
}

function build(all: Candidates, count: number): SymbolTable {
  const order = sortedOrder(all.starts, count);
  // Aliases: of each run of equal starts, the best stays, at `order[kept]`.
  let kept = 0;
  let reach = -Infinity; // The furthest end of a sized symbol so far.
  for (let i = 0; i < count;) {
    let best = order[i];
    const start = all.starts[best];
    for (i++; i < count && all.starts[order[i]] === start; i++) {
      if (isBetter(all, order[i], best)) best = order[i];
    }
    const size = all.sizes[best];
    const isLabelInside = size === 0 && (all.ranks[best] & RANK_TYPED) === 0 && start < reach;
    if (isLabelInside) continue;
    reach = Math.max(reach, start + size);
    order[kept++] = best;
  }

  const starts = new Float64Array(kept);
  const ends = new Float64Array(kept);
  const names = new Uint32Array(kept);
  const stringsOf = new Uint8Array(kept);
  const enclosing = new Int32Array(kept);
  const sized = new Uint8Array(kept);
  for (let i = 0; i < kept; i++) {
    const from = order[i];
    const start = (starts[i] = all.starts[from]);
    names[i] = all.names[from];
    stringsOf[i] = all.stringsOf[from];
    if (all.sizes[from] > 0) {
      ends[i] = start + all.sizes[from];
      sized[i] = 1;
    } else {
      const next = i + 1 < kept ? all.starts[order[i + 1]] : Infinity;
      ends[i] = Math.max(start, Math.min(next, all.limits[from]));
    }
    // What lies between enclosing[j] and j ends at or before j's start, so following the links misses
    // nothing that reaches past this start.
    let j = i - 1;
    while (j >= 0 && ends[j] <= start) j = enclosing[j];
    enclosing[i] = j;
  }
  return new SymbolTable(starts, ends, enclosing, sized, names, stringsOf, all.strings);
}

/** Whether candidate `a` is a better name than `b` for their common address. */
function isBetter(all: Candidates, a: number, b: number): boolean {
  if (all.ranks[a] !== all.ranks[b]) return all.ranks[a] > all.ranks[b];
  const stringsA = all.strings[all.stringsOf[a]];
  const stringsB = all.strings[all.stringsOf[b]];
  return isBetterName(stringsA, all.names[a], stringsB, all.names[b]);
}

/** A symbol looked up by name. */
export interface NamedSymbol {
  readonly address: Address;
  readonly size: Bytes;
}

/**
 * A defined symbol of any type by its exact name, such as `_Py_trampoline_func_start` or `Py_Version`;
 * `.dynsym` first, which is small and never stripped.
 */
export function symbolNamed(image: ElfImage, name: string): NamedSymbol | undefined {
  return exportedSymbol(image, name) ?? findByName(image, SHT_SYMTAB, name);
}

/** As {@link symbolNamed}, of `.dynsym` alone: what the file offers to others. */
export function exportedSymbol(image: ElfImage, name: string): NamedSymbol | undefined {
  return findByName(image, SHT_DYNSYM, name);
}

function findByName(image: ElfImage, tableType: number, name: string): NamedSymbol | undefined {
  const wanted = Buffer.from(name, 'utf-8');
  const le = image.littleEndian;
  for (const { view, strings, count, layout } of rawTables(image, [tableType])) {
    for (let i = 0, at = 0; i < count; i++, at += layout.bytes) {
      const offset = view.getUint32(at, le);
      if (view.getUint16(at + layout.section, le) === SHN_UNDEF) continue;
      if (!holdsAt(strings, offset, wanted)) continue;
      return {
        address: wordAt(view, at + layout.value, le, layout),
        size: wordAt(view, at + layout.size, le, layout),
      };
    }
  }
  return undefined;
}

/** Of `.symtab`, then `.dynsym`, those that the file has. */
function rawTables(
  image: ElfImage,
  types: readonly number[] = [SHT_SYMTAB, SHT_DYNSYM],
): RawTable[] {
  const tables: RawTable[] = [];
  const layout = image.is64Bit ? SYM64 : SYM32;
  for (const type of types) {
    const section = image.sections.find((candidate) => candidate.type === type);
    const strings = section && image.sections[section.link];
    if (section === undefined || strings === undefined || strings.type === SHT_NOBITS) continue;
    const bytes = image.sectionBytes(section);
    tables.push({
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      strings: image.sectionBytes(strings),
      count: Math.floor(bytes.byteLength / layout.bytes),
      layout,
    });
  }
  return tables;
}

/** An `Elf64_Addr` or `Elf64_Xword`, or the 32-bit one. */
function wordAt(view: DataView, at: number, littleEndian: boolean, layout: SymLayout): Address {
  if (layout === SYM32) return view.getUint32(at, littleEndian);
  const first = view.getUint32(at, littleEndian);
  const second = view.getUint32(at + 4, littleEndian);
  return littleEndian ? addressFrom(first, second) : addressFrom(second, first);
}

/** The bytes up to the NUL, or to the table's end where there is none. */
function stringAt(strings: Uint8Array, offset: number): Uint8Array {
  const longest = strings.subarray(offset, offset + MAX_NAME);
  const length = longest.indexOf(0);
  return length < 0 ? longest : longest.subarray(0, length);
}

function holdsAt(strings: Uint8Array, offset: number, wanted: Uint8Array): boolean {
  const end = offset + wanted.length;
  if (end > strings.length || (end < strings.length && strings[end] !== 0)) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (strings[offset + i] !== wanted[i]) return false;
  }
  return true;
}
