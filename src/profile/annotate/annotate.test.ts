import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile } from '../../testing/drawn.js';
import { annotatedFiles, annotatedSymbols, annotateFile, annotateSymbol } from './annotate.js';
import { annotateTargets, similarTargets, targetNames } from './annotate-targets.js';

const PROFILE = drawProfile(`
  weight:10   weight:20   weight:30      weight:40
  main[app]   main[app]   main[app]      load[python=pkg/load.py]
  f[app]      f[app]      f[app]         parse[python=pkg/load.py]
  f[app]      +g[app]     +g[app]        load[python=pkg/load.py]
  -           -           memcpy[libc]   -
`);

function symbol(name: string) {
  const found = annotatedSymbols(PROFILE, 0).find((one) => one.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

test('counts recursion once and inlined code for the function that has it', () => {
  const costs = annotatedSymbols(PROFILE, 0).map(
    ({ name, self, total, inlined }) => `${name} ${self} ${total}${inlined ? ' inlined' : ''}`,
  );
  assert.deepEqual(costs, [
    'load 40 40',
    'f 30 60',
    'memcpy 30 30',
    'g 20 50 inlined',
    'main 0 60',
    'parse 0 40',
  ]);
});

test('a symbol holds what was inlined into it, and nothing that it calls', () => {
  const { cost, functions, weight, samples, withoutLine, lines, code } = annotateSymbol(
    PROFILE,
    0,
    symbol('f'),
  );
  assert.deepEqual([weight, samples], [100, 4]);
  assert.deepEqual(cost, { self: 30, selfSamples: 2, total: 60, totalSamples: 3 });
  assert.deepEqual(
    functions.map(({ name, self, total }) => [name, self, total]),
    [
      ['f', 10, 60],
      ['g', 20, 50],
    ],
  );
  assert.deepEqual(withoutLine, cost, 'no frame has a line');
  assert.deepEqual([lines, code], [[], []]);
});

test('lines that frames carry are exact, also of Python', () => {
  const profile = drawProfile(`
    weight:1                       weight:2                       weight:4
    run[python=app.py]:3           run[python=app.py]:3           run[python=app.py]:4
    step[python=app.py]:9          step[python=app.py]:8          -
    run[python=app.py]:3           -                              -
  `);
  const { lines, functions, withoutLine } = annotateFile(profile, 0, 'app.py');
  assert.deepEqual(
    lines.map(({ line, self, total }) => [line, self, total]),
    [
      [3, 1, 3],
      [4, 4, 4],
      [8, 2, 2],
      [9, 0, 1],
    ],
  );
  assert.equal(withoutLine.totalSamples, 0);
  assert.ok(functions.every((func) => func.withoutLine.totalSamples === 0));
});

test('finds files by their costs', () => {
  const files = annotatedFiles(PROFILE, 0);
  assert.deepEqual(
    files.map(({ file, self, total }) => [file, self, total]),
    [['pkg/load.py', 40, 40]],
  );
});

test('a name is a symbol, else a file, a module or a line, else the end of a symbol', () => {
  const targets = (name: string) =>
    annotateTargets(PROFILE, 0, name).map((target) =>
      target.kind === 'symbol' ? target.symbol.name : `${target.file}:${target.line}`,
    );
  assert.deepEqual(targets('load'), ['load'], 'also a module');
  assert.deepEqual(targets('pkg/load.py'), ['pkg/load.py:undefined']);
  assert.deepEqual(targets('load.py'), ['pkg/load.py:undefined']);
  assert.deepEqual(targets('load.py:7'), ['pkg/load.py:7']);
  assert.deepEqual(targets('/^(f|g)$/'), ['f', 'g']);
  assert.deepEqual(targets('*.py'), ['pkg/load.py:undefined']);
  assert.deepEqual(targets('nothing'), []);
  assert.deepEqual(similarTargets(PROFILE, 0, 'LOAD', 5), ['load', 'pkg/load.py']);
  const nested = drawProfile(
    'C.<locals>.push[python=a.py]\nns::Queue::push(int)[app]\npusher[app]',
  );
  assert.deepEqual(
    annotateTargets(nested, 0, 'push').map((one) => one.kind === 'symbol' && one.symbol.name),
    ['C.<locals>.push', 'ns::Queue::push(int)'],
  );
});

test('C++ functions are found by the names that people type, without arguments', () => {
  const fill = 'long Table<std::map<int, long> >::fill(int)';
  const lambda = `std::__sort<long*, ${fill}::{lambda(int)#1}>`;
  const part = 'std::operator< <char>(char)';
  const profile = drawProfile(`${fill}[app]\n${lambda}[app]\n${part}[app]`);
  const found = (name: string) =>
    annotateTargets(profile, 0, name).map((one) => one.kind === 'symbol' && one.symbol.name);
  assert.deepEqual(found('fill'), [fill]);
  assert.deepEqual(found('Table::fill'), [fill]);
  assert.deepEqual(found('__sort'), [lambda]);
  assert.deepEqual(found('operator'), [part]);
  assert.deepEqual(found('Table'), []);
  assert.ok(targetNames(profile, 0).includes('fill'));
});
