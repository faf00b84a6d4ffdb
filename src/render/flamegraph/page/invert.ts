import type { Nodes } from './tree.js';

/**
 * The stacks turned around and merged: below the root the innermost functions, below each its callers.
 * Cost: a step per node and caller. What is lighter than `least` goes to `lost`, so that the tree stays as
 * small as its picture.
 *
 * @param narrow the function that stands for frames that were left out before
 */
export function invertNodes(nodes: Nodes, narrow: number, least: number): Nodes {
  // Stacks as places where they end: each climbs from there to the root, and splits groups as it climbs.
  const ends: number[] = [];
  for (let node = 1; node < nodes.length; node++) {
    if (nodes.own[node] > nodes.lost[node] || (nodes.other?.[node] ?? 0) > 0) ends.push(node);
    if (nodes.lost[node] > 0) ends.push(-node); // by way of `narrow`
  }
  const func: number[] = [nodes.func[0]];
  const parent: number[] = [-1];
  const own: number[] = [nodes.own[0]];
  const lost: number[] = [nodes.lost[0]];
  const other: number[] = [nodes.other?.[0] ?? 0];

  let functions = narrow + 1;
  for (const one of nodes.func) if (one >= functions) functions = one + 1;
  const weightOf = new Float64Array(functions);
  const otherOf = new Float64Array(functions);
  const countOf = new Int32Array(functions);
  const placeOf = new Int32Array(functions);

  let members: Int32Array = Int32Array.from(ends, (_, index) => index);
  const cursor = Int32Array.from(ends);
  /** Groups of members with the same way so far: `[node, from, to]` each. */
  let groups: number[] = [0, 0, members.length];
  while (groups.length > 0) {
    const next = new Int32Array(members.length);
    const nextGroups: number[] = [];
    let free = 0;
    for (let group = 0; group < groups.length; group += 3) {
      const node = groups[group];
      const met: number[] = [];
      for (let i = groups[group + 1]; i < groups[group + 2]; i++) {
        const member = members[i];
        const end = ends[member];
        const at = end < 0 ? -end : end;
        const weight = end < 0 ? nodes.lost[at] : nodes.own[at] - nodes.lost[at];
        const theirs = end < 0 ? 0 : (nodes.other?.[at] ?? 0);
        if (cursor[member] === 0) {
          own[node] += weight;
          other[node] += theirs;
          continue;
        }
        const callee = cursor[member] < 0 ? narrow : nodes.func[cursor[member]];
        if (countOf[callee]++ === 0) met.push(callee);
        weightOf[callee] += weight;
        otherOf[callee] += theirs;
      }
      for (const callee of met) {
        if (Math.max(weightOf[callee], otherOf[callee]) >= least) {
          placeOf[callee] = free;
          free += countOf[callee];
          nextGroups.push(func.length, placeOf[callee], free);
          func.push(callee);
          parent.push(node);
          own.push(0);
          lost.push(0);
          other.push(0);
        } else {
          placeOf[callee] = -1;
          own[node] += weightOf[callee];
          lost[node] += weightOf[callee];
          other[node] += otherOf[callee];
        }
        weightOf[callee] = 0;
        otherOf[callee] = 0;
        countOf[callee] = 0;
      }
      for (let i = groups[group + 1]; i < groups[group + 2]; i++) {
        const member = members[i];
        const at = cursor[member];
        const callee = at < 0 ? narrow : nodes.func[at];
        if (at === 0 || placeOf[callee] < 0) continue;
        next[placeOf[callee]++] = member;
        cursor[member] = at < 0 ? -at : nodes.parent[at];
      }
    }
    members = next.subarray(0, free);
    groups = nextGroups;
  }
  return {
    length: func.length,
    func: Int32Array.from(func),
    parent: Int32Array.from(parent),
    own: Float64Array.from(own),
    lost: Float64Array.from(lost),
    ...(nodes.other && { other: Float64Array.from(other) }),
  };
}
