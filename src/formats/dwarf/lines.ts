/** Line number programs: from addresses to lines of the source (DWARF 5, section 6.2; versions 2 to 5). */
import type { Cursor } from '../../base/cursor.js';
import { Float64Column, Int32Column } from '../../base/growable.js';
import type { Address, Bytes } from '../../base/units.js';
import { AddressRanges, type AddressMap, type CodeSpan } from './address-map.js';
import { LineExtendedOp, LineOp } from './constants.js';
import { asFarAsSound } from './damage.js';
import { readAddress, readInitialLength, readOffset, type Encoding } from './forms.js';
import { LineFiles } from './line-files.js';
import type { Unit } from './unit.js';

/** What a header says of the program. */
interface LineHeader {
  readonly encoding: Encoding;
  readonly minLength: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** How many LEB128 numbers each standard opcode takes. */
  readonly operands: Uint8Array;
  readonly files: LineFiles;
}

/** A program's rows. */
export class LineTable {
  /**
   * @param addresses of rows; sorted within a sequence
   * @param sequences number of the sequence of an address; one's rows are from `first[i]` to `first[i + 1]`
   */
  private constructor(
    readonly files: LineFiles,
    private readonly addresses: Float64Array,
    private readonly lines: Int32Array,
    private readonly fileNumbers: Int32Array,
    private readonly sequences: AddressMap,
    private readonly first: Int32Array,
  ) {}

  /**
   * Decodes a unit's program: all of it, as rows follow from the rows before.
   * @param code where code can be; see {@link AddressRanges}
   * @throws FormatError where the header is malformed; of a program, what is sound is taken
   */
  static read(unit: Unit, offset: Bytes, code: CodeSpan): LineTable {
    const { line } = unit.file;
    const size = line.parse('line program', offset, (cursor) => {
      const { length } = readInitialLength(cursor);
      return cursor.position + length;
    });
    const cursor = line.cursor('line program', offset, size);
    line.charge(size);
    const header = readHeader(unit, cursor);
    const rows = new Rows(code);
    asFarAsSound(() => {
      run(cursor, header, rows);
    });
    rows.end();
    return new LineTable(
      header.files,
      rows.addresses.view().slice(),
      rows.lines.view().slice(),
      rows.files.view().slice(),
      rows.sequences.build(),
      rows.first.view().slice(),
    );
  }

