import assert from 'node:assert/strict';
import { test } from 'node:test';

import { editDistance } from './edit-distance.js';

test('letters to add, leave out, replace, or swap with their neighbour', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['cycles', 'cycles', 0],
    ['cycls', 'cycles', 1],
    ['cyccles', 'cycles', 1],
    ['cicles', 'cycles', 1],
    ['cylces', 'cycles', 1],
    ['symbol', 'sym', 3],
    ['abcd', 'badc', 2],
  ];
  for (const [a, b, distance] of cases) {
    assert.equal(editDistance(a, b), distance, `${a} to ${b}`);
    assert.equal(editDistance(b, a), distance, `${b} to ${a}`);
  }
});
