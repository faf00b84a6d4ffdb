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

export class UnwindTable {
  private constructor(
    readonly architecture: Architecture | undefined,
    readonly cfi: CfiIndex,
    /**
     * Virtual address of the code that returns from a signal handler where call frame information
     * does not describe it as such: arm64's vdso.
     */
    readonly sigreturn: Address | undefined,
  ) {}

  /** Never fails: of a file without (sound) unwind information the table is empty. */
  static fromElf(image: ElfImage): UnwindTable {
    const architecture = architectureOfMachine(image.machine);
    const sigreturn = architecture === 'aarch64' ? sigreturnOf(image) : undefined;
    return new UnwindTable(architecture, CfiIndex.fromElf(image), sigreturn);
  }

  /** Of call frame information that does not come from a file. */
  static fromCfi(architecture: Architecture, cfi: CfiIndex, sigreturn?: Address): UnwindTable {
    return new UnwindTable(architecture, cfi, sigreturn);
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
