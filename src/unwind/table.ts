/**
 * What the unwinder knows of one ELF file. It depends on the file alone, so it is made once per build
 * ID and shared by every process that maps the file.
 */
import { FormatError } from '../base/errors.js';
import type { Address } from '../base/units.js';
import { CfiIndex } from '../formats/dwarf/cfi.js';
import { architectureOfMachine, type Architecture } from '../formats/dwarf/registers.js';
import type { ElfImage } from '../formats/elf/image.js';
import { symbolNamed } from '../formats/elf/symbols.js';

/** Start-up code is a few dozen bytes. */
const START_UP_SIZE = 64;

export class UnwindTable {
  private constructor(
    readonly architecture: Architecture | undefined,
    readonly cfi: CfiIndex,
    /**
     * Virtual address of the code that returns from a signal handler where call frame information
     * does not describe it as such: arm64's vdso.
     */
    readonly sigreturn: Address | undefined,
    /** Virtual address at which the file, as a program or a dynamic linker, is started. */
    readonly entry: Address | undefined,
  ) {}

  /** Never fails: of a file without (sound) unwind information the table is empty. */
  static fromElf(image: ElfImage): UnwindTable {
    const architecture = architectureOfMachine(image.machine);
    const sigreturn = architecture === 'aarch64' ? sigreturnOf(image) : undefined;
    return new UnwindTable(architecture, CfiIndex.fromElf(image), sigreturn, image.entry);
  }

  /** Of call frame information that does not come from a file. */
  static fromCfi(
    architecture: Architecture,
    cfi: CfiIndex,
    known: { readonly sigreturn?: Address; readonly entry?: Address } = {},
  ): UnwindTable {
    return new UnwindTable(architecture, cfi, known.sigreturn, known.entry);
  }

  /**
   * Whether code that no call frame information describes is the start-up code at the file's entry
   * point: glibc's dynamic linker and musl's `_start` have none, and no caller.
   */
  isStartUp(vaddr: Address): boolean {
    const { entry } = this;
    return entry !== undefined && entry > 0 && vaddr >= entry && vaddr < entry + START_UP_SIZE;
  }
}

function sigreturnOf(image: ElfImage): Address | undefined {
  try {
    return symbolNamed(image, '__kernel_rt_sigreturn')?.address;
  } catch (error) {
    if (error instanceof FormatError) return undefined; // a malformed symbol table
    throw error;
  }
}
