/**
 * The flat profile: one row per distinct value of the sort keys (`perf report --sort`), with its own
 * weight and that of what it calls.
 */
import { branchTree } from './branch-tree.js';
import { callTree, type CallTree, type NodeKey, type SampleGroups } from '../calltree.js';
import { RepeatedPairs } from '../interned.js';
import { boundOf, classifyNodes } from './node-classes.js';
import { keyColumns, type KeyColumn, type NodeColumn, type SampleColumn } from './key-columns.js';
import { Layer, type Profile } from '../profile.js';
import { DEFAULT_SORT_KEYS, type SortKey } from './sort-keys.js';

export { DEFAULT_SORT_KEYS, type SortKey } from './sort-keys.js';

/** Weights and counts of samples. */
export interface RowWeights {
  /** Of samples that end in the row. */
  self: number;
  selfSamples: number;
  /** Of `self`, what was spent in the kernel. */
  kernel: number;
  /** Of samples that have the row anywhere on their stack, each counted once whatever the recursion. */
  children: number;
  childrenSamples: number;
}

/** What a row is of; what is not among the keys is -1. */
export interface RowPlace {
  /** Index into `strings`. */
  readonly comm: number;
  readonly pid: number;
  /** Index into `threads`. */
  readonly thread: number;
  /** `Wait` of waits.ts. */
  readonly wait: number;
  /** Index into `modules`; -1 also where the samples have no frames. */
  readonly module: number;
  /** Index into `functions`; -1 also where the samples have no frames. */
  readonly func: number;
}

export interface FlatRow extends RowWeights, RowPlace {
  /** Value of {@link FlatProfile.rowOf} for this row's nodes. */
  readonly id: number;
  /** A value of each of the profile's columns. */
  readonly values: readonly number[];
  /** Whether filters leave it out: one row that stands for all of that. */
  readonly hidden: boolean;
  /** Thread of the row's first sample. */
  firstThread: number;
  /** Most frames from the row's outermost place to a leaf (for its own samples: from the root). */
  reach: number;
  /** Most frames from the root to the row. */
  depth: number;
}

export interface FlatProfile {
  readonly kind: 'flat';
  readonly tree: CallTree;
  /** What tells rows apart. */
  readonly keys: readonly SortKey[];
  /** Of each key. */
  readonly columns: readonly KeyColumn[];
  /** Unsorted; see `sortRows` of entries.ts. */
  readonly rows: readonly FlatRow[];
  /** Row of each node of the tree. */
  readonly rowOf: Int32Array;
  /** Row that each node's own weight counts for: of an inlined function the one that has its code. */
  readonly selfRowOf: Int32Array;
  /** The node itself, or of an inlined function the node of the one that has its code. */
  readonly ownerOf: Int32Array;
}

/**
 * The flat profile of one event.
 * @param keys what tells rows apart: names, or columns that are made for several events
 * @param shown 1 for each function whose rows are shown; all are where it is absent
 * @param finest what nodes of the tree are told apart by at least, for call graphs
 */
export function flatProfile(
  profile: Profile,
  event: number,
  keys: readonly SortKey[] | readonly KeyColumn[] = DEFAULT_SORT_KEYS,
  shown?: Uint8Array,
  finest: NodeKey = 'function',
): FlatProfile {
  const columns = keys.map((key) =>
    typeof key === 'string' ? keyColumns(profile, [key])[0] : key,
  );
  const byLine = columns.some(({ key }) => key === 'srcline' || key === 'srcfile');
  const groups = groupSamples(profile, columns.filter(isOfSamples));
  const nodeKey = byLine && finest === 'function' ? 'line' : finest;
  const { branches } = profile;
  const tree =
    branches === undefined
      ? callTree(profile, event, groups, nodeKey)
      : branchTree(profile, event, branches, groups);
  const made = makeRows(tree, groups, columns, shown);
  const { rows, rowOf, selfRowOf } = made;
  addSelf(tree, rows, selfRowOf);
  addPlaces(tree, rows, rowOf);
  addChildren(tree, rows, rowOf);
  return { kind: 'flat', tree, keys: columns.map(({ key }) => key), columns, ...made };
}

/** The weight of all rows that are shown. */
export function shownWeights(flat: FlatProfile): { weight: number; samples: number } {
  const { tree, rows } = flat;
  const hidden = rows.find((row) => row.hidden);
  if (hidden === undefined) return tree;
  return { weight: tree.weight - hidden.self, samples: tree.samples - hidden.selfSamples };
}

function isOfSamples(column: KeyColumn): column is SampleColumn {
  return column.of === 'samples';
}

