/**
 * DWARF expressions (DWARF 5, section 2.5) as call frame information uses them: a stack machine over
 * registers and memory.
 *
 * Values are doubles in the form of {@link Address}: what does not fit 53 bits, or hangs on a register
 * or memory that is not known, is NaN, and so is everything computed from it. Addresses always fit.
 */
import type { Cursor } from '../../base/cursor.js';
import { addressFrom, addressHigh, isExactAddress, type Address } from '../../base/units.js';

/** The machine state that an expression may ask for; NaN is "not known". */
export interface ExpressionInputs {
  register(number: number): number;
  load(address: Address, size: number): number;
}

/** Real expressions have a dozen operations; a branch could loop for ever. */
const MAX_OPERATIONS = 1000;
const MAX_DEPTH = 64;

const Op = {
  addr: 0x03,
  deref: 0x06,
  const1u: 0x08,
  const1s: 0x09,
  const2u: 0x0a,
  const2s: 0x0b,
  const4u: 0x0c,
  const4s: 0x0d,
  const8u: 0x0e,
  const8s: 0x0f,
  constu: 0x10,
  consts: 0x11,
  dup: 0x12,
  drop: 0x13,
  over: 0x14,
  pick: 0x15,
  swap: 0x16,
  rot: 0x17,
  abs: 0x19,
  and: 0x1a,
  div: 0x1b,
  minus: 0x1c,
  mod: 0x1d,
  mul: 0x1e,
  neg: 0x1f,
  not: 0x20,
  or: 0x21,
  plus: 0x22,
  plus_uconst: 0x23,
  shl: 0x24,
  shr: 0x25,
  shra: 0x26,
  xor: 0x27,
  bra: 0x28,
  eq: 0x29,
  ge: 0x2a,
  gt: 0x2b,
  le: 0x2c,
  lt: 0x2d,
  ne: 0x2e,
  skip: 0x2f,
  lit0: 0x30,
  breg0: 0x70,
  bregx: 0x92,
  deref_size: 0x94,
  nop: 0x96,
} as const;

/**
 * Evaluates the expression that `cursor` holds from its position to its end.
 * @param initial what the stack holds at first: the CFA for a register's rule, nothing for the CFA's
 * @returns the top of the stack, NaN where it cannot be known
 * @throws FormatError on an unknown operation, a stack over- or underflow, or a loop without end
 */
