/**
 * The call chains of one row of a flat profile, as `perf report -g caller` and `-g callee` gather them
 * (tools/perf/util/callchain.c, `hist_iter_cumulative` in tools/perf/util/hist.c):
 *
 *   caller, --children      samples that end in the row: the whole path, root first;
 *                           others: the path from the row's outermost place down to the leaf
 *   caller, --no-children   the whole path, root first
 *   callee, --children      the path from the row's innermost place up to the root
 *   callee, --no-children   the path from the leaf up to the root
 *
 * Chains are merged by function from their first frame on. The merged tree is grown from the top and
 * only where it reaches the limit, so the cost follows what is shown, not what was recorded.
 */
import { Int32Column } from '../base/growable.js';
import { forEachOutermost, type FlatProfile, type FlatRow } from './flat.js';

/** Deepest nesting of branches that is grown; a deeper one has `cut` set. */
export const MAX_CHAIN_DEPTH = 256;

/** A run of frames that all chains through it share, and where they part. */
export interface ChainNode {
  /** Indexes into `functions` (-1: samples without frames), at least one. */
  readonly funcs: readonly number[];
  /** Weight of all chains through the run. */
  readonly weight: number;
  /** Heaviest first; those below the limit are left out. */
  readonly children: readonly ChainNode[];
  /** Whether there are children that {@link MAX_CHAIN_DEPTH} hides. */
  readonly cut: boolean;
}

export interface ChainOptions {
  readonly order: 'caller' | 'callee';
  readonly children: boolean;
  /** Branches lighter than this are left out. */
  readonly minWeight: number;
}

/** Merged chains of each row of one flat profile; what rows share is computed once. */
export class CallGraph {
  readonly nodesByRow: RowNodes;
  /** Nodes whose own weight counts for the row: also of functions that were inlined into its. */
  readonly ownByRow: RowNodes;
  readonly outermostByRow: RowNodes;
  private readonly byAddress: (a: Bundle, b: Bundle) => number;
  private readonly own: Float64Array;
  private ownDirty = false;

  constructor(
    readonly flat: FlatProfile,
    readonly options: ChainOptions,
  ) {
    const { tree, rowOf, selfRowOf, rows } = flat;
    const outermost = new Int32Column();
    forEachOutermost(tree, rowOf, rows.length, (node) => outermost.push(node));
    const nodes = Int32Array.from(rowOf.keys());
    this.nodesByRow = nodesByRow(nodes, rowOf, rows.length);
    this.ownByRow = nodesByRow(nodes, selfRowOf, rows.length);
    this.outermostByRow = nodesByRow(outermost.view(), rowOf, rows.length);
    this.byAddress = addressOrder(flat);
    this.own = new Float64Array(tree.length);
  }

  /** The chains of `row`; their weights sum to the row's, less what the limit hides. */
  chains(row: FlatRow): ChainNode[] {
    const step = this.options.order === 'caller' ? callerStep(this, row) : calleeStep(this, row);
    return grow(step(emptyBundle(-1)), step, this.byAddress, this.options.minWeight, 1);
  }

  /**
   * At each node, the weight of the row's own samples at or below it: their chains are whole paths.
   * One array serves all rows, the last asked for at a time.
   */
  ownWeights(row: FlatRow): Float64Array {
    const { own } = this;
    const { self, parent, length } = this.flat.tree;
    if (this.ownDirty) own.fill(0);
    this.ownDirty = row.self > 0;
    if (row.self === 0) return own;
    for (const node of nodesOf(this.ownByRow, row)) own[node] = self[node];
    for (let node = length - 1; node >= 0; node--) {
      if (own[node] > 0 && parent[node] >= 0) own[parent[node]] += own[node];
    }
    return own;
  }
}

/** Nodes of each row: those of row r are `nodes[start[r]..start[r + 1])`. */
interface RowNodes {
  readonly start: Int32Array;
  readonly nodes: Int32Array;
}

function nodesByRow(nodes: Int32Array, rowOf: Int32Array, rows: number): RowNodes {
  const start = new Int32Array(rows + 1);
  for (const node of nodes) start[rowOf[node] + 1]++;
  for (let row = 0; row < rows; row++) start[row + 1] += start[row];
  const next = start.slice();
  const sorted = new Int32Array(nodes.length);
  for (const node of nodes) sorted[next[rowOf[node]]++] = node;
  return { start, nodes: sorted };
}

function nodesOf(lists: RowNodes, row: FlatRow): Int32Array {
  return lists.nodes.subarray(lists.start[row.id], lists.start[row.id + 1]);
}

/**
 * A place in many chains at once: nodes of the call tree that stand for the same merged frame, with
 * the weight of the chains through each.
 */
interface Bundle {
  readonly func: number;
  weight: number;
  /** Weight of the chains that end here. */
  ended: number;
  readonly nodes: number[];
  readonly weights: number[];
  /** Of a caller walk: whether each node is on a whole path rather than below the row. */
  readonly whole: boolean[];
}

/** The bundles that follow a bundle, one per function. */
type Step = (bundle: Bundle) => Bundle[];

function emptyBundle(func: number): Bundle {
  return { func, weight: 0, ended: 0, nodes: [], weights: [], whole: [] };
}

