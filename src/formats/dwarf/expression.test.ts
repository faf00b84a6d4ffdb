import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import { sleb, u16, u32, u64, uleb } from '../../testing/frames.js';
import { evaluateExpression } from './expression.js';

const machine = {
  register: (number: number): number => (number === 9 ? NaN : number * 0x1000),
  load: (address: number, size: number): number =>
    address === 0x7008 ? (size === 8 ? 0x7fff12345678 : 0x12345678) : NaN,
};

function evaluate(ops: readonly number[], initial?: number): number {
  const cursor = new Cursor(Uint8Array.from(ops), 'test');
  return evaluateExpression(cursor, machine, initial);
}

const lit = (value: number): number => 0x30 + value;

const cases: [name: string, ops: number[], value: number][] = [
  ['lit31', [lit(31)], 31],
  ['addr', [0x03, ...u64(0x7fff00001234)], 0x7fff00001234],
  ['const1u', [0x08, 0xff], 255],
  ['const1s', [0x09, 0xff], -1],
  ['const2u', [0x0a, ...u16(0xfffe)], 0xfffe],
  ['const2s', [0x0b, ...u16(0xfffe)], -2],
  ['const4u', [0x0c, ...u32(0xfffffffe)], 0xfffffffe],
  ['const4s', [0x0d, ...u32(0xfffffffe)], -2],
  ['const8u', [0x0e, ...u64(2 ** 40)], 2 ** 40],
  ['const8s', [0x0f, ...u32(0xfffffff0), ...u32(0xffffffff)], -16],
  ['constu', [0x10, ...uleb(300)], 300],
  ['constu of -1', [0x10, ...Array<number>(9).fill(0xff), 0x01], NaN], // 2^64 - 1 rounds in a double
  ['consts', [0x11, ...sleb(-300)], -300],
  ['breg7', [0x77, ...sleb(8)], 0x7008],
  ['breg6 with a negative offset', [0x76, ...sleb(-8)], 0x5ff8],
  ['bregx', [0x92, ...uleb(16), ...sleb(1)], 0x10001],
  ['an unknown register', [0x79, 0, lit(1), 0x22], NaN],
  ['deref', [0x77, 8, 0x06], 0x7fff12345678],
  ['deref_size', [0x77, 8, 0x94, 4], 0x12345678],
  ['deref of unknown memory', [lit(0), 0x06], NaN],
  ['dup', [lit(3), 0x12, 0x1e], 9],
  ['drop', [lit(3), lit(4), 0x13], 3],
  ['over', [lit(3), lit(4), 0x14], 3],
  ['pick', [lit(3), lit(4), lit(5), 0x15, 2], 3],
  ['swap', [lit(3), lit(4), 0x16], 3],
  ['rot', [lit(1), lit(2), lit(3), 0x17], 2],
  ['rot puts the top third', [lit(1), lit(2), lit(3), 0x17, 0x13, 0x13], 3],
  ['abs', [0x09, 0xf0, 0x19], 16],
  ['and', [0x08, 0xcc, lit(10), 0x1a], 8],
  ['and of addresses', [0x0e, ...u64(0x7fff12345678), 0x09, 0xf0, 0x1a], 0x7fff12345670],
  ['div', [0x09, 0xf9, lit(2), 0x1b], -3],
  ['minus', [lit(3), lit(5), 0x1c], -2],
  ['mod', [lit(17), lit(5), 0x1d], 2],
  ['neg', [lit(3), 0x1f], -3],
  ['not', [lit(3), 0x20], -4],
  ['or', [lit(9), lit(6), 0x21], 15],
  ['plus', [lit(9), lit(6), 0x22], 15],
  ['plus_uconst', [lit(9), 0x23, ...uleb(1000)], 1009],
  ['shl', [lit(3), lit(10), 0x24], 3072],
  ['shr', [0x0a, ...u16(3072), lit(10), 0x25], 3],
  ['shra', [0x09, 0xf8, lit(2), 0x26], -2],
  ['xor', [lit(9), lit(3), 0x27], 10],
  ['ge', [lit(3), lit(3), 0x2a], 1],
  ['gt', [lit(3), lit(3), 0x2b], 0],
  ['le', [lit(3), lit(4), 0x2c], 1],
  ['lt', [lit(3), lit(4), 0x2d], 1],
  ['eq', [lit(3), lit(4), 0x29], 0],
  ['ne', [lit(3), lit(4), 0x2e], 1],
  ['a comparison with what is not known', [0x79, 0, lit(4), 0x2e], NaN],
  ['skip', [lit(3), 0x2f, ...u16(1), lit(4)], 3],
  ['bra taken', [lit(3), lit(1), 0x28, ...u16(1), lit(4)], 3],
  ['bra not taken', [lit(3), lit(0), 0x28, ...u16(1), lit(4)], 4],
  ['nop', [lit(3), 0x96], 3],
];

for (const [name, ops, value] of cases) {
  test(`DW_OP: ${name}`, () => assert.equal(evaluate(ops), value));
}

test('a register rule starts with the CFA on the stack', () => {
  assert.equal(evaluate([0x23, 8], 0x100), 0x108);
});

test('malformed expressions are told as such', () => {
  const bad: [string, number[]][] = [
    ['empty', []],
    ['an unknown operation', [lit(1), lit(1), 0xe0]],
    ['no value to add', [lit(1), 0x22]],
    ['a pick below the stack', [lit(1), 0x15, 9]],
    ['an operand cut short', [0x0c, 1, 2]],
    ['a jump out of the expression', [0x2f, ...u16(100)]],
    ['a jump before the expression', [0x2f, ...u16(-100)]],
    ['an endless loop', [0x2f, ...u16(-3)]],
    ['endless pushing', [lit(1), 0x2f, ...u16(-4)]],
  ];
  for (const [name, ops] of bad) assert.throws(() => evaluate(ops), FormatError, name);
});
