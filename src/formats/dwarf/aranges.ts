/** `.debug_aranges`: which unit describes an address (DWARF 5, section 6.1.2). GCC writes it, LLVM does not. */
import type { Bytes } from '../../base/units.js';
import type { AddressRanges } from './address-map.js';
import { asFarAsSound } from './damage.js';
import type { DebugSection } from './debug-section.js';
import { readAddress, readInitialLength, type Encoding } from './forms.js';

/**
 * Adds what the section says to `ranges`, up to the first malformed set; the values are indexes of what is
 * returned, offsets of units in `.debug_info`.
 */
export function readAranges(section: DebugSection, ranges: AddressRanges): Bytes[] {
  const units: Bytes[] = [];
  asFarAsSound(() => {
    const cursor = section.cursor('sets', 0, section.size);
    section.charge(section.size);
    while (cursor.remaining > 0) {
      const start = cursor.position;
      const { length, offsetSize } = readInitialLength(cursor);
      cursor.need(length);
      const end = cursor.position + length;
      const version = cursor.u16();
      if (version !== 2) throw cursor.fault('version 2', `${version}`, 2);
      const unit = offsetSize === 8 ? cursor.u64() : cursor.u32();
      const addressSize = cursor.u8();
      if (addressSize !== 4 && addressSize !== 8) {
        throw cursor.fault('addresses of 4 or 8 bytes', `${addressSize}`, 1);
      }
      cursor.skip(1); // segment_selector_size
      const encoding: Encoding = { version, addressSize, offsetSize };
      const tuple = 2 * addressSize;
      cursor.seek(start + Math.ceil((cursor.position - start) / tuple) * tuple);
      const value = units.push(unit) - 1;
      while (cursor.position + tuple <= end) {
        const address = readAddress(cursor, encoding);
        const size = readAddress(cursor, encoding);
        ranges.add(address, address + size, value);
      }
      cursor.seek(end);
    }
  });
  return units;
}
