import assert from 'node:assert/strict';
import test from 'node:test';

import { Random } from '../fuzz/random.js';
import { pairedRatio } from './ratio.js';

/** Powers of two: their logarithms are whole multiples. */
const powers = (...exponents: number[]): number[] => exponents.map((one) => 2 ** one);
const ones = (count: number): number[] => new Array<number>(count).fill(1);

test('the estimate is the median of all pairs’ means, the interval as the table of the test has it', () => {
  // Of ten values the 9th smallest and greatest of the 55 means: P(W <= 8) = 0.024 (the tables' T = 8).
  const found = pairedRatio(powers(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), ones(10));
  const logs = [found.ratio, found.low, found.high].map((one) => Math.log2(one).toFixed(9));
  assert.deepEqual(logs.map(Number), [5.5, 3, 8]);
  assert.equal(found.confidence, 0.95);
  assert.equal(found.rounds, 10);
});

test('few rounds say how little they can be sure of', () => {
  const sure = (rounds: number): number => pairedRatio(ones(rounds), ones(rounds)).confidence;
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(sure), [0, 0.5, 0.75, 0.875, 0.9375, 0.95]);
});

test('what slows both down in a round does not count', () => {
  const drift = [1, 1.5, 2, 4, 8, 1, 2, 3];
  const { ratio, low, high } = pairedRatio(
    drift.map((one) => 3 * one),
    drift,
  );
  for (const value of [ratio, low, high]) assert.ok(Math.abs(value - 3) < 1e-12);
});

test('the other way round is the inverse', () => {
  const a = [5, 6, 5.5, 7, 5.2, 6.1, 5.9];
  const b = [2, 2.1, 2.2, 1.9, 2.05, 2, 3];
  const [one, other] = [pairedRatio(a, b), pairedRatio(b, a)];
  assert.ok(Math.abs(one.ratio * other.ratio - 1) < 1e-12);
  assert.ok(Math.abs(one.low * other.high - 1) < 1e-12);
});

test('measurements that are not above zero give no ratio', () => {
  assert.throws(() => pairedRatio([], []), RangeError);
  assert.throws(() => pairedRatio([1, 0], [1, 1]), RangeError);
  assert.throws(() => pairedRatio([1, 1], [1, -1]), RangeError);
});

for (const rounds of [6, 10, 30, 80]) {
  test(`in ${rounds} noisy rounds the interval holds the ratio 19 times of 20`, () => {
    const random = new Random(rounds);
    const uniform = (): number => (random.next() + 1) / 4294967298;
    // As runs are: never faster than a floor, some much slower, and a machine that drifts.
    const noise = (): number => 1 - 0.05 * Math.log(uniform()) + (uniform() < 0.1 ? uniform() : 0);
    const trials = 400;
    let held = 0;
    for (let trial = 0; trial < trials; trial++) {
      const drift = Array.from({ length: rounds }, () => 1 + uniform());
      const a = drift.map((one) => 1.3 * one * noise());
      const b = drift.map((one) => one * noise());
      const { low, high } = pairedRatio(a, b);
      if (low <= 1.3 && high >= 1.3) held++;
    }
    // 95 % of 400 with four standard errors; few rounds may hold more often than asked for.
    assert.ok(held / trials > 0.95 - 0.044, `${held}`);
    assert.ok(held / trials < 0.999, `${held}`);
  });
}
