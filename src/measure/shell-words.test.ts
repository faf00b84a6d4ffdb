import assert from 'node:assert/strict';
import test from 'node:test';

import { run } from '../testing/cli.js';
import { shellQuoted, shellWords } from './shell-words.js';

const WORDS = [
  'python  app.py\t-x ',
  `a 'b c' "d e" f\\ g`,
  `a''b "" '' x"y"'z'`,
  `"a \\" b \\\\ \\n" '\\n' \\'`,
  `"it's" 'say "x"' "a|b" 'c > d' \\$HOME '$HOME' "*"`,
  'naïve “quotes” é',
];

for (const line of WORDS) {
  test(`words as sh has them: ${line}`, async () => {
    const { stdout } = await run('sh', ['-c', `printf '%s\\0' ${line}`]);
    assert.deepEqual(shellWords(line), stdout.split('\0').slice(0, -1));
  });
}

test('what takes a shell is left to one', () => {
  for (const line of ['a | b', 'a && b', 'a; b', 'a > b', 'a $X', 'a "$X"', 'a `b`', 'a "`b`"']) {
    assert.equal(shellWords(line), undefined, line);
  }
  for (const line of [
    'X=1 a',
    'a *.py',
    'a ~',
    '(a)',
    'a # b',
    '! a',
    "a 'b",
    'a "b',
    'a \\',
    'a\nb',
  ]) {
    assert.equal(shellWords(line), undefined, line);
  }
});

test('a long line is parted in time that grows with it', () => {
  assert.equal(shellWords('a '.repeat(100_000))?.length, 100_000);
  assert.equal(shellWords(`"${'a'.repeat(100_000)}`), undefined);
});

test('words are quoted where a shell would not take them as they are', () => {
  assert.equal(shellQuoted('/usr/bin/python3.12'), '/usr/bin/python3.12');
  assert.equal(shellQuoted("it's $HOME"), `'it'\\''s $HOME'`);
  for (const word of ['', 'a b', "it's", '$x', '"', '\\', '~']) {
    assert.deepEqual(shellWords(shellQuoted(word)), [word]);
  }
});
