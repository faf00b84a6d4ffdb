/**
 * Branches as rows of a report (`perf report --branch-stack`): each branch of a sample's branch stack counts
 * as one, whatever the sample stands for, and for the function that it leads to
 * (`iter_add_next_branch_entry` of tools/perf/util/hist.c).
 */
import { Int32Column } from '../../base/growable.js';
import { linkChildren, type CallTree, type SampleGroups } from '../calltree.js';
import { RepeatedPairs } from '../interned.js';
import type { BranchTable, Profile } from '../profile.js';

/**
 * The branches of one event's samples, a node for each distinct one of a group: a tree without calls.
 * Cost: a look-up per branch of a sample, then work per node.
 */
export function branchTree(
  profile: Profile,
  event: number,
  branches: BranchTable,
  groups: SampleGroups,
): CallTree {
  const { nodes, counts, firsts } = countBranches(profile, event, branches, groups);
  const { frames, functions } = profile;
  const { length } = nodes;
  const branch = nodes.b.view();
  const frame = branch.map((one) => branches.to[one]);
  const func = frame.map((one) => frames.func[one]);
  const parent = new Int32Array(length).fill(-1);
  const samples = counts.view();
  const self = Float64Array.from(samples);
  const all = self.reduce((sum, count) => sum + count, 0);
  return {
    kind: 'calltree',
    profile,
    event,
    groups: [],
    weight: all,
    samples: all,
    length,
    parent,
    func,
    group: nodes.a.view(),
    frame,
    branch,
    depth: new Int32Array(length).fill(1),
    line: frame.map((one) => frames.line[one]),
    file: frame.map((one, node) =>
      frames.file[one] >= 0 ? frames.file[one] : functions.file[func[node]],
    ),
    self,
    selfSamples: samples,
    total: self,
    totalSamples: samples,
    firstSample: firsts.view(),
    ...linkChildren(parent),
  };
}

function countBranches(
  { samples }: Profile,
  event: number,
  { taken, first, length }: BranchTable,
  groups: SampleGroups,
) {
  const { branches: stackOf = new Int32Array(samples.length).fill(-1) } = samples;
  const rows = new RepeatedPairs(groups.length, length); // (group, branch)
  const counts = new Int32Column();
  const firsts = new Int32Column();
  for (let sample = 0; sample < samples.length; sample++) {
    const stack = stackOf[sample];
    if (samples.event[sample] !== event || stack < 0) continue;
    for (let i = first[stack]; i < first[stack + 1]; i++) {
      const row = rows.intern(groups.of[sample], taken[i]);
      if (row === counts.length) {
        counts.push(0);
        firsts.push(sample);
      }
      counts.data[row]++;
    }
  }
  return { nodes: rows.pairs, counts, firsts };
}
