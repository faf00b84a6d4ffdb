import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile } from '../../testing/drawn.js';
import { randomProfile } from '../../testing/random-profile.js';
import {
  CallGraph,
  MAX_CHAIN_DEPTH,
  MAX_CHAIN_FRAMES,
  type ChainNode,
  type ChainOptions,
} from './callgraph.js';
import { limitStacks } from './max-stack.js';
import { EMPTY_META, ProfileBuilder } from '../builder.js';
import { NODE_KEYS } from './chain-places.js';
import { flatProfile, type FlatProfile, type FlatRow } from './flat.js';
import { Layer, type Profile } from '../profile.js';

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

test('paths longer than the cap are cut, unless so many frames are asked for', () => {
  const depth = MAX_CHAIN_FRAMES + 10;
  const flat = flatProfile(drawProfile(Array.from({ length: depth }, () => 'f').join('\n')), 0);
  for (const order of ['caller', 'callee'] as const) {
    const options = { order, children: false, minWeight: 0 };
    const graph = new CallGraph(flat, options);
    const [chain] = graph.chains(flat.rows[0]);
    assert.equal(chain.funcs.length, MAX_CHAIN_FRAMES);
    assert.equal(chain.cut, true);
    const [listed] = graph.list(flat.rows[0]);
    assert.deepEqual([listed.funcs.length, listed.ended, listed.cut], [MAX_CHAIN_FRAMES, 1, true]);
    const [whole] = new CallGraph(flat, { ...options, maxStack: depth }).chains(flat.rows[0]);
    assert.equal(whole.funcs.length, depth);
    assert.equal(whole.cut, false);
  }
});

/** Work at every depth of a recursion of `depth` frames, each called from another function, too. */
function deepRecursion(depth: number): Profile {
  const builder = new ProfileBuilder();
  const module = builder.module('app', '/usr/bin/app');
  const frames = ['f', 'g', 'leaf'].map((name, i) =>
    builder.frame(builder.function(name, module, -1, Layer.Native), 0x1000 * (i + 1), -1, 0),
  );
  const thread = builder.thread(1, 1, 'app');
  const comm = builder.string('app');
  const event = builder.event('cpu-clock', 'count');
  let stack = -1;
  for (let i = 0; i < depth; i++) {
    stack = builder.stack(stack, frames[i % 2]);
    for (const leaf of [stack, builder.stack(stack, frames[2])]) {
      builder.addSample(thread, comm, i, leaf, 0, event, 1, 0);
    }
  }
  return builder.finish(EMPTY_META);
}

test('a recursion of 10,000 frames costs no stack of ours, and no time that grows with its square', () => {
  const profile = deepRecursion(10_000);
  const flat = flatProfile(profile, 0);
  for (const order of ['caller', 'callee'] as const) {
    const graph = new CallGraph(flat, { order, children: true, minWeight: 100 });
    for (const row of flat.rows) {
      const sum = graph.chains(row).reduce((all, chain) => all + chain.weight, 0);
      assert.equal(sum, row.children);
    }
  }
});

/** Ending weights by chain, as `list` gives them. */
function listed(graph: CallGraph): Map<number, Map<string, number>> {
  const all = graph.flat.rows.map((row) => {
    const chains = graph.list(row).map(({ funcs, ended }) => [funcs.join(), ended] as const);
    return [row.id, new Map(chains)] as const;
  });
  return new Map(all);
}

test('cut stacks: the outermost frames with callers first, else the innermost; rows stay', () => {
  const profile = drawProfile(`
    weight:5  weight:3  weight:2
    main      main      main
    a         a         b
    b         c         -
    c         -         -
  `);
  const whole = flatProfile(profile, 0);
  const chainsOf = (order: 'caller' | 'callee', count: number) => {
    const flat = flatProfile(limitStacks(profile, count, order), 0);
    const self = (rows: readonly FlatRow[]) => rows.map(({ func, self }) => [func, self]).sort();
    assert.deepEqual(self(flat.rows), self(whole.rows));
    const options = { order, children: false, minWeight: 0, maxStack: count };
    const graph = new CallGraph(flat, options);
    return flat.rows.flatMap((row) => lines(flat, graph.chains(row))).sort();
  };
  assert.deepEqual(chainsOf('caller', 2), ['2 main b', '8 main a']);
  assert.deepEqual(chainsOf('callee', 2), ['2 b main', '8 c', '  5 b', '  3 a'].sort());
  assert.equal(limitStacks(profile, 4, 'caller'), profile);
});