function isOfNodes(column: KeyColumn): column is NodeColumn {
  return column.of === 'nodes';
}

/** Groups of samples that agree in every column. */
interface KeyGroups extends SampleGroups {
  /** A sample of each. */
  readonly example: readonly number[];
}

function groupSamples({ samples }: Profile, columns: readonly SampleColumn[]): KeyGroups {
  const { length } = samples;
  let of = new Int32Array(length);
  let example = length > 0 ? [0] : [];
  for (const { values } of columns) {
    const pairs = new RepeatedPairs(example.length, boundOf(values)); // (group so far, value)
    const finer = new Int32Array(length);
    example = [];
    for (let sample = 0; sample < length; sample++) {
      const group = pairs.intern(of[sample], values[sample]);
      if (group === example.length) example.push(sample);
      finer[sample] = group;
    }
    of = finer;
  }
  return { of, length: example.length, example };
}

function makeRows(
  tree: CallTree,
  groups: KeyGroups,
  columns: readonly KeyColumn[],
  shown: Uint8Array | undefined,
): Pick<FlatProfile, 'rowOf' | 'selfRowOf' | 'ownerOf'> & { rows: FlatRow[] } {
  const ownerOf = ownersOf(tree);
  const ofNodes = columns
    .filter(isOfNodes)
    .map(({ values, byOwner }) => ({ values: values(tree), byOwner }));
  const classes = classifyNodes(tree, ownerOf, groups.length, ofNodes);
  const placeOf = placesOf(tree.profile, columns);
  const rowOfClass = new Int32Array(classes.length).fill(-1);
  const rows: FlatRow[] = [];
  let hidden = -1;

  /** The row of an owner's symbol and a node's line. */
  const rowFor = (node: number, owner: number, id: number): number => {
    const func = tree.func[owner];
    if (shown !== undefined && !isShown(shown, tree, owner)) {
      if (hidden < 0) hidden = rows.push(newRow(rows.length, [], NOWHERE, true)) - 1;
      return hidden;
    }
    if (rowOfClass[id] < 0) {
      const sample = groups.example[tree.group[node]];
      let next = 0;
      const values = columns.map((column) => {
        if (column.of === 'samples') return column.values[sample];
        const { byOwner, values: ofNode } = ofNodes[next++];
        return ofNode[byOwner ? owner : node];
      });
      rowOfClass[id] = rows.push(newRow(rows.length, values, placeOf(sample, func), false)) - 1;
    }
    return rowOfClass[id];
  };

  const rowOf = new Int32Array(tree.length);
  const selfRowOf = new Int32Array(tree.length);
  for (let node = 0; node < tree.length; node++) {
    const owner = ownerOf[node];
    rowOf[node] = rowFor(node, node, classes.of[node]);
    selfRowOf[node] = owner === node ? rowOf[node] : rowFor(node, owner, classes.selfOf[node]);
  }
  return { rows, rowOf, selfRowOf, ownerOf };
}

/** A branch is shown where one of its ends is. */
function isShown(shown: Uint8Array, { profile, func, branch }: CallTree, node: number): boolean {
  if (func[node] >= 0 && shown[func[node]] === 1) return true;
  if (branch === undefined || profile.branches === undefined) return false;
  return shown[profile.frames.func[profile.branches.from[branch[node]]]] === 1;
}

const NOWHERE: RowPlace = { comm: -1, pid: -1, thread: -1, wait: -1, module: -1, func: -1 };

/** The place of a row, from one of its samples and the function that it is of. */
function placesOf({ samples, threads, functions }: Profile, columns: readonly KeyColumn[]) {
  const has = (...keys: SortKey[]) => columns.some(({ key }) => keys.includes(key));
  const byComm = has('comm');
  const byThread = has('pid', 'tid');
  const byProcess = byThread || has('tgid');
  const byWait = has('wait');
  const bySymbol = has('symbol', 'symbol_to');
  const byModule = bySymbol || has('dso', 'dso_to');
  return (sample: number, func: number): RowPlace => {
    const thread = samples.thread[sample];
    return {
      comm: byComm ? samples.comm[sample] : -1,
      pid: byProcess ? threads.pid[thread] : -1,
      thread: byThread ? thread : -1,
      wait: byWait ? samples.wait[sample] : -1,
      module: byModule && func >= 0 ? functions.module[func] : -1,
      func: bySymbol ? func : -1,
    };
  };
}

