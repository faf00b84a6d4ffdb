import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fitLabel } from './labels.js';

test('labels are cut to the columns there are, and no further', () => {
  assert.equal(fitLabel('parse', 5), 'parse');
  assert.equal(fitLabel('parse', 80), 'parse');
  assert.equal(fitLabel('parse', 4), 'par…');
  assert.equal(fitLabel('parse', 3), 'pa…');
  assert.equal(fitLabel('parse', 2), '');
  assert.equal(fitLabel('', 9), '');
});

test('wide characters take two columns, and none is cut in half', () => {
  assert.equal(fitLabel('名前解析', 8), '名前解析');
  assert.equal(fitLabel('名前解析', 7), '名前解…');
  assert.equal(fitLabel('名前解析', 6), '名前…');
  assert.equal(fitLabel('🔥🔥🔥', 5), '🔥🔥…');
});
