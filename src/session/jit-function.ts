/**
 * A function of a jitdump at the place where its code lies for a while.
 */
import type { Address, Bytes } from '../base/units.js';
import { CfiIndex } from '../formats/dwarf/cfi.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import type { LineTable, SourceLine } from '../formats/jitdump/lines.js';
import type { JitDump } from '../formats/jitdump/reader.js';
import { UnwindTable } from '../unwind/table.js';

/** Call frame information of one function. */
export interface JitUnwinding {
  readonly table: UnwindTable;
  /** Where the function begins in the addresses of the table. */
  readonly start: Address;
}

export class JitFunction {
  private text: string | undefined;
  private lineTable: { readonly table: LineTable | undefined } | undefined;

  /** @param row of `dump`: a load or a move */
  constructor(
    private readonly dump: JitDump,
    private readonly row: number,
  ) {}

  /** Where its code begins. A mapping may be only a part of it. */
  get start(): Address {
    return this.dump.addresses[this.row];
  }

  get size(): Bytes {
    return this.dump.sizes[this.row];
  }

  get name(): string {
    this.text ??= this.dump.name(this.row);
    return this.text;
  }

  /** The source line of the code at a run-time address; `undefined` where the dump tells none. */
  lineAt(address: Address): SourceLine | undefined {
    this.lineTable ??= { table: this.dump.lines(this.row) };
    return this.lineTable.table?.find(address - this.start);
  }

  /** What ran; `undefined` where the dump leaves it out. */
  code(): Uint8Array | undefined {
    return this.dump.code(this.row);
  }

  /**
   * `undefined` where the dump has none. Its addresses are relative to where the writer supposes that perf
   * will put it behind the code (V8, CPython), or where it lies in memory: whichever it is, the lowest
   * entry is the function's.
   */
  unwinding(architecture: Architecture): JitUnwinding | undefined {
    const bytes = this.dump.ehFrame(this.row);
    if (bytes === undefined) return undefined;
    const { littleEndian } = this.dump.header;
    const cfi = CfiIndex.fromSection({ kind: 'eh_frame', bytes, littleEndian, address: 0 });
    const bounds = cfi.length > 0 ? cfi.bounds(0) : undefined;
    return bounds && { table: UnwindTable.fromCfi(architecture, cfi), start: bounds.start };
  }
}
