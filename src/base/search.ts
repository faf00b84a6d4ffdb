/**
 * Index of the last element of `sorted[0..length)` that is at most `key`; -1 where all are above it.
 * The one binary search that address tables share.
 */
export function lastAtMost(
  sorted: Float64Array | Int32Array | Uint32Array,
  length: number,
  key: number,
): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
