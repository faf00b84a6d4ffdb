/**
 * Damages files: blindly, as disks and interrupted copies do, and where it hurts most, in the fields that
 * say how long, how many and where.
 */
import type { Random } from './random.js';

/** Where a number stands in a file: of a binary format. */
export interface NumberField {
  readonly kind: 'number';
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly littleEndian: boolean;
}

/** Where a word stands in a text. */
export interface WordField {
  readonly kind: 'word';
  readonly offset: number;
  readonly size: number;
}

export type Field = NumberField | WordField;

/** A sound file, from which damaged ones are made. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The fields worth damaging. */
  readonly fields: readonly Field[];
}

const MOST_MUTATIONS = 4;
const MOST_FLIPS = 16;
/** Files do not grow beyond this many times their size, so that time is the reader's own. */
const MOST_GROWTH = 2;

/** Numbers at which code goes wrong: ends of ranges, signs, and what is one beside them. */
const NUMBERS: readonly bigint[] = [0n, 1n, 2n, 3n, 4n, 7n, 8n, 9n, 15n, 16n, 63n, 64n].concat(
  [
    7n,
    8n,
    12n,
    15n,
    16n,
    20n,
    24n,
    30n,
    31n,
    32n,
    33n,
    40n,
    47n,
    48n,
    52n,
    53n,
    62n,
    63n,
    64n,
  ].flatMap((bit) => [(1n << bit) - 1n, 1n << bit, (1n << bit) + 1n]),
);

/** What texts go wrong at. */
const WORDS: readonly string[] = [
  ...['', ' ', '\t', '\n', '\r\n', '\n\n', '\0', '\xff\xfe', '-', '-1', '0', '1', '+0x', '0x', ':'],
  ...['::', '(', ')', ' (', '((', '))', '[', ']', '[unknown]', '(inlined)', '#', '>', ' => ', '/'],
  ...['ffffffffffffffff', '8000000000000000', '7fffffffffffffff', '10000000000000000', '100000000'],
  ...[
    '99999999999999999999',
    '4294967296',
    '4294967295',
    '2147483648',
    '9007199254740993',
    '1e999',
  ],
  ...['0.000001:', '99999999999999999.999999:', 'PERF_RECORD_MMAP2', 'py::', 'py::a:b', '[kernel]'],
  'x'.repeat(300),
  '1'.repeat(300),
  ' '.repeat(300),
  '+0x1 ('.repeat(50),
  'a 1 '.repeat(100),
];

/** A damaged copy; the same for the same numbers. */
export function mutate({ bytes, fields }: Seed, random: Random): Uint8Array {
  let damaged = Uint8Array.from(bytes);
  // Mostly one: of a file that is damaged in many places a reader sees the first only.
  const count = 1 + random.below(1 + random.below(MOST_MUTATIONS));
  for (let i = 0; i < count; i++) {
    const kind = random.below(10);
    // Fields' places hold in a copy whose length has not changed before them; else they are any places.
    if (kind < 5 && fields.length > 0) damaged = corruptField(damaged, random.pick(fields), random);
    else if (kind < 7) flipBits(damaged, random);
    else if (kind === 7) damaged = damaged.slice(0, random.below(damaged.length + 1));
    else if (kind === 8) setRun(damaged, random);
    else damaged = movePiece(damaged, random, bytes.length * MOST_GROWTH);
  }
  return damaged;
}

function corruptField(
  bytes: Uint8Array<ArrayBuffer>,
  field: Field,
  random: Random,
): Uint8Array<ArrayBuffer> {
  const { offset, size } = field;
  if (offset + size > bytes.length) return bytes;
  if (field.kind === 'word') {
    return spliced(bytes, offset, size, Buffer.from(random.pick(WORDS), 'latin1'));
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = read(view, field);
  const length = BigInt(bytes.length);
  const choices: bigint[] = [
    random.pick(NUMBERS),
    -random.pick(NUMBERS),
    value + BigInt(random.below(17)) - 8n,
    value * 2n,
    value >> 1n,
    value ^ (1n << BigInt(random.below(8 * size))),
    length - BigInt(offset),
    length + BigInt(random.below(17)) - 8n,
    BigInt(offset),
    BigInt(random.next()),
  ];
  write(view, field, random.pick(choices));
  return bytes;
}

function flipBits(bytes: Uint8Array, random: Random): void {
  if (bytes.length === 0) return;
  const count = 1 + random.below(MOST_FLIPS);
  for (let i = 0; i < count; i++) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
}

/** A run of one value, or of any. */
function setRun(bytes: Uint8Array, random: Random): void {
  const start = random.below(bytes.length);
  const end = Math.min(bytes.length, start + 1 + random.below(64));
  const value = random.pick([0, 0xff, 0x80, 0x7f, -1]);
  for (let at = start; at < end; at++) bytes[at] = value < 0 ? random.below(256) : value;
}

/** Cuts a piece out, or puts a copy of it elsewhere, over what is there or before it. */
function movePiece(
  bytes: Uint8Array<ArrayBuffer>,
  random: Random,
  most: number,
): Uint8Array<ArrayBuffer> {
  const start = random.below(bytes.length);
  const size = Math.min(bytes.length - start, 1 + random.below(256));
  const piece = bytes.slice(start, start + size);
  const target = random.below(bytes.length);
  const kind = random.below(3);
  if (kind === 0) return spliced(bytes, start, size, new Uint8Array(0));
  if (kind === 1 || bytes.length + size > most) {
    bytes.set(piece.subarray(0, bytes.length - target), target);
    return bytes;
  }
  return spliced(bytes, target, 0, piece);
}

function spliced(
  bytes: Uint8Array,
  at: number,
  size: number,
  piece: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length - size + piece.length);
  result.set(bytes.subarray(0, at));
  result.set(piece, at);
  result.set(bytes.subarray(at + size), at + piece.length);
  return result;
}

function read(view: DataView, { offset, size, littleEndian }: NumberField): bigint {
  if (size === 8) return view.getBigUint64(offset, littleEndian);
  if (size === 4) return BigInt(view.getUint32(offset, littleEndian));
  return BigInt(size === 2 ? view.getUint16(offset, littleEndian) : view.getUint8(offset));
}

function write(view: DataView, field: NumberField, value: bigint): void {
  const { offset, size, littleEndian } = field;
  const low = Number(BigInt.asUintN(32, value));
  if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, value), littleEndian);
  else if (size === 4) view.setUint32(offset, low, littleEndian);
  else if (size === 2) view.setUint16(offset, low & 0xffff, littleEndian);
  else view.setUint8(offset, low & 0xff);
}
