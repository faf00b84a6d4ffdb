/** JIT_CODE_DEBUG_INFO: which source line made which code. */
import type { Cursor } from '../../base/cursor.js';
import { gatherFloat64, gatherInt32, sortedOrder } from '../../base/order.js';
import { lastAtMost } from '../../base/search.js';
import { StringTable } from '../../base/strings.js';
import type { Bytes } from '../../base/units.js';

/** Address, line, discriminator and an empty name. */
const SMALLEST_ENTRY = 17;
/** As a file's name: the same as in the entry before. */
const SAME_NAME = '\ufffd';

export interface SourceLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Lines of one function's code. */
export class LineTable {
  /**
   * @param offsets in the code, sorted; each holds up to the next
   * @param files index of each offset's file in `names`
   */
  constructor(
    private readonly offsets: Float64Array,
    private readonly lines: Int32Array,
    private readonly files: Int32Array,
    private readonly names: readonly string[],
  ) {}

  get length(): number {
    return this.offsets.length;
  }

  /** The line at an offset in the code; `undefined` before the first entry. */
  find(offset: number): SourceLine | undefined {
    const i = lastAtMost(this.offsets, this.offsets.length, offset);
    return i < 0 ? undefined : { file: this.names[this.files[i]], line: this.lines[i] };
  }
}

/**
 * Reads the record at the cursor, which stands behind its prefix.
 * @param codeSize of the function
 * @param shift subtracted from the entries' addresses
 * @throws FormatError where the record is shorter than its entries, or one is of no address in the code:
 *   V8 12 may write a file's name after it freed it, and no entry behind such a name can be found
 */
export function readLineTable(cursor: Cursor, codeSize: Bytes, shift: number): LineTable {
  cursor.structure = 'jr_code_debug_info';
  const codeAddress = cursor.address();
  const count = cursor.u64();
  cursor.need(count * SMALLEST_ENTRY);
  const offsets = new Float64Array(count);
  const lines = new Int32Array(count);
  const files = new Int32Array(count);
  const names = new StringTable();
  let file = -1;
  for (let i = 0; i < count; i++) {
    const offset = cursor.address() - codeAddress - shift;
    if (!(offset >= 0 && offset <= codeSize)) {
      throw cursor.fault(`an offset in ${codeSize} bytes of code`, `${offset}`, 8);
    }
    offsets[i] = offset;
    lines[i] = cursor.i32();
    cursor.skip(4); // column
    const name = cursor.cstring();
    if (name !== SAME_NAME || file < 0) file = names.intern(name);
    files[i] = file;
  }
  const order = sortedOrder(offsets);
  return new LineTable(
    gatherFloat64(offsets, order),
    gatherInt32(lines, order),
    gatherInt32(files, order),
    names.all,
  );
}
