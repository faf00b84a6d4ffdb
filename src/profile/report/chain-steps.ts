/**
 * One step along all call chains of a row at once: from the frames that stand at one place in them to
 * those that follow, in the direction that a call graph shows them.
 */
import { Float64Column, Int32Column } from '../../base/growable.js';
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
  /** Where its entries lie in the columns of the step that made it. */
  start: number;
  end: number;
  entries: Entries;
}

/** Columns of what the bundles of one step were made of, one bundle after the other. */
interface Entries {
  /** Nodes; with callers first, ~node where the chain begins at the row. */
  readonly node: Int32Array;
  readonly weight: Float64Array;
  readonly count: Int32Array;
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

/** The nodes that `isListed` says, each row's in their order. */
function nodesByRow(
  rowOf: Int32Array,
  rows: number,
  isListed: (node: number) => boolean,
): RowNodes {
  const start = new Int32Array(rows + 1);
  const listed = new Int32Column();
  for (let node = 0; node < rowOf.length; node++) {
    if (!isListed(node)) continue;
    listed.push(node);
    start[rowOf[node] + 1]++;
  }
  for (let row = 0; row < rows; row++) start[row + 1] += start[row];
  const next = start.slice();
  const nodes = new Int32Array(listed.length);
  for (const node of listed.view()) nodes[next[rowOf[node]]++] = node;
  return { start, nodes };
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
  return nodesByRow(selfRowOf, rows.length, (node) => tree.selfSamples[node] > 0);
}

const NO_ENTRIES: Entries = {
  node: new Int32Array(),
  weight: new Float64Array(),
  count: new Int32Array(),
};

/** Sorts nodes into bundles, one per place. */
class Bundler {
  /** Number of each place's bundle, and one; 0 where it has none yet. */
  private readonly slots: Int32Array;
  private bundles: Bundle[] = [];
  /** What was added: its bundle, node, weight and count. */
  private readonly bundleOf = new Int32Column();
  private readonly node = new Int32Column();
  private readonly weight = new Float64Column();
  private readonly count = new Int32Column();

  constructor(private readonly places: ChainPlaces) {
    this.slots = new Int32Array(places.length);
  }

  add(node: number, entry: number, weight: number, samples: number): void {
    if (weight <= 0) return;
    const place = this.places.of[node];
    if (this.slots[place] === 0) this.slots[place] = this.open(node);
    const at = this.slots[place] - 1;
    const bundle = this.bundles[at];
    bundle.weight += weight;
    bundle.samples += samples;
    const last = bundle.end;
    if (last >= 0 && this.node.data[last] === entry) {
      // Paths that meet on their way to the root go on as one.
      this.weight.data[last] += weight;
      this.count.data[last] += samples;
      return;
    }
    this.bundleOf.push(at);
    bundle.end = this.node.push(entry);
    bundle.start++;
    this.weight.push(weight);
    this.count.push(samples);
  }

  /** Until they are taken, `start` counts a bundle's entries, and `end` is the last of them. */
  private open(node: number): number {
    return this.bundles.push({
      node,
      weight: 0,
      samples: 0,
      ended: 0,
      endedSamples: 0,
      start: 0,
      end: -1,
      entries: NO_ENTRIES,
    });
  }

  take(): Bundle[] {
    const { bundles } = this;
    if (bundles.length === 0) return bundles;
    const entries = this.sorted();
    let start = 0;
    for (const bundle of bundles) {
      this.slots[this.places.of[bundle.node]] = 0;
      const end = start + bundle.start;
      bundle.start = start;
      bundle.end = end;
      bundle.entries = entries;
      start = end;
    }
    for (const column of [this.bundleOf, this.node, this.weight, this.count]) column.length = 0;
    this.bundles = [];
    return bundles;
  }

  private sorted(): Entries {
    const { bundles, bundleOf } = this;
    if (bundles.length === 1) {
      return {
        node: this.node.view().slice(),
        weight: this.weight.view().slice(),
        count: this.count.view().slice(),
      };
    }
    const { length } = bundleOf;
    const node = new Int32Array(length);
    const weight = new Float64Array(length);
    const count = new Int32Array(length);
    const next = new Int32Array(bundles.length);
    for (let at = 1; at < bundles.length; at++) next[at] = next[at - 1] + bundles[at - 1].start;
    for (let from = 0; from < length; from++) {
      const to = next[bundleOf.data[from]]++;
      node[to] = this.node.data[from];
      weight[to] = this.weight.data[from];
      count[to] = this.count.data[from];
    }
    return { node, weight, count };
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
  /** Nodes where these are not 0: one path after the other, each from a leaf upwards. */
  private readonly touched = new Int32Column();
  /** Where each path begins. */
  private readonly paths = new Int32Column();
  /** Of each of these nodes the row that is looked at; else -1. */
  private readonly touchedBy: Int32Array;
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
    this.outermost = nodesByRow(rowOf, rows.length, (node) => above?.[node] === -1);
    this.own = ownNodes(flat);
    this.ownWeight = new Float64Array(tree.length);
    this.ownCount = new Int32Array(tree.length);
    this.touchedBy = new Int32Array(tree.length).fill(-1);
    this.bundler = new Bundler(places);
    this.beyond = maxStack === undefined ? undefined : deeperThan(flat, maxStack);
  }

  first(row: FlatRow): Bundle[] {
    const { tree } = this.flat;
    this.row = row.id;
    this.gatherOwn(row);
    for (const node of this.touched.view()) if (tree.parent[node] < 0) this.add(node, true);
    for (const node of nodesOf(this.outermost, row)) this.add(node, false);
    return this.bundler.take();
  }

  next(bundle: Bundle): Bundle[] {
    const { tree, selfRowOf } = this.flat;
    const { beyond } = this;
    bundle.ended = 0;
    bundle.endedSamples = 0;
    const { entries, start, end } = bundle;
    for (let i = start; i < end; i++) {
      const entry = entries.node[i];
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
    const { ownWeight, ownCount, touched, touchedBy, paths } = this;
    const { parent, self, selfSamples } = this.flat.tree;
    for (let i = 0; i < touched.length; i++) {
      ownWeight[touched.data[i]] = 0;
      ownCount[touched.data[i]] = 0;
      touchedBy[touched.data[i]] = -1;
    }
    touched.length = 0;
    paths.length = 0;
    for (const leaf of nodesOf(this.own, row)) {
      paths.push(touched.length);
      for (let node = leaf; node >= 0 && touchedBy[node] !== row.id; node = parent[node]) {
        touchedBy[node] = row.id;
        touched.push(node);
      }
      ownWeight[leaf] = self[leaf];
      ownCount[leaf] = selfSamples[leaf];
    }
    // A path ends at a node of one before it: the last path is summed up first.
    let end = touched.length;
    for (let path = paths.length - 1; path >= 0; path--) {
      for (let i = paths.data[path]; i < end; i++) {
        const node = touched.data[i];
        if (parent[node] < 0) continue;
        ownWeight[parent[node]] += ownWeight[node];
        ownCount[parent[node]] += ownCount[node];
      }
      end = paths.data[path];
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
    const { entries, start, end } = bundle;
    const { node, weight, count } = entries;
    bundle.ended = 0;
    bundle.endedSamples = 0;
    for (let i = start; i < end; i++) {
      const up = parent[node[i]];
      if (up >= 0) {
        this.bundler.add(up, up, weight[i], count[i]);
      } else {
        bundle.ended += weight[i];
        bundle.endedSamples += count[i];
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
  return { nodes: nodesByRow(rowOf, rows.length, () => true), weight, count };
}
