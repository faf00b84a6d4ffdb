import type { Frames } from './data.js';

/** A tree before its frames have places. Parents precede their children; node 0 is the root. */
export interface Nodes {
  readonly length: number;
  readonly func: Int32Array;
  readonly parent: Int32Array;
  /** Weight that is in no child. */
  readonly own: Float64Array;
  /** As much of `own` as children had that are left out for being narrow. */
  readonly lost: Float64Array;
  /** `own` in the other profile of a comparison. */
  readonly other?: Float64Array;
}

/** Frames without their places. */
export function nodesOf(frames: Frames): Nodes {
  const { length, func, parent, weight, self } = frames;
  const own = weight.slice();
  const other = frames.other?.slice();
  const lost = new Float64Array(length);
  for (let frame = length - 1; frame > 0; frame--) {
    own[parent[frame]] -= weight[frame];
    if (other !== undefined) other[parent[frame]] -= frames.other?.[frame] ?? 0;
  }
  for (let frame = 0; frame < length; frame++) {
    // Parents may be less than their children by the last bits of a double.
    if (own[frame] < 1e-9 * weight[frame]) own[frame] = 0;
    lost[frame] = Math.max(0, own[frame] - self[frame]);
  }
  return { length, func, parent, own, lost, ...(other && { other }) };
}

/**
 * Gives nodes their places: those that weigh something, siblings in the order of `rank` (by function), or
 * the heaviest first.
 */
export function placeNodes(nodes: Nodes, rank: Int32Array, heaviestFirst: boolean): Frames {
  const total = nodes.own.slice();
  const totalOther = nodes.other?.slice();
  for (let node = nodes.length - 1; node > 0; node--) {
    total[nodes.parent[node]] += total[node];
    if (totalOther !== undefined) totalOther[nodes.parent[node]] += totalOther[node];
  }
  const kept: number[] = [];
  for (let node = 1; node < nodes.length; node++) {
    if (total[node] > 0 || (totalOther !== undefined && totalOther[node] > 0)) kept.push(node);
  }
  const byRank = (a: number, b: number): number => rank[nodes.func[a]] - rank[nodes.func[b]];
  kept.sort(heaviestFirst ? (a, b) => total[b] - total[a] || byRank(a, b) : byRank);

  // Linked lists of children, built from the back so that the first stands at the head.
  const firstChild = new Int32Array(nodes.length).fill(-1);
  const nextSibling = new Int32Array(nodes.length).fill(-1);
  for (let i = kept.length - 1; i >= 0; i--) {
    const above = nodes.parent[kept[i]];
    nextSibling[kept[i]] = firstChild[above];
    firstChild[above] = kept[i];
  }

  const length = kept.length + 1;
  const func = new Int32Array(length);
  const parent = new Int32Array(length).fill(-1);
  const depth = new Int32Array(length);
  const end = new Int32Array(length).fill(length);
  const x = new Float64Array(length);
  const weight = new Float64Array(length);
  const self = new Float64Array(length);
  const other = totalOther === undefined ? undefined : new Float64Array(length);
  const rows: number[][] = [];
  let above = -1;
  let left = 0;
  for (let node = 0, frame = 0; frame < length; frame++) {
    func[frame] = nodes.func[node];
    parent[frame] = above;
    depth[frame] = above < 0 ? 0 : depth[above] + 1;
    x[frame] = left;
    weight[frame] = total[node];
    self[frame] = nodes.own[node] - nodes.lost[node];
    if (other !== undefined) other[frame] = totalOther?.[node] ?? 0;
    if (depth[frame] === rows.length) rows.push([]);
    rows[depth[frame]].push(frame);
    if (firstChild[node] >= 0) {
      node = firstChild[node];
      above = frame;
      continue;
    }
    let last = frame;
    end[last] = frame + 1;
    while (node > 0 && nextSibling[node] < 0) {
      node = nodes.parent[node];
      last = parent[last];
      end[last] = frame + 1;
    }
    if (node === 0) break;
    node = nextSibling[node];
    left = x[last] + weight[last];
    above = parent[last];
  }
  return { length, func, parent, depth, end, x, weight, self, ...(other && { other }), rows };
}

/** The functions' ranks by name, by code unit: as the renderer sorts them. */
export function rankByName(
  names: readonly string[],
  placeOf: (func: number) => string,
): Int32Array {
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const order = names.map((_, func) => func);
  order.sort((a, b) => compare(names[a], names[b]) || compare(placeOf(a), placeOf(b)) || a - b);
  const rank = new Int32Array(names.length);
  order.forEach((func, position) => (rank[func] = position));
  return rank;
}

/** Where a way through the tree of `from`, from the root, leads in another: as far as it can be followed. */
export function sameWay(from: Frames, frame: number, to: Frames): number {
  const way: number[] = [];
  for (let above = frame; above > 0; above = from.parent[above]) way.push(from.func[above]);
  let found = 0;
  for (let func = way.pop(); func !== undefined; func = way.pop()) {
    let callee = found + 1;
    while (callee < to.end[found] && to.func[callee] !== func) callee = to.end[callee];
    if (callee < to.end[found]) found = callee;
  }
  return found;
}
