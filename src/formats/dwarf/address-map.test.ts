import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AddressRanges } from './address-map.js';

/** Ranges drawn as rows of letters; below them what is innermost in each column. */
function innermost(drawn: string): string {
  const ranges = new AddressRanges({ start: 1, end: 1000 });
  const rows = drawn.split('\n').filter((row) => row.trim() !== '');
  for (const row of rows) {
    for (const { 0: run, index } of row.matchAll(/(\S)\1*/g)) {
      ranges.add(1 + index, 1 + index + run.length, run.charCodeAt(0));
    }
  }
  const map = ranges.build();
  const width = Math.max(...rows.map((row) => row.length)) + 1;
  const found = Array.from({ length: width }, (_, column) => map.find(1 + column));
  return found.map((value) => (value < 0 ? '.' : String.fromCharCode(value))).join('');
}

test('finds the innermost of nested ranges', () => {
  assert.equal(
    innermost(`
aaaaaaaaaaaa  ddd
 bbbb  cc     eee
  f    f        g
`),
    'abfbbaafcaaa..eeg.',
  );
});

test('gives each address to the range that began last, also where ranges cross', () => {
  assert.equal(
    innermost(`
aaaaaa
   bbbbbb
 c
`),
    'acabbbbbb.',
  );
});

test('knows nothing outside of the code, nor empty ranges', () => {
  const ranges = new AddressRanges({ start: 0x1000, end: 0x2000 });
  ranges.add(0, 0x1800, 1); // as linkers leave it of what they dropped
  ranges.add(-1, 0x1800, 2);
  ranges.add(0x1100, 0x1100, 3);
  ranges.add(0x1200, 0x1100, 4);
  ranges.add(0x1300, NaN, 5);
  ranges.add(0x1f00, 0x9000, 6);
  const map = ranges.build();
  assert.deepEqual(
    [0, 0x1000, 0x1100, 0x1180, 0x1300, 0x1f00, 0x1fff, 0x2000].map((at) => map.find(at)),
    [-1, -1, -1, -1, -1, 6, 6, -1],
  );
  assert.equal(new AddressRanges({ start: 0, end: 1 }).build().find(0), -1);
});

test('agrees with a search through all of 1,000 nested ranges', () => {
  const ranges = new AddressRanges({ start: 1, end: 1e6 });
  const all: [start: number, end: number][] = [];
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  const nest = (start: number, end: number): void => {
    if (all.length === 1000 || end - start < 2) return;
    ranges.add(start, end, all.push([start, end]) - 1);
    const middle = start + 1 + random(end - start - 1);
    nest(start + random(2), middle);
    nest(middle, end - random(2));
  };
  nest(1, 20_000);
  const map = ranges.build();
  for (let at = 0; at < 20_100; at++) {
    const expected = all.findLastIndex(([start, end]) => at >= start && at < end);
    assert.equal(map.find(at), expected, `${at}`);
  }
});
