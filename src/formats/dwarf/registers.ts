/**
 * DWARF's register numbers of the two architectures: System V AMD64 ABI, figure 3.36, and "DWARF for
 * the Arm 64-bit Architecture", section 4.1.
 */

export type Architecture = 'x86_64' | 'aarch64';

/** ELF `e_machine` numbers. */
const EM_X86_64 = 62;
const EM_AARCH64 = 183;

/** `undefined` for a machine that Strata does not unwind. */
export function architectureOfMachine(machine: number): Architecture | undefined {
  if (machine === EM_X86_64) return 'x86_64';
  return machine === EM_AARCH64 ? 'aarch64' : undefined;
}

export interface RegisterLayout {
  readonly stackPointer: number;
  readonly framePointer: number;
  /** The register that call frame information computes as the return address. */
  readonly returnAddress: number;
  /** Where a register file (a `Float64Array` indexed by DWARF number) holds the program counter. */
  readonly programCounter: number;
  /** Length of a register file. */
  readonly count: number;
  /** Registers that a called function hands back as they were. */
  readonly calleeSaved: readonly number[];
}

export const REGISTERS: Record<Architecture, RegisterLayout> = {
  x86_64: {
    stackPointer: 7, // rsp
    framePointer: 6, // rbp
    returnAddress: 16,
    programCounter: 16, // DWARF calls column 16 the return address; the register there is rip
    count: 17,
    calleeSaved: [3, 6, 7, 12, 13, 14, 15],
  },
  aarch64: {
    stackPointer: 31,
    framePointer: 29,
    returnAddress: 30,
    programCounter: 32,
    count: 33,
    calleeSaved: [19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 31],
  },
};
