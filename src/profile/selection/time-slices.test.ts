import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StrataError } from '../../base/errors.js';
import { isWithin, parseTimes, timeSlices } from './time-slices.js';

/** The spans of a recording from 1,000 to 2,000 ns. */
function slices(text: string): [number, number][] {
  return timeSlices(parseTimes(text), 1000, 2000).map(({ start, end }) => [start, end]);
}

test('reads times in seconds, to the nanosecond', () => {
  assert.deepEqual(slices('1.5,2'), [[1.5e9, 2e9]]);
  assert.deepEqual(slices('0.000000001,'), [[1, Infinity]]);
  assert.deepEqual(slices(',12345.678901234'), [[-Infinity, 12345678901234]]);
  assert.deepEqual(slices('1,2 3,4  5,'), [
    [1e9, 2e9],
    [3e9, 4e9],
    [5e9, Infinity],
  ]);
});

test('takes shares of a recording, whose neighbours do not share a moment', () => {
  assert.deepEqual(slices('10%'), [[1000, 1099]]);
  assert.deepEqual(slices('10%/2'), [[1100, 1199]]);
  assert.deepEqual(slices('10%/2,10%/10'), [
    [1100, 1199],
    [1900, 2000],
  ]);
  assert.deepEqual(slices('0%-10%,30%-40.5%'), [
    [1000, 1099],
    [1300, 1404],
  ]);
  assert.deepEqual(slices('100%'), [[1000, 2000]]);
});

test('refuses what is no span of time', () => {
  const wrong = [
    ...['', '1', '1,2,3', 'a,b', '2,1', '1,2 2,3', '1.1234567890,2', '-1,2', '1..2,3'],
    ...['110%', '10%/0', '10%/11', '20%-10%', '10%-', '%', '10', '10%/x', '10% 20%', '0%-200%'],
  ];
  for (const text of wrong) {
    assert.throws(() => parseTimes(text), StrataError, text);
  }
});

test('knows which times lie within', () => {
  const spans = timeSlices(parseTimes('1,2 4,'), 0, 0);
  const within = [0.5e9, 1e9, 2e9, 2e9 + 1, 4e9, 9e9].map((time) => isWithin(spans, time));
  assert.deepEqual(within, [false, true, true, false, true, true]);
  assert.equal(isWithin(spans, 0), true); // no time at all
});
