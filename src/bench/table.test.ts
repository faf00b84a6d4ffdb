import assert from 'node:assert/strict';
import test from 'node:test';

import { layOut, ratio, withSpread } from './table.js';

test('a table lays figures to the right, and keeps headings out of the widths', () => {
  const rows = ['a heading longer than all of it', ['perf', '1.5', '100'], ['strata', '12.25']];
  assert.deepEqual(layOut(['', 'CPU', 'lost'], rows), [
    '          CPU  lost',
    '-------------------',
    'a heading longer than all of it',
    'perf      1.5   100',
    'strata  12.25',
  ]);
});

test('ratios have three digits, and none where there is nothing to compare with', () => {
  assert.equal(ratio(3, 2), '1.50x');
  assert.equal(ratio(1, 8), '0.125x');
  assert.equal(ratio(1, 30), '0.03x');
  assert.equal(ratio(12_345, 100), '123x');
  assert.equal(ratio(1, 0), '');
  assert.equal(ratio(undefined, 1), '');
  assert.equal(ratio(1, undefined), '');
});

test('a spread is told to either side, where there is one', () => {
  assert.equal(withSpread(1.234, 0), '1.23');
  assert.equal(withSpread(1.234, 0.1), '1.23 ±5%');
});
