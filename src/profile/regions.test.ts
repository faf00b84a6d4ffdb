import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StrataError } from '../base/errors.js';
import { drawProfile, foldedLines } from '../testing/drawn.js';
import { filterSamples } from './selection/filter.js';
import type { Region } from './regions.js';

/** A sample each millisecond, of two threads in turn. */
const DRAWN = drawProfile(`
  thread:1/1/app  thread:1/2/pool  thread:1/1/app  thread:1/2/pool  thread:1/1/app  thread:1/2/pool
  a               b                c               d                e               f
`);
const region = (name: string, tid: number, start: number, end: number, pid = 1): Region => ({
  name,
  pid,
  tid,
  start: start * 1e6,
  end: end * 1e6,
});
const PROFILE = {
  ...DRAWN,
  regions: [
    region('late', 1, 4, 5),
    region('load', 1, 0, 2),
    region('load', 1, 1, 1.5),
    region('load', 2, 2.5, 3),
    region('elsewhere', 1, 0, 9, 7),
  ],
};

test('a region keeps what its thread did in it, start and end included', () => {
  const kept = (...regions: string[]) =>
    foldedLines(filterSamples(PROFILE, { regions }))
      .map((line) => line[0])
      .join('');
  assert.equal(kept('load'), 'acd');
  assert.equal(kept('late'), 'e');
  assert.equal(kept('late', 'load'), 'acde');
  assert.equal(kept('elsewhere'), '');
});

test('a region that is not there is refused with the names that are', () => {
  assert.throws(
    () => filterSamples(PROFILE, { regions: ['load', 'lost'] }),
    (error) =>
      error instanceof StrataError &&
      error.message === "the recording has no region 'lost'" &&
      error.hint === 'it has: late, load, elsewhere',
  );
  assert.throws(
    () => filterSamples(DRAWN, { regions: ['load'] }),
    (error) => error instanceof StrataError && /no regions/.test(error.hint ?? ''),
  );
});
