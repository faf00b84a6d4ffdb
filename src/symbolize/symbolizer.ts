/** Modules and their symbols, each file opened once, and what could not be known about them. */
import { StrataError } from '../base/errors.js';
import type { Bytes } from '../base/units.js';
import { ParseBudget } from '../formats/dwarf/budget.js';
import { CfiIndex } from '../formats/dwarf/cfi.js';
import type { ElfImage } from '../formats/elf/image.js';
import { SHT_SYMTAB } from '../formats/elf/constants.js';
import { readSymbols, type SymbolTable } from '../formats/elf/symbols.js';
import { DebuginfodClient, type DownloadProgress } from './debuginfod-client.js';
import { Demangler } from './demangle.js';
import { SymbolFiles, type ModuleRequest } from './files.js';
import { ModuleSymbols, type FunctionBounds, type SourceLines } from './module-symbols.js';
import { isMissing, MissingReason, type Missing, type OpenModule } from './open-elf.js';
import type { SymbolOptions } from './options.js';
import {
  DEFAULT_LINE_BUDGET,
  DEFAULT_LINE_FILE_LIMIT,
  hasDebugInfo,
  ModuleLines,
} from './source-lines.js';

/** Why functions of a module go without names, in part or all. */
export interface SymbolGap {
  readonly path: string;
  readonly reason: MissingReason | 'stripped';
  /** The facts: `… is another build (build ID … recorded, … found)`. */
  readonly detail: string;
}

export interface SymbolizerOptions extends SymbolOptions {
  /** The same as `symfs`. */
  readonly root?: string;
  /** Told while a server of debug information is waited for. */
  readonly onDownload?: (progress: DownloadProgress) => void;
  /**
   * How many bytes of debug information may be parsed for source lines and inlined functions:
   * what is cheap where it is not given (`DEFAULT_LINE_BUDGET`, `DEFAULT_LINE_FILE_LIMIT`), 0 for none,
   * `Infinity` for all.
   */
  readonly lineBudget?: Bytes;
  /** Whether `sourceAt` tells files and lines, or inlined functions alone; by default it does. */
  readonly lines?: boolean;
  /** Bounds of functions by unwind information; by default of the image's `.eh_frame`. */
  readonly boundsOf?: (image: ElfImage) => FunctionBounds;
}

/** Opens modules and keeps them, by build ID where there is one, else by path. Close it when done. */
export class Symbolizer {
  /** What reading source lines has cost, and whether some were left out for that (`refused`). */
  readonly lineBudget: ParseBudget;
  private readonly demangler = new Demangler();
  private readonly modules = new Map<string, ModuleSymbols>();
  private readonly gapOf = new Map<ModuleSymbols, SymbolGap>();
  private readonly open: OpenModule[] = [];
  private readonly files: SymbolFiles;
  private readonly downloads: DebuginfodClient | undefined;

  constructor(readonly options: SymbolizerOptions = {}) {
    const symfs = options.symfs ?? options.root;
    const { debuginfod, onDownload } = options;
    const { lineBudget } = options;
    this.lineBudget =
      lineBudget === undefined
        ? new ParseBudget(DEFAULT_LINE_BUDGET, DEFAULT_LINE_FILE_LIMIT)
        : new ParseBudget(lineBudget);
    this.downloads = debuginfod && new DebuginfodClient(debuginfod, onDownload);
    this.files = new SymbolFiles(
      symfs === undefined ? options : { ...options, symfs },
      this.downloads,
    );
  }

  /** Never fails: of what cannot be read {@link gap} tells why. */
  module(request: ModuleRequest): ModuleSymbols {
    const key = request.buildId ?? `${request.root ?? ''}\0${request.path}`;
    let module = this.modules.get(key);
    if (module === undefined) {
      module = this.load(request);
      this.modules.set(key, module);
    }
    return module;
  }

  /** The symbols of an image that is no file: the vdso. `path` is what names it. */
  moduleOfImage(path: string, image: ElfImage): ModuleSymbols {
    let module = this.modules.get(`\0${path}`);
    if (module === undefined) {
      const symbols = orGap(() => readSymbols(image));
      module = this.create(path, image, isGap(symbols) ? undefined : symbols);
      this.modules.set(`\0${path}`, module);
    }
    return module;
  }

