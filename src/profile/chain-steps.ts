/**
 * One step along all call chains of a row at once: from the frames that stand at one place in them to
 * those that follow, in the direction that a call graph shows them.
 */
import type { ChainPlaces } from './chain-places.js';
import type { FlatProfile, FlatRow } from './flat.js';
import { frameDepths } from './max-stack.js';

/** Nodes of the call tree that are one frame of merged chains, with what the chains through them weigh. */
export interface Bundle {
  /** One of the nodes. */
  readonly node: number;
  /** Weight of all chains through the frame, and how many samples they are. */
  weight: number;
  samples: number;
  /** Of the chains that end here; known when {@link Steps.next} was asked. */
  ended: number;
  endedSamples: number;
  /** Nodes; with callers first, ~node where the chain begins at the row. */
  readonly entries: number[];
  /** Weight and samples of each entry. */
  readonly weights: number[];
  readonly counts: number[];
}

export interface Steps {
  /** First frames of the row's chains. */
  first(row: FlatRow): Bundle[];
  /** The frames that follow, of the row that `first` was asked of last. */
  next(bundle: Bundle): Bundle[];
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

/** Of each node the nearest one above it that is of the same row; -1 where there is none. */
function nearestAbove({ tree, rowOf, rows }: FlatProfile): Int32Array {
  const { firstChild, nextSibling, parent } = tree;
  const above = new Int32Array(tree.length);
  const innermost = new Int32Array(rows.length).fill(-1); // of each row, on the way to the node
  let node = tree.firstRoot;
  while (node >= 0) {
    above[node] = innermost[rowOf[node]];
    innermost[rowOf[node]] = node;
    let next = firstChild[node];
    // Leave nodes until one has a sibling that was not yet entered.
    while (next < 0 && node >= 0) {
      innermost[rowOf[node]] = above[node];
      next = nextSibling[node];
      node = parent[node];
    }
    node = next;
  }
  return above;
}

/** Nodes whose own samples count for each row: also of functions that were inlined into its. */
function ownNodes({ tree, selfRowOf, rows }: FlatProfile): RowNodes {
  const nodes = Int32Array.from(selfRowOf.keys()).filter((node) => tree.selfSamples[node] > 0);
  return nodesByRow(nodes, selfRowOf, rows.length);
}

function emptyBundle(node: number): Bundle {
  return {
    ...{ node, weight: 0, samples: 0, ended: 0, endedSamples: 0 },
    ...{ entries: [], weights: [], counts: [] },
  };
}

/** Sorts nodes into bundles, one per place. */
class Bundler {
  /** Number of each place's bundle, and one; 0 where it has none yet. */
  private readonly slots: Int32Array;
  private bundles: Bundle[] = [];

  constructor(private readonly places: ChainPlaces) {
    this.slots = new Int32Array(places.length);
  }

  add(node: number, entry: number, weight: number, samples: number): void {
    if (weight <= 0) return;
    const place = this.places.of[node];
    if (this.slots[place] === 0) this.slots[place] = this.bundles.push(emptyBundle(node));
    const bundle = this.bundles[this.slots[place] - 1];
    bundle.weight += weight;
    bundle.samples += samples;
    const last = bundle.entries.length - 1;
    if (bundle.entries[last] === entry) {
      // Paths that meet on their way to the root go on as one.
      bundle.weights[last] += weight;
      bundle.counts[last] += samples;
      return;
    }
    bundle.entries.push(entry);
    bundle.weights.push(weight);
    bundle.counts.push(samples);
  }

  take(): Bundle[] {
    const { bundles } = this;
    for (const { node } of bundles) this.slots[this.places.of[node]] = 0;
    this.bundles = [];
    return bundles;
  }
}

/** Root towards leaf. */
export class CallerSteps implements Steps {
  private readonly bundler: Bundler;
  private readonly outermost: RowNodes;
  private readonly own: RowNodes;
  /** At each node, the row's own samples at or below it, whose chains are whole paths; else 0. */
  private readonly ownWeight: Float64Array;
  private readonly ownCount: Int32Array;
  /** Nodes where these are not 0, parents first. */
  private touched = new Int32Array();
  private row = -1;
  /** 1 for nodes that stand beyond the last frame that is looked at. */
  private readonly beyond: Uint8Array | undefined;

  constructor(
    private readonly flat: FlatProfile,
    places: ChainPlaces,
    children: boolean,
    maxStack: number | undefined,
  ) {
    const { tree, rowOf, rows } = flat;
    const above = children ? nearestAbove(flat) : undefined;
    const outermost = Int32Array.from(rowOf.keys()).filter((node) => above?.[node] === -1);
    this.outermost = nodesByRow(outermost, rowOf, rows.length);
    this.own = ownNodes(flat);
    this.ownWeight = new Float64Array(tree.length);
    this.ownCount = new Int32Array(tree.length);
    this.bundler = new Bundler(places);
    this.beyond = maxStack === undefined ? undefined : deeperThan(flat, maxStack);
  }

  first(row: FlatRow): Bundle[] {
    const { tree } = this.flat;
    this.row = row.id;
    this.gatherOwn(row);
    for (const node of this.touched) if (tree.parent[node] < 0) this.add(node, true);
    for (const node of nodesOf(this.outermost, row)) this.add(node, false);
    return this.bundler.take();
  }

