import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile, foldedLines } from '../../testing/drawn.js';
import { randomProfile } from '../../testing/random-profile.js';
import type { Profile } from '../profile.js';
import {
  changeOf,
  diffProfiles,
  NORMALIZATIONS,
  type DiffOptions,
  type DiffTable,
} from './diff.js';
import { comparableInputs } from './inputs.js';
import { joinProfiles } from './join.js';

function diff(before: Profile, after: Profile, options: DiffOptions = {}): DiffTable {
  const inputs = [before, after].map((profile, index) => ({
    label: `${index}`,
    profile,
    event: 0,
  }));
  return diffProfiles(inputs, options);
}

/** `name before after delta ratio` of each row. */
function lines(table: DiffTable): string[] {
  const { functions, modules, strings } = table.joined.profile;
  return Array.from({ length: table.length }, (_, row) => row)
    .filter((row) => table.sums.some(({ samples }) => samples[row] > 0))
    .map((row) => {
      const { before, after, delta, ratio } = changeOf(table, row, 1);
      const func = table.func[row];
      const name = func < 0 ? modules.name[table.module[row]] : functions.name[func];
      return `${strings[name]} ${before} ${after} ${delta} ${ratio ?? 'new'}`;
    });
}

const BEFORE = drawProfile(`
  weight:4          weight:4           weight:2
  main[python]      main[python]       main[python]
  parse[python]     render[python]     old[python]
`);
const AFTER = drawProfile(`
  weight:6          weight:4           weight:10
  main[python]      main[python]       main[python]
  parse[python]     render[python]     fresh[python]
`);

test('rows are what functions cost before and after, theirs or with what they call', () => {
  assert.deepEqual(lines(diff(BEFORE, AFTER)), [
    'parse 4 6 2 1.5',
    'render 4 4 0 1',
    'old 2 0 -2 0',
    'fresh 0 10 10 new',
  ]);
  assert.equal(lines(diff(BEFORE, AFTER, { children: true }))[0], 'main 10 20 10 2');
});

test('shares and numbers of samples are compared where they are asked for', () => {
  const shares = lines(diff(BEFORE, AFTER, { normalize: 'total' }));
  assert.equal(shares[1], 'render 0.4 0.2 -0.2 0.5');
  const samples = lines(diff(BEFORE, AFTER, { normalize: 'samples' }));
  assert.equal(samples[0], 'parse 1 1 0 1');
});

test('rows by module, by stack and by node of the tree', () => {
  const before = drawProfile(`
    f[x.so]     f[x.so]    g[x.so]
    -           h[y.so]    h[y.so]
  `);
  assert.deepEqual(lines(diff(before, before, { keys: ['dso'] })), [
    'x.so 1 1 0 1',
    'y.so 2 2 0 1',
  ]);
  assert.deepEqual(lines(diff(before, before, { keys: ['symbol'], children: true })), [
    'f 2 2 0 1',
    'h 2 2 0 1',
    'g 1 1 0 1',
  ]);
  assert.deepEqual(lines(diff(before, before, { by: 'stack' })).sort(), [
    'f 1 1 0 1',
    'h 1 1 0 1',
    'h 1 1 0 1',
  ]);
  assert.deepEqual(lines(diff(before, before, { by: 'tree' })).sort(), [
    'f 2 2 0 1',
    'g 1 1 0 1',
    'h 1 1 0 1',
    'h 1 1 0 1',
  ]);
});

test('a tree folds what libraries call within', () => {
  const profile = drawProfile(`
    main[python]
    loads[python=/usr/lib/python3.12/json/__init__.py]
    decode[python=/usr/lib/python3.12/json/decoder.py]
    hook[python]
  `);
  assert.deepEqual(lines(diff(profile, profile, { by: 'tree' })), [
    'main 1 1 0 1',
    'loads 1 1 0 1',
    'hook 1 1 0 1',
  ]);
  assert.equal(lines(diff(profile, profile, { by: 'tree', libraries: true })).length, 4);
});

test('recursion counts a sample once', () => {
  const profile = drawProfile(`
    weight:5  weight:3
    main      main
    fib       fib
    fib       add
    fib       fib
  `);
  assert.deepEqual(lines(diff(profile, profile, { children: true })), [
    'main 8 8 0 1',
    'fib 8 8 0 1',
    'add 3 3 0 1',
  ]);
});

