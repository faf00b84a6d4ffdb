/**
 * `/proc/kallsyms`: the kernel's symbols as text, `ADDRESS TYPE NAME[\tMODULE]` per line, types as `nm`
 * writes them. Written by the kernel (`kernel/kallsyms.c`); all addresses are 0 for a reader who may not
 * know them (`kernel.kptr_restrict`, and `perf_event_paranoid` for whoever lacks CAP_SYSLOG).
 */
import { decodeUtf8 } from '../base/cursor.js';
import { sortedOrder } from '../base/order.js';
import { lastAtMost } from '../base/search.js';
import { addressFrom, parseAddress, type Address, type Bytes } from '../base/units.js';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const UPPER_T = 0x54;
const UPPER_W = 0x57;
const NO_DIGIT = 0xff;
const PAGE: Bytes = 4096;

/** The kernel's functions by number. */
export interface KernelFunctions {
  /** Whether the kernel withheld every address: there are no functions then. */
  readonly restricted: boolean;
  readonly isEmpty: boolean;
  /** Number of the function that covers `address`, or -1. */
  find(address: Address): number;
  name(i: number): string;
  /** `[nf_tables]` of a module's function, `undefined` of the kernel's own. */
  module(i: number): string | undefined;
  start(i: number): Address;
  /** Up to the next function; the text has no sizes. */
  size(i: number): Bytes;
  /**
   * The address of a symbol of the kernel's own by its exact name, whatever its type and also where
   * another name for the address is preferred, such as `_text`; 0 where the kernel withheld it.
   */
  addressOf(name: string): Address | undefined;
}

/** {@link KernelFunctions} by address. */
export class KernelSymbolTable implements KernelFunctions {
  /**
   * @param restricted whether the kernel withheld every address: the table is then empty
   * @param starts sorted, distinct; kernel addresses are negative (see {@link Address})
   * @param ends exclusive
   * @param skipped lines that could not be read
   */
  constructor(
    readonly restricted: boolean,
    readonly skipped: number,
    private readonly starts: Float64Array,
    private readonly ends: Float64Array,
    private readonly nameStarts: Int32Array,
    private readonly bytes: Uint8Array,
  ) {}

  get length(): number {
    return this.starts.length;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  find(address: Address): number {
    const i = lastAtMost(this.starts, this.starts.length, address);
    return i >= 0 && address < this.ends[i] ? i : -1;
  }

  name(i: number): string {
    return decodeUtf8(
      this.bytes.subarray(this.nameStarts[i], nameEnd(this.bytes, this.nameStarts[i])),
    );
  }

  module(i: number): string | undefined {
    return moduleOf(this.bytes, this.nameStarts[i]);
  }

  start(i: number): Address {
    return this.starts[i];
  }

  size(i: number): Bytes {
    return this.ends[i] - this.starts[i];
  }

  addressOf(name: string): Address | undefined {
    return addressOfSymbol(this.bytes, name);
  }
}

/** See {@link KernelFunctions.addressOf}. */
export function addressOfSymbol(bytes: Uint8Array, name: string): Address | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = text.indexOf(` ${name}\n`);
  if (at < 0) return undefined;
  const line = text.lastIndexOf(NEWLINE, at) + 1;
  return parseAddress(text.toString('latin1', line, Math.max(line, at - 2)));
}

/** `1 T a\n`. */
const SHORTEST_LINE: Bytes = 6;

/** Lines of functions, as columns in the order of the text. */
interface Lines {
  readonly starts: Float64Array;
  /** Index in the text. */
  readonly names: Int32Array;
  /** Index of the tab before the module's name, or -1. */
  readonly modules: Int32Array;
}

