/**
 * The fields of a tracepoint's record as its `format` file lists them, and their values in the bytes
 * of a sample (`PERF_SAMPLE_RAW`).
 */

/** `field:__data_loc char[] filename; offset:8; size:4; signed:0;`. */
export interface TraceField {
  readonly name: string;
  /** With brackets: `char[16]`, `__data_loc char[]`. */
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  readonly array: boolean;
  readonly pointer: boolean;
  /** Where the value is a place (u16 offset, u16 length above it) of data behind the fixed fields. */
  readonly dynamic: 'none' | 'absolute' | 'relative';
  /** An array of `char`, `u8` or `s8`. */
  readonly text: boolean;
  /** `long` in its type; takes `long long` in, as libtraceevent does. */
  readonly long: boolean;
  /** Of an array; 0 where the type does not tell. */
  readonly elementSize: number;
}

/** Sizes of the element types that dynamic arrays of plain types name. */
const TYPE_SIZES: ReadonlyMap<string, number> = new Map([
  ['u8', 1],
  ['s8', 1],
  ['char', 1],
  ['u16', 2],
  ['s16', 2],
  ['u32', 4],
  ['s32', 4],
  ['u64', 8],
  ['s64', 8],
]);

const FIELD = /^\s*field:\s*(.*?);\s*offset:\s*(\d+);\s*size:\s*(\d+);(?:\s*signed:\s*(\d+);)?\s*$/;
/** `char comm[16]`, `unsigned long args[6]`, `__data_loc char[] name`. */
const DECLARATION = /^(.*?)\s*([A-Za-z0-9_]+)\s*(\[[^\]]*\])?$/;

/** A line of the list; `undefined` where it is none. @param longSize of the recording machine */
export function parseField(line: string, longSize: number): TraceField | undefined {
  const parts = FIELD.exec(line);
  const declaration = parts && DECLARATION.exec(parts[1]);
  if (!parts || !declaration) return undefined;
  const [, before, name, brackets = ''] = declaration;
  if (before === '') return undefined;
  const type = before + brackets;
  const size = Number(parts[3]);
  const bracketed = /\[([^\]]*)\]/.exec(type);
  const dynamic = type.startsWith('__data_loc')
    ? 'absolute'
    : type.startsWith('__rel_loc')
      ? 'relative'
      : 'none';
  // Kernels before 2.6.31 gave strings a place of two bytes.
  const oldString = dynamic !== 'none' && size === 2;
  const array = bracketed !== null || oldString;
  const text = oldString || (array && /char|u8|s8/.test(type));
  const long = type.includes('long');
  const length = Number(bracketed?.[1] || 0) || 0;
  const elementType = /(\w+)\s*\[/.exec(type)?.[1] ?? '';
  const elementSize = !array
    ? size
    : length > 0
      ? Math.floor(size / length)
      : dynamic !== 'none'
        ? (TYPE_SIZES.get(elementType) ?? 0)
        : text
          ? 1
          : long
            ? longSize
            : 0;
  const pointer = type.includes('*');
  const offset = Number(parts[2]);
  const signed = Number(parts[4] ?? 0) !== 0;
  return { name, type, offset, size, signed, array, pointer, dynamic, text, long, elementSize };
}

/** What records must be read by: the machine that wrote them. */
export interface TracedMachine {
  readonly littleEndian: boolean;
  /** Bytes. */
  readonly longSize: number;
  /** A string of the kernel's that a field may point to, one character per byte. */
  stringAt(address: bigint): string | undefined;
}

/** The bytes of one record, and how to read numbers from them. Reads past the end give 0. */
export class RawRecord {
  private readonly view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    readonly machine: TracedMachine,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  number(offset: number, size: number): bigint {
    if (!(offset >= 0 && offset + size <= this.bytes.byteLength)) return 0n;
    switch (size) {
      case 1:
        return BigInt(this.view.getUint8(offset));
      case 2:
        return BigInt(this.view.getUint16(offset, this.machine.littleEndian));
      case 4:
        return BigInt(this.view.getUint32(offset, this.machine.littleEndian));
      case 8:
        return this.view.getBigUint64(offset, this.machine.littleEndian);
      default:
        return 0n;
    }
  }

  value(field: TraceField): bigint {
    return this.number(field.offset, field.size);
  }

  /** Where a field's own bytes lie, of a dynamic one the bytes that it points to. */
  place(field: TraceField): { readonly offset: number; readonly length: number } {
    if (field.dynamic === 'none') return { offset: field.offset, length: field.size };
    const all = this.bytes.byteLength;
    if (field.offset + field.size > all) return { offset: 0, length: 0 };
    const packed = Number(this.value(field));
    const start = packed & 0xffff;
    const told = field.size === 2 ? all - start : (packed >>> 16) & 0xffff;
    const length = start + told > all ? 0 : told;
    const base = field.dynamic === 'relative' ? field.offset + field.size : 0;
    return { offset: (start > all ? 0 : start) + base, length };
  }

  slice(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(Math.max(0, offset), Math.max(0, offset + length));
  }

  /** One character per byte, up to a NUL or `length` bytes. */
  text(offset: number, length: number): string {
    const bytes = this.slice(offset, length);
    const end = bytes.indexOf(0);
    return latin1(end < 0 ? bytes : bytes.subarray(0, end));
  }
}

/** One character per byte. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
