import assert from 'node:assert/strict';
import { test } from 'node:test';

import { escapeXml, scriptLiteral, visibleText } from './text.js';

test('unprintable characters are shown as Python writes them; other scripts are left alone', () => {
  assert.equal(visibleText('a\x00b\x1b[31m\n'), 'a\\x00b\\x1b[31m\\x0a');
  assert.equal(visibleText('abc\u202egnp.exe'), 'abc\\u202egnp.exe');
  assert.equal(visibleText('\ud800 \uffff \u{e0041}'), '\\ud800 \\uffff \\U000e0041');
  assert.equal(visibleText('größe 名前 مرحبا 🔥'), 'größe 名前 مرحبا 🔥');
});

test('XML text carries no markup', () => {
  assert.equal(
    escapeXml(`<a b="c" d='e'>&]]>`),
    '&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;]]&gt;',
  );
});

test('a script literal ends neither a CDATA section, a script element nor a line, and means the same', () => {
  const hostile = ['</script><!--', ']]>', '&amp;', '\u2028\u2029\n', '"\\', '\ud800'];
  const literal = scriptLiteral(hostile);
  assert.doesNotMatch(literal, /[<>&\u2028\u2029\n\ud800]/);
  assert.deepEqual(JSON.parse(literal), hostile);
});
