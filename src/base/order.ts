/** Sorting columns without moving them. */

const TWO_53 = 9007199254740992;
const RADIX = 65536;
/** ECMAScript takes a number modulo 2^32, without its fraction, before it masks it. */
const DIGIT = RADIX - 1;

/** Runs that are sorted already and are this long on average are merged, which is then faster than sorting. */
const MERGED_RUN = 16;

/**
 * The order that sorts `keys[0..length)`: element `i` of the result is the index of the i-th smallest
 * key; equal keys keep their order. Keys are integers.
 *
 * What comes in sorted runs (records of one CPU's buffer after another's) is merged. Else, where the span
 * of the keys times their count stays below 2^53 (addresses of a module: 2^32 × 2^20), key and index are
 * packed into one double, and the engine's native sort needs no callback: some ten times faster.
 */
export function sortedOrder(keys: Float64Array, length = keys.length): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(length);
  let least = Infinity;
  let most = -Infinity;
  let runs = 1;
  for (let i = 0; i < length; i++) {
    const key = keys[i];
    order[i] = i;
    if (i > 0 && key < keys[i - 1]) runs++;
    if (key < least) least = key;
    if (key > most) most = key;
  }
  if (runs === 1) return order;
  if (runs * MERGED_RUN <= length) return mergeRuns(keys, order, runs);
  if ((most - least + 1) * length >= TWO_53) {
    if (length >= RADIX) return byDigits(keys, order, least, most);
    return order.sort((a, b) => keys[a] - keys[b] || a - b);
  }
  const packed = new Float64Array(length);
  for (let i = 0; i < length; i++) packed[i] = (keys[i] - least) * length + i;
  packed.sort();
  for (let i = 0; i < length; i++) order[i] = packed[i] % length;
  return order;
}

/** Sorts an order of `[0, length)` by digits of 16 bits, lowest first; each pass keeps the one before. */
function byDigits(
  keys: Float64Array,
  order: Uint32Array<ArrayBuffer>,
  least: number,
  most: number,
): Uint32Array<ArrayBuffer> {
  const { length } = order;
  const places = new Uint32Array(RADIX + 1);
  let from = order;
  let to = new Uint32Array(length);
  for (let scale = 1; scale <= most - least; scale *= RADIX) {
    places.fill(0);
    for (let i = 0; i < length; i++) places[(((keys[i] - least) / scale) & DIGIT) + 1]++;
    for (let digit = 0; digit < RADIX; digit++) places[digit + 1] += places[digit];
    for (let i = 0; i < length; i++) {
      const row = from[i];
      to[places[((keys[row] - least) / scale) & DIGIT]++] = row;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Sorts `order`, the indexes of `keys` in their order, by merging neighbouring runs until one is left. */
function mergeRuns(
  keys: Float64Array,
  order: Uint32Array<ArrayBuffer>,
  runs: number,
): Uint32Array<ArrayBuffer> {
  const { length } = order;
  /** Where each run begins, and where the last one ends. */
  const starts = new Uint32Array(runs + 1);
  let count = 1;
  for (let i = 1; i < length; i++) if (keys[i] < keys[i - 1]) starts[count++] = i;
  starts[count] = length;
  let from = order;
  let to = new Uint32Array(length);
  while (count > 1) {
    let merged = 0;
    for (let run = 0; run < count; run += 2) {
      const start = starts[run];
      const middle = starts[Math.min(run + 1, count)];
      const end = starts[Math.min(run + 2, count)];
      merge(keys, from, to, start, middle, end);
      starts[merged++] = start;
    }
    starts[merged] = length;
    count = merged;
    [from, to] = [to, from];
  }
  return from;
}

/** Merges `from[start..middle)` and `from[middle..end)`, each sorted by key, into `to[start..end)`. */
function merge(
  keys: Float64Array,
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  middle: number,
  end: number,
): void {
  let left = start;
  let right = middle;
  for (let i = start; i < end; i++) {
    if (right >= end || (left < middle && keys[from[left]] <= keys[from[right]])) {
      to[i] = from[left++];
    } else {
      to[i] = from[right++];
    }
  }
}

/** The values of a column in the order given. */
export function gatherFloat64(values: Float64Array, order: Uint32Array): Float64Array {
  const out = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) out[i] = values[order[i]];
  return out;
}

/** The values of a column in the order given. */
export function gatherInt32(values: Int32Array, order: Uint32Array): Int32Array {
  const out = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) out[i] = values[order[i]];
  return out;
}

/**
 * Of ranges `[starts[i], starts[i] + sizes[i])` in the order in which they came those that stand, sorted by
 * start: where two overlap the later one, and the earlier is gone altogether.
 */
export function latestOfOverlapping(starts: Float64Array, sizes: Float64Array): Uint32Array {
  const order = sortedOrder(starts);
  let kept = 0;
  for (let i = 0; i < order.length; i++) {
    const range = order[i];
    if (kept > 0) {
      const before = order[kept - 1];
      const overlaps = starts[before] + sizes[before] > starts[range];
      if (overlaps && before > range) continue;
      if (overlaps) kept--;
    }
    order[kept++] = range;
  }
  return order.subarray(0, kept);
}
