/**
 * `/proc/kallsyms`: the kernel's symbols as text, `ADDRESS TYPE NAME[\tMODULE]` per line, types as `nm`
 * writes them. Written by the kernel (`kernel/kallsyms.c`); all addresses are 0 for a reader who may not
 * know them (`kernel.kptr_restrict`, and `perf_event_paranoid` for whoever lacks CAP_SYSLOG).
 */
import { decodeUtf8 } from '../base/cursor.js';
import { Float64Column, Int32Column, Uint8Column } from '../base/growable.js';
import { gatherFloat64, gatherInt32, sortedOrder } from '../base/order.js';
import { lastAtMost } from '../base/search.js';
import { addressFrom, parseAddress, type Address, type Bytes } from '../base/units.js';
import { isBetterName } from './elf/aliases.js';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const UPPER_T = 0x54;
const UPPER_W = 0x57;
const BRACKET = 0x5d; // the ] of [module]
const PAGE: Bytes = 4096;

/** The kernel's functions by address. */
export class KernelSymbolTable {
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

  /** Index of the function that covers `address`, or -1. */
  find(address: Address): number {
    const i = lastAtMost(this.starts, this.starts.length, address);
    return i >= 0 && address < this.ends[i] ? i : -1;
  }

  name(i: number): string {
    return decodeUtf8(
      this.bytes.subarray(this.nameStarts[i], nameEnd(this.bytes, this.nameStarts[i])),
    );
  }

  /** `[nf_tables]` of a module's function, `undefined` of the kernel's own. */
  module(i: number): string | undefined {
    return moduleOf(this.bytes, this.nameStarts[i]);
  }

  start(i: number): Address {
    return this.starts[i];
  }

  /** Up to the next function; the text has no sizes. */
  size(i: number): Bytes {
    return this.ends[i] - this.starts[i];
  }

  /**
   * The address of a symbol of the kernel's own by its exact name, whatever its type and also where
   * another name for the address is preferred, such as `_text`; 0 where the kernel withheld it.
   */
  addressOf(name: string): Address | undefined {
    const text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    const at = text.indexOf(` ${name}\n`);
    if (at < 0) return undefined;
    const line = text.lastIndexOf(NEWLINE, at) + 1;
    return parseAddress(text.toString('latin1', line, Math.max(line, at - 2)));
  }
}

/** Reads kallsyms text. Names are decoded when asked for, so `bytes` must not change. */
export function parseKallsyms(bytes: Uint8Array): KernelSymbolTable {
  const starts = new Float64Column();
  const nameStarts = new Int32Column();
  const modules = new Int32Column(); // index of the tab before the module's name, or -1
  const ranks = new Uint8Column();
  let skipped = 0;
  let functions = 0;
  const address: AddressField = { lo: 0, hi: 0, end: 0 };
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline;
    readAddress(bytes, at, end, address);
    const type = address.end + 1;
    if (address.end < 0 || type + 2 >= end || bytes[type + 1] !== SPACE) {
      if (end > at) skipped++;
    } else if (isFunction(bytes[type])) {
      functions++;
      if (address.hi !== 0 || address.lo !== 0) {
        starts.push(addressFrom(address.lo, address.hi));
        nameStarts.push(type + 2);
        modules.push(bytes[end - 1] === BRACKET ? bytes.lastIndexOf(TAB, end) : -1);
        ranks.push(rankOf(bytes[type]));
      }
    }
    at = end + 1;
  }
  const restricted = functions > 0 && starts.length === 0;
  const order = withoutAliases(starts.view(), ranks.view(), nameStarts.view(), bytes);
  const sortedStarts = gatherFloat64(starts.data, order);
  const sortedNames = gatherInt32(nameStarts.data, order);
  const ends = functionEnds(sortedStarts, gatherInt32(modules.data, order), bytes);
  return new KernelSymbolTable(restricted, skipped, sortedStarts, ends, sortedNames, bytes);
}

/** Text symbols, global or local, weak ones with them; what `perf` takes for functions. */
function isFunction(type: number): boolean {
  const upper = type & ~0x20;
  return upper === UPPER_T || upper === UPPER_W;
}

/** Not weak before weak, global before local (`kallsyms2elf_binding` in `tools/lib/symbol`). */
function rankOf(type: number): number {
  const isWeak = (type & ~0x20) === UPPER_W;
  return (isWeak ? 0 : 2) | (type === UPPER_T ? 1 : 0);
}

/** Indexes sorted by address, one per address: the preferred of its names. */
function withoutAliases(
  starts: Float64Array,
  ranks: Uint8Array,
  nameStarts: Int32Array,
  bytes: Uint8Array,
): Uint32Array {
  const order = sortedOrder(starts);
  let kept = 0;
  for (let i = 0; i < order.length;) {
    let best = order[i];
    for (i++; i < order.length && starts[order[i]] === starts[best]; i++) {
      const other = order[i];
      const isBetter =
        ranks[other] === ranks[best]
          ? isBetterName(bytes, nameStarts[other], bytes, nameStarts[best])
          : ranks[other] > ranks[best];
      if (isBetter) best = other;
    }
    order[kept++] = best;
  }
  return order.subarray(0, kept);
}

/**
 * A function ends where the next begins; the last of a module, after which nothing may follow for
 * gigabytes, at the end of the page after its own (`symbols__fixup_end` in `tools/perf/util/symbol.c`).
 */
function functionEnds(starts: Float64Array, modules: Int32Array, bytes: Uint8Array): Float64Array {
  const ends = new Float64Array(starts.length);
  for (let i = 0; i < starts.length; i++) {
    const pageEnd = Math.ceil((starts[i] + PAGE) / PAGE) * PAGE;
    if (i + 1 === starts.length) ends[i] = pageEnd;
    else if (isSameModule(bytes, modules[i], modules[i + 1])) ends[i] = starts[i + 1];
    else ends[i] = Math.min(pageEnd, starts[i + 1]);
  }
  return ends;
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

/** An address in two halves, and where it ended. */
interface AddressField {
  lo: number;
  hi: number;
  /** Index of the space after it; -1 where there is no address. */
  end: number;
}

/** Reads 1 to 16 hexadecimal digits followed by a space into `out`. */
function readAddress(bytes: Uint8Array, from: number, lineEnd: number, out: AddressField): void {
  let lo = 0;
  let hi = 0;
  let at = from;
  const last = Math.min(lineEnd, from + 16);
  for (; at < last; at++) {
    const byte = bytes[at];
    const digit =
      byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
    if (digit < 0) break;
    hi = (hi << 4) | (lo >>> 28);
    lo = (lo << 4) | digit;
  }
  out.lo = lo;
  out.hi = hi;
  out.end = at > from && at < lineEnd && bytes[at] === SPACE ? at : -1;
}
