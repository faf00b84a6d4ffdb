/** Unwinding through call frame information that may be damaged: what the unwinder makes of each row. */
import { REGISTERS, type Architecture } from '../formats/dwarf/registers.js';
import { FixedSpace, stackWords } from '../testing/frames.js';
import type { UnwindTable } from '../unwind/table.js';
import { Unwinder } from '../unwind/unwinder.js';

const STACK = 0x7fff0000;
const STACK_SIZE = 256;
/** Return addresses on the stack, which lead through the file's code. */
const WORDS = stackWords(
  STACK,
  STACK_SIZE,
  Object.fromEntries(
    Array.from({ length: STACK_SIZE / 8 }, (_, i) => [STACK + 8 * i, 0x200 + 16 * i]),
  ),
);
const MAX_FRAMES = 64;
/** Beyond every address. */
const MANY = 2 ** 52;

/** Unwinds stacks that were interrupted at `addresses`. */
export function unwindThrough(
  table: UnwindTable,
  architecture: Architecture,
  addresses: readonly number[],
): void {
  const { stackPointer, programCounter, count } = REGISTERS[architecture];
  const region = { start: -MANY, end: MANY, bias: 0, code: { kind: 'elf', table } as const };
  const space = new FixedSpace([region]);
  const unwinder = new Unwinder(architecture);
  for (const address of addresses) {
    const registers = new Float64Array(count).fill(STACK + 64);
    registers[stackPointer] = STACK;
    registers[programCounter] = address;
    unwinder.unwind(space, registers, WORDS, 0, STACK_SIZE, MAX_FRAMES);
  }
}
