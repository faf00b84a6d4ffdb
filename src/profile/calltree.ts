/**
 * The top-down call tree of one event: the profile's stacks merged by function, apart for every group
 * of samples (a command, a thread). Every other query is a fold over it.
 *
 * Cost: one hash lookup per sample, then work per distinct stack of a group. Samples are first folded
 * into weights per (group, stack); a stack's node is found once, outermost frame first, so parents
 * precede children and totals flow to the root in one pass over the nodes in reverse.
 */
import { Float64Column, Int32Column, Uint8Column } from '../base/growable.js';
import { addressHigh } from '../base/units.js';
import { InternedPairs, RepeatedPairs } from './interned.js';
import type { Profile } from './profile.js';

/** What keeps samples apart. */
export type GroupKey = 'comm' | 'pid' | 'thread' | 'wait';

/** Groups that are known already: the number of each sample's, below `length`. */
export interface SampleGroups {
  readonly of: Int32Array;
  readonly length: number;
}

/** A group of samples; what was not asked to be kept apart is -1. */
export interface Group {
  /** Index into `strings`. */
  readonly comm: number;
  readonly pid: number;
  /** Index into `threads`. */
  readonly thread: number;
  /** `Wait` of waits.ts. */
  readonly wait: number;
}

export interface CallTree {
  readonly kind: 'calltree';
  readonly profile: Profile;
  readonly event: number;
  /** Empty where the caller brought its own. */
  readonly groups: readonly Group[];
  /** All samples' weight, and how many they are. */
  readonly weight: number;
  readonly samples: number;

  /** Count of nodes, of which every column below has one entry. */
  readonly length: number;
  /** -1 at a root. Parents precede children. */
  readonly parent: Int32Array;
  /** Index into `functions`; -1 for samples without frames. */
  readonly func: Int32Array;
  readonly group: Int32Array;
  /** The first of the frames that were merged into the node, by index; -1 for samples without frames. */
  readonly frame: Int32Array;
  /** Where nodes are branches' ends (branch-tree.ts): index into `branches`. */
  readonly branch?: Int32Array;
  /** Frames from the root, 1 at a root. */
  readonly depth: Int32Array;
  /** Source line, and its file (index into `strings`), where all of the node's frames agree on it, else -1. */
  readonly line: Int32Array;
  readonly file: Int32Array;
  /** Weight and count of the samples that end here. */
  readonly self: Float64Array;
  readonly selfSamples: Int32Array;
  /** Weight and count of the samples that pass through or end here. */
  readonly total: Float64Array;
  readonly totalSamples: Int32Array;
  /** The node's first sample, by index. */
  readonly firstSample: Int32Array;
  /** The tree downwards; -1 for none. Siblings stand in order of their index. */
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  readonly firstRoot: number;
}

/** What frames of one function are merged: all, those of one line, those of one address. */
export type NodeKey = 'function' | 'line' | 'address';

/** The call tree of `event`'s samples. */
export function callTree(
  profile: Profile,
  event: number,
  groupBy: readonly GroupKey[] | SampleGroups = [],
  key: NodeKey = 'function',
): CallTree {
  const folded = foldSamples(profile, event, groupBy);
  const grown = growNodes(profile, folded, placesOf(profile, key));
  const { nodes, nodeOf } = grown;
  const length = nodes.length;
  const parent = new Int32Array(length);
  const group = new Int32Array(length);
  const depth = new Int32Array(length);
  for (let node = 0; node < length; node++) {
    const key = nodes.a.data[node];
    parent[node] = key < 0 ? -1 : key;
    group[node] = key < 0 ? -1 - key : group[key];
    depth[node] = key < 0 ? 1 : depth[key] + 1;
  }

  const self = new Float64Array(length);
  const selfSamples = new Int32Array(length);
  const firstSample = new Int32Array(length).fill(0x7fffffff);
  for (let row = 0; row < nodeOf.length; row++) {
    const node = nodeOf[row];
    self[node] += folded.weight[row];
    selfSamples[node] += folded.count.data[row];
    firstSample[node] = Math.min(firstSample[node], folded.first.data[row]);
  }
  const total = self.slice();
  const totalSamples = selfSamples.slice();
  for (let node = length - 1; node >= 0; node--) {
    const up = parent[node];
    if (up < 0) continue;
    total[up] += total[node];
    totalSamples[up] += totalSamples[node];
    firstSample[up] = Math.min(firstSample[up], firstSample[node]);
  }
  return {
    kind: 'calltree',
    profile,
    event,
    groups: folded.groups,
    weight: folded.weight.reduce((sum, weight) => sum + weight, 0),
    samples: folded.samples,
    length,
    parent,
    ...frameColumns(profile, grown),
    frame: grown.frames.view(),
    group,
    depth,
    self,
    selfSamples,
    total,
    totalSamples,
    firstSample,
    ...linkChildren(parent),
  };
}

