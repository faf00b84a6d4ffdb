import assert from 'node:assert/strict';
import { test } from 'node:test';

import { block, cfa, SectionBuilder, sleb, u16, u32, u64, uleb } from '../../testing/frames.js';
import { CfiIndex } from './cfi.js';
import { CFA_EXPRESSION, RuleKind } from './rows.js';

const START = 0x40000;

/** The row at an offset, as text: `sp+8 r3=c-16 r16=c-8`. */
function rowAt(instructions: readonly number[], offset: number, cie = {}): string | undefined {
  const builder = new SectionBuilder();
  builder.fde(builder.cie(cie), START, 0x100000, instructions);
  const found = CfiIndex.fromSection(builder.section()).rowAt(START + offset);
  if (found === undefined) return undefined;
  const { rows, row } = found;
  const register = rows.cfaRegister.data[row];
  const value = rows.cfaValue.data[row];
  const words = [
    register === CFA_EXPRESSION ? 'exp' : `r${register}${value < 0 ? '' : '+'}${value}`,
  ];
  for (let column = 0; column < 35; column++) {
    const at = rows.ruleOf(row, column);
    if (at < 0) continue;
    const kind = rows.rules.data[at] & 7;
    const name = Object.entries(RuleKind).find(([, number]) => number === kind)?.[0];
    const operand = rows.rules.data[at + 1];
    words.push(
      kind === RuleKind.Offset
        ? `r${column}=c${operand}`
        : kind >= RuleKind.Expression || kind <= RuleKind.SameValue
          ? `r${column}=${name}`
          : `r${column}=${name}(${operand})`,
    );
  }
  return words.join(' ');
}

const cases: [name: string, instructions: number[], offset: number, row: string][] = [
  ['nop', [0], 0, 'r7+8 r16=c-8'],
  ['advance_loc, before it', [0x44, 0x0e, 16], 3, 'r7+8 r16=c-8'],
  ['advance_loc', [0x44, 0x0e, 16], 4, 'r7+16 r16=c-8'],
  ['advance_loc1', [0x02, 200, 0x0e, 16], 200, 'r7+16 r16=c-8'],
  ['advance_loc2', [0x03, ...u16(2000), 0x0e, 16], 2000, 'r7+16 r16=c-8'],
  ['advance_loc4', [0x04, ...u32(70000), 0x0e, 16], 70000, 'r7+16 r16=c-8'],
  ['advance_loc8', [0x1d, ...u64(70000), 0x0e, 16], 70000, 'r7+16 r16=c-8'],
  ['advance by nothing', [0x40, 0x0e, 16], 0, 'r7+16 r16=c-8'],
  ['offset', [0x83, 2], 0, 'r7+8 r3=c-16 r16=c-8'],
  ['offset_extended', [0x05, 3, 2], 0, 'r7+8 r3=c-16 r16=c-8'],
  ['offset_extended_sf', [0x11, 3, ...sleb(-2)], 0, 'r7+8 r3=c16 r16=c-8'],
  ['negative_offset_extended', [0x2f, 3, 2], 0, 'r7+8 r3=c16 r16=c-8'],
  ['val_offset', [0x14, 3, 2], 0, 'r7+8 r3=ValueOffset(-16) r16=c-8'],
  ['val_offset_sf', [0x15, 3, ...sleb(-2)], 0, 'r7+8 r3=ValueOffset(16) r16=c-8'],
  ['restore', [0x90, 5, 0xd0], 0, 'r7+8 r16=c-8'],
  ['restore_extended', [0x90, 5, 0x06, 16], 0, 'r7+8 r16=c-8'],
  ['restore of what the CIE does not say', [0x83, 2, 0xc3], 0, 'r7+8 r16=c-8'],
  ['undefined', [0x07, 16], 0, 'r7+8 r16=Undefined'],
  ['same_value', [0x08, 3], 0, 'r7+8 r3=SameValue r16=c-8'],
  ['register', [0x09, 16, 1], 0, 'r7+8 r16=Register(1)'],
  ['def_cfa', [0x0c, 6, 32], 0, 'r6+32 r16=c-8'],
  ['def_cfa_sf', [0x12, 6, ...sleb(-4)], 0, 'r6+32 r16=c-8'],
  ['def_cfa_register', [0x0d, 6], 0, 'r6+8 r16=c-8'],
  ['def_cfa_offset', [0x0e, 48], 0, 'r7+48 r16=c-8'],
  ['def_cfa_offset_sf', [0x13, ...sleb(-6)], 0, 'r7+48 r16=c-8'],
  ['def_cfa_expression', cfa.expression(0x77, 8), 0, 'exp r16=c-8'],
  ['expression', cfa.savedBy(6, 0x76, 0), 0, 'r7+8 r6=Expression r16=c-8'],
  ['val_expression', [0x16, 6, ...block(0x76, 0)], 0, 'r7+8 r6=ValueExpression r16=c-8'],
  ['GNU_args_size', [0x2e, ...uleb(3000), 0x0e, 16], 0, 'r7+16 r16=c-8'],
  ['AARCH64_negate_ra_state', [0x2d, 0x0e, 16], 0, 'r7+16 r16=c-8'],
  ['AARCH64_negate_ra_state_with_pc', [0x2c, 0x0e, 16], 0, 'r7+16 r16=c-8'],
  ['a vector register', [0x05, ...uleb(72), 2, 0x0e, 16], 0, 'r7+16 r16=c-8'],
];

