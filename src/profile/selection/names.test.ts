import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StrataError } from '../../base/errors.js';
import { drawProfile } from '../../testing/drawn.js';
import { functionsNamed, functionsOfModules } from './function-choice.js';
import { randomNumbers } from '../../testing/random-profile.js';
import { Glob, matchNames, parseName, parseNames } from './names.js';

test('names, names with *, and regular expressions, divided by commas', () => {
  const cases: [string, ReturnType<typeof parseNames>][] = [
    ['parse', ['parse']],
    ['a,b', ['a', 'b']],
    ['f(int, char),g', ['f(int, char)', 'g']],
    ['std::map<int, char>::at', ['std::map<int, char>::at']],
    ['<lambda>', ['<lambda>']],
    ['Orders.*', [new Glob('Orders.*')]],
    ['a.b[0]*', [new Glob('a.b[0]*')]],
    ['/^_?json/i', [/^_?json/i]],
    ['/a{1,2}/,b', [/a{1,2}/, 'b']],
    ['/a\\/b,c/,d', [/a\/b,c/, 'd']],
    ['/usr/lib/libz.so,b', ['/usr/lib/libz.so', 'b']],
    ['operator<,b', ['operator<', 'b']],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseNames(text), expected, text);
});

test('* stands for any text, also for none, and nothing else does', () => {
  const cases: [string, string, string][] = [
    ['*', ' a *', ''],
    ['a*', 'a ab a\nb', 'b ba'],
    ['*a', 'a ba', 'ab'],
    ['a*a', 'aa aba', 'a'],
    ['*b*', 'b abc', 'ac'],
    ['a.*', 'a.b', 'ab'],
    ['[a]*', '[a]b', 'ab'],
  ];
  for (const [text, those, others] of cases) {
    const test = (name: string) => matchNames([parseName(text)], [name])[0];
    for (const name of those.split(' ')) assert.equal(test(name), 1, `${text} of ${name}`);
    for (const name of others.split(' ').filter(Boolean)) assert.equal(test(name), 0, text);
  }
  // The same as a regular expression, of any names.
  const random = randomNumbers(1);
  const word = (letters: string) =>
    Array.from({ length: random(7) }, () => letters[random(letters.length)]).join('');
  for (let i = 0; i < 5000; i++) {
    const [pattern, name] = [`${word('ab*')}*${word('ab*')}`, word('ab')];
    const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
    assert.equal(new Glob(pattern).test(name), expected, `${pattern} of ${name}`);
  }
});

test('no pattern takes for ever, whatever the names', () => {
  const name = `${'a'.repeat(5000)}!`;
  assert.deepEqual([...matchNames([parseName(`${'*a'.repeat(50)}*b`)], [name, 'ab'])], [0, 0]);
  assert.throws(
    () => matchNames([/^b/, /(a+)+$/i], [name], 100),
    new StrataError(
      '/^b/, /(a+)+$/i did not get through the names in 0.1 s',
      'repeats within repeats, as in (a+)+, try all ways to divide a name',
    ),
  );
});

test('what is no name is refused', () => {
  for (const text of ['', 'a,', ',a', 'a,,b', '/(/', '/[/i']) {
    assert.throws(() => parseNames(text), StrataError, text);
  }
});

const PROFILE = drawProfile(`
  main[python=/home/u/app/core/db.py]    f[libz.so.1]
  loads[python=/usr/lib/python3.12/json/__init__.py]
  decode[python=/usr/lib/python3.12/json/decoder.py]
  open[python=/venv/lib/python3.12/site-packages/PIL/Image.py]
  _load[python=<frozen importlib._bootstrap>]
  sys_read[kernel]
`);

function chosen(flags: Uint8Array): string {
  const { functions, strings } = PROFILE;
  return [...flags.keys()]
    .filter((func) => flags[func] === 1)
    .map((func) => strings[functions.name[func]])
    .join(' ');
}

test('functions by name', () => {
  assert.equal(
    chosen(functionsNamed(PROFILE, parseNames('main,_lo*,/^dec/'))),
    'main decode _load',
  );
});

test('functions by module: packages hold their modules, installations are not part of a name', () => {
  const cases: [string, string][] = [
    ['json', 'loads decode'],
    ['json.decoder', 'decode'],
    ['PIL', 'open'],
    ['PIL.Image', 'open'],
    ['importlib._bootstrap', '_load'],
    ['db', 'main'],
    ['core.db', 'main'],
    ['db.py', 'main'],
    ['/home/u/app/core/db.py', 'main'],
    ['libz.so.1', 'f'],
    ['/usr/lib/libz.so.1', 'f'],
    ['libz*', 'f'],
    ['[kernel]', 'sys_read'],
    ['/^json/', 'loads decode'],
    ['lib', ''],
    ['site-packages', ''],
    ['python3.12', ''],
  ];
  for (const [text, expected] of cases) {
    assert.equal(chosen(functionsOfModules(PROFILE, parseNames(text))), expected, text);
  }
});