test('functions are the same in another checkout and with another interpreter', () => {
  const before = drawProfile(
    'main[python=/a/app.py]\nloads[python=/usr/lib/python3.12/json/__init__.py]',
  );
  const after = drawProfile(
    'main[python=/b/app.py]\nloads[python=/opt/lib/python3.13/json/__init__.py]',
  );
  assert.deepEqual(lines(diff(before, after, { by: 'tree' })), ['main 1 1 0 1', 'loads 1 1 0 1']);
  const other = drawProfile('main[python=/b/other.py]');
  assert.equal(lines(diff(before, other)).length, 2);
});

test('differences of rows add up to the difference of the recordings', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [before, after] = [randomProfile(seed), randomProfile(seed + 100)];
    const total = ({ samples }: Profile) =>
      samples.weight.reduce((sum, weight, i) => sum + (samples.event[i] === 0 ? weight : 0), 0);
    for (const normalize of NORMALIZATIONS) {
      for (const options of [
        {},
        { keys: ['dso'] },
        { keys: ['symbol'] },
        { by: 'stack' },
      ] as const) {
        const table = diff(before, after, { ...options, normalize });
        let sum = 0;
        for (let row = 0; row < table.length; row++) sum += changeOf(table, row, 1).delta;
        const [first, second] = table.joined.sides.map(({ weight }) => weight);
        const expected = normalize === 'total' ? 0 : second - first;
        assert.ok(Math.abs(sum - expected) < 1e-6, `${seed} ${normalize}: ${sum} ${expected}`);
        if (normalize === 'time') assert.equal(second - first, total(after) - total(before));
      }
    }
    const tree = diff(before, after, { by: 'tree' });
    const { parent } = tree.joined.profile.stacks;
    let roots = 0;
    for (let row = 0; row < tree.length; row++)
      if (parent[row] < 0) roots += changeOf(tree, row, 1).delta;
    assert.ok(Math.abs(roots - (total(after) - total(before))) < 1e-6);
    // Whatever a table shows, its totals are those of the samples.
    const children = diff(before, before, { children: true });
    for (let row = 0; row < children.length; row++)
      assert.equal(changeOf(children, row, 1).delta, 0);
  }
});

test('a joined profile holds the samples of all, in order of time', () => {
  const profile = drawProfile(`
    time:2  time:1
    a       b
  `);
  const { profile: joined, sides } = joinProfiles([
    { label: 'x', profile, event: 0 },
    { label: 'y', profile: BEFORE, event: 0 },
  ]);
  assert.deepEqual(foldedLines(joined), [
    'b 1',
    'a 1',
    'main;parse 4',
    'main;render 4',
    'main;old 2',
  ]);
  assert.deepEqual(
    sides.map(({ first, end, weight }) => [first, end, weight]),
    [
      [0, 2, 2],
      [2, 5, 10],
    ],
  );
});

test('events of one name are compared, others refused in words', () => {
  const of = (event: string, unit: 'ns' | 'count') => drawProfile(`event:${event}\nmain`, { unit });
  const pair = (a: Profile, b: Profile) => [
    { label: 'a', profile: a },
    { label: 'b', profile: b },
  ];
  const cycles = of('cycles', 'count');
  assert.deepEqual(
    comparableInputs(pair(cycles, of('cycles:u', 'count')), { normalize: 'time' }).notes,
    [],
  );
  assert.throws(
    () => comparableInputs(pair(cycles, of('cpu-clock', 'ns')), { normalize: 'time' }),
    { message: 'a counts cycles and b cpu-clock, which cannot be compared' },
  );
  const shares = comparableInputs(pair(cycles, of('cpu-clock', 'ns')), { normalize: 'total' });
  assert.deepEqual(shares.notes, ['a counts cycles, b cpu-clock.']);
  const command = (text: string) => drawProfile('main', { meta: { command: text } });
  const { notes } = comparableInputs(
    pair(command('python3 -X dev /x/app.py'), command('sh run.sh')),
    { normalize: 'time' },
  );
  assert.deepEqual(notes, ['a is of app.py, b of sh: these are different programs.']);
});
