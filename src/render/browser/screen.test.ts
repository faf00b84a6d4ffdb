import assert from 'node:assert/strict';
import { test } from 'node:test';

import { columns } from '../text/text.js';
import { cutLine, lineColumns, linesOf, padLine, span } from './line.js';
import { Screen } from './screen.js';

const text = (line: readonly { readonly text: string }[]): string =>
  line.map((part) => part.text).join('');

test('only lines that changed are written', () => {
  const screen = new Screen(true);
  const one = [[span('title', 'strong')], [span('a')], [span('b', 'hot')]];
  const first = screen.draw(one);
  assert.ok(first.includes('\x1b[1;1H\x1b[2K\x1b[1mtitle\x1b[0m'));
  assert.ok(first.includes('\x1b[3;1H\x1b[2K\x1b[31mb\x1b[0m'));
  assert.equal(screen.draw(one), '');
  const second = screen.draw([one[0], [span('c')], one[2]]);
  assert.equal(second, '\x1b[?2026h\x1b[2;1H\x1b[2Kc\x1b[?2026l');
  screen.forget();
  assert.ok(screen.draw(one).includes('title'));
});

test('without colours weight and reversal are left', () => {
  const drawn = new Screen(false).draw([
    [span('much', 'hot'), span('some', 'warm'), span('here', 'chosen')],
  ]);
  assert.ok(drawn.includes('\x1b[1mmuch\x1b[0msome\x1b[7mhere\x1b[0m'));
});

test('where the locale is not UTF-8 there is ASCII in as many columns', () => {
  const drawn = new Screen(true, false).draw([[span('1 · 漢字é\u0301 › b…', 'hot')]]);
  assert.ok(drawn.includes('\x1b[31m1 | ????? > b~\x1b[0m'), drawn);
});

test('wide characters that an edge cuts leave a blank', () => {
  const line = [span('a漢字', 'hot'), span('b')];
  assert.equal(lineColumns(line), 6);
  assert.equal(text(cutLine(line, 10)), 'a漢字b');
  assert.equal(text(cutLine(line, 4)), 'a漢 ');
  assert.equal(text(cutLine(line, 10, 2)), ' 字b');
  // A mark belongs to the letter before it, also where that was cut away.
  assert.equal(text(cutLine([span('e\u0301x')], 10, 1)), 'x');
  assert.equal(text(cutLine([span('e\u0301x')], 1)), 'e\u0301');
  for (let skip = 0; skip < 8; skip++) {
    for (let width = 1; width < 8; width++) {
      const cut = cutLine([span('🎉שלוםa漢\u0301b')], width, skip);
      assert.equal(columns(text(padLine(cut, width))), width, `${width} from ${skip}`);
    }
  }
});

test('a printer’s colours become looks', () => {
  assert.deepEqual(linesOf('a \x1b[31mhot\x1b[0m b\n\x1b[2mc\x1b[0m\n'), [
    [span('a '), span('hot', 'hot'), span(' b')],
    [span('c', 'faint')],
  ]);
});
