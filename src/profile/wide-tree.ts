/**
 * The call tree of one event as far as it can be seen: a node's callees are merged only where the node itself
 * has a share of the whole. Most nodes of a long recording have next to none, and cost nothing but their sum.
 *
 * Cost: the profile's stacks are summed without merging anything, in two passes; then work per stack whose
 * caller is wide enough. Nothing is hashed but the samples.
 */
import { Float64Column, Int32Column } from '../base/growable.js';
import { foldSamples, linkChildren, rowsByGroup, type Folded, type Group } from './calltree.js';
import type { Profile } from './profile.js';

/**
 * Node 0 is the root; the groups follow where they are asked for, then the functions. Parents precede
 * children.
 */
export interface WideTree {
  readonly groups: readonly Group[];
  readonly parent: Int32Array;
  /** Index into `functions`; -1 for samples without frames, for the root and for groups. */
  readonly func: Int32Array;
  /** Weight of the samples that end here. */
  readonly self: Float64Array;
  readonly weight: Float64Array;
  readonly samples: number;
  /** What each sample weighs, where all weigh the same; 0 where they differ. */
  readonly sampleWeight: number;
  /** Weight of the samples that end in each function, in nodes that are left out, too; the last is that of no frames. */
  readonly selfOf: Float64Array;
}

/** @param minShare callees of a node with less than this share of the whole are left out: 0 to 1 */
export function wideTree(
  profile: Profile,
  event: number,
  { threads, minShare }: { readonly threads: boolean; readonly minShare: number },
): WideTree {
  const folded = foldSamples(profile, event, threads ? ['thread'] : []);
  const whole = folded.weight.reduce((sum, weight) => sum + weight, 0);
  const merged = mergeWide(profile, sumStacks(profile, folded), {
    groups: threads ? folded.groups.length : 0,
    least: whole * minShare,
  });
  return {
    ...merged,
    groups: folded.groups,
    samples: folded.samples,
    sampleWeight: evenWeight(folded, whole),
    selfOf: selfByFunction(profile, folded),
  };
}

/** The distinct stacks of each group, outer ones first: places, of which every column has one entry. */
interface Places {
  /** -1 for samples without frames. */
  readonly stack: Int32Array;
  readonly group: Int32Array;
  readonly self: Float64Array;
  readonly total: Float64Array;
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  readonly firstRoot: number;
}

function sumStacks({ stacks }: Profile, folded: Folded): Places {
  const { keys, weight } = folded;
  const stackOf = new Int32Column();
  const groupOf = new Int32Column();
  const up = new Int32Column();
  const self = new Float64Column();
  // Place of each stack, valid where it is among the current group's.
  const placeOf = new Int32Array(stacks.length).fill(-1);
  const path = new Int32Column();
  let current = -1;
  let first = 0;
  const add = (stack: number, above: number): number => {
    groupOf.push(current);
    up.push(above);
    self.push(0);
    return stackOf.push(stack);
  };
  for (const row of rowsByGroup(folded)) {
    if (keys.a.data[row] !== current) first = stackOf.length;
    current = keys.a.data[row];
    let stack = keys.b.data[row];
    path.length = 0;
    for (; stack >= 0 && placeOf[stack] < first; stack = stacks.parent[stack]) path.push(stack);
    let place = stack < 0 ? -1 : placeOf[stack];
    for (let i = path.length - 1; i >= 0; i--) {
      place = add(path.data[i], place);
      placeOf[path.data[i]] = place;
    }
    if (place < 0) place = add(-1, -1);
    self.data[place] += weight[row];
  }
  const total = self.view().slice();
  for (let place = total.length - 1; place >= 0; place--) {
    const above = up.data[place];
    if (above >= 0) total[above] += total[place];
  }
  return {
    stack: stackOf.view(),
    group: groupOf.view(),
    self: self.view(),
    total,
    ...linkChildren(up.view()),
  };
}

/** Merges places of one function below one node, a node after the other, from the root down. */
function mergeWide(
  { stacks, frames, functions }: Profile,
  places: Places,
  { groups, least }: { readonly groups: number; readonly least: number },
): Pick<WideTree, 'parent' | 'func' | 'self' | 'weight'> {
  const { stack, total, firstChild, nextSibling } = places;
  const parent = new Int32Column();
  const func = new Int32Column();
  const self = new Float64Column();
  const weight = new Float64Column();
  /** The places of each node: the first, and the next of each. */
  const firstPlace = new Int32Column();
  const nextPlace = new Int32Array(stack.length).fill(-1);
  // By function, the node that was made last of it; the last one is of no frames.
  const nodeOf = new Int32Array(functions.length + 1).fill(-1);

  const makeNode = (above: number, of: number): number => {
    parent.push(above);
    func.push(of);
    self.push(0);
    weight.push(0);
    return firstPlace.push(-1);
  };
  const put = (place: number, above: number): void => {
    const of = stack[place] < 0 ? -1 : frames.func[stacks.frame[stack[place]]];
    const slot = of < 0 ? functions.length : of;
    let node = nodeOf[slot];
    if (node < 0 || parent.data[node] !== above) nodeOf[slot] = node = makeNode(above, of);
    self.data[node] += places.self[place];
    weight.data[node] += total[place];
    nextPlace[place] = firstPlace.data[node];
    firstPlace.data[node] = place;
  };

  makeNode(-1, -1);
  for (let group = 0; group < groups; group++) makeNode(0, -1);
  for (let place = places.firstRoot; place >= 0; place = nextSibling[place]) {
    const above = groups > 0 ? 1 + places.group[place] : 0;
    put(place, above);
    weight.data[above] += total[place];
    if (above > 0) weight.data[0] += total[place];
  }
  for (let node = 1 + groups; node < parent.length; node++) {
    if (weight.data[node] < least) continue;
    for (let place = firstPlace.data[node]; place >= 0; place = nextPlace[place]) {
      for (let child = firstChild[place]; child >= 0; child = nextSibling[child]) put(child, node);
    }
  }
  return {
    parent: parent.view(),
    func: func.view(),
    self: self.view(),
    weight: weight.view(),
  };
}

function selfByFunction(
  { stacks, frames, functions }: Profile,
  { keys, weight }: Folded,
): Float64Array {
  const self = new Float64Array(functions.length + 1);
  for (let row = 0; row < keys.length; row++) {
    const leaf = keys.b.data[row];
    self[leaf < 0 ? functions.length : frames.func[stacks.frame[leaf]]] += weight[row];
  }
  return self;
}

function evenWeight({ weight, count, samples }: Folded, whole: number): number {
  const even = samples > 0 ? whole / samples : 0;
  for (let row = 0; row < weight.length; row++) {
    if (weight[row] !== count.data[row] * even) return 0;
  }
  return even;
}
