import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FILE_KEYS, Matcher, MODULE_KEYS, withoutVersion } from './matching.js';

/** What each file of the second list is matched with in the first; `-` where with none. */
function matched(first: readonly string[], second: readonly string[]): string[] {
  const matcher = new Matcher(FILE_KEYS);
  matcher.match(first);
  return [...matcher.match(second)].map((number) => first[number] ?? '-');
}

test('a file is found again in another checkout, installation or virtual environment', () => {
  assert.deepEqual(
    matched(
      [
        '/a/shop/app.py',
        '/usr/lib/python3.12/json/decoder.py',
        '/v/lib/python3.12/site-packages/x/y.py',
      ],
      [
        '/b/shop/app.py',
        '/opt/lib/python3.13/json/decoder.py',
        '/w/lib/python3.13/site-packages/x/y.py',
      ],
    ),
    [
      '/a/shop/app.py',
      '/usr/lib/python3.12/json/decoder.py',
      '/v/lib/python3.12/site-packages/x/y.py',
    ],
  );
});

test('the same path goes before a like one, and more of a path before less', () => {
  assert.deepEqual(matched(['/a/app.py', '/b/app.py'], ['/b/app.py', '/c/app.py']), [
    '/b/app.py',
    '/a/app.py',
  ]);
  assert.deepEqual(
    matched(['/a/x/models.py', '/a/y/models.py'], ['/b/y/models.py', '/b/x/models.py']),
    ['/a/y/models.py', '/a/x/models.py'],
  );
});

test('what could be either of two is neither', () => {
  assert.deepEqual(matched(['/a/x/m.py', '/a/y/m.py'], ['/b/z/m.py']), ['-']);
  assert.deepEqual(matched(['<string>'], ['<stdin>']), ['-']);
  assert.deepEqual(matched(['<string>'], ['<string>']), ['<string>']);
});

test('modules are the same in another version', () => {
  const same: [string, string][] = [
    ['libz.so.1.2.13', 'libz.so'],
    ['libc-2.31.so', 'libc.so'],
    ['_json.cpython-312-x86_64-linux-gnu.so', '_json.so'],
    ['libpython3.12.so.1.0', 'python'],
    ['python3.13t', 'python'],
    ['perf-4711.map', 'perf.map'],
    ['[kernel]', '[kernel]'],
    ['libpythonic.so', 'libpythonic.so'],
  ];
  for (const [name, key] of same) assert.equal(withoutVersion(name), key);
  const matcher = new Matcher(MODULE_KEYS);
  matcher.match([{ name: 'python3.12', path: '/usr/bin/python3.12' }]);
  assert.deepEqual(
    [...matcher.match([{ name: 'libpython3.13.so.1.0', path: '/opt/lib/libpython3.13.so.1.0' }])],
    [0],
  );
});
