import assert from 'node:assert/strict';
import test from 'node:test';

import { run } from '../testing/cli.js';
import { requirePython } from '../testing/pythons.js';
import { mean, median, quantile, standardDeviation, summarize } from './statistics.js';

const NEAR = 1e-12;

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= NEAR * Math.abs(expected), `${actual}, ${expected}`);
}

test('the numbers are those of Python’s statistics module', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const values = [3.5, 1.25, 10, 2, 2, 7.75, 1e-3, 4, 4.5];
  const code =
    `import statistics as s; v = ${JSON.stringify(values)}; ` +
    'print(s.mean(v), s.stdev(v), *s.quantiles(v, n=4, method="inclusive"))';
  const { stdout, stderr } = await run(python.path, ['-c', code]);
  const [average, deviation, first, middle, third] = stdout.trim().split(' ').map(Number);
  assert.ok(third > 0, stderr);
  const found = summarize(values);
  near(found.mean, average);
  near(found.standardDeviation, deviation);
  near(found.firstQuartile, first);
  near(found.median, middle);
  near(found.thirdQuartile, third);
  assert.deepEqual([found.count, found.min, found.max], [9, 1e-3, 10]);
});

test('one value, none, and an even number of them', () => {
  assert.deepEqual(
    [mean([4]), standardDeviation([4]), median([4]), quantile([4], 0.9)],
    [4, 0, 4, 4],
  );
  assert.deepEqual([mean([]), standardDeviation([]), median([])], [NaN, NaN, NaN]);
  assert.equal(median([1, 10, 2, 3]), 2.5);
  assert.equal(quantile([0, 10], 0.3), 3);
});

test('the values stay as they are, and may be typed', () => {
  const values = [3, 1, 2];
  summarize(values);
  assert.deepEqual(values, [3, 1, 2]);
  assert.equal(median(Float64Array.of(3, 1, 2)), 2);
});

test('outliers lie beyond one and a half interquartile ranges', () => {
  // Quartiles 11 and 13: the fences are at 8 and 16.
  assert.deepEqual(summarize([10, 11, 12, 13, 16]).outliers, []);
  assert.deepEqual(summarize([16.01, 11, 12, 13, 10]).outliers, [0]);
  assert.deepEqual(summarize([7.99, 11, 11, 12, 12, 13, 13, 12, 30]).outliers, [0, 8]);
  assert.deepEqual(summarize([1, 1, 1, 100]).outliers, [], 'of four nothing can be said');
});
