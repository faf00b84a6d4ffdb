import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Check } from '../../checks/check.js';
import { wrap, writeDoctor } from './doctor.js';
import { ANSI } from './style.js';

const CHECKS: Check[] = [
  { id: 'a', group: 'machine', title: 'kernel', status: 'ok', text: 'Linux 6.8' },
  {
    id: 'b',
    group: 'machine',
    title: 'sampling rate',
    status: 'warn',
    text: 'the kernel grants 500 samples per second at most, fewer than the usual 999',
    mend: { command: 'sudo sysctl x=1', safe: true, needsRoot: true },
  },
  { id: 'c', group: 'files', title: '/tmp', status: 'fail', text: 'full \x1b[31m' },
];

function written(...layout: [{ width: number; style: typeof ANSI }?]): string {
  let text = '';
  writeDoctor(CHECKS, (piece) => (text += piece), ...layout);
  return text;
}

test('checks stand in groups and columns, with their mends below', () => {
  assert.equal(
    written(),
    `Machine
  ok    kernel         Linux 6.8
  warn  sampling rate  the kernel grants 500 samples per second at most, fewer
                       than the usual 999
                       $ sudo sysctl x=1

Files
  fail  /tmp           full \\x1b[31m
`,
  );
  assert.ok(
    written()
      .split('\n')
      .every((line) => line.length <= 80),
  );
});

test('colours are the status’s alone', () => {
  const text = written({ width: 80, style: ANSI });
  assert.match(text, /\x1b\[33mwarn\x1b\[0m {2}sampling/); // eslint-disable-line no-control-regex
  assert.match(text, /\x1b\[31mfail\x1b\[0m {2}\/tmp/); // eslint-disable-line no-control-regex
});

test('lines break at blanks, and long words stand alone', () => {
  assert.deepEqual(wrap('aa bb cc', 5), ['aa bb', 'cc']);
  assert.deepEqual(wrap('a /very/long/path b', 6), ['a', '/very/long/path', 'b']);
  assert.deepEqual(wrap('', 6), ['']);
});
