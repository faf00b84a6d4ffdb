/**
 * What the unwinder asks of an address space: which code lies at an address. `session/` implements it.
 */
import type { Address } from '../base/units.js';
import type { Trampoline } from '../python/trampolines.js';
import type { UnwindTable } from './table.js';

/** How the frames of a region's code can be left. */
export type ModuleCode =
  | { readonly kind: 'elf'; readonly table: UnwindTable }
  | {
      /** An arena of CPython's perf trampolines. */
      readonly kind: 'trampolines';
      readonly template: Trampoline;
      /** Run-time address of the arena's first copy. */
      readonly arenaStart: Address;
      /** Bytes from one copy to the next, where the arena's bytes could be read. */
      readonly stride: number | undefined;
    }
  /** A file that could not be read, or that is no ELF file of this architecture. */
  | { readonly kind: 'unreadable' }
  /** Executable memory without a file, of unknown making: only frame pointers can help. */
  | { readonly kind: 'jit' };

/** One executable mapping: `[start, end)`. */
export interface CodeRegion {
  readonly start: Address;
  readonly end: Address;
  /** Run-time address = the file's own virtual address + bias. */
  readonly bias: number;
  readonly code: ModuleCode;
}

export interface CodeSpace {
  /**
   * Names this state of this address space: a number from 1 to 2^31 - 1 that no other space has and
   * that changes whenever the space's executable mappings change. The unwinder's cache relies on it.
   */
  readonly generation: number;
  regionAt(address: Address): CodeRegion | undefined;
}