  /** The row in force at an address; -1 where there is none. */
  find(address: Address): number {
    const sequence = this.sequences.find(address);
    if (sequence < 0) return -1;
    let low = this.first[sequence];
    let high = this.first[sequence + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.addresses[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** 0 where the compiler made the code of no line. */
  line(row: number): number {
    return this.lines[row];
  }

  file(row: number): string | undefined {
    return this.files.path(this.fileNumbers[row]);
  }
}

/** Rows as the program emits them. */
class Rows {
  readonly addresses = new Float64Column();
  readonly lines = new Int32Column();
  readonly files = new Int32Column();
  /** The first row of each sequence, and one past the last. */
  readonly first = new Int32Column();
  readonly sequences: AddressRanges;
  private start = 0;
  /** The last row. */
  private address: Address = 0;
  private line = 0;
  private file = 0;

  constructor(code: CodeSpan) {
    this.sequences = new AddressRanges(code);
    this.first.push(0);
  }

  /** Of rows with one address the last counts; one that says what the row before says is left out. */
  add(address: Address, line: number, file: number): void {
    const last = this.addresses.length - 1;
    if (last >= this.start) {
      if (address === this.address) {
        this.lines.data[last] = line;
        this.files.data[last] = file;
        this.line = line;
        this.file = file;
        return;
      }
      if (address < this.address) {
        this.end(this.address); // Not allowed, and seen: so that each sequence is sorted.
      } else if (line === this.line && file === this.file) {
        return;
      }
    }
    this.addresses.push(address);
    this.lines.push(line);
    this.files.push(file);
    this.address = address;
    this.line = line;
    this.file = file;
  }

  /** The sequence ends before `address`; at its last row where the program was cut short. */
  end(address = this.address): void {
    if (this.addresses.length === this.start) return;
    this.sequences.add(this.addresses.data[this.start], address, this.first.length - 1);
    this.start = this.addresses.length;
    this.first.push(this.start);
  }
}

/** Leaves the cursor at the program. */
function readHeader(unit: Unit, cursor: Cursor): LineHeader {
  const { offsetSize } = readInitialLength(cursor);
  const version = cursor.u16();
  if (version < 2 || version > 5) throw cursor.fault('DWARF version 2 to 5', `${version}`, 2);
  let { addressSize } = unit.encoding;
  if (version >= 5) {
    const size = cursor.u8();
    if (size !== 4 && size !== 8) throw cursor.fault('addresses of 4 or 8 bytes', `${size}`, 1);
    addressSize = size;
    cursor.skip(1); // segment_selector_size
  }
  const encoding: Encoding = { version, addressSize, offsetSize };
  const length = readOffset(cursor, encoding);
  cursor.need(length);
  const program = cursor.position + length;
  const minLength = cursor.u8();
  if (version >= 4) cursor.skip(1); // maximum_operations_per_instruction: more than 1 on VLIW machines
  cursor.skip(1); // default_is_stmt: rows that are no good breakpoints are lines all the same
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  if (lineRange === 0) throw cursor.fault('a line_range', '0', 1);
  const opcodeBase = cursor.u8();
  const operands = Uint8Array.of(0, ...cursor.take(Math.max(0, opcodeBase - 1)));
  const files = LineFiles.read(unit, cursor, encoding);
  cursor.seek(program);
  return { encoding, minLength, lineBase, lineRange, opcodeBase, operands, files };
}

/**
 * Runs the program. A hot loop, which reads the common opcodes' bytes by itself: past the end there are
 * none, and `undefined` ends it.
 */
function run(cursor: Cursor, header: LineHeader, rows: Rows): void {
  const { minLength, lineBase, lineRange, opcodeBase, operands } = header;
  const { bytes } = cursor;
  const specialAdvance = Uint8Array.from({ length: 256 }, (_, special) => special / lineRange);
  const constAdvance = specialAdvance[(255 - opcodeBase) & 255] * minLength;
  let address = 0;
  let line = 1;
  let file = 1;
  for (let op = bytes[cursor.position++]; op !== undefined; op = bytes[cursor.position++]) {
    if (op >= opcodeBase) {
      const special = op - opcodeBase;
      const advance = specialAdvance[special];
      address += advance * minLength;
      line += lineBase + special - advance * lineRange;
      rows.add(address, line, file);
      continue;
    }
    switch (op) {
      case 0: {
        const length = cursor.uleb128();
        const next = cursor.position + length;
        cursor.need(length);
        const extended = length === 0 ? 0 : cursor.u8();
        if (extended === LineExtendedOp.end_sequence) {
          rows.end(address);
          address = 0;
          line = 1;
          file = 1;
        } else if (extended === LineExtendedOp.set_address) {
          const addressSize = length - 1;
          if (addressSize !== 4 && addressSize !== 8) {
            throw cursor.fault('an address of 4 or 8 bytes', `${addressSize}`);
          }
          address = readAddress(cursor, { ...header.encoding, addressSize });
        } else if (extended === LineExtendedOp.define_file) {
          header.files.define(cursor);
        }
        cursor.seek(next);
        break;
      }
      case LineOp.copy:
        rows.add(address, line, file);
        break;
      case LineOp.advance_pc:
        address += cursor.uleb128() * minLength;
        break;
      case LineOp.advance_line:
        line += cursor.sleb128();
        break;
      case LineOp.set_file:
        file = cursor.uleb128();
        break;
      case LineOp.const_add_pc:
        address += constAdvance;
        break;
      case LineOp.fixed_advance_pc:
        address += cursor.u16();
        break;
      default: // negate_stmt, set_column and the like, and what later versions add
        for (let i = 0; i < operands[op]; i++) cursor.uleb128();
    }
  }
}
