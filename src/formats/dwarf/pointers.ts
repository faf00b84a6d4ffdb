/**
 * Pointer encodings of exception handling sections: Linux Standard Base, Core, section 10.5
 * (`DW_EH_PE_*`).
 */
import type { Cursor } from '../../base/cursor.js';
import type { Address } from '../../base/units.js';

export const PointerEncoding = {
  Absolute: 0x00,
  Uleb128: 0x01,
  Udata2: 0x02,
  Udata4: 0x03,
  Udata8: 0x04,
  Sleb128: 0x09,
  Sdata2: 0x0a,
  Sdata4: 0x0b,
  Sdata8: 0x0c,
  Omit: 0xff,
} as const;

const FORMAT_MASK = 0x0f;
const APPLICATION_MASK = 0x70;
const INDIRECT = 0x80;
/** How the value becomes an address. */
const Application = { Absolute: 0x00, PcRelative: 0x10, DataRelative: 0x30 } as const;

/** What encoded pointers of a section are relative to. */
export interface PointerBases {
  /** Virtual address of the bytes that the cursor reads, less their position in it. */
  readonly section: Address;
  /** Virtual address that `datarel` counts from: `.eh_frame_hdr` in that section, else the GOT. */
  readonly data: Address | undefined;
}

/** Bytes of one encoded value; `undefined` where the length varies (LEB128) or nothing is encoded. */
export function encodedSize(encoding: number): number | undefined {
  switch (encoding === PointerEncoding.Omit ? -1 : encoding & FORMAT_MASK) {
    case PointerEncoding.Udata2:
    case PointerEncoding.Sdata2:
      return 2;
    case PointerEncoding.Udata4:
    case PointerEncoding.Sdata4:
      return 4;
    case PointerEncoding.Absolute:
    case PointerEncoding.Udata8:
    case PointerEncoding.Sdata8:
      return 8;
    default:
      return undefined;
  }
}

/** The value alone: what the low four bits say, nothing added. A range is encoded so. */
export function readEncodedValue(cursor: Cursor, encoding: number): number {
  switch (encoding & FORMAT_MASK) {
    case PointerEncoding.Uleb128:
      return cursor.uleb128();
    case PointerEncoding.Udata2:
      return cursor.u16();
    case PointerEncoding.Udata4:
      return cursor.u32();
    case PointerEncoding.Sleb128:
      return cursor.sleb128();
    case PointerEncoding.Sdata2:
      return cursor.i16();
    case PointerEncoding.Sdata4:
      return cursor.i32();
    case PointerEncoding.Absolute: // a native pointer: 64 bits on every machine that is unwound
    case PointerEncoding.Udata8:
    case PointerEncoding.Sdata8:
      return cursor.address();
    default:
      throw cursor.fault('a pointer encoding', `0x${encoding.toString(16)}`);
  }
}

/**
 * An encoded address, or `undefined` where it is omitted or indirect (a slot that the dynamic linker
 * fills: only personality routines are encoded so).
 * @throws FormatError on an unknown encoding, or a `datarel` one without a data base
 */
export function readEncodedPointer(
  cursor: Cursor,
  encoding: number,
  bases: PointerBases,
): Address | undefined {
  if (encoding === PointerEncoding.Omit) return undefined;
  const at = bases.section + cursor.position;
  const value = readEncodedValue(cursor, encoding);
  if ((encoding & INDIRECT) !== 0) return undefined;
  switch (encoding & APPLICATION_MASK) {
    case Application.Absolute:
      return value;
    case Application.PcRelative:
      return at + value;
    case Application.DataRelative:
      if (bases.data !== undefined) return bases.data + value;
      throw cursor.fault('a pointer without datarel', 'datarel, with nothing to be relative to');
    default: // textrel, funcrel and aligned: no compiler for x86-64 or arm64 writes them here
      throw cursor.fault('an absolute, pcrel or datarel pointer', `0x${encoding.toString(16)}`);
  }
}
