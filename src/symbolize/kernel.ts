/** The kernel's functions by run-time address. */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

import { Cursor } from '../base/cursor.js';
import { describeSystemError } from '../base/source.js';
import type { Address, Bytes } from '../base/units.js';
import { buildIdIn } from '../formats/elf/notes.js';
import { parseKallsyms, type KernelSymbolTable } from '../formats/kallsyms.js';

/** A kernel function. */
export interface KernelFunction {
  readonly name: string;
  /** Where it was when recorded. */
  readonly start: Address;
  readonly size: Bytes;
  /** `[nf_tables]` of a module's. */
  readonly module: string | undefined;
}

/** The kernel's symbols, moved to where the recorded kernel had them. */
export class KernelSymbols {
  private readonly known = new Map<number, KernelFunction>();

  /**
   * @param table symbols where they are in the text
   * @param slide what to add to the text's addresses (the kernel's randomized base changes at boot)
   * @param gap why there are no symbols, in words, if there are none
   */
  constructor(
    private readonly table: KernelSymbolTable,
    private readonly slide: Bytes,
    readonly gap: string | undefined,
  ) {}

  lookup(address: Address): KernelFunction | undefined {
    const index = this.table.find(address - this.slide);
    if (index < 0) return undefined;
    // Modules do not move along with the kernel: where it was moved, theirs are other addresses.
    if (this.slide !== 0 && this.table.module(index) !== undefined) return undefined;
    let found = this.known.get(index);
    if (found === undefined) {
      found = {
        name: this.table.name(index),
        start: this.table.start(index) + this.slide,
        size: this.table.size(index),
        module: this.table.module(index),
      };
      this.known.set(index, found);
    }
    return found;
  }
}

export interface KernelSource {
  /** kallsyms text; by default the running kernel's. */
  readonly text?: Uint8Array;
  /** The recorded kernel's, against which the running one is checked. */
  readonly buildId?: string | undefined;
  /**
   * The recorded reference: perf names the kernel's mapping `[kernel.kallsyms]_text` (or `_stext`) and
   * gives that symbol's address as its page offset.
   */
  readonly reference?: { readonly name: string; readonly address: Address } | undefined;
}

/** Reads the kernel's symbols; what keeps them from being known is the result's `gap`. */
export function readKernelSymbols(source: KernelSource = {}): KernelSymbols {
  const { text, buildId, reference } = source;
  const nothing = (gap: string): KernelSymbols =>
    new KernelSymbols(parseKallsyms(new Uint8Array(0)), 0, gap);
  let bytes = text;
  if (bytes === undefined) {
    const running = runningKernelBuildId();
    if (buildId !== undefined && running !== undefined && buildId !== running) {
      return nothing(`another kernel runs now (build ID ${buildId} recorded, ${running} running)`);
    }
    try {
      bytes = readFileSync('/proc/kallsyms');
    } catch (error) {
      return nothing(`cannot read /proc/kallsyms: ${describeSystemError(error)}`);
    }
  }
  const table = parseKallsyms(bytes);
  if (table.restricted) {
    return new KernelSymbols(table, 0, 'the kernel withholds its addresses (kernel.kptr_restrict)');
  }
  if (table.length === 0) return new KernelSymbols(table, 0, 'there are no kernel symbols');
  const here = reference && table.addressOf(reference.name);
  const slide = reference !== undefined && here !== undefined ? reference.address - here : 0;
  return new KernelSymbols(table, slide, undefined);
}

/** The running kernel's build ID in hexadecimal, where it tells. */
export function runningKernelBuildId(): string | undefined {
  try {
    return buildIdIn(new Cursor(readFileSync('/sys/kernel/notes'), 'ELF', endianness() === 'LE'));
  } catch {
    return undefined; // without sysfs
  }
}