for (const [name, instructions, offset, row] of cases) {
  test(`DW_CFA: ${name}`, () => assert.equal(rowAt(instructions, offset), row));
}

test('DW_CFA: set_loc moves to an address encoded as the CIE says', () => {
  const builder = new SectionBuilder();
  const cie = builder.cie({ augmentationData: [0x04] }); // absolute, 8 bytes
  const place = (): number[] => [...u64(START), ...u64(100)];
  builder.fde(cie, START, 100, [0x01, ...u64(START + 40), 0x0e, 16], place);
  const cfi = CfiIndex.fromSection(builder.section());
  const offsetAt = (at: number): number | undefined => {
    const found = cfi.rowAt(START + at);
    return found?.rows.cfaValue.data[found.row];
  };
  assert.equal(offsetAt(39), 8);
  assert.equal(offsetAt(40), 16);
});

test('a remembered state brings back the CFA and the rules', () => {
  const program = [
    ...[...cfa.offset(16), ...cfa.saved(6, 16), ...cfa.advance(8), 0x0a],
    ...[...cfa.define(6, 32), 0xc6, ...cfa.undefined(3), ...cfa.advance(8), 0x0b],
  ];
  assert.equal(rowAt(program, 7), 'r7+16 r6=c-16 r16=c-8');
  assert.equal(rowAt(program, 8), 'r6+32 r3=Undefined r16=c-8');
  assert.equal(rowAt(program, 16), 'r7+16 r6=c-16 r16=c-8');
});

test('locations count in the code alignment, offsets in the data alignment', () => {
  const program = [0x42, 0x83, 2];
  const cie = { codeAlignment: 4, dataAlignment: -4, instructions: cfa.define(31, 0) };
  assert.equal(rowAt(program, 7, cie), 'r31+0');
  assert.equal(rowAt(program, 8, cie), 'r31+0 r3=c-8');
});

test('malformed instructions leave the function without rows, and others as they are', () => {
  const bad: [string, number[]][] = [
    ['an unknown instruction', [0x3f]],
    ['an operand cut short', [0x0c, 0x80]],
    ['nothing remembered', [0x0b]],
    ['endless LEB128', Array<number>(40).fill(0x80)],
    ['a huge offset', [0x0e, ...uleb(2 ** 40)]],
    ['a CFA in a vector register', [0x0d, 60]],
    ['a block longer than the entry', [0x0f, 0x7f]],
    ['too many remembered states', Array<number>(200).fill(0x0a)],
    ['more rows than any function has', Array<number>(20_000).fill(0x41)],
  ];
  for (const [name, instructions] of bad) {
    const builder = new SectionBuilder();
    const cie = builder.cie();
    // Without padding, so that an operand cut short is at the entry's end.
    builder.fde(cie, START, 0x10000, [
      ...Array<number>(-(instructions.length + 13) & 7).fill(0),
      ...instructions,
    ]);
    builder.fde(cie, START + 0x10000, 16, [0x0e, 16]);
    const cfi = CfiIndex.fromSection(builder.section());
    assert.equal(cfi.rowAt(START), undefined, name);
    assert.equal(cfi.rowAt(START), undefined, `${name}, again`);
    const good = cfi.rowAt(START + 0x10000);
    assert.equal(good?.rows.cfaValue.data[good.row], 16, name);
  }
});
