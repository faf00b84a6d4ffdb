import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StrataError } from '../../base/errors.js';
import { drawProfile } from '../../testing/drawn.js';
import { functionsNamed, functionsOfModules } from './function-choice.js';
import { parseNames } from './names.js';

test('names, names with *, and regular expressions, divided by commas', () => {
  const cases: [string, ReturnType<typeof parseNames>][] = [
    ['parse', ['parse']],
    ['a,b', ['a', 'b']],
    ['f(int, char),g', ['f(int, char)', 'g']],
    ['std::map<int, char>::at', ['std::map<int, char>::at']],
    ['<lambda>', ['<lambda>']],
    ['Orders.*', [/^Orders\..*$/s]],
    ['*', [/^.*$/s]],
    ['a.b[0]*', [/^a\.b\[0\].*$/s]],
    ['/^_?json/i', [/^_?json/i]],
    ['/a{1,2}/,b', [/a{1,2}/, 'b']],
    ['/a\\/b,c/,d', [/a\/b,c/, 'd']],
    ['/usr/lib/libz.so,b', ['/usr/lib/libz.so', 'b']],
    ['operator<,b', ['operator<', 'b']],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseNames(text), expected, text);
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