/** Samples folded per distinct (group, stack): rows of a few columns. */
export interface Folded {
  readonly groups: readonly Group[];
  readonly groupCount: number;
  /** (group, stack) */
  readonly keys: InternedPairs;
  readonly weight: Float64Array;
  readonly count: Int32Column;
  readonly first: Int32Column;
  readonly samples: number;
}

export function foldSamples(
  profile: Profile,
  event: number,
  groupBy: readonly GroupKey[] | SampleGroups,
): Folded {
  const { stack: stackOf, event: eventOf, weight: weightOf, length } = profile.samples;
  const { of, groups, length: groupCount } = groupsOf(profile, event, groupBy);
  const rows = new RepeatedPairs(groupCount, profile.stacks.length);
  const count = new Int32Column();
  const first = new Int32Column();
  const weight = new Float64Column();
  let seen = 0;
  for (let sample = 0; sample < length; sample++) {
    if (eventOf[sample] !== event) continue;
    seen++;
    const row = rows.intern(of[sample], stackOf[sample]);
    if (row === count.length) {
      count.push(0);
      first.push(sample);
      weight.push(0);
    }
    count.data[row]++;
    weight.data[row] += weightOf[sample];
  }
  return {
    groups,
    groupCount,
    keys: rows.pairs,
    weight: weight.view(),
    count,
    first,
    samples: seen,
  };
}

/** The groups of one event's samples. */
function groupsOf(
  { samples, threads }: Profile,
  event: number,
  groupBy: readonly GroupKey[] | SampleGroups,
): SampleGroups & { readonly groups: readonly Group[] } {
  if ('of' in groupBy) return { ...groupBy, groups: [] };
  const byComm = groupBy.includes('comm');
  const byPid = groupBy.includes('pid');
  const byThread = groupBy.includes('thread');
  const byWait = groupBy.includes('wait');
  const owners = new InternedPairs(); // (thread or pid, comm)
  const classes = new InternedPairs(); // (owner, wait)
  const groups: Group[] = [];
  const of = new Int32Array(samples.length);
  for (let sample = 0; sample < samples.length; sample++) {
    if (samples.event[sample] !== event) continue;
    const thread = byThread ? samples.thread[sample] : -1;
    const pid = byThread || byPid ? threads.pid[samples.thread[sample]] : -1;
    const comm = byComm ? samples.comm[sample] : -1;
    const owner = owners.intern(byThread ? thread : pid, comm);
    const wait = byWait ? samples.wait[sample] : -1;
    const group = byWait ? classes.intern(owner, wait) : owner;
    if (group === groups.length) groups.push({ comm, pid, thread, wait });
    of[sample] = group;
  }
  return { of, groups, length: groups.length };
}

/** What makes frames one node: a number each of their functions, with their lines or their addresses. */
function placesOf({ frames }: Profile, key: NodeKey): Int32Array {
  if (key === 'function') return frames.func;
  const places = new InternedPairs(); // (function, line or address)
  if (key === 'address') {
    const addresses = new InternedPairs(); // (low half, high half)
    return frames.func.map((func, frame) => {
      const address = frames.address[frame];
      return places.intern(func, addresses.intern(address | 0, addressHigh(address) | 0));
    });
  }
  const lines = new InternedPairs(); // (file, line)
  return frames.func.map((func, frame) =>
    places.intern(func, lines.intern(frames.file[frame], frames.line[frame])),
  );
}

