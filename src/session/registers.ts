/**
 * From the user registers of a sample, in the kernel's numbering (`asm/perf_regs.h` of each architecture),
 * to a register file by DWARF number, as the unwinder takes it.
 */
import { addressFrom } from '../base/units.js';
import { REGISTERS, type Architecture } from '../formats/dwarf/registers.js';
import { stripSignature } from '../unwind/memory.js';

/** DWARF numbers of AX BX CX DX SI DI BP SP IP FLAGS CS SS DS ES FS GS R8…R15; -1: not unwound. */
const X86_64 = [
  0, 3, 2, 1, 4, 5, 6, 7, 16, -1, -1, -1, -1, -1, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15,
];
/** X0…X29 LR SP PC: DWARF's own numbers, with the pc where the unwinder has it. */
const AARCH64 = Array.from({ length: 33 }, (_, number) => number);
const AARCH64_LINK = 30;

/** Fills a register file from samples of one event. */
export class RegisterFile {
  /** By DWARF number; NaN where not recorded. */
  readonly values: Float64Array;
  /** DWARF number of the nth recorded register. */
  private readonly numbers: readonly number[];
  private readonly isArm: boolean;

  /** @param mask the event's `sample_regs_user` */
  constructor(architecture: Architecture, mask: bigint) {
    this.isArm = architecture === 'aarch64';
    const all = this.isArm ? AARCH64 : X86_64;
    const numbers: number[] = [];
    for (let bit = 0; bit < 64; bit++) {
      if (((mask >> BigInt(bit)) & 1n) !== 0n) numbers.push(all[bit] ?? -1);
    }
    this.numbers = numbers;
    this.values = new Float64Array(REGISTERS[architecture].count).fill(NaN);
  }

  /** Takes the registers that begin at word `at`. */
  load(words: Int32Array, at: number): void {
    const { numbers, values } = this;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i];
      if (number < 0) continue;
      const low = words[at + i * 2];
      const high = words[at + i * 2 + 1];
      values[number] =
        this.isArm && number === AARCH64_LINK ? stripSignature(low, high) : addressFrom(low, high);
    }
  }
}
