import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { requirePython } from '../testing/pythons.js';
import { definitionsOf } from './definitions.js';

/** What the compiler says of a file: qualified names of its code objects and their first lines. */
const ASK = `
import sys, json, types, warnings
warnings.simplefilter('ignore')
def walk(code):
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const.co_qualname, const.co_firstlineno
            yield from walk(const)
found = {}
for path in json.load(sys.stdin):
    found[path] = list(walk(compile(open(path, 'rb').read(), path, 'exec')))
json.dump(found, sys.stdout)
`;

/** Modules of the standard library that use much of the language. */
const MODULES = [
  ...['argparse', 'ast', 'asyncio.base_events', 'asyncio.tasks', 'collections', 'contextlib'],
  ...['dataclasses', 'datetime', 'decimal', 'difflib', 'doctest', 'email.message', 'enum'],
  ...['functools', 'importlib._bootstrap', 'inspect', 'json.decoder', 'logging', 'pathlib'],
  ...['pickle', 'pickletools', 'pydoc', 'random', 're._parser', 'statistics', 'string', 'tarfile'],
  ...['textwrap', 'threading', 'traceback', 'turtle', 'types', 'typing', 'unittest.mock', 'uuid'],
];

const SOURCE = String.raw`#!/usr/bin/env python3
"""def not_here(): """
import functools

def deco(f=lambda x, y=lambda: 1: x): # def neither():
    return f

class Outer:
    text = '''
def in_a_string():
    pass
'''
    @deco
    @functools.lru_cache(
        maxsize=None,
    )
    def cached(self, key=lambda: {1: lambda: 2, 3: lambda: 4}):
        def inner(n):
            return sum(i for i in range(n) if any(k for k in [n]))
        return [lambda: inner(x) for x in (y for y in range(3))]

    async def coroutine(self):
        async with self:
            return {k: v async for k, v in self}

    class Inner:
        table = {name: (lambda self: name) for name in "ab"}
        def method(self): return lambda: (lambda: 0)

if True:
	def tabbed():
	        x = "unended \" quote" 'other'
	        return x

def with_global():
    global made
    def made(): pass
    fr"{'nested'!r:>{10}} {{def no(): pass}} \{"
    f"{ {"a": 'b'}['a'] }"
    return \
        lambda: 1

def   spaced  (a: int = 1, *,
    b: "lambda: 1" = None) -> dict[str, int]: return a

def последняя(): yield (yield)
# the end
`;

test('finds what the compiler makes code objects of', (t) => {
  const python = requirePython(t, [3, 12]);
  if (python === undefined) return;
  const paths = execFileSync(
    python.path,
    [
      '-c',
      `import importlib.util as u, sys\nfor n in sys.argv[1:]: print(u.find_spec(n).origin)`,
    ].concat(MODULES),
    { encoding: 'utf8' },
  )
    .trim()
    .split('\n')
    .filter((path) => path.endsWith('.py'));
  const answer = execFileSync(python.path, ['-c', ASK], {
    input: JSON.stringify(paths),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const compiled = JSON.parse(answer) as Record<string, [name: string, line: number][]>;
  let checked = 0;
  for (const [path, objects] of Object.entries(compiled)) {
    const definitions = definitionsOf(readFileSync(path, 'utf8'));
    for (const [name, line] of objects) {
      // Annotations and type parameters are code of their own that stands nowhere by itself.
      if (/<generic|__annotate__/.test(name)) continue;
      const found = definitions.get(name) ?? [];
      const isType = path.endsWith('typing.py') && found.length === 0;
      if (isType) continue;
      const where = `${name} at ${path}:${line}, found at ${found.map(({ first }) => first).join()}`;
      assert.ok(
        found.some(({ first, last }) => first <= line && line <= last),
        where,
      );
      checked++;
    }
  }
  assert.ok(checked > 3000, `${checked}`);
});

test('places decorated, nested, one-line and generated functions', () => {
  const definitions = definitionsOf(SOURCE);
  const places = [...definitions.values()]
    .flat()
    .map(({ qualname, first, line, last }) => `${qualname} ${first} ${line} ${last}`);
  const expected = [
    ['deco 5 5 6', 'Outer 8 8 28', 'Outer.cached 13 17 20', 'Outer.cached.<locals>.inner 18 18 19'],
    ['Outer.cached.<locals>.inner.<locals>.<genexpr> 19 19 19'],
    ['Outer.cached.<locals>.inner.<locals>.<genexpr>.<genexpr> 19 19 19'],
    ['Outer.cached.<locals>.<genexpr> 20 20 20', 'Outer.cached.<locals>.<lambda> 20 20 20'],
    ['Outer.coroutine 22 22 24', 'Outer.Inner 26 26 28', 'Outer.Inner.<lambda> 27 27 27'],
    ['Outer.Inner.method 28 28 28', 'Outer.Inner.method.<locals>.<lambda> 28 28 28'],
    ['Outer.Inner.method.<locals>.<lambda>.<locals>.<lambda> 28 28 28'],
    ['tabbed 31 31 33', 'with_global 35 35 41', 'made 37 37 37', 'spaced 43 43 44'],
    ['with_global.<locals>.<lambda> 41 41 41', 'последняя 46 46 46', '<module> 1 1 46'],
  ].flat();
  for (const place of expected)
    assert.ok(places.includes(place), `${place} in\n${places.join('\n')}`);
  assert.equal(definitions.has('not_here'), false);
  assert.equal(definitions.has('in_a_string'), false);
  assert.equal(definitions.has('neither'), false);
  assert.equal(definitions.has('Outer.cached.<locals>.no'), false);
  assert.equal(definitions.get('<lambda>')?.length, 2);
});

test('takes any text, in time that grows with its length', () => {
  const texts = [
    '(['.repeat(200_000),
    'lambda: '.repeat(100_000),
    'lambda x=lambda y='.repeat(50_000),
    Array.from({ length: 5000 }, (_, i) => `${' '.repeat(i)}def f():`).join('\n'),
    `f"${'{'.repeat(300_000)}`,
    `f"${"{f'".repeat(100_000)}`,
    '"""'.repeat(99_999),
    '\\\n'.repeat(200_000),
    `x = (${'a for a in '.repeat(100_000)}`,
    '\ufeff\r\n\0\u2028\ud800def f(',
    'def\nclass\nasync\n@\nglobal',
  ];
  for (const text of texts) {
    const before = process.cpuUsage();
    assert.ok(definitionsOf(text).has('<module>'));
    assert.ok(process.cpuUsage(before).user < 5e6, JSON.stringify(text.slice(0, 20)));
  }
});