/** Written out, since copies of objects take long where rows are many. */
function newRow(
  id: number,
  values: readonly number[],
  { comm, pid, thread, wait, module, func }: RowPlace,
  hidden: boolean,
): FlatRow {
  return {
    id,
    values,
    hidden,
    comm,
    pid,
    thread,
    wait,
    module,
    func,
    self: 0,
    selfSamples: 0,
    kernel: 0,
    children: 0,
    childrenSamples: 0,
    firstThread: -1,
    reach: 0,
    depth: 0,
  };
}

/** perf counts the sample of an inlined function for the one that has its code. */
function ownersOf({ profile, func, parent, length }: CallTree): Int32Array {
  const { inlined } = profile.functions;
  const ownerOf = new Int32Array(length);
  for (let node = 0; node < length; node++) {
    const isInlined = func[node] >= 0 && parent[node] >= 0 && inlined[func[node]] === 1;
    ownerOf[node] = isInlined ? ownerOf[parent[node]] : node;
  }
  return ownerOf;
}

/** Sums are gathered in columns first: nodes are many times as many as rows. */
function addSelf(tree: CallTree, rows: readonly FlatRow[], selfRowOf: Int32Array): void {
  const { layer } = tree.profile.functions;
  const self = new Float64Array(rows.length);
  const selfSamples = new Int32Array(rows.length);
  const kernel = new Float64Array(rows.length);
  const reach = new Int32Array(rows.length);
  for (let node = 0; node < tree.length; node++) {
    if (tree.selfSamples[node] === 0) continue;
    const row = selfRowOf[node];
    self[row] += tree.self[node];
    selfSamples[row] += tree.selfSamples[node];
    if (layer[tree.func[node]] === Layer.Kernel) kernel[row] += tree.self[node];
    if (tree.depth[node] > reach[row]) reach[row] = tree.depth[node];
  }
  for (const row of rows) {
    row.self = self[row.id];
    row.selfSamples = selfSamples[row.id];
    row.kernel = kernel[row.id];
    row.reach = reach[row.id];
  }
}

/** What decides between rows of equal weight. */
function addPlaces(tree: CallTree, rows: readonly FlatRow[], rowOf: Int32Array): void {
  const depth = new Int32Array(rows.length);
  const first = new Int32Array(rows.length).fill(0x7fffffff);
  for (let node = 0; node < tree.length; node++) {
    const row = rowOf[node];
    if (tree.depth[node] > depth[row]) depth[row] = tree.depth[node];
    if (tree.firstSample[node] < first[row]) first[row] = tree.firstSample[node];
  }
  for (const row of rows) {
    row.depth = depth[row.id];
    row.firstThread = tree.profile.samples.thread[first[row.id]] ?? -1;
  }
}

/** Adds what passes through the outermost node of each row on each path. */
function addChildren(tree: CallTree, rows: readonly FlatRow[], rowOf: Int32Array): void {
  const deepest = deepestLeaf(tree);
  const children = new Float64Array(rows.length);
  const childrenSamples = new Int32Array(rows.length);
  const reach = new Int32Array(rows.length);
  forEachOutermost(tree, rowOf, rows.length, (node) => {
    const row = rowOf[node];
    const below = deepest[node] - tree.depth[node] + 1;
    children[row] += tree.total[node];
    childrenSamples[row] += tree.totalSamples[node];
    if (below > reach[row]) reach[row] = below;
  });
  for (const row of rows) {
    row.children = children[row.id];
    row.childrenSamples = childrenSamples[row.id];
    row.reach = Math.max(row.reach, reach[row.id]);
  }
}

/** Depth of the deepest node at or below each node. */
function deepestLeaf(tree: CallTree): Int32Array {
  const deepest = tree.depth.slice();
  for (let node = tree.length - 1; node >= 0; node--) {
    const up = tree.parent[node];
    if (up >= 0) deepest[up] = Math.max(deepest[up], deepest[node]);
  }
  return deepest;
}

/**
 * Visits, depth first, the nodes that have no ancestor of their own class.
 * @param classOf class of each node, below `classes`
 */
export function forEachOutermost(
  tree: CallTree,
  classOf: Int32Array,
  classes: number,
  visit: (node: number) => void,
): void {
  const onPath = new Int32Array(classes);
  let node = tree.firstRoot;
  while (node >= 0) {
    if (onPath[classOf[node]]++ === 0) visit(node);
    if (tree.firstChild[node] >= 0) {
      node = tree.firstChild[node];
      continue;
    }
    // Leave nodes until one has a sibling that was not yet entered.
    for (;;) {
      onPath[classOf[node]]--;
      if (tree.nextSibling[node] >= 0) {
        node = tree.nextSibling[node];
        break;
      }
      node = tree.parent[node];
      if (node < 0) return;
    }
  }
}
