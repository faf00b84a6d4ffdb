import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile } from '../testing/drawn.js';
import { randomProfile } from '../testing/random-profile.js';
import { CallGraph, MAX_CHAIN_DEPTH, type ChainNode, type ChainOptions } from './callgraph.js';
import { flatProfile, type FlatProfile } from './flat.js';

/** Chains as lines: ` weight names`, indented. */
function lines(flat: FlatProfile, chains: readonly ChainNode[], indent = ''): string[] {
  const { functions, strings } = flat.tree.profile;
  return chains.flatMap((chain) => [
    `${indent}${chain.weight} ${chain.funcs.map((func) => strings[functions.name[func]]).join(' ')}`,
    ...lines(flat, chain.children, `${indent}  `),
  ]);
}

const RECURSIVE = drawProfile(`
  weight:5  weight:3  weight:2  weight:1
  main      main      main      main
  f         f         f         g
  f         h
`);

function chainsOf(name: string, options: Partial<ChainOptions>): string[] {
  const flat = flatProfile(RECURSIVE, 0);
  const { functions, strings } = RECURSIVE;
  const row = flat.rows.find((candidate) => strings[functions.name[candidate.func]] === name);
  assert.ok(row);
  const all = { order: 'caller', children: true, minWeight: 0, ...options } as const;
  return lines(flat, new CallGraph(flat, all).chains(row));
}

test('callers first: own samples by their whole path, others from the row on', () => {
  assert.deepEqual(chainsOf('f', {}), ['7 main f', '  5 f', '3 f h']);
  assert.deepEqual(chainsOf('main', {}), ['11 main', '  10 f', '    5 f', '    3 h', '  1 g']);
  assert.deepEqual(chainsOf('f', { children: false }), ['7 main f', '  5 f']);
});

test('callees first: from the innermost place up', () => {
  assert.deepEqual(chainsOf('f', { order: 'callee' }), ['10 f', '  5 f main', '  5 main']);
  assert.deepEqual(chainsOf('f', { order: 'callee', children: false }), [
    '7 f',
    '  5 f main',
    '  2 main',
  ]);
});

test('a limit hides light branches and leaves the others’ weights', () => {
  assert.deepEqual(chainsOf('main', { minWeight: 3 }), ['11 main', '  10 f', '    5 f', '    3 h']);
});

test('branches deeper than the cap are marked', () => {
  // Each level of recursion has samples of its own, so each is a branch.
  const depth = MAX_CHAIN_DEPTH + 10;
  const rows = Array.from({ length: depth }, (_, row) =>
    Array.from({ length: depth }, (__, column) => (column >= row ? 'f' : '-')).join('  '),
  );
  const flat = flatProfile(drawProfile(rows.join('\n')), 0);
  const graph = new CallGraph(flat, { order: 'caller', children: true, minWeight: 0 });
  let chain = graph.chains(flat.rows[0])[0];
  let levels = 1;
  for (; chain.children.length > 0; levels++) chain = chain.children[0];
  assert.equal(levels, MAX_CHAIN_DEPTH);
  assert.equal(chain.cut, true);
});

/** perf's own way: every sample's chains, appended one by one. */
function slowly(flat: FlatProfile, rowId: number, { order, children }: ChainOptions) {
  const { samples, stacks, frames } = flat.tree.profile;
  const chains = new Map<string, number>();
  for (let sample = 0; sample < samples.length; sample++) {
    if (samples.event[sample] !== flat.tree.event) continue;
    const path: number[] = [];
    for (let stack = samples.stack[sample]; stack >= 0; stack = stacks.parent[stack]) {
      path.unshift(frames.func[stacks.frame[stack]]);
    }
    if (path.length === 0) path.push(-1);
    const row = flat.rows[rowId];
    if (row.comm !== samples.comm[sample]) continue;
    const own = path.at(-1) === row.func;
    if (!own && (!children || !path.includes(row.func))) continue;
    const chain =
      order === 'caller'
        ? path.slice(own ? 0 : path.indexOf(row.func))
        : path.slice(0, path.lastIndexOf(row.func) + 1).reverse();
    const key = chain.join();
    chains.set(key, (chains.get(key) ?? 0) + samples.weight[sample]);
  }
  return chains;
}

/** Weight that ends at each path of a chain forest. */
function ends(
  chains: readonly ChainNode[],
  prefix: number[] = [],
  into = new Map<string, number>(),
) {
  for (const chain of chains) {
    const path = [...prefix, ...chain.funcs];
    const below = chain.children.reduce((sum, child) => sum + child.weight, 0);
    if (chain.weight > below) into.set(path.join(), chain.weight - below);
    ends(chain.children, path, into);
  }
  return into;
}

test('chains equal those of samples appended one by one', () => {
  for (let seed = 1; seed <= 15; seed++) {
    const flat = flatProfile(randomProfile(seed), 0);
    for (const order of ['caller', 'callee'] as const) {
      for (const children of [true, false]) {
        const options = { order, children, minWeight: 0 };
        const graph = new CallGraph(flat, options);
        for (const row of flat.rows) {
          const found = [...ends(graph.chains(row))].sort();
          assert.deepEqual(found, [...slowly(flat, row.id, options)].sort());
        }
      }
    }
  }
});
