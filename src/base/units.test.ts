import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { formatDuration, formatPercent } from './units.js';

test('percentages are rounded as printf rounds them', () => {
  const parts = Array.from({ length: 641 }, (_, part) => part);
  const ours = parts.map((part) => formatPercent(part, 640));
  const numbers = parts.map((part) => String((100 * part) / 640));
  const theirs = execFileSync('printf', ['%.2f%%\n', ...numbers], { encoding: 'utf8' });
  assert.deepEqual(ours, theirs.trim().split('\n'));
  assert.equal(formatPercent(1, 32), '3.12%');
  assert.equal(formatPercent(3, 32), '9.38%');
  assert.equal(formatPercent(1, 400, 1), '0.2%');
  assert.equal(formatPercent(1, 0), '0.00%');
});

test('durations have three digits, and never a thousand of a unit', () => {
  const shown = [
    0, 999.4, 999.6, 1e3, 12_345, 999_499, 999_600, 1.5e6, 123.6e6, 999.7e6, 1e9, 90e9,
  ];
  assert.deepEqual(shown.map(formatDuration), [
    ...['0 ns', '999 ns', '1.00 µs', '1.00 µs', '12.3 µs', '999 µs', '1.00 ms'],
    ...['1.50 ms', '124 ms', '1.00 s', '1.00 s', '90.0 s'],
  ]);
});
