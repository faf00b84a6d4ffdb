import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { FileSource } from '../base/source.js';
import { CfiIndex } from '../formats/dwarf/cfi.js';
import { REGISTERS } from '../formats/dwarf/registers.js';
import { ElfImage } from '../formats/elf/image.js';
import { Truncation } from '../profile/profile.js';
import { TRAMPOLINES, trampolineRowAt } from '../python/trampolines.js';
import { block, cfa, FixedSpace, SectionBuilder, sleb, stackWords } from '../testing/frames.js';
import { skipOrFail } from '../testing/pythons.js';
import type { CodeRegion } from './code-space.js';
import { UnwindTable } from './table.js';
import { Unwinder } from './unwinder.js';

const BIAS = 0x7f1200000000;
const STACK = 0x7ffe00001000;
const RBX = 3;
const RBP = 6;
const RSP = 7;
const R10 = 10;
const RIP = 16;

/** Functions of 0x100 bytes each, by what their frames look like. */
const Code = {
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

const MODULE: CodeRegion = {
  start: BIAS + 0x1000,
  end: BIAS + 0x2000,
  bias: BIAS,
  code: { kind: 'elf', table: table() },
};

/** A return address in a function, as the stack holds it. */
const into = (start: number): number => BIAS + start + 0x20;

function x86Registers(values: Record<number, number>): Float64Array {
  const regs = new Float64Array(REGISTERS.x86_64.count).fill(NaN);
  regs[RSP] = STACK;
  for (const [register, value] of Object.entries(values)) regs[Number(register)] = value;
  return regs;
}

interface Unwound {
  readonly frames: number[];
  readonly end: Truncation;
}

function unwind(
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

const SPACE = new FixedSpace([MODULE]);
const whole = (...frames: number[]): Unwound => ({ frames, end: Truncation.None });

test('a stack of every simple kind of frame is whole', () => {
  const words = stackWords(STACK, 0x200, {
    [STACK]: into(Code.Pushes), // Leaf: CFA STACK+8
    [STACK + 8 + 8]: 0x1234, // Pushes: rbx
    [STACK + 8 + 16]: STACK + 0x40, // its caller's rbp
    [STACK + 8 + 24]: into(Code.FramePointer), // CFA STACK+0x28
    [STACK + 0x40]: STACK + 0x80, // FramePointer: rbp
    [STACK + 0x48]: into(Code.Realigned), // CFA STACK+0x50
    [STACK + 0x78]: STACK + 0xb0, // Realigned: its CFA
    [STACK + 0x80]: 0x55, // its rbp
    [STACK + 0xa8]: into(Code.Start),
  });
  const regs = x86Registers({ [RIP]: into(Code.Leaf), [RBP]: 0x99, [RBX]: 0x77 });
  assert.deepEqual(
    unwind(SPACE, regs, words),
    whole(
      into(Code.Leaf),
      into(Code.Pushes) - 1,
      into(Code.FramePointer) - 1,
      into(Code.Realigned) - 1,
      into(Code.Start) - 1,
    ),
  );
});

test('a register that an epilogue has popped is in its place, for the innermost frame alone', () => {
  const words = stackWords(STACK, 0x100, {
    [STACK]: into(Code.FramePointer),
    [STACK + 0x40]: STACK + 0x80,
    [STACK + 0x48]: into(Code.Start),
  });
  const chain = [into(Code.Popped), into(Code.FramePointer) - 1, into(Code.Start) - 1];
  const regs = x86Registers({ [RIP]: into(Code.Popped), [RBP]: STACK + 0x40 });
  assert.deepEqual(unwind(SPACE, regs, words), whole(...chain));

  // The same by the exact path: the caller's CFA is in a register that a call keeps.
  const byRbx = stackWords(STACK, 0x100, {
    [STACK]: into(Code.FramePointer),
    [STACK + 0x40]: STACK + 0x80,
    [STACK + 0x48]: into(Code.ByRbx),
    [STACK + 0x78]: into(Code.Start),
  });
  const exactly = x86Registers({
    [RIP]: into(Code.Popped),
    [RBP]: STACK + 0x40,
    [RBX]: STACK + 0x70,
  });
  assert.deepEqual(
    unwind(SPACE, exactly, byRbx),
    whole(...chain.slice(0, 2), into(Code.ByRbx) - 1, into(Code.Start) - 1),
  );
});

test('a return address of zero is the start of a thread', () => {
  const words = stackWords(STACK, 0x40, { [STACK]: 0 });
  const regs = x86Registers({ [RIP]: into(Code.Leaf) });
  assert.deepEqual(unwind(SPACE, regs, words), whole(into(Code.Leaf)));
});

test('a frame whose CFA is in another register is followed exactly', () => {
  const words = stackWords(STACK, 0x200, {
    [STACK + 8]: STACK + 0x60, // Pushes: rbx, from which the next CFA comes
    [STACK + 16]: 0x1,
    [STACK + 24]: into(Code.ByRbx), // CFA STACK+0x20
    [STACK + 0x70 - 24]: STACK + 0x90, // ByRbx: CFA STACK+0x70
    [STACK + 0x70 - 8]: into(Code.ByRbx),
    [STACK + 0xa0 - 24]: 0,
    [STACK + 0xa0 - 8]: into(Code.Start),
  });
  const regs = x86Registers({ [RIP]: into(Code.Pushes), [RBX]: 1, [RBP]: 2 });
  assert.deepEqual(
    unwind(SPACE, regs, words),
    whole(into(Code.Pushes), into(Code.ByRbx) - 1, into(Code.ByRbx) - 1, into(Code.Start) - 1),
  );
});

test('a register that a call may change is not known in the caller', () => {
  const words = stackWords(STACK, 0x100, {
    [STACK]: into(Code.ByR10),
    [STACK + 0x58]: into(Code.Start),
  });
  const inLeaf = x86Registers({ [RIP]: into(Code.Leaf), [R10]: STACK + 0x50 });
  assert.deepEqual(unwind(SPACE, inLeaf, words), {
    frames: [into(Code.Leaf), into(Code.ByR10) - 1],
    end: Truncation.MissingRegister,
  });
  const itself = x86Registers({ [RIP]: into(Code.ByR10), [R10]: STACK + 0x50 });
  assert.deepEqual(unwind(SPACE, itself, words), whole(into(Code.ByR10), into(Code.Start) - 1));
});

test('in the procedure linkage table the place in the stub decides', () => {
  const words = stackWords(STACK, 0x40, {
    [STACK]: into(Code.Start),
    [STACK + 8]: into(Code.Start) + 1,
  });
  for (let offset = 0; offset < 32; offset++) {
    const pc = BIAS + Code.Plt + offset;
    const expected = into(Code.Start) + (offset % 16 >= 11 ? 1 : 0) - 1;
    assert.deepEqual(unwind(SPACE, x86Registers({ [RIP]: pc }), words), whole(pc, expected));
  }
});

test('the machine’s own __restore_rt gives back every register of the interrupted function', (t) => {
  const libc = /(\/\S*libc\.so\.6)$/m.exec(readFileSync('/proc/self/maps', 'utf-8'))?.[1];
  if (libc === undefined || process.arch !== 'x64') {
    skipOrFail(t, 'glibc', 'this is no x86-64 machine with glibc');
    return;
  }
  const source = new FileSource(libc);
  const libcTable = UnwindTable.fromElf(ElfImage.read(source));
  source.close();
  const { cfi } = libcTable;
  const starts = Array.from({ length: cfi.length }, (_, i) => cfi.bounds(i)?.start ?? 0);
  const start = starts.find((vaddr) => cfi.rowAt(vaddr)?.fde.cie.isSignalFrame);
  assert.ok(start !== undefined);
  const libcBias = 0x7f3400000000;
  const restore = libcBias + start + 1; // the entry begins one byte early, for return addresses - 1
  const space = new FixedSpace([
    MODULE,
    {
      start: libcBias,
      end: libcBias + 0x1000000,
      bias: libcBias,
      code: { kind: 'elf', table: libcTable },
    },
  ]);
  // The handler is on an alternate stack; what it interrupted is at its function's first instruction,
  // with its CFA in r10, on the other stack: here above in the same copy.
  const ucontext = STACK + 8;
  const interrupted = BIAS + Code.ByR10;
  const words = stackWords(STACK, 0x300, {
    [STACK]: restore,
    [ucontext + 56]: STACK + 0x220, // r10
    [ucontext + 120]: 0x1, // rbp
    [ucontext + 128]: STACK + 0x240, // rbx
    [ucontext + 160]: STACK + 0x200, // rsp
    [ucontext + 168]: interrupted,
    [STACK + 0x228]: into(Code.ByRbx), // ByR10: CFA r10 + 16
    [STACK + 0x248]: into(Code.Start), // ByRbx: CFA rbx + 16
  });
  assert.deepEqual(
    unwind(space, x86Registers({ [RIP]: into(Code.Leaf) }), words),
    whole(into(Code.Leaf), restore, interrupted, into(Code.ByRbx) - 1, into(Code.Start) - 1),
  );
});

test('every way that a stack can end early is told', () => {
  const one = (
    pc: number,
    values: Record<number, number>,
    words: Record<number, number>,
  ): Unwound =>
    unwind(SPACE, x86Registers({ [RIP]: pc, ...values }), stackWords(STACK, 0x40, words));
  const leaf = into(Code.Leaf);
  const cases: [string, Unwound, Unwound][] = [
    [
      'the copy ends',
      one(leaf, {}, { [STACK]: into(Code.FramePointer), [STACK + 8]: 1 }),
      { frames: [leaf, into(Code.FramePointer) - 1], end: Truncation.MissingRegister },
    ],
    [
      'the frame lies above the copy',
      one(into(Code.FramePointer), { [RBP]: STACK + 0x38 }, {}),
      { frames: [into(Code.FramePointer)], end: Truncation.DumpTooSmall },
    ],
    [
      'the frame lies below the copy',
      one(into(Code.FramePointer), { [RBP]: STACK - 0x100 }, {}),
      { frames: [into(Code.FramePointer)], end: Truncation.NoProgress },
    ],
    [
      'a return address outside all code',
      one(leaf, {}, { [STACK]: 0x123456 }),
      { frames: [leaf, 0x123455], end: Truncation.UnmappedCode },
    ],
    [
      'code without information',
      one(leaf, { [RBP]: 0 }, { [STACK]: into(Code.NoInfo) }),
      { frames: [leaf, into(Code.NoInfo) - 1], end: Truncation.NoUnwindInfo },
    ],
    [
      'no frame to leave',
      one(leaf, {}, { [STACK]: into(Code.Stuck), [STACK + 8]: 1 }),
      { frames: [leaf, into(Code.Stuck) - 1], end: Truncation.NoProgress },
    ],
    [
      'no registers',
      unwind(SPACE, new Float64Array(17).fill(NaN), new Int32Array(4)),
      { frames: [], end: Truncation.NoRegisters },
    ],
  ];
  for (const [name, found, expected] of cases) assert.deepEqual(found, expected, name);
  const unknown = new FixedSpace([{ ...MODULE, code: { kind: 'unreadable' } }]);
  const regs = x86Registers({ [RIP]: leaf });
  assert.equal(unwind(unknown, regs, new Int32Array(8)).end, Truncation.UnreadableModule);
});

test('a stack is deeper than its copy, at every size of copy', () => {
  const addresses = Array.from({ length: 16 }, (_, i) => [STACK + 8 * i, into(Code.Leaf)]);
  const words = stackWords(STACK, 0x80, Object.fromEntries(addresses) as Record<number, number>);
  const regs = x86Registers({ [RIP]: into(Code.Leaf) });
  for (let bytes = 0; bytes <= 0x80; bytes++) {
    const { frames, end } = unwind(SPACE, regs, words, { bytes });
    assert.equal(frames.length, 1 + Math.floor(bytes / 8), `${bytes} bytes`);
    assert.equal(end, Truncation.DumpTooSmall);
  }
  const cut = unwind(SPACE, regs, words, { maxFrames: 5 });
  assert.deepEqual([cut.frames.length, cut.end], [5, Truncation.TooDeep]);
  // A size that is not true of the memory.
  assert.equal(unwind(SPACE, regs, words, { bytes: 1e9 }).frames.length, 17);
});

test('frame pointers that go round in a circle end', () => {
  const words = stackWords(STACK, 0x40, {
    [STACK + 0x10]: STACK + 0x10,
    [STACK + 0x18]: into(Code.FramePointer),
  });
  const regs = x86Registers({ [RIP]: into(Code.FramePointer), [RBP]: STACK + 0x10 });
  const { frames, end } = unwind(SPACE, regs, words);
  assert.deepEqual([frames.length, end], [2, Truncation.NoProgress]);
  const noInfo = x86Registers({ [RIP]: into(Code.NoInfo), [RBP]: STACK + 0x10 });
  assert.equal(unwind(SPACE, noInfo, words).end, Truncation.NoUnwindInfo);
});

test('code without information is left by its frame pointer, where that can be one', () => {
  const words = stackWords(STACK, 0x80, {
    [STACK + 0x20]: STACK + 0x60,
    [STACK + 0x28]: into(Code.FramePointer),
    [STACK + 0x60]: 0,
    [STACK + 0x68]: into(Code.Start),
  });
  const pc = into(Code.NoInfo);
  const expected = whole(pc, into(Code.FramePointer) - 1, into(Code.Start) - 1);
  const good = x86Registers({ [RIP]: pc, [RBP]: STACK + 0x20 });
  assert.deepEqual(unwind(SPACE, good, words), expected);
  for (const kind of ['jit', 'unreadable'] as const) {
    const jit: CodeRegion = { start: 0x5000, end: 0x6000, bias: 0, code: { kind } };
    const inJit = x86Registers({ [RIP]: 0x5800, [RBP]: STACK + 0x20 });
    const { frames, end } = unwind(new FixedSpace([MODULE, jit]), inJit, words);
    assert.deepEqual([frames.slice(1), end], [expected.frames.slice(1), Truncation.None], kind);
  }
  for (const rbp of [NaN, 0, STACK - 8, STACK + 0x21, STACK + 0x28, STACK + 0x78, 0x1000]) {
    const bad = x86Registers({ [RIP]: pc, [RBP]: rbp });
    assert.deepEqual(unwind(SPACE, bad, words), { frames: [pc], end: Truncation.NoUnwindInfo });
  }
});

test('start-up code without information is a thread’s start', () => {
  const builder = new SectionBuilder();
  builder.fde(builder.cie(), 0x1000, 0x100);
  const cfi = CfiIndex.fromSection(builder.section());
  const loader = UnwindTable.fromCfi('x86_64', cfi, { entry: 0x1180 });
  const space = new FixedSpace([{ ...MODULE, code: { kind: 'elf', table: loader } }]);
  const regs = x86Registers({ [RIP]: into(Code.Leaf) });
  const words = stackWords(STACK, 0x20, { [STACK]: BIAS + 0x1188 });
  assert.deepEqual(unwind(space, regs, words), whole(into(Code.Leaf), BIAS + 0x1187));
});

test('after a call through a bad pointer the caller is on top of the stack', () => {
  const words = stackWords(STACK, 0x20, { [STACK]: into(Code.Start) });
  for (const pc of [0, 0x41414141]) {
    const found = unwind(SPACE, x86Registers({ [RIP]: pc }), words);
    assert.deepEqual(found, whole(pc, into(Code.Start) - 1));
  }
  const nothing = unwind(SPACE, x86Registers({ [RIP]: 0 }), stackWords(STACK, 0x20, {}));
  assert.deepEqual(nothing, { frames: [0], end: Truncation.UnmappedCode });
});

test('a new state of the address space is looked at anew', () => {
  const unwinder = new Unwinder('x86_64');
  const words = stackWords(STACK, 0x40, {
    [STACK]: into(Code.Start),
    [STACK + 24]: into(Code.Start),
  });
  const regs = x86Registers({ [RIP]: into(Code.Leaf) });
  assert.equal(unwind(SPACE, regs, words, { unwinder }).frames.length, 2);
  const empty = new FixedSpace([], 2);
  assert.equal(unwind(empty, regs, words, { unwinder }).end, Truncation.UnmappedCode);
  // The same file elsewhere: what was Leaf's address is another function's.
  const moved = { ...MODULE, start: MODULE.start - 0x100, bias: BIAS - 0x100 };
  const third = unwind(new FixedSpace([moved], 3), regs, words, { unwinder });
  assert.deepEqual(third.frames[0], into(Code.Leaf)); // Pushes, now
  assert.equal(unwind(SPACE, regs, words, { unwinder }).frames.length, 2);
});

for (const template of TRAMPOLINES) {
  const isArm = template.architecture === 'aarch64';
  const fp = isArm ? 29 : RBP;
  test(`trampoline ${template.name}: at each offset, as leaf and as caller`, () => {
    const arenaStart = 0x6000;
    const stride = 64;
    const arena = (known: number | undefined): CodeRegion => ({
      start: arenaStart,
      end: 0x7000,
      bias: 0,
      code: { kind: 'trampolines', template, arenaStart, stride: known },
    });
    const caller = into(Code.FramePointer); // its caller needs the frame pointer to be right
    for (const row of template.rows) {
      const inRegister = row.raOffset === undefined;
      const top = STACK + 0x10; // the trampoline's CFA
      const regs = new Float64Array(REGISTERS[template.architecture].count).fill(NaN);
      const { stackPointer, programCounter, returnAddress } = REGISTERS[template.architecture];
      const frame = STACK + 0x40;
      regs[stackPointer] = row.base === 'sp' ? top - row.cfaOffset : STACK;
      regs[programCounter] = arenaStart + 3 * stride + row.offset;
      if (isArm) regs[returnAddress] = caller;
      regs[fp] = row.base === 'fp' ? top - row.cfaOffset : frame;
      if (row.fpOffset !== undefined && row.base === 'sp') regs[fp] = 0x7;
      const base = regs[stackPointer];
      const words = stackWords(base, 0x100, {
        ...(inRegister ? {} : { [top + (row.raOffset ?? 0)]: caller }),
        ...(row.fpOffset === undefined ? {} : { [top + row.fpOffset]: frame }),
        [frame]: 0,
        [frame + 8]: into(Code.Start),
      });
      const module = isArm ? ARM_MODULE : MODULE;
      const expected = whole(regs[programCounter], caller - 1, into(Code.Start) - 1);
      const name = `offset ${row.offset}`;
      assert.deepEqual(
        unwind(new FixedSpace([module, arena(stride)]), regs, words),
        expected,
        name,
      );
      if (row.offset < template.returnOffset) {
        const guessed = unwind(new FixedSpace([module, arena(undefined)]), regs, words);
        assert.deepEqual(guessed, expected, `${name}, by trying`);
      }
    }
    assert.equal(trampolineRowAt(template, template.bytes.length), template.rows[0]);
  });
}

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

const ARM_MODULE: CodeRegion = { ...MODULE, code: { kind: 'elf', table: armTable() } };
const ARM_SPACE = new FixedSpace([ARM_MODULE]);

function armRegisters(values: Record<number, number>): Float64Array {
  const regs = new Float64Array(REGISTERS.aarch64.count).fill(NaN);
  regs[31] = STACK;
  for (const [register, value] of Object.entries(values)) regs[Number(register)] = value;
  return regs;
}

/** Sets the signature that pointer authentication puts above bit 47 of a word. */
function sign(words: Int32Array, address: number): void {
  words[(address - STACK) / 4 + 1] |= 0x3d120000;
}

test('arm64: leaf, signed return addresses, frame records', () => {
  const words = stackWords(STACK, 0x100, {
    [STACK]: STACK + 0x40, // Pushes: x29
    [STACK + 8]: into(Code.FramePointer),
    [STACK + 0x40]: 0, // FramePointer
    [STACK + 0x48]: into(Code.Start),
  });
  sign(words, STACK + 8);
  sign(words, STACK + 0x48);
  const regs = armRegisters({ 32: into(Code.Leaf), 30: into(Code.Pushes), 29: STACK });
  const expected = [into(Code.Pushes) - 1, into(Code.FramePointer) - 1, into(Code.Start) - 1];
  assert.deepEqual(unwind(ARM_SPACE, regs, words), whole(into(Code.Leaf), ...expected));
});

test('arm64: a caller cannot have its return address in a register', () => {
  const regs = armRegisters({ 32: into(Code.Leaf), 30: into(Code.Leaf) });
  assert.deepEqual(unwind(ARM_SPACE, regs, new Int32Array(8)), {
    frames: [into(Code.Leaf), into(Code.Leaf) - 1],
    end: Truncation.NoProgress,
  });
});

test('arm64: after a frame record of unknown code the next frame is found by its own record', () => {
  const words = stackWords(STACK, 0x100, {
    [STACK + 0x10]: STACK + 0x40, // NoInfo's record
    [STACK + 0x18]: into(Code.Pushes),
    [STACK + 0x40]: 0, // Pushes' record, at its CFA - 32
    [STACK + 0x48]: into(Code.Start),
  });
  const regs = armRegisters({ 32: into(Code.NoInfo), 29: STACK + 0x10 });
  assert.deepEqual(
    unwind(ARM_SPACE, regs, words),
    whole(into(Code.NoInfo), into(Code.Pushes) - 1, into(Code.Start) - 1),
  );
});

test('arm64: the vdso’s sigreturn gives back every register', () => {
  const sigreturn = BIAS + 0x1f00;
  const saved = STACK + 128 + 176 + 8;
  const interrupted = BIAS + Code.Leaf;
  const words = stackWords(STACK, 0x400, {
    [saved + 8 * 29]: 0x5,
    [saved + 8 * 30]: into(Code.Start),
    [saved + 8 * 31]: STACK - 0x100000, // the interrupted stack is another one
    [saved + 8 * 32]: interrupted,
  });
  sign(words, saved + 8 * 30);
  const regs = armRegisters({ 32: into(Code.Leaf), 30: sigreturn });
  assert.deepEqual(
    unwind(ARM_SPACE, regs, words),
    whole(into(Code.Leaf), sigreturn, interrupted, into(Code.Start) - 1),
  );
});

test('hostile expressions in rules end the stack, and nothing else', () => {
  const expressions = [[0xe0], [0x2f, 0xfd, 0xff], [0x22], [0x76, 0x80], [0x76, 0x80, 0x80]];
  const places = [
    (ops: number[]) => [...cfa.offset(16), 0x16, 16, ...block(...ops)],
    (ops: number[]) => [...cfa.offset(16), ...cfa.savedBy(RBP, ...ops)],
    (ops: number[]) => cfa.expression(...ops),
  ];
  for (const rules of places.flatMap((place) => expressions.map(place))) {
    const builder = new SectionBuilder();
    builder.fde(builder.cie(), 0x1000, 0x100, rules);
    const cfi = CfiIndex.fromSection(builder.section());
    const space = new FixedSpace([
      { ...MODULE, code: { kind: 'elf', table: UnwindTable.fromCfi('x86_64', cfi) } },
    ]);
    const regs = x86Registers({ [RIP]: into(Code.Leaf) });
    assert.equal(unwind(space, regs, new Int32Array(16)).end, Truncation.NoUnwindInfo);
  }
});
