import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Profile } from '../../profile/profile.js';
import { drawProfile } from '../../testing/drawn.js';
import { writeFunctionTables, type FunctionTableOptions } from './function-table.js';
import { columns } from './text.js';

function table(profile: Profile, options: Partial<FunctionTableOptions> = {}): string {
  let text = '\n';
  writeFunctionTables(profile, { sortBy: 'self', ...options }, (part) => (text += part));
  return text;
}

const PROFILE = drawProfile(
  `
    thread:1/1/app  thread:1/1/app                                  thread:1/1/app  thread:1/2/other
    weight:5e6      weight:3e6                                      weight:1e4      weight:2e6
    main[python]    main[python]                                    main[python]    main[python]
    fib[python]     loads[python=/usr/lib/python3.12/json/__init__.py]  -           fib[python]
    fib[python]     -
  `,
  { unit: 'ns' },
);

test('a row per function, recursion counted once, heaviest first', () => {
  assert.equal(
    table(PROFILE),
    `
app  pid 1, tid 1: 8.01 ms of cpu-clock in 3 samples
           self           total   samples  function
 5.00 ms  62.4%  5.00 ms  62.4%         1  fib  app.py
 3.00 ms  37.5%  3.00 ms  37.5%         1  loads  json/__init__.py
1 function below 1%

other  pid 1, tid 2: 2.00 ms of cpu-clock in 1 sample
           self           total   samples  function
 2.00 ms 100.0%  2.00 ms 100.0%         1  fib  app.py
1 function below 1%

`,
  );
});

test('sorted by what functions call, too, of all threads as one', () => {
  assert.equal(
    table(PROFILE, { sortBy: 'total', mergeThreads: true, minPercent: 0 }),
    `
All threads: 10.0 ms of cpu-clock in 4 samples
           self           total   samples  function
 10.0 µs   0.1%  10.0 ms 100.0%         4  main  app.py
 7.00 ms  69.9%  7.00 ms  69.9%         2  fib  app.py
 3.00 ms  30.0%  3.00 ms  30.0%         1  loads  json/__init__.py

`,
  );
});

test('a narrow terminal has the cost that rows are sorted by', () => {
  const text = table(PROFILE, { sortBy: 'total', width: 40 });
  assert.match(text, /\n {10}total {2}function\n 8\.01 ms 100\.0% {2}main {2}app\.py\n/);
  for (const line of text.split('\n')) assert.ok(columns(line) <= 40, line);
});

test('no samples, and names that would command the terminal', () => {
  assert.equal(table(drawProfile('')), '\nNo samples.\n');
  const text = table(drawProfile('a\x1bm[python=b\x07.py]'));
  assert.match(text, /a\\x1bm {2}b\\x07\.py/);
});
