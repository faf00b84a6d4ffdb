import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile, foldedLines } from '../testing/drawn.js';
import { eventsTogether, haveOneUnit, withoutWaiting } from './selection/event-choice.js';
import { flatProfile } from './report/flat.js';
import { libraries } from './libraries.js';
import type { Profile } from './profile.js';
import { applyView } from './views.js';
import { describeWaits, Wait, waitTotals, withWaitFrames } from './waits.js';

function waiting(picture: string, waits: readonly Wait[]): Profile {
  const profile = drawProfile(picture, { unit: 'ns' });
  return { ...profile, samples: { ...profile.samples, wait: Uint8Array.from(waits) } };
}

const MIXED = waiting(
  `
  event:cpu-clock  event:offcpu-time                   event:offcpu-time   event:offcpu-time  event:offcpu-time
  weight:5         weight:2000                         weight:1500000      weight:7           weight:40
  main[python]     main[python]                        main[python]        main[python]       read[libc.so.6]
  work[app]        take_gil[python3.12]                sleep[app]          work[app]          schedule[kernel]
  -                pthread_cond_timedwait[libc.so.6]   nanosleep[libc.so.6]  irqentry_exit[kernel]
  -                futex_wait[kernel]                  schedule[kernel]    schedule[kernel]
  `,
  [Wait.None, Wait.Gil, Wait.Sleep, Wait.Preempted, Wait.Io],
);

test('sums by class, longest first', () => {
  const totals = waitTotals(MIXED, 1);
  assert.equal(describeWaits(totals), '1.50 ms sleep, 2.00 µs GIL, 40 ns I/O, 7 ns preempted');
  assert.deepEqual(waitTotals(MIXED, 0), []);
});

test('what a thread waits for stands for how it was put to sleep', () => {
  const named = withWaitFrames(MIXED);
  assert.deepEqual(foldedLines(named), [
    'main;work 5',
    'main;take_gil;[waits for the GIL] 2000',
    'main;sleep;[sleeps] 1500000',
    'main;work;[preempted] 7',
    '[waits for I/O] 40',
  ]);
  const { of } = libraries(named);
  const gil = named.functions.name.findIndex((name) => /GIL/.test(named.strings[name]));
  assert.ok(of[gil] < 0, 'is folded into no library');
});

test('in a view of Python functions, too', () => {
  assert.deepEqual(foldedLines(withWaitFrames(applyView(MIXED, 'python'))).slice(0, 3), [
    'main 5',
    'main;[waits for the GIL] 2000',
    'main;[sleeps] 1500000',
  ]);
});

test('a profile without waiting stays itself', () => {
  const running = drawProfile('main');
  assert.equal(withWaitFrames(running), running);
  assert.equal(withoutWaiting(running), running);
});

test('rows by class', () => {
  const { rows } = flatProfile(MIXED, 1, ['wait']);
  assert.deepEqual(
    rows.map(({ wait, self, children }) => [wait, self, children]),
    [
      [Wait.Gil, 2000, 2000],
      [Wait.Sleep, 1500000, 1500000],
      [Wait.Preempted, 7, 7],
      [Wait.Io, 40, 40],
    ],
  );
});

test('time on the CPU and off it together are one event', () => {
  assert.ok(haveOneUnit(MIXED, [0, 1]));
  const { events, samples } = eventsTogether(MIXED, [0, 1]);
  assert.deepEqual(events[2], { name: 'cpu-clock, offcpu-time', unit: 'ns' });
  assert.deepEqual([...new Set(samples.event)], [2]);
  assert.deepEqual(samples.weight, MIXED.samples.weight);
});

test('counts of different things have no sum', () => {
  const counts = drawProfile(`
    event:cycles  event:instructions
    main          main
  `);
  assert.equal(haveOneUnit(counts, [0, 1]), false);
  assert.equal(haveOneUnit(counts, [1]), true);
});

test('left out, waiting is told of; without anything else it is shown', () => {
  const running = withoutWaiting(MIXED);
  assert.deepEqual(foldedLines(running), ['main;work 5']);
  assert.match(running.notes[0].text, /^1\.50 ms of waiting: --event offcpu-time/);
  const sleeper = waiting('event:offcpu-time\nmain', [Wait.Sleep]);
  assert.equal(withoutWaiting(sleeper), sleeper);
});
