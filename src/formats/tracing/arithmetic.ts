/**
 * The arithmetic of libtraceevent: 64 bits, unsigned, whatever the fields' types (event-parse.c,
 * `eval_num_arg`, `eval_type_str`).
 */
import { NotUnderstood } from './expression.js';

/** C's `strtoull(text, NULL, 0)`: the number at the start, suffixes apart; 0 where there is none. */
export function parseNumber(text: string): bigint {
  const digits = /^(0[xX][0-9a-fA-F]+|[0-9]{1,40})/.exec(text)?.[0];
  if (digits === undefined) return 0n;
  const octal = /^0[0-7]+/.exec(digits);
  if (octal !== null && !/^0[xX]/.test(digits)) return BigInt(`0o${octal[0].slice(1)}`);
  return BigInt.asUintN(64, BigInt(/^0\d/.test(digits) ? 0 : digits.slice(0, 40)));
}

const WIDTHS: ReadonlyMap<string, number> = new Map([
  ['u8', 8],
  ['s8', 8],
  ['char', 8],
  ['unsigned char', 8],
  ['u16', 16],
  ['s16', 16],
  ['short', 16],
  ['unsigned short', 16],
  ['u32', 32],
  ['s32', 32],
  ['int', 32],
  ['unsigned int', 32],
]);

/** A cast, by the types that libtraceevent knows; it narrows, and never extends a sign. */
export function narrow(value: bigint, type: string): bigint {
  const width = WIDTHS.get(type);
  return width === undefined ? value : BigInt.asUintN(width, value);
}

export function applyUnary(operator: string, value: bigint): bigint {
  if (operator === '!') return value === 0n ? 1n : 0n;
  if (operator === '~') return BigInt.asUintN(64, ~value);
  return BigInt.asUintN(64, operator === '-' ? -value : value);
}

/** 64 bits, unsigned unless `signed`, whatever the fields' types: libtraceevent's arithmetic. */
export function applyBinary(operator: string, left: bigint, right: bigint, signed = false): bigint {
  const a = signed ? BigInt.asIntN(64, left) : left;
  const b = signed ? BigInt.asIntN(64, right) : right;
  return BigInt.asUintN(64, compute(operator, a, b));
}

function compute(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '||':
      return truth(a !== 0n || b !== 0n);
    case '&&':
      return truth(a !== 0n && b !== 0n);
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '==':
      return truth(a === b);
    case '!=':
      return truth(a !== b);
    case '<':
      return truth(a < b);
    case '>':
      return truth(a > b);
    case '<=':
      return truth(a <= b);
    case '>=':
      return truth(a >= b);
    case '<<': // x86 takes the count modulo the width
      return a << (b & 63n);
    case '>>':
      return a >> (b & 63n);
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0n ? 0n : a / b;
    case '%':
      return b === 0n ? 0n : a % b;
    default:
      throw new NotUnderstood(operator);
  }
}

function truth(value: boolean): bigint {
  return value ? 1n : 0n;
}
