import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { FileSource } from '../base/source.js';
import { ElfImage } from '../formats/elf/image.js';
import { Truncation } from '../profile/profile.js';
import { FixedSpace, stackWords } from '../testing/frames.js';
import { skipOrFail } from '../testing/pythons.js';
import {
  BIAS,
  Code,
  into,
  MODULE,
  R10,
  RBP,
  RBX,
  RIP,
  SPACE,
  STACK,
  unwind,
  whole,
  x86Registers,
} from '../testing/unwinding.js';
import { UnwindTable } from './table.js';
import { Unwinder } from './unwinder.js';

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
