/**
 * kallsyms text of which only the parts are parsed that addresses fall in. The kernel lists its own symbols
 * by address and the modules' after them: a recording hits some dozens of a hundred thousand functions.
 */
import { Float64Column } from '../base/growable.js';
import { lastAtMost } from '../base/search.js';
import { parseAddress, type Address, type Bytes } from '../base/units.js';
import {
  addressOfSymbol,
  parseKallsyms,
  type KernelFunctions,
  type KernelSymbolTable,
} from './kallsyms.js';

/** A part: some 200 lines. */
const PART: Bytes = 1 << 13;
/** More functions than a part has, so that a function's number tells its part. */
const STRIDE = 1 << 20;
const NEWLINE = 0x0a;
/** An address, a space, a type, a space. */
const ADDRESS_DIGITS = 16;

/** The functions of kallsyms text. Names are decoded when asked for, so `bytes` must not change. */
export function openKallsyms(bytes: Uint8Array): KernelFunctions {
  return KallsymsParts.open(bytes) ?? parseKallsyms(bytes);
}

class KallsymsParts implements KernelFunctions {
  readonly restricted = false;
  readonly isEmpty = false;
  private readonly parsed = new Map<number, KernelSymbolTable>();

  /**
   * @param firsts address of each part's first line
   * @param offsets where each part begins, and where the last ends and the modules begin
   */
  private constructor(
    private readonly bytes: Uint8Array,
    private readonly firsts: Float64Array,
    private readonly offsets: Float64Array,
  ) {}

  /** `undefined` where the text is small, not in the order of addresses, or withholds them. */
  static open(bytes: Uint8Array): KallsymsParts | undefined {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const firstModule = text.indexOf('\t[');
    const end = firstModule < 0 ? text.length : text.lastIndexOf(NEWLINE, firstModule) + 1;
    const firsts = new Float64Column();
    const offsets = new Float64Column();
    for (let at = 0; at < end;) {
      const digits = text.toString('latin1', at, at + ADDRESS_DIGITS);
      const address = parseAddress(digits);
      if (address === undefined) return undefined;
      // Offsets within each CPU's own memory come first; they are no addresses.
      const first = address >= 0 ? -Infinity : address;
      if (firsts.length > 0 && first < firsts.data[firsts.length - 1]) return undefined;
      firsts.push(first);
      offsets.push(at);
      const next = text.indexOf(NEWLINE, at + PART);
      at = next < 0 ? end : Math.min(next + 1, end);
    }
    if (!(firsts.length > 2 && firsts.data[firsts.length - 1] > -Infinity)) return undefined;
    offsets.push(end);
    return new KallsymsParts(bytes, firsts.view(), offsets.view());
  }

  find(address: Address): number {
    const { firsts } = this;
    const last = lastAtMost(firsts, firsts.length, address);
    // A function may begin in the part before.
    for (let part = last; part >= Math.max(0, last - 1); part--) {
      const index = this.part(part).find(address);
      if (index >= 0) return part * STRIDE + index;
    }
    const module = this.part(firsts.length).find(address);
    return module < 0 ? -1 : firsts.length * STRIDE + module;
  }

  name(i: number): string {
    return this.part(Math.floor(i / STRIDE)).name(i % STRIDE);
  }

  module(i: number): string | undefined {
    return this.part(Math.floor(i / STRIDE)).module(i % STRIDE);
  }

  start(i: number): Address {
    return this.part(Math.floor(i / STRIDE)).start(i % STRIDE);
  }

  size(i: number): Bytes {
    return this.part(Math.floor(i / STRIDE)).size(i % STRIDE);
  }

  addressOf(name: string): Address | undefined {
    return addressOfSymbol(this.bytes, name);
  }

  /** A part with the one behind it, where its last function ends; behind the last one the modules. */
  private part(part: number): KernelSymbolTable {
    const { offsets, bytes, firsts } = this;
    let table = this.parsed.get(part);
    if (table === undefined) {
      const end = offsets[Math.min(part + 2, firsts.length)];
      table = parseKallsyms(bytes.subarray(offsets[part], part < firsts.length ? end : undefined));
      this.parsed.set(part, table);
    }
    return table;
  }
}
