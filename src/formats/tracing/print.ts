/** A record as the text of its `print fmt:`. */
import type { Address } from '../../base/units.js';
import { formatIp, formatMac, formatUuid } from './addresses.js';
import { evaluate } from './evaluate.js';
import type { Expression, NamedValue } from './expression.js';
import { latin1, type RawRecord, type TraceField } from './fields.js';
import { formatNumber, formatString, type Piece, type Spec } from './print-format.js';

const TWO_53 = 9007199254740992n;

/** The kernel's function at an address, and how far into it the address lies. */
export type FunctionAt = (
  address: Address,
) => { readonly name: string; readonly offset: number } | undefined;

/** Text with one character per byte. */
export function printPieces(
  pieces: readonly Piece[],
  raw: RawRecord,
  functionAt: FunctionAt | undefined,
): string {
  let text = '';
  for (const piece of pieces) {
    if (piece.kind === 'literal') {
      text += piece.text;
      continue;
    }
    const { kind, spec, argument } = piece;
    const star = piece.star ? Number(BigInt.asIntN(32, evaluate(piece.star, raw))) : 0;
    if (kind === 'number') text += formatNumber(spec, evaluate(argument, raw), star);
    else if (kind === 'string') text += printText(argument, spec, star, raw);
    else text += printPointer(argument, spec.conversion, piece.star ? star : 1, raw, functionAt);
  }
  return text;
}

/** `%s`. */
function printText(item: Expression, spec: Spec, star: number, raw: RawRecord): string {
  switch (item.kind) {
    case 'atom':
      return formatString(spec, item.text, star);
    case 'field':
      return item.field === undefined ? '' : printTextField(item.field, spec, star, raw);
    case 'flags':
      return printFlags(item.names, item.delimiter, evaluate(item.item, raw), spec, star);
    case 'symbolic': {
      const value = evaluate(item.item, raw);
      const found = item.names.find((name) => name.value === value);
      return found === undefined ? `0x${value.toString(16)}` : formatString(spec, found.name, star);
    }
    case 'hex': {
      const bytes = arrayBytes(item.array, evaluate(item.size, raw), raw);
      return Array.from(bytes, hexByte).join(item.separator);
    }
    case 'numbers':
      return printNumbers(item, raw);
    case 'text': {
      if (item.field === undefined) return '';
      const { offset, length } = raw.place(item.field);
      // Up to its NUL: the length is that of the room.
      return length === 0 ? '' : formatString(spec, raw.text(offset, Infinity), star);
    }
    case 'bitmask':
    case 'cpumask': {
      if (item.field === undefined) return '';
      const { offset, length } = raw.place(item.field);
      const bytes = maskBytes(raw.slice(offset, length), raw.machine.littleEndian);
      return formatString(spec, item.kind === 'bitmask' ? bitmask(bytes) : cpuList(bytes), star);
    }
    case 'choice': {
      const taken = evaluate(item.condition, raw) !== 0n ? item.yes : item.no;
      return printText(taken, spec, star, raw);
    }
    case 'cast':
    case 'unary':
    case 'binary':
    case 'index':
    case 'dynamic':
    case 'dynamicLength':
      return '';
  }
}

function printTextField(field: TraceField, spec: Spec, star: number, raw: RawRecord): string {
  // What is no array and as wide as a pointer is taken for one.
  if (!field.array && field.size === raw.machine.longSize) {
    const address = raw.value(field);
    return raw.machine.stringAt(address) ?? address.toString(16);
  }
  const length = field.size > 0 ? field.size : raw.bytes.byteLength - field.offset;
  return formatString(spec, raw.text(field.offset, length), star);
}

/** The names of the bits that are set; each is formatted by itself, the rest is a number. */
function printFlags(
  names: readonly NamedValue[],
  delimiter: string,
  from: bigint,
  spec: Spec,
  star: number,
): string {
  const parts: string[] = [];
  let value = from;
  for (const { value: flag, name } of names) {
    // A name without a number is the one of 0.
    const isSet = flag === undefined ? value === 0n : flag !== 0n && (value & flag) === flag;
    if (!isSet) continue;
    parts.push(formatString(spec, name, star));
    if (flag === undefined) break;
    value &= ~flag;
  }
  if (value !== 0n) parts.push(`0x${value.toString(16)}`);
  return parts.join(delimiter);
}

function printNumbers(item: Extract<Expression, { kind: 'numbers' }>, raw: RawRecord): string {
  const told = Number(BigInt.asIntN(32, evaluate(item.elementSize, raw)));
  const known = told === 1 || told === 2 || told === 4 || told === 8;
  const size = known ? told : 1;
  const count = Number(BigInt.asUintN(32, evaluate(item.count, raw)));
  const start = arrayOffset(item.array, raw);
  const parts: string[] = [];
  if (start !== undefined) {
    for (let i = 0; i < count && start + (i + 1) * size <= raw.bytes.byteLength; i++) {
      const number = `0x${raw.number(start + i * size, size).toString(16)}`;
      parts.push(known || i > 0 ? number : `BAD SIZE:${told} ${number}`);
    }
  }
  return `{${parts.join(',')}}`;
}

/** Where an array of the record begins; `undefined` for an expression that is none. */
function arrayOffset(array: Expression, raw: RawRecord): number | undefined {
  if (array.kind === 'dynamic') return raw.place(array.field).offset;
  if (array.kind === 'field') return array.field?.offset;
  return undefined;
}