  /** Why names are missing of a module; `undefined` where none are. */
  gap(module: ModuleSymbols): SymbolGap | undefined {
    return this.gapOf.get(module);
  }

  /** Of all modules asked for so far. */
  gaps(): SymbolGap[] {
    return [...this.gapOf.values()];
  }

  /** What went wrong with servers of debug information, in sentences. */
  get problems(): readonly string[] {
    return this.downloads?.problems ?? [];
  }

  /** Closes the files. Addresses already looked up in may no longer be. */
  close(): void {
    for (const { source } of this.open.splice(0)) source.close();
    this.downloads?.close();
  }

  private load(request: ModuleRequest): ModuleSymbols {
    const { path, root } = request;
    const found = this.files.module(request);
    if (isMissing(found)) {
      // Names may still be found; without the file there are no bounds, nor its segments.
      const debug = this.files.debugFileOf(request.buildId, path, root);
      if (debug !== undefined) this.open.push(debug);
      const symbols = debug && symbolsOf(debug);
      return this.create(path, undefined, symbols, found, debug && this.lines(request, debug));
    }
    this.open.push(found);
    const hasSymtab = found.image.sections.some(({ type }) => type === SHT_SYMTAB);
    const debug = hasSymtab ? undefined : this.files.debugFile(found, root);
    if (debug !== undefined) this.open.push(debug);
    const symbols = orGap(() => readSymbols((debug ?? found).image));
    if (isGap(symbols)) return this.create(path, found.image, undefined, symbols);
    const isStripped = !hasSymtab && debug === undefined;
    return this.create(
      path,
      found.image,
      symbols,
      isStripped
        ? { reason: 'stripped', detail: 'it is stripped to the names that it exports' }
        : undefined,
      this.lines(request, found, debug),
    );
  }

  /** @param debug the file that the module's symbols were taken from, where that is another */
  private lines(request: ModuleRequest, module: OpenModule, debug?: OpenModule): SourceLines {
    const { path, image } = module;
    const root = request.root ?? this.options.symfs ?? this.options.root ?? '';
    return new ModuleLines({
      find: () => {
        if (hasDebugInfo(image)) return module;
        // A file with symbols of its own need not have another; a link says that it has.
        if (debug !== undefined || image.section('.gnu_debuglink') === undefined) return debug;
        const linked = this.files.debugFile(module, request.root);
        if (linked !== undefined) this.open.push(linked);
        return linked;
      },
      path,
      root,
      budget: this.lineBudget,
      lines: this.options.lines ?? true,
      demangler: this.demangler,
      onOpen: (file) => this.open.push(file),
    });
  }

  private create(
    path: string,
    image: ElfImage | undefined,
    symbols: SymbolTable | undefined,
    gap?: Omit<SymbolGap, 'path'>,
    lines?: SourceLines,
  ): ModuleSymbols {
    const boundsOf = this.options.boundsOf ?? ehFrameBounds;
    const bounds = image && boundsOf(image);
    const module = new ModuleSymbols(path, { image, symbols, bounds, lines }, this.demangler);
    if (gap !== undefined) this.gapOf.set(module, { path, ...gap });
    return module;
  }
}

/** Function bounds by an image's own call frame information. */
export function ehFrameBounds(image: ElfImage): FunctionBounds {
  const index = CfiIndex.fromElf(image);
  return {
    boundsAt: (vaddr) => {
      const entry = index.find(vaddr);
      return entry < 0 ? undefined : index.bounds(entry);
    },
  };
}

function symbolsOf({ image }: OpenModule): SymbolTable | undefined {
  const symbols = orGap(() => readSymbols(image));
  return isGap(symbols) ? undefined : symbols;
}

function isGap(value: SymbolTable | Missing): value is Missing {
  return 'reason' in value;
}

/** What `read` returns, or what its bytes were found wrong for. */
function orGap(read: () => SymbolTable): SymbolTable | Missing {
  try {
    return read();
  } catch (error) {
    if (error instanceof StrataError) {
      return { reason: MissingReason.Unreadable, detail: error.message };
    }
    throw error;
  }
}
