/**
 * Debug information of a program: which functions an address stands in, inlined ones among them, and the
 * lines of the source. DWARF 2 to 5, 32-bit and 64-bit, split or shared (dwz); spec: dwarfstd.org.
 *
 * Nothing is parsed before it is asked for: of the units those that hold addresses asked for, of a unit its
 * functions and lines, of a function its inlined calls. Information that is damaged gives less, never an
 * error: what cannot be read is left out.
 */
import type { Address, Bytes } from '../../base/units.js';
import { SHF_EXECINSTR } from '../elf/constants.js';
import type { ElfImage } from '../elf/image.js';
import { AddressRanges, type AddressMap, type CodeSpan } from './address-map.js';
import { readAranges } from './aranges.js';
import type { ParseBudget } from './budget.js';
import { CodeUnit } from './code-unit.js';
import { unlessDamaged } from './damage.js';
import { DebugFile } from './debug-file.js';
import { DebugSection } from './debug-section.js';
import { FunctionNames } from './names.js';
import { addRanges, hasCode } from './ranges.js';
import { NO_FRAMES, type SourceFrame } from './source-frame.js';
import { SplitUnits, type DebugFileFinder } from './split.js';

export interface DebugInfoOptions {
  /** What reading may cost; where it is used up, answers are empty. */
  readonly budget: ParseBudget;
  /** A readable name for a linkage name; the same where it is none. */
  readonly demangle: (name: string) => string;
  readonly files: DebugFileFinder;
  /** Whether files and lines are read; else frames have names alone, in a good part less time. */
  readonly lines: boolean;
}

/** Which unit an address belongs to: the values are indexes of `units`, offsets in `.debug_info`. */
interface UnitMap {
  readonly map: AddressMap;
  readonly units: readonly Bytes[];
}

export class DebugInfo {
  private readonly split: SplitUnits;
  private readonly names: FunctionNames;
  private readonly opened = new Map<Bytes, CodeUnit | undefined>();
  private byAranges: UnitMap | undefined;
  private byUnits: UnitMap | undefined;

  private constructor(
    private readonly file: DebugFile,
    private readonly code: CodeSpan,
    private readonly options: DebugInfoOptions,
  ) {
    this.split = new SplitUnits(options.files, options.budget);
    this.names = new FunctionNames(options.demangle);
  }

  /**
   * `undefined` where the image has no debug information, or unpacking it would cost too much. The image's
   * source must stay open.
   */
  static open(image: ElfImage, options: DebugInfoOptions): DebugInfo | undefined {
    return unlessDamaged(undefined, () => {
      let alternate: DebugFile | undefined | null = null;
      const file: DebugFile = new DebugFile(image, options.budget, '', () => {
        if (alternate === null) alternate = openAlternate(image, options);
        return alternate;
      });
      if (file.info.size === 0 || !options.budget.allows(file.unpackingCost)) return undefined;
      return new DebugInfo(file, codeSpanOf(image), options);
    });
  }

  /**
   * The functions that an address stands in, innermost first; the last is the one that is not inlined.
   * @param vaddr of a caller's frame: within its call
   */
  framesAt(vaddr: Address): readonly SourceFrame[] {
    const unit = this.unitOf(vaddr);
    return unit === undefined ? NO_FRAMES : unit.framesAt(vaddr);
  }

  private unitOf(vaddr: Address): CodeUnit | undefined {
    if (!(vaddr >= this.code.start && vaddr < this.code.end)) return undefined;
    this.byAranges ??= this.mapByAranges();
    let found: UnitMap = this.byAranges;
    let index = found.map.find(vaddr);
    if (index < 0) {
      this.byUnits ??= this.mapByUnits();
      found = this.byUnits;
      index = found.map.find(vaddr);
    }
    return index < 0 ? undefined : this.open(found.units[index]);
  }

  private open(offset: Bytes): CodeUnit | undefined {
    if (!this.opened.has(offset)) {
      const unit = unlessDamaged(undefined, () => {
        const skeleton = this.file.unitAt(offset);
        const body = unlessDamaged(undefined, () => this.split.open(skeleton)) ?? skeleton;
        if (!this.options.budget.allows(skeleton.cost + (body === skeleton ? 0 : body.cost))) {
          return undefined;
        }
        return new CodeUnit(skeleton, body, this.code, this.names, this.options.lines);
      });
      this.opened.set(offset, unit);
    }
    return this.opened.get(offset);
  }

  private mapByAranges(): UnitMap {
    const ranges = new AddressRanges(this.code);
    const { image, budget } = this.file;
    const units = unlessDamaged([], () => {
      const section = new DebugSection(image, '.debug_aranges', budget);
      return budget.allows(section.size) ? readAranges(section, ranges) : [];
    });
    return { map: ranges.build(), units };
  }

  /**
   * What the units' own root entries say, of all of them: asked where `.debug_aranges` is silent, which
   * compilers leave out, or write for some units only. A unit that does not tell its code either is
   * searched for functions.
   */
  private mapByUnits(): UnitMap {
    const ranges = new AddressRanges(this.code);
    const units: Bytes[] = [];
    const { budget } = this.options;
    for (const offset of this.file.unitOffsets()) {
      if (!budget.allows(0)) break;
      unlessDamaged(undefined, () => {
        const unit = this.file.unitAt(offset);
        if (!unit.isCode) return;
        const value = units.push(offset) - 1;
        if (hasCode(unit.root)) addRanges(unit, unit.root, ranges, value);
        else if (unit.hasChildren) this.open(offset)?.addFunctions(ranges, value);
      });
    }
    return { map: ranges.build(), units };
  }
}

/** Where a program has code, from the first to the last byte: nothing else is looked up. */
function codeSpanOf(image: ElfImage): CodeSpan {
  const sections = image.sections.filter(({ flags }) => (flags & SHF_EXECINSTR) !== 0);
  return {
    start: sections.reduce((least, { address }) => Math.min(least, address), Infinity),
    end: sections.reduce((most, { address, size }) => Math.max(most, address + size), -Infinity),
  };
}

/** The file that dwz moved shared entries to: `.gnu_debugaltlink` gives its path and build ID. */
function openAlternate(image: ElfImage, options: DebugInfoOptions): DebugFile | undefined {
  const section = image.section('.gnu_debugaltlink');
  if (section === undefined) return undefined;
  const cursor = image.sectionCursor(section);
  const name = cursor.cstring();
  const buildId = Buffer.from(cursor.take(cursor.remaining)).toString('hex');
  const alternate = options.files.alternate(name, buildId);
  if (alternate === undefined) return undefined;
  const file = new DebugFile(alternate, options.budget);
  return options.budget.allows(file.unpackingCost) ? file : undefined;
}
