/** Source lines and inlined functions of a module, and where the files are that tell them. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { MemorySource } from '../base/source.js';
import type { Address, Bytes } from '../base/units.js';
import type { ParseBudget } from '../formats/dwarf/budget.js';
import { DebugInfo } from '../formats/dwarf/debug-info.js';
import { NO_FRAMES, type SourceFrame } from '../formats/dwarf/source-frame.js';
import type { DebugFileFinder } from '../formats/dwarf/split.js';
import { ElfImage, type ElfSection } from '../formats/elf/image.js';
import type { Demangler } from './demangle.js';
import type { SourceLines } from './module-symbols.js';
import { isMissing, openElf, orUndefined, type OpenModule } from './open-elf.js';

/**
 * How much debug information is parsed before lines and inlined functions are left out: half a second's
 * worth. A program of a thousand units, of which a recording hits some dozens, takes a tenth of it.
 */
export const DEFAULT_LINE_BUDGET: Bytes = 64 << 20;

/** Files with more debug information are left out unless it is asked for: libpython's has three times as much. */
export const DEFAULT_LINE_FILE_LIMIT: Bytes = 4 << 20;

/** What one unit is compiled to is far below. */
const MAX_SPLIT_FILE: Bytes = 1 << 28;

export interface LineSources {
  /** The file that has the module's debug information, as far as there is one; asked for once. */
  readonly find: () => OpenModule | undefined;
  /** Path of the module's own file: what belongs to it may lie beside it. */
  readonly path: string;
  /** What stands for `/`, beside `/` itself. */
  readonly root: string;
  readonly budget: ParseBudget;
  /** Whether lines are wanted, or functions alone. */
  readonly lines: boolean;
  readonly demangler: Demangler;
  /** Told of each file that stays open. */
  readonly onOpen: (file: OpenModule) => void;
}

/** Opens a module's debug information when the first address is asked for. */
export class ModuleLines implements SourceLines {
  private info: DebugInfo | undefined | null = null;

  constructor(private readonly sources: LineSources) {}

  framesAt(vaddr: Address): readonly SourceFrame[] {
    if (this.info === null) this.info = this.open();
    return this.info?.framesAt(vaddr) ?? NO_FRAMES;
  }

  private open(): DebugInfo | undefined {
    const { budget, demangler, find, lines } = this.sources;
    if (budget.limit === 0) return undefined;
    const file = find();
    if (file === undefined || !budget.allowsFile(debugInfoSize(file.image))) return undefined;
    return DebugInfo.open(file.image, {
      budget,
      demangle: (name) => demangler.demangle(name),
      files: this.finder(file),
      lines,
    });
  }

  /** Every file that is taken is checked: units and shared files by their IDs. */
  private finder(file: OpenModule): DebugFileFinder {
    const { path, root } = this.sources;
    return {
      split: (name, compDir) => {
        const full = resolve('/', compDir ?? '', name);
        const beside = dirname(path);
        const places = [join(root, full), full, join(beside, name), join(beside, basename(name))];
        return inMemory(this.first(places, undefined));
      },
      package: () => this.keep(this.first([`${path}.dwp`, `${file.path}.dwp`], undefined)),
      alternate: (name, buildId) => {
        const folder = dirname(orUndefined(() => realpathSync(file.path)) ?? file.path);
        return this.keep(this.first([resolve(folder, name), join(root, name)], buildId));
      },
    };
  }

  private first(places: readonly string[], buildId: string | undefined): OpenModule | undefined {
    for (const place of new Set(places)) {
      if (place.includes('\0')) continue;
      const found = openElf(place, buildId);
      if (found === undefined || isMissing(found)) continue;
      return found;
    }
    return undefined;
  }

  private keep(found: OpenModule | undefined): ElfImage | undefined {
    if (found !== undefined) this.sources.onOpen(found);
    return found?.image;
  }
}

/** A program has as many `.dwo` files as units, too many to keep open; and all of one is wanted. */
function inMemory(found: OpenModule | undefined): ElfImage | undefined {
  if (found === undefined) return undefined;
  const { source, path } = found;
  try {
    if (source.byteLength > MAX_SPLIT_FILE) return undefined;
    return ElfImage.read(new MemorySource(source.read(0, source.byteLength), path));
  } finally {
    source.close();
  }
}

/** Whether a file has debug information of its own. */
export function hasDebugInfo(image: ElfImage): boolean {
  return debugInfoOf(image) !== undefined;
}

function debugInfoOf(image: ElfImage): ElfSection | undefined {
  return image.section('.debug_info') ?? image.section('.zdebug_info');
}

/** Unpacked; 0 where there is none. */
function debugInfoSize(image: ElfImage): Bytes {
  const section = debugInfoOf(image);
  return (section && orUndefined(() => image.sectionExtent(section).size)) ?? 0;
}
