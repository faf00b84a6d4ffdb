import assert from 'node:assert/strict';
import test from 'node:test';

import { findOutliers } from './outliers.js';

/** Runs of 100 to 104, with some of them replaced. */
function runs(
  replaced: Record<number, [real: number, cpu: number]>,
): { real: number; cpu: number }[] {
  return Array.from({ length: 12 }, (_, i) => {
    const [real, cpu] = replaced[i] ?? [100 + (i % 5), 90 + (i % 5)];
    return { real, cpu };
  });
}

test('runs that are alike have no outliers', () => {
  assert.deepEqual(findOutliers(runs({}), true), []);
  assert.deepEqual(findOutliers([], true), []);
});

test('a slow run waited or computed, as its CPU time tells', () => {
  assert.deepEqual(findOutliers(runs({ 3: [200, 92], 7: [200, 188] }), true), [
    { run: 3, cause: 'waited' },
    { run: 7, cause: 'computed' },
  ]);
});

test('the first run alone filled caches, and a run may be fast', () => {
  assert.deepEqual(findOutliers(runs({ 0: [200, 120], 4: [50, 40] }), true), [
    { run: 0, cause: 'cold' },
    { run: 4, cause: 'faster' },
  ]);
  assert.deepEqual(findOutliers(runs({ 0: [200, 92], 4: [200, 92] }), true), [
    { run: 0, cause: 'waited' },
    { run: 4, cause: 'waited' },
  ]);
  assert.deepEqual(findOutliers(runs({ 0: [200, 120] }), false), [{ run: 0, cause: 'waited' }]);
});