export function evaluateExpression(
  cursor: Cursor,
  inputs: ExpressionInputs,
  initial?: number,
): number {
  const stack: number[] = initial === undefined ? [] : [initial];
  const pop = (): number => {
    const value = stack.pop();
    if (value === undefined) throw cursor.fault('a value on the stack', 'an empty stack', 1);
    return value;
  };
  const peek = (depth: number): number => {
    if (depth >= stack.length) throw cursor.fault(`${depth + 1} values`, `${stack.length}`, 1);
    return stack[stack.length - 1 - depth];
  };
  const branch = (): void => cursor.seek(cursor.i16() + cursor.position);

  for (let operations = 0; cursor.remaining > 0; operations++) {
    if (operations >= MAX_OPERATIONS || stack.length > MAX_DEPTH) {
      throw cursor.fault(`at most ${MAX_OPERATIONS} operations`, 'more');
    }
    const op = cursor.u8();
    if (op >= Op.lit0 && op < Op.lit0 + 32) {
      stack.push(op - Op.lit0);
      continue;
    }
    if (op >= Op.breg0 && op < Op.breg0 + 32) {
      stack.push(exact(inputs.register(op - Op.breg0) + cursor.sleb128()));
      continue;
    }
    switch (op) {
      case Op.addr:
      case Op.const8u:
      case Op.const8s:
        stack.push(exact(cursor.address()));
        break;
      case Op.const1u:
        stack.push(cursor.u8());
        break;
      case Op.const1s:
        stack.push(cursor.i8());
        break;
      case Op.const2u:
        stack.push(cursor.u16());
        break;
      case Op.const2s:
        stack.push(cursor.i16());
        break;
      case Op.const4u:
        stack.push(cursor.u32());
        break;
      case Op.const4s:
        stack.push(cursor.i32());
        break;
      case Op.constu:
        stack.push(exact(cursor.uleb128()));
        break;
      case Op.consts:
        stack.push(exact(cursor.sleb128()));
        break;
      case Op.deref:
        stack.push(exact(inputs.load(pop(), 8)));
        break;
      case Op.deref_size:
        stack.push(exact(inputs.load(pop(), cursor.u8())));
        break;
      case Op.bregx: {
        const register = cursor.uleb128();
        stack.push(exact(inputs.register(register) + cursor.sleb128()));
        break;
      }
      case Op.dup:
        stack.push(peek(0));
        break;
      case Op.drop:
        pop();
        break;
      case Op.over:
        stack.push(peek(1));
        break;
      case Op.pick:
        stack.push(peek(cursor.u8()));
        break;
      case Op.swap: {
        const [top, below] = [pop(), pop()];
        stack.push(top, below);
        break;
      }
      case Op.rot: {
        const [top, second, third] = [pop(), pop(), pop()];
        stack.push(top, third, second);
        break;
      }
      case Op.abs:
        stack.push(Math.abs(pop()));
        break;
      case Op.neg:
        stack.push(-pop());
        break;
      case Op.not:
        stack.push(-1 - pop());
        break;
      case Op.plus_uconst:
        stack.push(exact(pop() + cursor.uleb128()));
        break;
      case Op.skip:
        branch();
        break;
      case Op.bra: {
        const condition = pop();
        if (Number.isNaN(condition)) return NaN;
        if (condition !== 0) branch();
        else cursor.skip(2);
        break;
      }
      case Op.nop:
        break;
      default: {
        const right = pop();
        const left = pop();
        const result = binary(op, left, right);
        if (result === undefined) {
          throw cursor.fault('a DW_OP of call frame information', `0x${op.toString(16)}`, 1);
        }
        stack.push(exact(result));
      }
    }
  }
  return pop();
}

/** `left op right`; `undefined` where `op` is no binary operation. NaN in, NaN out. */
function binary(op: number, left: number, right: number): number | undefined {
  const known = !Number.isNaN(left) && !Number.isNaN(right);
  const compared = (holds: boolean): number => (known ? Number(holds) : NaN);
  switch (op) {
    case Op.plus:
      return left + right;
    case Op.minus:
      return left - right;
    case Op.mul:
      return left * right;
    case Op.div:
      return Math.trunc(left / right);
    case Op.mod:
      return left % right;
    case Op.and:
      return bitwise(left, right, (a, b) => a & b);
    case Op.or:
      return bitwise(left, right, (a, b) => a | b);
    case Op.xor:
      return bitwise(left, right, (a, b) => a ^ b);
    case Op.shl:
      return left * 2 ** right;
    case Op.shr: // a negative value is one of 64 significant bits, which no double holds
      return left < 0 ? NaN : Math.floor(left / 2 ** right);
    case Op.shra:
      return Math.floor(left / 2 ** right);
    case Op.eq:
      return compared(left === right);
    case Op.ge:
      return compared(left >= right);
    case Op.gt:
      return compared(left > right);
    case Op.le:
      return compared(left <= right);
    case Op.lt:
      return compared(left < right);
    case Op.ne:
      return compared(left !== right);
    default:
      return undefined;
  }
}

function bitwise(left: number, right: number, op: (a: number, b: number) => number): number {
  if (Number.isNaN(left) || Number.isNaN(right)) return NaN;
  return addressFrom(op(left, right), op(addressHigh(left), addressHigh(right)));
}

/** A value that a double holds exactly, or NaN. */
function exact(value: number): number {
  return isExactAddress(value) ? value : NaN;
}
