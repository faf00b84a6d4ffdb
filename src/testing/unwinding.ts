/** Small programs whose every frame is known, and stacks of them, for tests that unwind by hand. */
import { CfiIndex } from '../formats/dwarf/cfi.js';
import { REGISTERS } from '../formats/dwarf/registers.js';
import { Truncation } from '../profile/profile.js';
import type { CodeRegion } from '../unwind/code-space.js';
import { UnwindTable } from '../unwind/table.js';
import { Unwinder } from '../unwind/unwinder.js';
import { cfa, FixedSpace, SectionBuilder, sleb } from './frames.js';

export const BIAS = 0x7f1200000000;
export const STACK = 0x7ffe00001000;
export const RBX = 3;
export const RBP = 6;
const RSP = 7;
export const R10 = 10;
export const RIP = 16;

/** Functions of 0x100 bytes each, by what their frames look like. */
export const Code = {
  Leaf: 0x1000, // rsp+8
  Pushes: 0x1100, // rsp+32, rbp saved at CFA-16, rbx at CFA-24
  FramePointer: 0x1200, // rbp+16, rbp saved at CFA-16
  Realigned: 0x1300, // CFA at rbp-8, rbp saved at rbp
  Start: 0x1400, // undefined return address
  ByRbx: 0x1500, // rbx+16, rbx saved at CFA-24
  ByR10: 0x1600, // r10+16
  NoInfo: 0x1700,
  Plt: 0x1800,
  Stuck: 0x1900, // rsp+0: no frame at all, yet a return address below
  Popped: 0x1a00, // rsp+8, rbp said to be saved at CFA-16: the `ret` of an epilogue
} as const;

function table(): UnwindTable {
  const builder = new SectionBuilder();
  const cie = builder.cie();
  const add = (start: number, ...instructions: number[][]): void => {
    builder.fde(cie, start, 0x100, instructions.flat());
  };
  add(Code.Leaf);
  add(Code.Pushes, cfa.offset(32), cfa.saved(RBP, 16), cfa.saved(RBX, 24));
  add(Code.FramePointer, cfa.define(RBP, 16), cfa.saved(RBP, 16));
  add(Code.Realigned, cfa.expression(0x76, ...sleb(-8), 0x06), cfa.savedBy(RBP, 0x76, 0));
  add(Code.Start, cfa.undefined(16));
  add(Code.ByRbx, cfa.define(RBX, 16), cfa.saved(RBX, 24));
  add(Code.ByR10, cfa.define(R10, 16));
  const plt = [0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22];
  add(Code.Plt, cfa.expression(...plt));
  add(Code.Stuck, cfa.offset(0));
  add(Code.Popped, cfa.saved(RBP, 16));
  return UnwindTable.fromCfi('x86_64', CfiIndex.fromSection(builder.section(), builder.header()));
}

export const MODULE: CodeRegion = {
  start: BIAS + 0x1000,
  end: BIAS + 0x2000,
  bias: BIAS,
  code: { kind: 'elf', table: table() },
};

/** arm64: the same names, of functions that keep frame records. */
function armTable(): UnwindTable {
  const builder = new SectionBuilder();
  const instructions = cfa.define(31, 0);
  const cie = builder.cie({ codeAlignment: 4, returnColumn: 30, instructions });
  const add = (start: number, ...parts: number[][]): void => {
    builder.fde(cie, start, 0x100, parts.flat());
  };
  add(Code.Leaf);
  add(Code.FramePointer, cfa.define(29, 16), cfa.saved(29, 16), cfa.saved(30, 8));
  // stp x29, x30, [sp, #-32]! with x19 at CFA-16, and signed: as GCC does.
  const record = [...cfa.saved(29, 32), ...cfa.saved(30, 24), ...cfa.saved(19, 16)];
  add(Code.Pushes, [0x2d], cfa.offset(32), record);
  add(Code.Start, cfa.undefined(30));
  return UnwindTable.fromCfi('aarch64', CfiIndex.fromSection(builder.section()), {
    sigreturn: 0x1f00,
  });
}

export const ARM_MODULE: CodeRegion = { ...MODULE, code: { kind: 'elf', table: armTable() } };
export const ARM_SPACE = new FixedSpace([ARM_MODULE]);

/** A return address in a function, as the stack holds it. */
export const into = (start: number): number => BIAS + start + 0x20;

export function x86Registers(values: Record<number, number>): Float64Array {
  const regs = new Float64Array(REGISTERS.x86_64.count).fill(NaN);
  regs[RSP] = STACK;
  for (const [register, value] of Object.entries(values)) regs[Number(register)] = value;
  return regs;
}

export function armRegisters(values: Record<number, number>): Float64Array {
  const regs = new Float64Array(REGISTERS.aarch64.count).fill(NaN);
  regs[31] = STACK;
  for (const [register, value] of Object.entries(values)) regs[Number(register)] = value;
  return regs;
}

export interface Unwound {
  readonly frames: number[];
  readonly end: Truncation;
}

export function unwind(
  space: FixedSpace,
  regs: Float64Array,
  words: Int32Array,
  options: { unwinder?: Unwinder; bytes?: number; maxFrames?: number } = {},
): Unwound {
  const { unwinder = new Unwinder(regs.length > 20 ? 'aarch64' : 'x86_64') } = options;
  // The copy does not begin where its memory does.
  const memory = new Int32Array(words.length + 6);
  memory.set(words, 6);
  const bytes = options.bytes ?? words.length * 4;
  unwinder.unwind(space, regs, memory, 6, bytes, options.maxFrames ?? 100);
  return { frames: [...unwinder.frames.subarray(0, unwinder.count)], end: unwinder.end };
}

export const SPACE = new FixedSpace([MODULE]);
export const whole = (...frames: number[]): Unwound => ({ frames, end: Truncation.None });