/** Reads kallsyms text, in one pass. Names are decoded when asked for, so `bytes` must not change. */
export function parseKallsyms(bytes: Uint8Array): KernelSymbolTable {
  const length = bytes.length;
  // Room that is not used is never touched, and so costs no memory.
  const room = Math.ceil(length / SHORTEST_LINE);
  const lines: Lines = {
    starts: new Float64Array(room),
    names: new Int32Array(room),
    modules: new Int32Array(room),
  };
  const { starts, names, modules } = lines;
  const digits = hexDigits();
  let count = 0;
  let skipped = 0;
  let withheld = 0;
  // Reads past the end give `undefined`, which is no digit, no space and no name.
  for (let line = 0; line < length;) {
    let lo = 0;
    let hi = 0;
    let at = line;
    for (const last = Math.min(length, line + 16); at < last; at++) {
      const digit = digits[bytes[at]];
      if (digit === NO_DIGIT) break;
      hi = (hi << 4) | (lo >>> 28);
      lo = (lo << 4) | digit;
    }
    const isAddress = at > line && bytes[at] === SPACE && bytes[at + 2] === SPACE;
    const type = bytes[at + 1];
    const name = isAddress ? at + 3 : at;
    let tab = -1;
    for (at = name; at < length; at++) {
      const byte = bytes[at];
      if (byte === NEWLINE) break;
      if (byte === TAB) tab = at;
    }
    if (!isAddress || name >= at) {
      if (at > line) skipped++;
    } else if (isFunction(type)) {
      if ((hi | lo) === 0) {
        withheld++;
      } else {
        starts[count] = addressFrom(lo, hi);
        names[count] = name;
        modules[count] = tab;
        count++;
      }
    }
    line = at + 1;
  }
  return build(lines, count, bytes, count === 0 && withheld > 0, skipped);
}

/**
 * Sorts functions, keeps one name per address, and finds where each ends. Of several names the last one is
 * kept: perf takes the next line's address for a function's end and prefers names that have a size, which
 * of names for one address only the last gets.
 */
function build(
  { starts, names, modules }: Lines,
  count: number,
  bytes: Uint8Array,
  restricted: boolean,
  skipped: number,
): KernelSymbolTable {
  const order = sortedOrder(starts, count);
  const keptStarts = new Float64Array(count);
  const keptNames = new Int32Array(count);
  const ends = new Float64Array(count);
  let kept = 0;
  let module = -1; // of the function kept last
  for (let i = 0; i < count;) {
    const start = starts[order[i]];
    while (i < count && starts[order[i]] === start) i++;
    const last = order[i - 1];
    if (kept > 0) {
      ends[kept - 1] = isSameModule(bytes, module, modules[last])
        ? start
        : Math.min(start, pageAfter(keptStarts[kept - 1]));
    }
    keptStarts[kept] = start;
    keptNames[kept] = names[last];
    module = modules[last];
    kept++;
  }
  if (kept > 0) ends[kept - 1] = pageAfter(keptStarts[kept - 1]);
  return new KernelSymbolTable(
    restricted,
    skipped,
    keptStarts.subarray(0, kept),
    ends.subarray(0, kept),
    keptNames.subarray(0, kept),
    bytes,
  );
}

/**
 * A function ends where the next begins; the last of a module, after which nothing may follow for
 * gigabytes, at the end of the page after its own (`symbols__fixup_end` in `tools/perf/util/symbol.c`).
 */
function pageAfter(start: Address): Address {
  return Math.ceil((start + PAGE) / PAGE) * PAGE;
}

/** The value of each byte as a hexadecimal digit, as the kernel writes them. */
function hexDigits(): Uint8Array {
  const digits = new Uint8Array(256).fill(NO_DIGIT);
  for (let value = 0; value < 16; value++) digits[value.toString(16).charCodeAt(0)] = value;
  return digits;
}

/** Text symbols, global or local, weak ones with them; what `perf` takes for functions. */
function isFunction(type: number): boolean {
  const upper = type & ~0x20;
  return upper === UPPER_T || upper === UPPER_W;
}

function isSameModule(bytes: Uint8Array, tabA: number, tabB: number): boolean {
  if (tabA < 0 || tabB < 0) return tabA === tabB;
  let a = tabA;
  let b = tabB;
  while (!isLineEnd(bytes, a) && bytes[a] === bytes[b]) {
    a++;
    b++;
  }
  return isLineEnd(bytes, a) && isLineEnd(bytes, b);
}

function isLineEnd(bytes: Uint8Array, at: number): boolean {
  return at >= bytes.length || bytes[at] === NEWLINE;
}

/** Where a name ends: at a tab (a module follows), or the line's end. */
function nameEnd(bytes: Uint8Array, nameStart: number): number {
  let end = nameStart;
  while (end < bytes.length && bytes[end] !== NEWLINE && bytes[end] !== TAB) end++;
  return end;
}

function moduleOf(bytes: Uint8Array, nameStart: number): string | undefined {
  const tab = nameEnd(bytes, nameStart);
  if (bytes[tab] !== TAB) return undefined;
  return decodeUtf8(bytes.subarray(tab + 1, nameEnd(bytes, tab + 1)));
}