interface Grown {
  /** (parent or -1 - group, place) */
  readonly nodes: InternedPairs;
  /** A frame of each node; -1 where its samples have none. */
  readonly frames: Int32Column;
  /** 1 where other frames of the node stand on another line. */
  readonly differs: Uint8Column;
  /** Node of each folded row. */
  readonly nodeOf: Int32Array;
}

/** One node per distinct path of places in a group. */
function growNodes({ stacks, frames }: Profile, folded: Folded, placeOf: Int32Array): Grown {
  const { keys } = folded;
  const nodes = new InternedPairs();
  const firsts = new Int32Column();
  const differs = new Uint8Column();
  const nodeOf = new Int32Array(keys.length);
  // Node of each stack, valid where the stamp is the current group.
  const nodeOfStack = new Int32Array(stacks.length);
  const stamp = new Int32Array(stacks.length).fill(-1);
  const path = new Int32Column();

  const step = (parentKey: number, frame: number): number => {
    const node = nodes.intern(parentKey, frame < 0 ? -1 : placeOf[frame]);
    if (node === firsts.length) {
      firsts.push(frame);
      differs.push(0);
    } else if (frame >= 0) {
      const first = firsts.data[node];
      const same =
        frames.line[first] === frames.line[frame] && frames.file[first] === frames.file[frame];
      if (!same) differs.data[node] = 1;
    }
    return node;
  };

  for (const row of rowsByGroup(folded)) {
    const group = keys.a.data[row];
    const leaf = keys.b.data[row];
    if (leaf < 0) {
      nodeOf[row] = step(-1 - group, -1);
      continue;
    }
    path.length = 0;
    let stack = leaf;
    while (stack >= 0 && stamp[stack] !== group) {
      path.push(stack);
      stack = stacks.parent[stack];
    }
    let key = stack < 0 ? -1 - group : nodeOfStack[stack];
    for (let i = path.length - 1; i >= 0; i--) {
      key = step(key, stacks.frame[path.data[i]]);
      stamp[path.data[i]] = group;
      nodeOfStack[path.data[i]] = key;
    }
    nodeOf[row] = nodeOfStack[leaf];
  }
  return { nodes, frames: firsts, differs, nodeOf };
}

/** What a node's frames say of it. */
function frameColumns(
  { frames, functions }: Profile,
  { frames: frameOf, differs, nodes }: Grown,
): Pick<CallTree, 'func' | 'line' | 'file'> {
  const func = new Int32Array(nodes.length).fill(-1);
  const line = func.slice();
  const file = func.slice();
  for (let node = 0; node < nodes.length; node++) {
    const frame = frameOf.data[node];
    if (frame < 0) continue;
    func[node] = frames.func[frame];
    if (differs.data[node] === 1) continue;
    line[node] = frames.line[frame];
    file[node] = frames.file[frame] >= 0 ? frames.file[frame] : functions.file[func[node]];
  }
  return { func, line, file };
}

/** Folded rows, one group after the other, each in order of first appearance. */
export function rowsByGroup({ groupCount, keys }: Folded): Int32Array {
  const start = new Int32Array(groupCount + 1);
  for (let row = 0; row < keys.length; row++) start[keys.a.data[row] + 1]++;
  for (let group = 0; group < groupCount; group++) start[group + 1] += start[group];
  const order = new Int32Array(keys.length);
  for (let row = 0; row < keys.length; row++) order[start[keys.a.data[row]]++] = row;
  return order;
}

/** Child lists from a parent column in which parents precede children. */
export function linkChildren(parent: Int32Array): {
  firstChild: Int32Array;
  nextSibling: Int32Array;
  firstRoot: number;
} {
  const firstChild = new Int32Array(parent.length).fill(-1);
  const nextSibling = new Int32Array(parent.length).fill(-1);
  let firstRoot = -1;
  for (let node = parent.length - 1; node >= 0; node--) {
    const up = parent[node];
    if (up < 0) {
      nextSibling[node] = firstRoot;
      firstRoot = node;
    } else {
      nextSibling[node] = firstChild[up];
      firstChild[up] = node;
    }
  }
  return { firstChild, nextSibling, firstRoot };
}
