import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RegionMarks } from './region-marks.js';

/** Marks as `+a@10` and `-a@20`, all of one thread, or of thread n by `+a@10/n`. */
function marks(text: string, regions = new RegionMarks()): RegionMarks {
  for (const mark of text.split(' ')) {
    const [, kind, name, time, tid = '1'] = /^([+-])(.+)@(\d+)(?:\/(\d+))?$/.exec(mark) ?? [];
    regions.take(`region-${kind === '+' ? 'begin' : 'end'} ${name} 7 ${tid} ${time}`);
  }
  return regions;
}

function told(regions: RegionMarks, to: number, from = 0): string[] {
  return regions
    .between(from, to)
    .map(({ name, tid, start, end }) => `${name}/${tid} ${start}-${end}`);
}

test('regions within regions, of the same name and of other threads', () => {
  const regions = marks('+a@1 +a@2 +a@2/9 -a@3 -a@4/9 -a@5 -a@6');
  assert.deepEqual(told(regions, 10), ['a/1 1-5', 'a/1 2-3', 'a/9 2-4']);
  assert.deepEqual(regions.notes(), []);
});

test('each file has those of its time; one that goes on is in several', () => {
  const regions = marks('+early@1 -early@2 +long@3 +just@8 -just@11 +late@13 -late@14');
  assert.deepEqual(told(regions, 10), ['early/1 1-2', 'long/1 3-10', 'just/1 8-11']);
  marks('-long@15 +open@16', regions);
  assert.deepEqual(told(regions, 20, 12), ['long/1 3-15', 'late/1 13-14', 'open/1 16-20']);
  assert.deepEqual(told(regions, 30, 21), ['open/1 16-30']);
  assert.deepEqual(regions.notes(), ['1 region had not ended when the recording did']);
});

test('names are percent-encoded; what is no mark is none', () => {
  const regions = marks('+a%20b@1 -a%20b@2 +%zz@3 -%zz@4');
  for (const line of ['region-begin a 1 1', 'region-end a 1 1 1', 'region-begin  1 1 1', 'x']) {
    regions.take(line);
  }
  assert.deepEqual(told(regions, 9), ['a b/1 1-2', '%zz/1 3-4']);
});

test('of too many the latest are kept, and how many went is told', () => {
  const regions = new RegionMarks(4);
  for (let i = 1; i <= 9; i++) marks(`+r${i}@${i * 2} -r${i}@${i * 2 + 1}`, regions);
  const kept = told(regions, 100);
  assert.equal(kept.at(-1), 'r9/1 18-19');
  assert.deepEqual(regions.notes(), [
    `${9 - kept.length} regions of the program were too many to keep`,
  ]);
  const stuck = new RegionMarks(2);
  marks('+a@1 +b@2 +c@3', stuck);
  assert.deepEqual(told(stuck, 9), ['a/1 1-9', 'b/1 2-9']);
});
