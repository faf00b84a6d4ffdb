/**
 * Copies of a few bytes to a few hundred, where calls into the engine would take most of the time. Words
 * are copied whole: up to three bytes behind the end are overwritten, and as many are read.
 */
import type { Bytes } from '../../base/units.js';

/** From here on the engine's own copy is faster. */
const LONG: Bytes = 256;

/** Copies `length` bytes to memory that does not overlap them from behind. */
export function copyWords(
  source: DataView,
  from: Bytes,
  target: DataView,
  to: Bytes,
  length: Bytes,
): void {
  for (let i = 0; i < length; i += 4) {
    target.setInt32(to + i, source.getInt32(from + i, true), true);
  }
}

/** Copies `length` bytes to `to` from `offset` before; what is copied may be copied again. */
export function copyMatch(
  bytes: Uint8Array,
  view: DataView,
  to: Bytes,
  offset: Bytes,
  length: Bytes,
): void {
  if (length >= LONG && (offset >= length || offset === 1)) {
    if (offset === 1) bytes.fill(bytes[to - 1], to, to + length);
    else bytes.copyWithin(to, to - offset, to - offset + length);
  } else if (offset >= 4) {
    copyWords(view, to - offset, view, to, length);
  } else {
    for (let i = 0; i < length; i++) bytes[to + i] = bytes[to + i - offset];
  }
}
