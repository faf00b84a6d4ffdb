/**
 * The code of an entry: one range, or a list of them in `.debug_ranges` (DWARF 4, section 2.17.3) or
 * `.debug_rnglists` (DWARF 5, section 2.17.3 and 7.25).
 */
import type { Cursor } from '../../base/cursor.js';
import type { Address } from '../../base/units.js';
import { Slot, type Attributes } from './attributes.js';
import type { AddressRanges } from './address-map.js';
import { RangeEntry } from './constants.js';
import { readAddress } from './forms.js';
import type { Unit } from './unit.js';

/** Whether an entry says where its code is. */
export function hasCode(attributes: Attributes): boolean {
  return attributes.has(Slot.Ranges) || attributes.has(Slot.LowPc);
}

/** Adds an entry's code to `ranges` under `value`. @throws FormatError where a list is malformed */
export function addRanges(
  unit: Unit,
  attributes: Attributes,
  ranges: AddressRanges,
  value: number,
): void {
  const list = attributes.get(Slot.Ranges);
  if (list !== undefined) {
    const { file, offset } = unit.rangeList(attributes.forms[Slot.Ranges], list);
    if (unit.encoding.version >= 5) {
      file.rnglists.parse('range list', offset, (cursor) => {
        addListed(unit, cursor, ranges, value);
      });
    } else {
      file.ranges.parse('range list', offset, (cursor) => {
        addOldListed(unit, cursor, ranges, value);
      });
    }
    return;
  }
  const low = unit.address(attributes, Slot.LowPc);
  const high = attributes.get(Slot.HighPc);
  if (low === undefined || high === undefined) return;
  // From version 4 on usually a length, which the form tells.
  const end = unit.address(attributes, Slot.HighPc) ?? low + high;
  ranges.add(low, end, value);
}

function addListed(unit: Unit, cursor: Cursor, ranges: AddressRanges, value: number): void {
  const { encoding } = unit;
  let base = unit.base;
  let start: Address;
  for (;;) {
    const kind = cursor.u8();
    switch (kind) {
      case RangeEntry.end_of_list:
        return;
      case RangeEntry.base_addressx:
        base = unit.indexedAddress(cursor.uleb128());
        break;
      case RangeEntry.startx_endx:
        start = unit.indexedAddress(cursor.uleb128());
        ranges.add(start, unit.indexedAddress(cursor.uleb128()), value);
        break;
      case RangeEntry.startx_length:
        start = unit.indexedAddress(cursor.uleb128());
        ranges.add(start, start + cursor.uleb128(), value);
        break;
      case RangeEntry.offset_pair:
        start = base + cursor.uleb128();
        ranges.add(start, base + cursor.uleb128(), value);
        break;
      case RangeEntry.base_address:
        base = readAddress(cursor, encoding);
        break;
      case RangeEntry.start_end:
        start = readAddress(cursor, encoding);
        ranges.add(start, readAddress(cursor, encoding), value);
        break;
      case RangeEntry.start_length:
        start = readAddress(cursor, encoding);
        ranges.add(start, start + cursor.uleb128(), value);
        break;
      default:
        throw cursor.fault('DW_RLE_end_of_list to start_length (0 to 7)', `${kind}`, 1);
    }
  }
}

function addOldListed(unit: Unit, cursor: Cursor, ranges: AddressRanges, value: number): void {
  const { encoding } = unit;
  const selectsBase = encoding.addressSize === 8 ? -1 : 0xffffffff;
  let base = unit.base;
  for (;;) {
    const start = readAddress(cursor, encoding);
    const end = readAddress(cursor, encoding);
    if (start === selectsBase) base = end;
    else if (start === 0 && end === 0) return;
    else ranges.add(base + start, base + end, value);
  }
}
