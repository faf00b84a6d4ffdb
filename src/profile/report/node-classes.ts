/** Which nodes of a call tree are of one row: a pass over all nodes for each sort key. */
import type { CallTree } from '../calltree.js';
import { RepeatedPairs } from '../interned.js';

/** What all values are below, and at least -1; process IDs of a damaged file may be any numbers. */
export function boundOf(values: Int32Array): number {
  let most = 0;
  let least = 0;
  for (const value of values) {
    if (value > most) most = value;
    if (value < least) least = value;
  }
  return least < -1 ? Infinity : most + 1;
}

/** Classes of nodes that agree in every column and in the group of their samples. */
interface NodeClasses {
  readonly of: Int32Array;
  /** Of the row that a node's own weight counts for: an owner's symbol and the node's line. */
  readonly selfOf: Int32Array;
  readonly length: number;
}

export function classifyNodes(
  { group }: CallTree,
  ownerOf: Int32Array,
  groups: number,
  columns: readonly NodeValues[],
): NodeClasses {
  let of = group;
  let selfOf = group;
  let length = groups;
  for (const { values, byOwner } of columns) {
    const pairs = new RepeatedPairs(length, boundOf(values)); // (class so far, value)
    const finer = new Int32Array(of.length);
    const selfFiner = new Int32Array(of.length);
    for (let node = 0; node < of.length; node++) {
      const owner = ownerOf[node];
      finer[node] = pairs.intern(of[node], values[node]);
      selfFiner[node] =
        owner === node ? finer[node] : pairs.intern(selfOf[node], values[byOwner ? owner : node]);
    }
    of = finer;
    selfOf = selfFiner;
    length = pairs.pairs.length;
  }
  return { of, selfOf, length };
}

interface NodeValues {
  readonly values: Int32Array;
  readonly byOwner: boolean;
}
