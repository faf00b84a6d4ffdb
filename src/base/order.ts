/** Sorting columns without moving them. */

const TWO_53 = 9007199254740992;
const RADIX = 65536;
/** ECMAScript takes a number modulo 2^32, without its fraction, before it masks it. */
const DIGIT = RADIX - 1;

/**
 * The order that sorts `keys[0..length)`: element `i` of the result is the index of the i-th smallest
 * key; equal keys keep their order. Keys are integers.
 *
 * Where the span of the keys times their count stays below 2^53 (addresses of a module: 2^32 × 2^20),
 * key and index are packed into one double, and the engine's native sort needs no callback: some ten
 * times faster. Many keys of a wider span (times, addresses of all memory) are sorted by their digits.
 */
export function sortedOrder(keys: Float64Array, length = keys.length): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(length);
  let least = Infinity;
  let most = -Infinity;
  let sorted = true;
  for (let i = 0; i < length; i++) {
    const key = keys[i];
    order[i] = i;
    if (key < most) sorted = false;
    if (key < least) least = key;
    if (key > most) most = key;
  }
  if (sorted) return order;
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
