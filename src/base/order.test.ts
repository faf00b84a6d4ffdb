import assert from 'node:assert/strict';
import test from 'node:test';

import { latestOfOverlapping, sortedOrder } from './order.js';

test('keys are sorted, and equal ones keep their order, by each of the ways', () => {
  // A narrow span, a wide one of few keys, one of so many that their digits are sorted; then sorted runs,
  // an odd and an even number of them, the last one short.
  for (const [length, span, run] of [
    [100_000, 2 ** 20, 1],
    [1000, 2 ** 50, 1],
    [100_000, 2 ** 47, 1],
    [70_000, 2 ** 52, 1],
    [70_001, 2 ** 52, 1000],
    [20_011, 2 ** 20, 10_000],
    [4000, 2 ** 47, 1000],
  ]) {
    const keys = new Float64Array(length + 1);
    let state = 7;
    const random = (): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state / 2 ** 32;
    };
    for (let i = 0; i < length; i++) {
      // Every third key is one of few, so that many are equal; half lie below zero, as the kernel's do.
      const part = i % 3 === 0 ? Math.floor(random() * 50) / 50 : random();
      keys[i] = Math.floor((part - 0.5) * span);
    }
    for (let i = 0; i < length; i += run) keys.subarray(i, Math.min(i + run, length)).sort();
    const order = sortedOrder(keys, length);
    assert.equal(order.length, length);
    const expected = Array.from({ length }, (_, i) => i).sort((a, b) => keys[a] - keys[b]);
    assert.deepEqual(Array.from(order), expected, `${length} keys within ${span}`);
  }
});

test('of overlapping ranges the latest stands', () => {
  const standing = (...ranges: [start: number, end: number][]): number[] =>
    Array.from(
      latestOfOverlapping(
        Float64Array.from(ranges, ([start]) => start),
        Float64Array.from(ranges, ([start, end]) => end - start),
      ),
    );
  assert.deepEqual(standing([30, 40], [10, 20], [20, 30]), [1, 2, 0]);
  assert.deepEqual(standing([10, 20], [15, 25]), [1]);
  assert.deepEqual(standing([15, 25], [10, 20]), [1]);
  assert.deepEqual(standing([10, 50], [20, 30], [40, 60]), [1, 2]);
  assert.deepEqual(standing([20, 30], [40, 60], [10, 50]), [2]);
  assert.deepEqual(standing([10, 20], [10, 20]), [1]);
});
