/**
 * Split DWARF: the program holds skeletons of units, other files the rest: one `.dwo` per unit, or a
 * `.dwp` package of them (DWARF 5, section 7.3; GCC wiki, "DebugFission" and "DebugFissionDWP" for 4).
 */
import type { ElfImage } from '../elf/image.js';
import type { ParseBudget } from './budget.js';
import { PackageSection } from './constants.js';
import { DebugFile } from './debug-file.js';
import { DebugSection } from './debug-section.js';
import { Unit, type Contribution } from './unit.js';
import { hex64 } from './unit-header.js';

/** Finds the other files that a program's debug information is in; `undefined` where there is none. */
export interface DebugFileFinder {
  /** A unit's own file: `DW_AT_dwo_name`, which may be relative to `DW_AT_comp_dir`. */
  split(name: string, compDir: string | undefined): ElfImage | undefined;
  /** The package that belongs to the program. */
  package(): ElfImage | undefined;
  /** The file that `.gnu_debugaltlink` names. @param buildId hexadecimal, which it must have */
  alternate(name: string, buildId: string): ElfImage | undefined;
}

/** Opens what skeletons stand for. */
export class SplitUnits {
  private packaged: { file: DebugFile; units: Map<string, Contribution> } | undefined;
  private askedForPackage = false;

  constructor(
    private readonly finder: DebugFileFinder,
    private readonly budget: ParseBudget,
  ) {}

  /** The unit that a skeleton stands for; `undefined` where it is not found. @throws FormatError */
  open(skeleton: Unit): Unit | undefined {
    const { dwoId, dwoName } = skeleton;
    if (dwoId === undefined || dwoName === undefined) return undefined;
    return this.inPackage(skeleton, dwoId) ?? this.inFile(skeleton, dwoId, dwoName);
  }

  private inPackage(skeleton: Unit, dwoId: string): Unit | undefined {
    if (!this.askedForPackage) {
      this.askedForPackage = true;
      const image = this.finder.package();
      if (image !== undefined) {
        const file = new DebugFile(image, this.budget, '.dwo');
        const index = new DebugSection(image, '.debug_cu_index', this.budget);
        if (this.budget.allows(file.unpackingCost)) {
          this.packaged = { file, units: readIndex(index) };
        }
      }
    }
    const contribution = this.packaged?.units.get(dwoId);
    if (this.packaged === undefined || contribution === undefined) return undefined;
    const { file } = this.packaged;
    return new Unit(file, file.unitHeader(contribution.info), skeleton, contribution);
  }

  private inFile(skeleton: Unit, dwoId: string, dwoName: string): Unit | undefined {
    const image = this.finder.split(dwoName, skeleton.compDir);
    if (image === undefined) return undefined;
    const file = new DebugFile(image, this.budget, '.dwo');
    if (!this.budget.allows(file.unpackingCost)) return undefined;
    for (const offset of file.unitOffsets()) {
      const header = file.unitHeader(offset);
      if (header.dwoId !== undefined && header.dwoId !== dwoId) continue;
      const unit = new Unit(file, header, skeleton);
      if (unit.dwoId === dwoId) return unit;
    }
    return undefined;
  }
}

/** `.debug_cu_index`: where each unit's parts are, by ID. @throws FormatError */
function readIndex(section: DebugSection): Map<string, Contribution> {
  const units = new Map<string, Contribution>();
  if (section.size === 0) return units;
  const cursor = section.cursor('unit index', 0, section.size);
  section.charge(section.size);
  // Version 2 is GNU's, a word; version 5 a half word, and padding.
  const word = cursor.u32();
  cursor.seek(0);
  const version = word === 2 ? cursor.u32() : cursor.u16();
  if (version !== 2 && version !== 5) throw cursor.fault('version 2 or 5', `${version}`);
  cursor.seek(4);
  const columns = cursor.u32();
  const rows = cursor.u32();
  const slots = cursor.u32();
  const ids = cursor.sub(slots * 8);
  const rowOf = cursor.sub(slots * 4);
  const names = cursor.sub(columns * 4);
  const sections: number[] = [];
  while (names.remaining > 0) sections.push(names.u32());
  const offsets = cursor.sub(rows * columns * 4);
  const { info, abbrev, str_offsets, rnglists } = PackageSection;
  const columnOf = [info, abbrev, str_offsets, rnglists].map((name) => sections.indexOf(name));
  // In GNU's version 8 is .debug_macro, and range lists are the program's.
  if (version === 2) columnOf[3] = -1;
  for (let slot = 0; slot < slots; slot++) {
    const id = hex64(ids);
    const row = rowOf.u32(); // from 1; 0 in an empty slot
    if (row === 0 || row > rows) continue;
    const [infoAt, abbrevAt, strOffsetsAt, rnglistsAt] = columnOf.map((column) => {
      if (column < 0) return 0;
      offsets.seek(((row - 1) * columns + column) * 4);
      return offsets.u32();
    });
    units.set(id, {
      info: infoAt,
      abbrev: abbrevAt,
      strOffsets: strOffsetsAt,
      rnglists: rnglistsAt,
    });
  }
  return units;
}
