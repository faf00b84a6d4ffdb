import assert from 'node:assert/strict';
import { test } from 'node:test';

import { REGISTERS } from '../formats/dwarf/registers.js';
import { TRAMPOLINES, trampolineRowAt } from '../python/trampolines.js';
import { FixedSpace, stackWords } from '../testing/frames.js';
import { ARM_MODULE, Code, into, MODULE, RBP, STACK, unwind, whole } from '../testing/unwinding.js';
import type { CodeRegion } from './code-space.js';

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
