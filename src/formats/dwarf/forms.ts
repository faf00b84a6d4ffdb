/**
 * Forms: how an attribute's value is written (DWARF 5, section 7.5.5 and 7.5.6; GNU's: binutils'
 * `dwarf2.def`). A value is read as one number; what it means is the form's and the attribute's matter.
 */
import type { Cursor } from '../../base/cursor.js';
import { Form } from './constants.js';

/** What the sizes of a unit's values hang on. */
export interface Encoding {
  readonly version: number;
  readonly addressSize: 4 | 8;
  /** 8 in the 64-bit format (section 7.4). */
  readonly offsetSize: 4 | 8;
}

/** Bytes of a value, where the form alone says; `undefined` where the data does. */
export function fixedSizeOf(form: number, encoding: Encoding): number | undefined {
  switch (form) {
    case Form.flag_present:
    case Form.implicit_const:
      return 0;
    case Form.data1:
    case Form.flag:
    case Form.ref1:
    case Form.strx1:
    case Form.addrx1:
      return 1;
    case Form.data2:
    case Form.ref2:
    case Form.strx2:
    case Form.addrx2:
      return 2;
    case Form.strx3:
    case Form.addrx3:
      return 3;
    case Form.data4:
    case Form.ref4:
    case Form.ref_sup4:
    case Form.strx4:
    case Form.addrx4:
      return 4;
    case Form.data8:
    case Form.ref8:
    case Form.ref_sup8:
    case Form.ref_sig8:
      return 8;
    case Form.data16:
      return 16;
    case Form.addr:
      return encoding.addressSize;
    case Form.ref_addr: // an address in version 2 (section 1.4 of DWARF 3 names the change)
      return encoding.version <= 2 ? encoding.addressSize : encoding.offsetSize;
    case Form.strp:
    case Form.line_strp:
    case Form.strp_sup:
    case Form.sec_offset:
    case Form.GNU_ref_alt:
    case Form.GNU_strp_alt:
      return encoding.offsetSize;
    default:
      return undefined;
  }
}

/**
 * A value: unsigned but for `sdata`; an address in our signed form; of an inline string, a block and what
 * is longer than 8 bytes its position. `flag_present` is 1; `implicit_const` is in the abbreviation.
 * @throws FormatError on an unknown form
 */
export function readForm(cursor: Cursor, form: number, encoding: Encoding): number {
  const start = cursor.position;
  switch (form) {
    case Form.string:
      cursor.skip(lengthOfString(cursor) + 1);
      return start;
    case Form.block1:
      cursor.skip(cursor.u8());
      return start;
    case Form.block2:
      cursor.skip(cursor.u16());
      return start;
    case Form.block4:
      cursor.skip(cursor.u32());
      return start;
    case Form.block:
    case Form.exprloc:
      cursor.skip(cursor.uleb128());
      return start;
    case Form.sdata:
      return cursor.sleb128();
    case Form.udata:
    case Form.ref_udata:
    case Form.strx:
    case Form.addrx:
    case Form.loclistx:
    case Form.rnglistx:
    case Form.GNU_addr_index:
    case Form.GNU_str_index:
      return cursor.uleb128();
    case Form.strx3:
    case Form.addrx3: {
      const [a, b, c] = cursor.take(3);
      return cursor.littleEndian ? a | (b << 8) | (c << 16) : (a << 16) | (b << 8) | c;
    }
    case Form.data16:
      cursor.skip(16);
      return start;
    case Form.flag_present:
    case Form.implicit_const:
      return 1;
    default:
  }
  switch (fixedSizeOf(form, encoding)) {
    case 1:
      return cursor.u8();
    case 2:
      return cursor.u16();
    case 4:
      return cursor.u32();
    case 8:
      return cursor.address();
    default:
      throw cursor.fault('a form of DWARF 2 to 5', `0x${form.toString(16)}`);
  }
}

/** Bytes before the NUL. */
function lengthOfString(cursor: Cursor): number {
  const end = cursor.bytes.indexOf(0, cursor.position);
  if (end < 0) throw cursor.fault('a NUL-terminated string', 'no NUL before the end');
  return end - cursor.position;
}

/** A number of the format's offset size: an offset into a section. */
export function readOffset(cursor: Cursor, { offsetSize }: Encoding): number {
  return offsetSize === 8 ? cursor.u64() : cursor.u32();
}

/** A target address, as `DW_FORM_addr` has it. */
export function readAddress(cursor: Cursor, { addressSize }: Encoding): number {
  return addressSize === 8 ? cursor.address() : cursor.u32();
}

/** A length in either format (section 7.4): how many bytes follow, and the format. */
export function readInitialLength(cursor: Cursor): { length: number; offsetSize: 4 | 8 } {
  const length = cursor.u32();
  if (length < 0xfffffff0) return { length, offsetSize: 4 };
  if (length !== 0xffffffff) throw cursor.fault('a unit length', `0x${length.toString(16)}`, 4);
  return { length: cursor.u64(), offsetSize: 8 };
}
