import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile, foldedLines } from '../../testing/drawn.js';
import { filterSamples, type SampleFilter } from './filter.js';

const PROFILE = drawProfile(`
  comm:app           comm:app           comm:worker        comm:app
  thread:1/1/app     thread:1/2/pool    thread:3/3/worker  thread:1/1/app
  event:cpu-clock    event:cpu-clock    event:cpu-clock    event:page-faults
  a                  b                  c                  d
`);

test('each part of a filter keeps what it names', () => {
  const kept = (filter: SampleFilter) =>
    foldedLines(filterSamples(PROFILE, filter)).map((line) => line[0]);
  const cases: [SampleFilter, string][] = [
    [{}, 'abcd'],
    [{ events: [1] }, 'd'],
    [{ pids: [1] }, 'abd'],
    [{ tids: [2, 3] }, 'bc'],
    [{ comms: ['worker', 'nobody'] }, 'c'],
    [{ comms: [] }, ''],
    [{ spans: [{ start: 2e6, end: Infinity }] }, 'acd'],
    [{ spans: [{ start: 1e6, end: 2e6 - 1 }] }, 'ab'],
    [{ pids: [1], events: [0], spans: [{ start: 0, end: 1e6 - 1 }] }, 'a'],
  ];
  for (const [filter, expected] of cases) {
    assert.equal(kept(filter).join(''), expected, JSON.stringify(filter));
  }
});
