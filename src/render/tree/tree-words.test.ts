import assert from 'node:assert/strict';
import { test } from 'node:test';

import { wholeOf } from './tree-words.js';

test('a whole is told in its event’s unit, and samples that are all there is once', () => {
  const half = { weight: 5e8, samples: 500 };
  assert.equal(
    wholeOf({ name: 'cpu-clock', unit: 'ns' }, half),
    '500 ms of cpu-clock in 500 samples',
  );
  const faults = { weight: 1200, samples: 1 };
  assert.equal(wholeOf({ name: 'faults', unit: 'count' }, faults), '1,200 faults in 1 sample');
  // Of folded stacks, each line is a sample in the profile, whatever its number.
  assert.equal(wholeOf({ name: 'samples', unit: 'count' }, faults), '1,200 samples');
});
