import assert from 'node:assert/strict';
import { test } from 'node:test';

import { columnsOfText, fitLabel } from './labels.js';

const fit = (text: string, columns: number): string => fitLabel(text, columns, columnsOfText);

test('short labels are cut at their end, and no further than needed', () => {
  assert.equal(fit('parse', 5), 'parse');
  assert.equal(fit('parse', 80), 'parse');
  assert.equal(fit('parse', 4), 'par…');
  assert.equal(fit('parse', 3), 'pa…');
  assert.equal(fit('parse', 2), '');
  assert.equal(fit('', 9), '');
});

test('long ones are cut in the middle: names that begin alike end differently', () => {
  assert.equal(fit('Orders.round_trip_of_all_lines', 20), 'Orders.round…l_lines');
  assert.equal(fit('x'.repeat(100_000), 30).length, 30);
});

test('wide characters take two columns, and none is cut in half', () => {
  assert.equal(fit('名前解析', 8), '名前解析');
  assert.equal(fit('名前解析', 7), '名前解…');
  assert.equal(fit('名前解析', 6), '名前…');
  assert.equal(fit('🔥🔥🔥', 5), '🔥🔥…');
  // A family is four emoji and three joiners; an e may carry its accent in a character of its own.
  const family = '👨\u200d👩\u200d👧\u200d👦';
  assert.equal(fit(`ab${family}`, 4), 'ab…');
  assert.equal(fit('e\u0301'.repeat(6), 5), `${'e\u0301'.repeat(4)}…`);
});