function arrayBytes(array: Expression, size: bigint, raw: RawRecord): Uint8Array {
  const offset = arrayOffset(array, raw);
  if (offset === undefined) return new Uint8Array(0);
  return raw.slice(offset, Math.min(Number(BigInt.asUintN(32, size)), raw.bytes.byteLength));
}

/** `%p` and what may follow it. @param limit of `%*ph`: bytes to print */
function printPointer(
  item: Expression,
  letters: string,
  limit: number,
  raw: RawRecord,
  functionAt: FunctionAt | undefined,
): string {
  switch (letters[0]) {
    case 'F':
    case 'f':
    case 'S':
    case 's':
      return printFunction(evaluate(item, raw), letters, functionAt);
    case 'M':
    case 'm':
    case 'I':
    case 'i':
    case 'U': {
      if (letters.length === 1 && /[Ii]/.test(letters)) return '';
      let base = item;
      while (base.kind === 'cast') base = base.item;
      return printAddress(base, letters, raw);
    }
    case 'h':
      return printBuffer(item, letters, limit, raw);
    default: {
      const value = evaluate(item, raw);
      return value === 0n ? '(nil)' : `0x${value.toString(16)}`;
    }
  }
}

function printFunction(value: bigint, letters: string, functionAt: FunctionAt | undefined): string {
  const signed = BigInt.asIntN(64, value);
  const found = signed < TWO_53 && signed > -TWO_53 ? functionAt?.(Number(signed)) : undefined;
  if (found === undefined) return `0x${value.toString(16)}`;
  const offset = letters === 'F' || letters === 'S' ? `+0x${found.offset.toString(16)}` : '';
  return Buffer.from(found.name).toString('latin1') + offset;
}

function printAddress(item: Expression, letters: string, raw: RawRecord): string {
  if (letters[1] === 'S' && item.kind === 'dynamic') {
    const { offset, length } = raw.place(item.field);
    return formatIp(letters, raw.slice(offset, length), raw.machine.littleEndian);
  }
  // The number is libtraceevent's own for the kind of expression; perf's users know the words.
  if (item.kind !== 'field') {
    return letters[1] === 'S' ? 'ARG NOT FIELD NOR DYNAMIC ARRAY' : 'ARG TYPE NOT FIELD';
  }
  if (item.field === undefined) return '';
  const bytes = raw.slice(item.field.offset, item.field.size);
  if (/[Mm]/.test(letters[0])) return formatMac(letters, bytes);
  if (letters[0] === 'U') return formatUuid(letters, bytes);
  return formatIp(letters, bytes, raw.machine.littleEndian);
}

function printBuffer(item: Expression, letters: string, limit: number, raw: RawRecord): string {
  if (item.kind !== 'dynamic') return 'ARG TYPE NOT FIELD';
  const { offset, length } = raw.place(item.field);
  const separator = { C: ':', D: '-', N: '' }[letters[1] ?? ''] ?? ' ';
  const bytes = raw.slice(offset, Math.min(length, Math.max(0, limit)));
  return Array.from(bytes, hexByte).join(separator);
}

/** A mask's bytes, lowest bits first; in memory it is an array of longs. */
function maskBytes(bytes: Uint8Array, littleEndian: boolean): Uint8Array {
  return littleEndian ? bytes : bytes.slice().reverse();
}

/** `00000000,0000000f`. */
function bitmask(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const group = Array.from(bytes.subarray(at, at + 4), hexByte);
    groups.unshift(group.reverse().join(''));
  }
  return groups.join(',');
}

/** `0-3,8`. */
function cpuList(bytes: Uint8Array): string {
  const ranges: string[] = [];
  let first = -1;
  for (let bit = 0; bit <= bytes.length * 8; bit++) {
    const set = ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1;
    if (set !== 0 && first < 0) first = bit;
    if (set === 0 && first >= 0) {
      ranges.push(bit - 1 > first ? `${first}-${bit - 1}` : `${first}`);
      first = -1;
    }
  }
  return ranges.join(',');
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/**
 * ` comm=bash pid=12`: every field but the common ones, for events whose `print fmt:` is not
 * understood (`print_field_raw`).
 */
export function printFields(fields: readonly TraceField[], raw: RawRecord): string {
  return fields.map((field) => ` ${field.name}=${printField(field, raw)}`).join('');
}

function printField(field: TraceField, raw: RawRecord): string {
  if (field.array) {
    const { offset, length } = raw.place(field);
    const bytes = raw.slice(offset, length);
    if (field.text && isPrintable(bytes)) return raw.text(offset, Infinity);
    return `ARRAY[${Array.from(bytes, hexByte).join(', ')}]`;
  }
  const value = raw.value(field);
  if (field.pointer) return `0x${value.toString(16)}`;
  if (!field.signed) return field.long ? `0x${value.toString(16)}` : `${value}`;
  if (field.size === 4 && field.long) return `0x${value.toString(16)}`;
  if (field.size === 2) return `${BigInt.asIntN(16, value)}`.padStart(2);
  return `${BigInt.asIntN(field.size * 8, value)}`;
}

/** Up to its NUL. */
function isPrintable(bytes: Uint8Array): boolean {
  const text = latin1(bytes).split('\0', 1)[0];
  return /^[\x20-\x7e\t-\r]*$/.test(text);
}
