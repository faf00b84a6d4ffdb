/** Sizes as perf writes them. */
import type { Bytes } from '../../base/units.js';

/** `24G`, cut; a unit is left only where there are two of the next (`unit_number__scnprintf`). */
export function roundSize(bytes: Bytes): string {
  let value = bytes;
  let unit = 0;
  while (Math.floor(value / 1024) > 1 && unit < 3) {
    value = Math.floor(value / 1024);
    unit++;
  }
  return `${value}${'BKMG'[unit]}`;
}

/** `4K`, `2M`; `N/A` where the kernel could not tell. */
export function pageSize(bytes: Bytes): string {
  return bytes === 0 ? 'N/A' : roundSize(bytes);
}
