/**
 * From a module's virtual addresses to its functions. Two sources together: symbols give names, unwind
 * information (`.eh_frame`) gives every function's bounds, also where the name was stripped.
 */
import { basename } from 'node:path';

import { formatAddress, type Address, type Bytes } from '../base/units.js';
import { NO_FRAMES, type SourceFrame } from '../formats/dwarf/source-frame.js';
import type { ElfImage, ElfSection } from '../formats/elf/image.js';
import type { SymbolTable } from '../formats/elf/symbols.js';
import type { Demangler } from './demangle.js';
import { PltNames } from './plt.js';

/** Function bounds by unwind information. */
export interface FunctionBounds {
  /** The function, or the part of one, that covers a virtual address. */
  boundsAt(vaddr: Address): { readonly start: Address; readonly end: Address } | undefined;
}

/** A function as reports show it. The same object for every address of the function. */
export interface FunctionSymbol {
  /**
   * Demangled. Without a symbol `libfoo.so+0x1234`, by the function's start; where not even that is
   * known `[libfoo.so]`, which stands for all such code of the module.
   */
  readonly name: string;
  /** As it stands in the file: mangled, and with the version that linkers put behind it. */
  readonly linkName: string | undefined;
  readonly start: Address;
  /** 0 where unknown. */
  readonly size: Bytes;
  readonly hasName: boolean;
}

/** What {@link ModuleSymbols} looks addresses up in; each part may be missing. */
export interface SymbolSources {
  readonly image: ElfImage | undefined;
  readonly symbols: SymbolTable | undefined;
  readonly bounds: FunctionBounds | undefined;
  /** Source lines and inlined functions, opened when first asked for. */
  readonly lines?: SourceLines | undefined;
}

/** Source lines by virtual address. */
export interface SourceLines {
  framesAt(vaddr: Address): readonly SourceFrame[];
}

/** One module's functions by virtual address. */
export class ModuleSymbols {
  private readonly shortName: string;
  private readonly unknown: FunctionSymbol;
  private readonly known = new Map<Address, FunctionSymbol>();
  private readonly pltSections: readonly ElfSection[];
  private plt: { readonly names: PltNames | undefined } | undefined;

  constructor(
    readonly path: string,
    private readonly sources: SymbolSources,
    private readonly demangler: Demangler,
  ) {
    this.shortName = basename(path.replace(/ \(deleted\)$/, '')) || path;
    const bracketed = /^\[.*\]$/.test(this.shortName) ? this.shortName : `[${this.shortName}]`;
    this.unknown = {
      name: bracketed,
      linkName: undefined,
      start: 0,
      size: 0,
      hasName: false,
    };
    this.pltSections = sources.image?.sections.filter(({ name }) => name.startsWith('.plt')) ?? [];
  }

  /** The module's headers; `undefined` where its file was not found. */
  get image(): ElfImage | undefined {
    return this.sources.image;
  }

  /** The virtual address of a byte of the file; `undefined` where it is not loaded, or no file is. */
  vaddrOfOffset(fileOffset: Bytes): Address | undefined {
    return this.sources.image?.vaddrOfOffset(fileOffset);
  }

  lookup(vaddr: Address): FunctionSymbol {
    const { symbols, bounds } = this.sources;
    const index = symbols?.find(vaddr) ?? -1;
    // A symbol's own size is believed; unwind information need not be asked.
    if (symbols !== undefined && index >= 0 && symbols.isSized(index)) {
      return this.symbolAt(symbols, index);
    }
    const extent = bounds?.boundsAt(vaddr);
    const named = symbols && this.named(symbols, index, extent?.start);
    if (named !== undefined) return named;
    const plt = this.pltSections.find(
      ({ address, size }) => vaddr >= address && vaddr < address + size,
    );
    if (plt !== undefined) return this.inPlt(vaddr, plt);
    if (extent === undefined) return this.unknown;
    const { start, end } = extent;
    return this.known.get(start) ?? this.remember(start, end - start, undefined, undefined);
  }

  /** `malloc@plt`; where no relocation names the entry, the whole table as one function. */
  private inPlt(vaddr: Address, { address, size }: ElfSection): FunctionSymbol {
    const { image } = this.sources;
    this.plt ??= { names: image && PltNames.read(image) };
    const entry = this.plt.names?.find(vaddr);
    const start = entry?.start ?? address;
    const known = this.known.get(start);
    if (known !== undefined) return known;
    const whole = `${this.shortName}@plt`;
    if (entry === undefined) return this.remember(start, size, whole, undefined);
    const name = entry.name === '' ? whole : `${this.demangler.demangle(entry.name)}@plt`;
    return this.remember(start, entry.size, name, `${entry.name}@plt`);
  }

  /**
   * The functions that an address stands in, by debug information: innermost first, inlined ones before
   * the function that they were inlined into, which is last; of no inlining there is that one. Empty where
   * there is no debug information, or reading it was not worth its cost (`LineBudget`).
   */
  sourceAt(vaddr: Address): readonly SourceFrame[] {
    return this.sources.lines?.framesAt(vaddr) ?? NO_FRAMES;
  }

  /**
   * The function by a symbol without size: a label before the address, or one that stands where unwind
   * information says that the function begins (assembly gives wrong sizes, or none).
   * @param label the nearest before the address, or -1
   */
  private named(
    symbols: SymbolTable,
    label: number,
    functionStart: Address | undefined,
  ): FunctionSymbol | undefined {
    // A label is stretched to the next one: another function may begin in between.
    const isInside =
      label >= 0 && (functionStart === undefined || functionStart <= symbols.start(label));
    if (isInside) return this.symbolAt(symbols, label);
    if (functionStart === undefined) return undefined;
    const index = symbols.find(functionStart);
    const begins = index >= 0 && symbols.start(index) === functionStart;
    return begins ? this.symbolAt(symbols, index) : undefined;
  }

  private symbolAt(symbols: SymbolTable, index: number): FunctionSymbol {
    const start = symbols.start(index);
    const known = this.known.get(start);
    if (known !== undefined) return known;
    const linkName = symbols.name(index);
    const name = this.demangler.nameOf(linkName);
    return this.remember(start, symbols.size(index), name, linkName);
  }

  private remember(
    start: Address,
    size: Bytes,
    name: string | undefined,
    linkName: string | undefined,
  ): FunctionSymbol {
    const symbol: FunctionSymbol = {
      name: name ?? `${this.shortName}+0x${formatAddress(start)}`,
      linkName,
      start,
      size,
      hasName: name !== undefined,
    };
    this.known.set(start, symbol);
    return symbol;
  }
}