function grow(
  bundles: Bundle[],
  step: Step,
  order: (a: Bundle, b: Bundle) => number,
  minWeight: number,
  depth: number,
): ChainNode[] {
  const chains: ChainNode[] = [];
  bundles.sort((a, b) => b.weight - a.weight || order(a, b));
  for (const bundle of bundles) {
    if (bundle.weight < minWeight) break;
    // A run goes on while no chain ends and none parts, whatever the limit will hide.
    const funcs = [bundle.func];
    let last = bundle;
    let next = step(last);
    while (last.ended === 0 && next.length === 1) {
      last = next[0];
      funcs.push(last.func);
      next = step(last);
    }
    const cut = depth >= MAX_CHAIN_DEPTH && next.some((child) => child.weight >= minWeight);
    const children = depth >= MAX_CHAIN_DEPTH ? [] : grow(next, step, order, minWeight, depth + 1);
    chains.push({ funcs, weight: bundle.weight, children, cut });
  }
  return chains;
}

/** Adds (node, weight) to the bundle of its function. */
class Bundler {
  private readonly byFunc = new Map<number, Bundle>();

  add(func: number, node: number, weight: number, ended: number, whole: boolean): void {
    if (weight <= 0) return;
    let bundle = this.byFunc.get(func);
    if (bundle === undefined) this.byFunc.set(func, (bundle = emptyBundle(func)));
    bundle.weight += weight;
    bundle.ended += ended;
    bundle.nodes.push(node);
    bundle.weights.push(weight);
    bundle.whole.push(whole);
  }

  done(): Bundle[] {
    return [...this.byFunc.values()];
  }
}

/** Root towards leaf. */
function callerStep(graph: CallGraph, row: FlatRow): Step {
  const { tree, selfRowOf } = graph.flat;
  const own = graph.ownWeights(row);
  const add = (into: Bundler, node: number, whole: boolean): void => {
    const mine = selfRowOf[node] === row.id;
    const weight = whole ? own[node] : tree.total[node] - own[node];
    into.add(tree.func[node], node, weight, whole === mine ? tree.self[node] : 0, whole);
  };
  return (bundle) => {
    const into = new Bundler();
    if (bundle.nodes.length === 0) {
      let root = tree.firstRoot;
      for (; root >= 0; root = tree.nextSibling[root]) add(into, root, true);
      if (graph.options.children) {
        for (const node of nodesOf(graph.outermostByRow, row)) add(into, node, false);
      }
    }
    for (let i = 0; i < bundle.nodes.length; i++) {
      let child = tree.firstChild[bundle.nodes[i]];
      for (; child >= 0; child = tree.nextSibling[child]) add(into, child, bundle.whole[i]);
    }
    return into.done();
  };
}

/** Leaf towards root. */
function calleeStep(graph: CallGraph, row: FlatRow): Step {
  const { tree } = graph.flat;
  const add = (into: Bundler, node: number, weight: number): void => {
    into.add(tree.func[node], node, weight, tree.parent[node] < 0 ? weight : 0, true);
  };
  return (bundle) => {
    const into = new Bundler();
    if (bundle.nodes.length === 0) {
      for (const [node, weight] of innermostWeights(graph, row)) add(into, node, weight);
    }
    for (let i = 0; i < bundle.nodes.length; i++) {
      const up = tree.parent[bundle.nodes[i]];
      if (up >= 0) add(into, up, bundle.weights[i]);
    }
    return into.done();
  };
}

/**
 * Where the row's chains begin, and with what weight: its own samples' at the leaf; with children the others'
 * at the innermost of the row's nodes that they meet.
 */
function innermostWeights({ flat, options, nodesByRow, ownByRow }: CallGraph, row: FlatRow) {
  const { tree, rowOf, ownerOf } = flat;
  const inner = new Map<number, number>();
  if (!options.children) {
    for (const node of nodesOf(ownByRow, row)) inner.set(node, tree.self[node]);
    return inner;
  }
  const nodes = nodesOf(nodesByRow, row);
  for (const node of nodes) inner.set(node, tree.total[node]);
  for (const node of nodes) {
    let up = tree.parent[node];
    while (up >= 0 && rowOf[up] !== row.id) up = tree.parent[up];
    if (up >= 0) inner.set(up, (inner.get(up) ?? 0) - tree.total[node]);
  }
  for (const node of nodesOf(ownByRow, row)) {
    const owner = ownerOf[node];
    if (owner === node || rowOf[owner] !== row.id) continue;
    inner.set(owner, (inner.get(owner) ?? 0) - tree.self[node]);
    inner.set(node, tree.self[node]);
  }
  return inner;
}

/**
 * Between equal weights perf keeps the order of its lookup tree: by module, then by the symbol's
 * address, highest first. Any instruction's address orders functions of one module as their starts do.
 */
function addressOrder(flat: FlatProfile): (a: Bundle, b: Bundle) => number {
  const { functions, frames } = flat.tree.profile;
  const address = addressOfFunctions(frames.func, frames.address, functions.length);
  return (a, b) => {
    if (a.func < 0 || b.func < 0) return a.func - b.func;
    return (
      functions.module[a.func] - functions.module[b.func] ||
      address[b.func] - address[a.func] ||
      a.func - b.func
    );
  };
}

function addressOfFunctions(func: Int32Array, address: Float64Array, functions: number) {
  const first = new Float64Array(functions);
  for (let frame = func.length - 1; frame >= 0; frame--) first[func[frame]] = address[frame];
  return first;
}
