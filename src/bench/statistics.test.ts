import assert from 'node:assert/strict';
import test from 'node:test';

import { median, orderOf, spread } from './statistics.js';

test('the median is the middle one, whatever the order', () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([10, 4, 2, 3]), 3.5);
  assert.equal(median([7]), 7);
  assert.ok(Number.isNaN(median([])));
});

test('the median leaves the values as they are', () => {
  const values = [3, 1, 2];
  median(values);
  assert.deepEqual(values, [3, 1, 2]);
});

test('the spread is the range in terms of the median', () => {
  assert.equal(spread([105, 95, 100]), 0.1);
  assert.equal(spread([4]), 0);
  assert.equal(spread([0, 0]), 0);
});

test('every second round runs backward', () => {
  assert.deepEqual(
    [0, 1, 2].map((round) => orderOf(['a', 'b', 'c'], round).join('')),
    ['abc', 'cba', 'abc'],
  );
});
