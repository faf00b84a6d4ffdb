import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nearestWords } from './nearest.js';

const KEYS = ['comm', 'pid', 'tid', 'symbol', 'srcline', 'srcfile', 'Markdown.convert'];

test('a slip is the word that it is nearest to, or all that are as near', () => {
  assert.deepEqual(nearestWords('sybmol', KEYS), ['symbol']);
  assert.deepEqual(nearestWords('scrline', KEYS), ['srcline']);
  assert.deepEqual(nearestWords('id', KEYS), ['pid', 'tid']);
  assert.deepEqual(nearestWords('COM', KEYS), ['comm']);
  assert.deepEqual(nearestWords('markdown.convrt', KEYS), ['Markdown.convert']);
});

test('what is far from all, or very long, is near to none', () => {
  assert.deepEqual(nearestWords('overhead', KEYS), []);
  assert.deepEqual(nearestWords('', KEYS), []);
  assert.deepEqual(nearestWords('comm', []), []);
  assert.deepEqual(nearestWords('x'.repeat(1e6), ['x'.repeat(1e6)]), []);
});
