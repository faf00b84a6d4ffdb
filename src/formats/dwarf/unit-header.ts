/** Headers of units in `.debug_info` (DWARF 5, section 7.5.1; versions 2 to 5). */
import type { Cursor } from '../../base/cursor.js';
import type { Bytes } from '../../base/units.js';
import { UnitType } from './constants.js';
import { readInitialLength, readOffset, type Encoding } from './forms.js';

export interface UnitHeader {
  /** Offsets in the section: of the header, and past the unit's last byte. */
  readonly offset: Bytes;
  readonly end: Bytes;
  readonly encoding: Encoding;
  /** `DW_UT_*`; before version 5 always `compile`, as types had a section of their own. */
  readonly type: number;
  readonly abbreviations: Bytes;
  /** In hexadecimal, of skeleton and split units of version 5. */
  readonly dwoId: string | undefined;
  /** Bytes of the header: where the first entry is, from `offset`. */
  readonly size: Bytes;
}

/** @param cursor at the header, which is at `offset` of a section of `limit` bytes. @throws FormatError */
export function readUnitHeader(cursor: Cursor, offset: Bytes, limit: Bytes): UnitHeader {
  const { length, offsetSize } = readInitialLength(cursor);
  const end = offset + cursor.position + length;
  if (end > limit) throw cursor.fault(`a unit of at most ${limit - offset} bytes`, `${length}`);
  const version = cursor.u16();
  if (version < 2 || version > 5) throw cursor.fault('DWARF version 2 to 5', `${version}`, 2);
  const type = version >= 5 ? cursor.u8() : UnitType.compile;
  let addressSize = version >= 5 ? cursor.u8() : 0;
  const abbreviations = offsetSize === 8 ? cursor.u64() : cursor.u32();
  if (version < 5) addressSize = cursor.u8();
  if (addressSize !== 4 && addressSize !== 8) {
    throw cursor.fault('addresses of 4 or 8 bytes', `${addressSize}`);
  }
  const encoding: Encoding = { version, addressSize, offsetSize };
  let dwoId: string | undefined;
  if (type === UnitType.skeleton || type === UnitType.split_compile) {
    dwoId = hex64(cursor);
  } else if (type === UnitType.type || type === UnitType.split_type) {
    cursor.skip(8);
    readOffset(cursor, encoding);
  }
  return { offset, end, encoding, type, abbreviations, dwoId, size: cursor.position };
}

/** A 64-bit number, exact, as text. */
export function hex64(cursor: Cursor): string {
  return cursor.u64big().toString(16).padStart(16, '0');
}
