import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { formatPercent } from './units.js';

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
