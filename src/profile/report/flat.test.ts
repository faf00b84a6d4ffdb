import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile } from '../../testing/drawn.js';
import { randomProfile } from '../../testing/random-profile.js';
import { callTree } from '../calltree.js';
import { sortRows } from './entries.js';
import { flatProfile, type FlatProfile, type SortKey } from './flat.js';
import type { Profile } from '../profile.js';

/** `name children/self` of each row. */
function lines(flat: FlatProfile): string[] {
  const { functions, strings } = flat.tree.profile;
  return sortRows(flat, { children: true, chain: 'caller' }).map(
    (row) => `${strings[functions.name[row.func]]} ${row.children}/${row.self}`,
  );
}

test('recursion counts a sample once', () => {
  const profile = drawProfile(`
    weight:5  weight:3  weight:1
    main      main      main
    fib       fib       fib
    fib       fib
    fib       add
  `);
  assert.deepEqual(lines(flatProfile(profile, 0)), ['fib 9/6', 'main 9/0', 'add 3/3']);
});

test('mutual recursion counts a sample once', () => {
  const profile = drawProfile(`
    weight:2  weight:3
    even      even
    odd       odd
    even
    odd
  `);
  assert.deepEqual(lines(flatProfile(profile, 0)), ['odd 5/5', 'even 5/0']);
});

test('rows are as coarse as their keys', () => {
  const profile = drawProfile(`
    comm:a      comm:b      comm:b
    f[x.so]     f[x.so]     g[x.so]
    g[y.so]     g[x.so]     f[x.so]
  `);
  const counts: [SortKey[], number][] = [
    [['comm', 'dso', 'symbol'], 4],
    [['dso', 'symbol'], 3],
    [['dso'], 2],
    [['comm'], 2],
    [['comm', 'dso'], 3],
    [['pid'], 1],
  ];
  for (const [keys, rows] of counts) {
    assert.equal(flatProfile(profile, 0, keys).rows.length, rows, keys.join());
  }
  const [row] = flatProfile(profile, 0, ['dso']).rows;
  assert.deepEqual([row.self, row.children], [2, 3]);
});

test('samples without frames are a row of their own', () => {
  const profile = drawProfile(`
    weight:2  weight:3
    f         -
  `);
  const flat = flatProfile(profile, 0);
  assert.deepEqual(
    flat.rows.map((row) => [row.func, row.self]),
    [
      [0, 2],
      [-1, 3],
    ],
  );
});

/** The definition: each sample's frames, one after the other. */
function slowly(profile: Profile, event: number): Map<string, { self: number; children: number }> {
  const { samples, stacks, frames } = profile;
  const rows = new Map<string, { self: number; children: number }>();
  for (let sample = 0; sample < samples.length; sample++) {
    if (samples.event[sample] !== event) continue;
    const seen = new Set<string>();
    let leaf = true;
    let stack = samples.stack[sample];
    do {
      const func = stack < 0 ? -1 : frames.func[stacks.frame[stack]];
      const key = `${samples.comm[sample]} ${func}`;
      const row = rows.get(key) ?? { self: 0, children: 0 };
      rows.set(key, row);
      if (leaf) row.self += samples.weight[sample];
      if (!seen.has(key)) row.children += samples.weight[sample];
      seen.add(key);
      leaf = false;
      stack = stack < 0 ? -1 : stacks.parent[stack];
    } while (stack >= 0);
  }
  return rows;
}

test('the fold over the tree equals a walk over every sample', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const profile = randomProfile(seed);
    for (const event of [0, 1]) {
      const flat = flatProfile(profile, event);
      const expected = slowly(profile, event);
      assert.equal(flat.rows.length, expected.size);
      for (const { comm, func, self, children } of flat.rows) {
        assert.deepEqual({ self, children }, expected.get(`${comm} ${func}`));
      }
    }
  }
});

test('the self weights of a tree are all of its weight, whatever the grouping', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const profile = randomProfile(seed);
    const { samples } = profile;
    const weight = samples.weight.reduce(
      (sum, value, sample) => (samples.event[sample] === 0 ? sum + value : sum),
      0,
    );
    for (const groupBy of [[], ['comm'], ['thread'], ['pid', 'comm']] as const) {
      const tree = callTree(profile, 0, groupBy);
      assert.equal(tree.weight, weight);
      assert.equal(
        tree.self.reduce((sum, value) => sum + value, 0),
        weight,
      );
      let roots = 0;
      for (let node = tree.firstRoot; node >= 0; node = tree.nextSibling[node]) {
        roots += tree.total[node];
      }
      assert.equal(roots, weight);
    }
  }
});
