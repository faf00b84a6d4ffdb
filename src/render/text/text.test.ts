import assert from 'node:assert/strict';
import { test } from 'node:test';

import { columns, safe, shortenEnd, shortenMiddle, wrapWords } from './text.js';

test('what a terminal would obey is written out', () => {
  const cases: [string, string][] = [
    ['plain <listcomp> größe 関数', 'plain <listcomp> größe 関数'],
    ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
    ['two\nlines\r\t', 'two\\x0alines\\x0d\\x09'],
    ['c1 \x9b31m', 'c1 \\x9b31m'],
    ['right-to-left \u202eevil', 'right-to-left \\u202eevil'],
    ['hidden\u200b', 'hidden\\u200b'],
    ['half \ud800 pair', 'half \\ud800 pair'],
    ['whole 🐍', 'whole 🐍'],
  ];
  for (const [text, expected] of cases) assert.equal(safe(text), expected);
});

test('widths are columns', () => {
  assert.equal(columns('abc'), 3);
  assert.equal(columns('関数'), 4);
  assert.equal(columns('é'.normalize('NFD')), 1);
  assert.equal(columns('🐍'), 2);
});

test('shortened text fits and keeps its end', () => {
  assert.equal(shortenMiddle('/usr/lib/json/decoder.py', 30), '/usr/lib/json/decoder.py');
  assert.equal(shortenMiddle('/usr/lib/json/decoder.py', 16), '/usr/…decoder.py');
  assert.equal(shortenEnd('very_long_name', 8), 'very_lo…');
  for (let width = 0; width < 12; width++) {
    assert.ok(columns(shortenMiddle('関数関数関数', width)) <= width);
    assert.ok(columns(shortenEnd('関数関数関数', width)) <= width);
  }
});

test('words are kept whole where lines are broken', () => {
  assert.deepEqual(wrapWords('a bc def', 4), ['a bc', 'def']);
  assert.deepEqual(wrapWords('far_too_long a', 4), ['far_too_long', 'a']);
  assert.deepEqual(wrapWords('関数 a', 5), ['関数', 'a']);
  assert.deepEqual(wrapWords('a bc def'), ['a bc def']);
});
