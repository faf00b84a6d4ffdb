import assert from 'node:assert/strict';
import test from 'node:test';

import { SampleView } from '../../formats/perfdata/sample.js';
import { GroupCounts } from './group-counts.js';

/** A sample of a thread with the counts of its group, as the kernel gives them. */
function sample(
  tid: number,
  counts: readonly (readonly [id: number, value: number])[],
): SampleView {
  const view = new SampleView();
  const words = [0, 0, counts.length, 0];
  for (const [id, value] of counts) {
    words.push(value % 2 ** 32, Math.floor(value / 2 ** 32), id, 0);
  }
  return Object.assign(view, { words: Int32Array.from(words, (word) => word | 0), read: 2, tid });
}

/** Of a sample the values, in its order of events. */
function values({ words, read }: SampleView): number[] {
  return Array.from({ length: words[read] }, (_, i) => {
    const at = read + 2 + i * 4;
    return (words[at] >>> 0) + words[at + 1] * 2 ** 32;
  });
}

test('counts of threads are added up, each by its own growth', () => {
  const groups = new GroupCounts();
  const steps: [SampleView, number[]][] = [
    [
      sample(1, [
        [10, 100],
        [11, 5],
      ]),
      [100, 5],
    ],
    [
      sample(2, [
        [10, 40],
        [11, 0],
      ]),
      [140, 5],
    ],
    [
      sample(1, [
        [10, 150],
        [11, 9],
      ]),
      [190, 9],
    ],
    // On another CPU the events have other IDs.
    [
      sample(2, [
        [20, 7],
        [21, 1],
      ]),
      [7, 1],
    ],
    [
      sample(2, [
        [10, 50],
        [11, 3],
      ]),
      [200, 12],
    ],
  ];
  for (const [view, expected] of steps) {
    groups.addUp(view);
    assert.deepEqual(values(view), expected);
  }
});

test('a thread with the number of one that ended counts from the beginning', () => {
  const groups = new GroupCounts();
  groups.addUp(sample(1, [[10, 1000]]));
  const lost = sample(1, [[10, 30]]);
  groups.addUp(lost);
  assert.deepEqual(values(lost), [1030]);
  groups.ended(1);
  const more = sample(1, [[10, 70]]);
  groups.addUp(more);
  assert.deepEqual(values(more), [1100]);
});

test('counts beyond 32 bits keep all of theirs', () => {
  const groups = new GroupCounts();
  groups.addUp(sample(1, [[10, 2 ** 40]]));
  const view = sample(2, [[10, 2 ** 33 + 1]]);
  groups.addUp(view);
  assert.deepEqual(values(view), [2 ** 40 + 2 ** 33 + 1]);
});

test('a sample without counts stays as it is', () => {
  const view = Object.assign(new SampleView(), { words: Int32Array.of(1, 2, 3), read: 0, tid: 1 });
  new GroupCounts().addUp(view);
  assert.deepEqual([...view.words], [1, 2, 3]);
});
