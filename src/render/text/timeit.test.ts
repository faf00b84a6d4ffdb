import assert from 'node:assert/strict';
import test from 'node:test';

import type { MeasuredRun } from '../../measure/launch.js';
import type { Contestant, Run } from '../../measure/contest.js';
import { PLAIN } from './style.js';
import { formatTime } from '../../base/time-units.js';
import { posixTime, writeTime } from './time.js';
import { timeitJson } from './timeit-json.js';
import { writeTimeit } from './timeit.js';

function contestant(
  text: string,
  milliseconds: readonly number[],
  more: Partial<Run> = {},
): Contestant {
  const runs = milliseconds.map((ms) => ({ real: ms * 1e6, cpu: ms * 0.8e6, code: 0, ...more }));
  return { subject: { kind: 'command', command: text.split(' '), text }, loops: 1, runs };
}

function written(...contestants: Contestant[]): string {
  let text = '';
  writeTimeit(contestants, { style: PLAIN }, (piece) => (text += piece));
  return text;
}

const last = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);

test('times have three digits in the unit that fits, or in the one asked for', () => {
  assert.deepEqual(
    [0.4021, 9.8, 999, 1000, 123456, 1.5e6, 2e9, 2.3456e12].map((ns) => formatTime(ns)),
    ['0.402 ns', '9.80 ns', '999 ns', '1.00 µs', '123 µs', '1.50 ms', '2.00 s', '2346 s'],
  );
  assert.equal(formatTime(123456, 'ms'), '0.123 ms');
  assert.equal(formatTime(123456, 'nsec'), '123456 ns');
});

test('a command’s runs, drawn', () => {
  const text = written(contestant('make all', [10, 11, 12, 12, 12, 13, 14, 12, 30]));
  assert.equal(
    text,
    [
      'make all',
      '  9 runs',
      '  best      10.0 ms',
      '  median    12.0 ms  half of the runs between 12.0 ms and 13.0 ms',
      '  mean      14.0 ms  ± 6.10 ms (43.6%)',
      '  CPU       11.2 ms  80% of the mean',
      '  runs      10.0 ms ▕▂ ▂ █ ▂ ▂                              ▂▏ 30.0 ms',
      '  1 outlier (10.0 ms): faster than the others',
      '  1 outlier (30.0 ms): took more CPU time, too: a slower clock, a shared cache, or more to do',
      '',
    ].join('\n'),
  );
});

test('outliers are told with the likely cause, failed runs are counted', () => {
  const one = contestant('a', [10, 10, 10, 11, 11, 11, 10, 11, 50], { code: 3 });
  const text = written({ ...one, runs: one.runs.map((run) => ({ ...run, cpu: 8e6 })) });
  assert.match(text, /^ {2}9 runs failed$/m);
  assert.match(text, /^ {2}1 outlier \(50\.0 ms\): waited longer, not computed longer/m);
  assert.match(text, /hardly reliable/);
});

test('who is faster is said with how sure that is', () => {
  const a = [20, 21, 22, 20, 21, 23, 20];
  const double = a.map((ms, i) => 2 * ms + 0.1 * i);
  assert.match(
    last(written(contestant('a', a), contestant('b', double))) ?? '',
    /^A is 2\.0\d times as fast as B \(95% confidence: 2\.00 to 2\.0\d\)$/,
  );
  assert.match(
    last(written(contestant('b', double), contestant('a', a))) ?? '',
    /^B is 2\.0\d times as fast as A /,
  );
  const like = a.map((ms, i) => ms * (i % 2 === 0 ? 1.01 : 0.99));
  assert.equal(
    last(written(contestant('a', a), contestant('b', like))),
    'no difference between A and B that these runs can tell: A takes 0.99 to 1.01 times as long as B (95% confidence)',
  );
  assert.match(
    last(written(contestant('a', [1, 1]), contestant('b', [2, 2]))) ?? '',
    /\(50% confidence: /,
  );
  assert.match(
    last(written(contestant('a', [1]), contestant('b', [2]))) ?? '',
    /^one round of both: A is 2\.00 times/,
  );
});

test('what an interruption left without runs is left out', () => {
  assert.equal(written(contestant('a', []), contestant('b', [])), '');
  assert.doesNotMatch(written(contestant('a', [1]), contestant('b', [])), /fast|^B/m);
  assert.deepEqual(timeitJson([contestant('a', []), contestant('b', [1])], true), {
    interrupted: true,
    contestants: [
      {
        name: 'B',
        kind: 'command',
        command: ['b'],
        text: 'b',
        loops: 1,
        summary: {
          count: 1,
          min: 1e6,
          max: 1e6,
          mean: 1e6,
          standardDeviation: 0,
          firstQuartile: 1e6,
          median: 1e6,
          thirdQuartile: 1e6,
          outliers: [],
        },
        runs: [{ real: 1e6, cpu: 0.8e6, code: 0 }],
      },
    ],
    comparisons: [],
  });
});

const RUN: MeasuredRun = {
  code: 0,
  signal: undefined,
  real: 2e9,
  usage: {
    user: 0.5e9,
    system: 0.1e9,
    peakMemory: 200 * 1024 * 1024,
    minorFaults: 51234,
    majorFaults: 2,
    read: 0,
    written: 4096,
    voluntarySwitches: 1,
    involuntarySwitches: 7,
  },
};

test('what a command took: real beside CPU time', () => {
  let text = '';
  writeTime(RUN, undefined, PLAIN, (piece) => (text += piece));
  assert.equal(
    text,
    [
      'real       2.00 s  ████████████████████████████████████████',
      'user       500 ms  ██████████',
      'system     100 ms  ██',
      '        ran on a CPU 30% of the time, waited 70%',
      '',
      'peak memory       200 MiB',
      'context switches  1 voluntary (it waited), 7 involuntary (others were to run)',
      'page faults       51,234 minor, 2 major (waited for a disk)',
      'disk              0 B read, 4.0 KiB written',
      '',
    ].join('\n'),
  );
  assert.equal(posixTime(RUN), 'real 2.00\nuser 0.50\nsys 0.10\n');
});

test('bars are as long as a narrow terminal lets them be', () => {
  let text = '';
  writeTime(RUN, undefined, PLAIN, (piece) => (text += piece), 40);
  assert.match(text, /^real {7}2\.00 s {2}█{21}\n/);
});

test('several CPUs are said to be busy', () => {
  let text = '';
  const usage = { ...RUN.usage, user: 3.6e9 };
  writeTime({ ...RUN, usage }, 'SIGKILL', PLAIN, (piece) => (text += piece));
  assert.match(
    text,
    /^ended by SIGKILL\nreal +2\.00 s +█{22}▎\nuser +3\.60 s +█{40}\n[^]*kept 1\.85 CPUs busy\n/,
  );
});
