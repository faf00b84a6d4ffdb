/** The debug sections of one file, and its units. */
import type { Cursor } from '../../base/cursor.js';
import { lastAtMost } from '../../base/search.js';
import type { Bytes } from '../../base/units.js';
import type { ElfImage } from '../elf/image.js';
import { AbbreviationTable, type Abbreviation } from './abbreviations.js';
import type { ParseBudget } from './budget.js';
import { asFarAsSound } from './damage.js';
import { DebugSection } from './debug-section.js';
import type { Encoding } from './forms.js';
import { Unit, type EntryRef } from './unit.js';
import { readUnitHeader, type UnitHeader } from './unit-header.js';

/** A file with debug information: a program, a separate debug file, a `.dwo`, a `.dwp`. */
export class DebugFile {
  readonly info: DebugSection;
  readonly line: DebugSection;
  readonly str: DebugSection;
  readonly lineStr: DebugSection;
  readonly strOffsets: DebugSection;
  readonly addr: DebugSection;
  readonly ranges: DebugSection;
  readonly rnglists: DebugSection;
  private readonly abbrev: DebugSection;
  private readonly abbreviationTables = new Map<string, AbbreviationTable>();
  private readonly units = new Map<Bytes, Unit>();
  private offsets: Float64Array | undefined;

  /**
   * @param suffix `.dwo` of the sections of split units
   * @param alternate the file that `.gnu_debugaltlink` names, into which dwz moves what files share
   * @throws FormatError where a section is packed in an unknown way
   */
  constructor(
    readonly image: ElfImage,
    readonly budget: ParseBudget,
    suffix: '' | '.dwo' = '',
    readonly alternate: () => DebugFile | undefined = () => undefined,
  ) {
    const section = (name: string): DebugSection =>
      new DebugSection(image, `.debug_${name}${suffix}`, budget);
    this.info = section('info');
    this.abbrev = section('abbrev');
    this.line = section('line');
    this.str = section('str');
    this.lineStr = section('line_str');
    this.strOffsets = section('str_offsets');
    this.addr = section('addr');
    this.ranges = section('ranges');
    this.rnglists = section('rnglists');
  }

  /** What unpacking all that is read of a file will cost, as far as it has not been unpacked. */
  get unpackingCost(): Bytes {
    return [this.info, this.abbrev, this.line, this.str, this.ranges, this.rnglists]
      .map((section) => section.unpackingCost)
      .reduce((sum, cost) => sum + cost, 0);
  }

  /** One abbreviation, where the others may not be needed. @throws FormatError where it is missing */
  abbreviation(offset: Bytes, encoding: Encoding, code: number): Abbreviation {
    const find = (cursor: Cursor): Abbreviation => {
      const found = AbbreviationTable.read(cursor, encoding, code).get(code);
      if (found === undefined) throw cursor.fault('a code of an abbreviation', `${code}`);
      return found;
    };
    return this.abbrev.parse('abbreviations', offset, find);
  }

  /** @throws FormatError where the table is malformed */
  abbreviations(offset: Bytes, encoding: Encoding): AbbreviationTable {
    const { version, addressSize, offsetSize } = encoding;
    const key = `${offset} ${version} ${addressSize} ${offsetSize}`;
    let table = this.abbreviationTables.get(key);
    if (table === undefined) {
      table = this.abbrev.parse('abbreviations', offset, (cursor) =>
        AbbreviationTable.read(cursor, encoding),
      );
      this.abbreviationTables.set(key, table);
    }
    return table;
  }

  /** @throws FormatError where there is no unit */
  unitHeader(offset: Bytes): UnitHeader {
    return this.info.parse('unit header', offset, (cursor) =>
      readUnitHeader(cursor, offset, this.info.size),
    );
  }

  /** Offsets of all units, up to the first that is malformed. Reads all headers. */
  unitOffsets(): Float64Array {
    if (this.offsets === undefined) {
      const offsets: number[] = [];
      asFarAsSound(() => {
        for (let at = 0; at < this.info.size;) {
          const { end } = this.unitHeader(at);
          offsets.push(at);
          at = end;
        }
      });
      this.offsets = Float64Array.from(offsets);
    }
    return this.offsets;
  }

  /** The unit at an offset. @throws FormatError where there is none */
  unitAt(offset: Bytes): Unit {
    let unit = this.units.get(offset);
    if (unit === undefined) {
      unit = new Unit(this, this.unitHeader(offset));
      this.units.set(offset, unit);
    }
    return unit;
  }

  /** The entry at an offset of the section. @throws FormatError where no unit holds it */
  entryAt(offset: Bytes): EntryRef {
    const offsets = this.unitOffsets();
    const i = lastAtMost(offsets, offsets.length, offset);
    if (i < 0) throw this.info.fault('reference', offset, 'a unit', 'none');
    return { unit: this.unitAt(offsets[i]), at: offset - offsets[i] };
  }
}