test('of copied stacks the user’s innermost frames are kept in either order, the kernel’s apart', () => {
  const drawn = drawProfile(`
    weight:5  weight:2
    main      main
    a         b
    c         k@kernel
    d         l@kernel
    -         m@kernel
  `);
  const { functions, strings } = drawn;
  const layer = functions.name.map((name) => (/^[klm]/.test(strings[name]) ? Layer.Kernel : 2));
  const profile = {
    ...drawn,
    functions: { ...functions, layer: Uint8Array.from(layer) },
    events: drawn.events.map((event) => ({ ...event, copiedStacks: true })),
  };
  const pathsOf = (order: 'caller' | 'callee') => {
    const { stacks, samples, frames } = limitStacks(profile, 2, order);
    return [...new Set(samples.stack)].map((leaf) => {
      const names: string[] = [];
      for (let stack = leaf; stack >= 0; stack = stacks.parent[stack])
        names.unshift(strings[functions.name[frames.func[stacks.frame[stack]]]].slice(0, 1));
      return names.join(' ');
    });
  };
  assert.deepEqual(pathsOf('callee'), ['c d', 'm b l m']);
  // The last frame is where the sample ends.
  assert.deepEqual(pathsOf('caller'), ['c d', 'm b k l m']);
});

test('cut random stacks give the chains of samples cut one by one', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const profile = randomProfile(seed);
    for (const order of ['caller', 'callee'] as const) {
      const cut = limitStacks(profile, 3, order);
      const flat = flatProfile(cut, 0);
      const graph = new CallGraph(flat, { order, children: false, minWeight: 0, maxStack: 3 });
      const chains = listed(graph);
      for (const row of flat.rows) {
        const expected = new Map<string, number>();
        const { samples, stacks, frames } = profile;
        for (let sample = 0; sample < samples.length; sample++) {
          if (samples.event[sample] !== 0 || samples.comm[sample] !== row.values[0]) continue;
          const path: number[] = [];
          for (let stack = samples.stack[sample]; stack >= 0; stack = stacks.parent[stack]) {
            path.push(frames.func[stacks.frame[stack]]);
          }
          if (path.length === 0) path.push(-1);
          if (path[0] !== row.func) continue;
          const kept = order === 'caller' ? path.reverse().slice(0, 3) : path.slice(0, 3);
          expected.set(kept.join(), (expected.get(kept.join()) ?? 0) + samples.weight[sample]);
        }
        assert.deepEqual([...(chains.get(row.id) ?? [])].sort(), [...expected].sort());
      }
    }
  }
});

test('shares of what parts decide instead of weights, where they are given', () => {
  const flat = flatProfile(
    drawProfile(`
      weight:80  weight:15  weight:5
      main       main       main
      a          b          b
      -          c          d
    `),
    0,
  );
  const options = { order: 'caller', children: true, minWeight: 0 } as const;
  const main = flat.rows[0];
  const graph = new CallGraph(flat, { ...options, minShare: 0.2 });
  assert.deepEqual(lines(flat, graph.chains(main)), [
    '100 main',
    '  80 a',
    '  20 b',
    '    15 c',
    '    5 d',
  ]);
  const coarse = new CallGraph(flat, { ...options, minShare: 0.26 });
  assert.deepEqual(lines(flat, coarse.chains(main)), ['100 main', '  80 a']);
});

test('frames are told apart by address or line where these are asked for', () => {
  const profile = drawProfile(`
    main[a=/s/a.c]:9  main[a=/s/a.c]:8
    f[a=/s/a.c]:2     f[a=/s/a.c]:2
  `);
  const chains = (key: 'function' | 'srcline') => {
    const flat = flatProfile(profile, 0, undefined, undefined, NODE_KEYS[key]);
    const graph = new CallGraph(flat, { order: 'caller', children: false, key, minWeight: 0 });
    return flat.rows.flatMap((row) => lines(flat, graph.chains(row)));
  };
  assert.deepEqual(chains('function'), ['2 main f']);
  assert.deepEqual(chains('srcline'), ['1 main f', '1 main f']);
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
    if (row.values[0] !== samples.comm[sample]) continue;
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
          const all = graph.list(row).map(({ funcs, ended }) => [funcs.join(), ended]);
          assert.deepEqual(all.sort(), found);
        }
      }
    }
  }
});
