/** The number that an expression is for a record. */
import { applyBinary, applyUnary, narrow } from './arithmetic.js';
import type { Expression } from './expression.js';
import type { RawRecord } from './fields.js';

/** u64. Fields are read unsigned whatever their type, as libtraceevent does; text is 0. */
export function evaluate(item: Expression, raw: RawRecord): bigint {
  switch (item.kind) {
    case 'atom':
      return item.value;
    case 'field':
      return item.field === undefined ? 0n : raw.value(item.field);
    case 'cast':
      return narrow(evaluate(item.item, raw), item.type);
    case 'unary':
      return applyUnary(item.operator, evaluate(item.item, raw));
    case 'binary':
      return applyBinary(item.operator, evaluate(item.left, raw), evaluate(item.right, raw));
    case 'choice':
      return evaluate(evaluate(item.condition, raw) !== 0n ? item.yes : item.no, raw);
    case 'index':
      return element(item.array, evaluate(item.index, raw), raw);
    case 'dynamicLength':
      return BigInt(raw.place(item.field).length);
    case 'dynamic':
      // An address in the reader's memory in libtraceevent: no number that says anything.
      return 0n;
    case 'flags':
    case 'symbolic':
    case 'hex':
    case 'numbers':
    case 'text':
    case 'bitmask':
    case 'cpumask':
      return 0n;
  }
}

/** `array[index]`, the element's type being the outermost cast of the array. */
function element(array: Expression, index: bigint, raw: RawRecord): bigint {
  let base = array;
  let type: string | undefined;
  while (base.kind === 'cast') {
    type ??= base.type;
    base = base.item;
  }
  const at = index <= 0xffffffn ? Number(index) : -1;
  if (at < 0) return 0n;
  let value = 0n;
  if (base.kind === 'dynamic') {
    // The index counts bytes here, whatever the element's type, as in libtraceevent.
    const size = base.field.elementSize || raw.machine.longSize;
    value = raw.number(raw.place(base.field).offset + at, size);
  } else if (base.kind === 'field' && base.field !== undefined) {
    const { offset, elementSize } = base.field;
    value = raw.number(offset + at * elementSize, elementSize);
  }
  return type?.endsWith(' *') ? narrow(value, type.slice(0, -2)) : value;
}
