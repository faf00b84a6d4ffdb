import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Truncation } from '../profile/profile.js';
import { stackWords } from '../testing/frames.js';
import {
  ARM_SPACE,
  armRegisters,
  BIAS,
  Code,
  into,
  STACK,
  unwind,
  whole,
} from '../testing/unwinding.js';

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
