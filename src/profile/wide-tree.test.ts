import assert from 'node:assert/strict';
import { test } from 'node:test';

import { randomProfile } from '../testing/random-profile.js';
import { callTree } from './calltree.js';
import type { Profile } from './profile.js';
import { wideTree } from './wide-tree.js';

/** What the whole call tree says of the nodes below callers of a share: path, self weight, weight. */
function wholeTree(profile: Profile, threads: boolean, minShare: number): string[] {
  const tree = callTree(profile, 0, threads ? ['thread'] : []);
  const paths: string[] = [];
  const kept: string[] = [];
  for (let node = 0; node < tree.length; node++) {
    const above = tree.parent[node];
    const root = threads ? `thread ${tree.groups[tree.group[node]].thread}` : '';
    paths.push(`${above < 0 ? root : paths[above]};${tree.func[node]}`);
    if (above >= 0 && tree.total[above] < tree.weight * minShare) continue;
    kept.push(`${paths[node]} ${tree.self[node]} ${tree.total[node]}`);
  }
  return kept.sort();
}

function wideNodes(profile: Profile, threads: boolean, minShare: number): string[] {
  const tree = wideTree(profile, 0, { threads, minShare });
  const base = 1 + (threads ? tree.groups.length : 0);
  const paths: string[] = [];
  tree.parent.forEach((above, node) => {
    if (node < base) paths.push(node === 0 ? '' : `thread ${tree.groups[node - 1].thread}`);
    else paths.push(`${paths[above]};${tree.func[node]}`);
  });
  const nodes = paths.map((path, node) => `${path} ${tree.self[node]} ${tree.weight[node]}`);
  return nodes.slice(base).sort();
}

test('a wide tree is the call tree without what narrow nodes call', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const profile = randomProfile(seed);
    for (const threads of [false, true]) {
      for (const minShare of [0, 0.02, 0.2]) {
        assert.deepEqual(
          wideNodes(profile, threads, minShare),
          wholeTree(profile, threads, minShare),
          `seed ${seed}, ${threads ? 'by thread' : 'merged'}, from ${minShare} on`,
        );
      }
    }
  }
});

test('what narrow nodes call still counts for its function', () => {
  const profile = randomProfile(7);
  const tree = wideTree(profile, 0, { threads: false, minShare: 0.9 });
  const sum = tree.selfOf.reduce((all, self) => all + self, 0);
  assert.equal(sum, tree.weight[0]);
  assert.ok(tree.self.reduce((all, self) => all + self, 0) < sum);
});