  next(bundle: Bundle): Bundle[] {
    const { tree, selfRowOf } = this.flat;
    const { beyond } = this;
    bundle.ended = 0;
    bundle.endedSamples = 0;
    for (const entry of bundle.entries) {
      const whole = entry >= 0;
      const node = whole ? entry : ~entry;
      if (whole === (selfRowOf[node] === this.row)) {
        bundle.ended += tree.self[node];
        bundle.endedSamples += tree.selfSamples[node];
      }
      for (let child = tree.firstChild[node]; child >= 0; child = tree.nextSibling[child]) {
        if (beyond === undefined || beyond[child] === 0) {
          this.add(child, whole);
        } else {
          bundle.ended += this.weightOf(child, whole);
          bundle.endedSamples += this.countOf(child, whole);
        }
      }
    }
    return this.bundler.take();
  }

  private add(node: number, whole: boolean): void {
    const entry = whole ? node : ~node;
    this.bundler.add(node, entry, this.weightOf(node, whole), this.countOf(node, whole));
  }

  private weightOf(node: number, whole: boolean): number {
    return whole ? this.ownWeight[node] : this.flat.tree.total[node] - this.ownWeight[node];
  }

  private countOf(node: number, whole: boolean): number {
    return whole ? this.ownCount[node] : this.flat.tree.totalSamples[node] - this.ownCount[node];
  }

  private gatherOwn(row: FlatRow): void {
    const { ownWeight, ownCount } = this;
    const { parent, self, selfSamples } = this.flat.tree;
    for (const node of this.touched) {
      ownWeight[node] = 0;
      ownCount[node] = 0;
    }
    const touched: number[] = [];
    for (const leaf of nodesOf(this.own, row)) {
      for (let node = leaf; node >= 0 && ownCount[node] === 0; node = parent[node]) {
        ownCount[node] = -1;
        touched.push(node);
      }
    }
    this.touched = Int32Array.from(touched).sort();
    for (const node of touched) ownCount[node] = 0;
    for (const node of nodesOf(this.own, row)) {
      ownWeight[node] = self[node];
      ownCount[node] = selfSamples[node];
    }
    for (let i = this.touched.length - 1; i >= 0; i--) {
      const node = this.touched[i];
      if (parent[node] < 0) continue;
      ownWeight[parent[node]] += ownWeight[node];
      ownCount[parent[node]] += ownCount[node];
    }
  }
}

/** 1 for each node with more than `count` frames from the root. */
function deeperThan({ tree }: FlatProfile, count: number): Uint8Array {
  const { profile, event } = tree;
  const depths = frameDepths(profile, tree, profile.events[event].copiedStacks === true);
  return Uint8Array.from(depths, (depth) => (depth > count ? 1 : 0));
}

/** Leaf towards root. */
export class CalleeSteps implements Steps {
  private readonly bundler: Bundler;
  private readonly own: RowNodes;
  private readonly inner: InnermostNodes | undefined;

  constructor(
    private readonly flat: FlatProfile,
    places: ChainPlaces,
    children: boolean,
  ) {
    this.bundler = new Bundler(places);
    this.own = ownNodes(flat);
    this.inner = children ? innermostNodes(flat) : undefined;
  }

  first(row: FlatRow): Bundle[] {
    const { inner } = this;
    const { tree, ownerOf } = this.flat;
    for (const node of nodesOf(this.own, row)) {
      // An owner's own samples are among those of its innermost place.
      if (inner !== undefined && ownerOf[node] === node) continue;
      this.bundler.add(node, node, tree.self[node], tree.selfSamples[node]);
    }
    if (inner !== undefined) {
      for (const node of nodesOf(inner.nodes, row)) {
        this.bundler.add(node, node, inner.weight[node], inner.count[node]);
      }
    }
    return this.bundler.take();
  }

  next(bundle: Bundle): Bundle[] {
    const { parent } = this.flat.tree;
    const { entries, weights, counts } = bundle;
    bundle.ended = 0;
    bundle.endedSamples = 0;
    for (let i = 0; i < entries.length; i++) {
      const up = parent[entries[i]];
      if (up >= 0) {
        this.bundler.add(up, up, weights[i], counts[i]);
      } else {
        bundle.ended += weights[i];
        bundle.endedSamples += counts[i];
      }
    }
    return this.bundler.take();
  }
}

interface InnermostNodes {
  readonly nodes: RowNodes;
  /** At each node, the samples of which it is the innermost of its row. */
  readonly weight: Float64Array;
  readonly count: Int32Array;
}

function innermostNodes(flat: FlatProfile): InnermostNodes {
  const { tree, rowOf, selfRowOf, ownerOf, rows } = flat;
  const { self, selfSamples, total, totalSamples } = tree;
  const weight = total.slice();
  const count = totalSamples.slice();
  const above = nearestAbove(flat);
  for (let node = 0; node < tree.length; node++) {
    if (above[node] >= 0) {
      weight[above[node]] -= total[node];
      count[above[node]] -= totalSamples[node];
    }
    // Own samples of an inlined function begin there, not at the one that has its code.
    const owner = ownerOf[node];
    if (owner !== node && rowOf[owner] === selfRowOf[node]) {
      weight[owner] -= self[node];
      count[owner] -= selfSamples[node];
    }
  }
  return {
    nodes: nodesByRow(Int32Array.from(rowOf.keys()), rowOf, rows.length),
    weight,
    count,
  };
}
