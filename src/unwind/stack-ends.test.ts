/** How stacks end: whole, or early and why, whatever the copy, the rules and the code are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CfiIndex } from '../formats/dwarf/cfi.js';
import { Truncation } from '../profile/profile.js';
import { block, cfa, FixedSpace, SectionBuilder, stackWords } from '../testing/frames.js';
import {
  BIAS,
  Code,
  into,
  MODULE,
  RBP,
  RIP,
  SPACE,
  STACK,
  unwind,
  whole,
  x86Registers,
  type Unwound,
} from '../testing/unwinding.js';
import type { CodeRegion } from './code-space.js';
import { UnwindTable } from './table.js';

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
