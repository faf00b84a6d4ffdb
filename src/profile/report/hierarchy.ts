/**
 * The rows of a report as a tree (`perf report --hierarchy`): each sort key is a level, and what stands below
 * a node is its weight told apart by the next key.
 */
import { sortEntries, type Entry, type RowOrder } from './entries.js';
import type { RowWeights } from './flat.js';
import type { KeyColumn } from './key-columns.js';

export interface HierarchyNode extends Entry<RowWeights> {
  /** 0 at the top. `values` are those of an entry below: up to this level all of them agree. */
  readonly level: number;
  /** Sums over what is below. */
  readonly rows: readonly RowWeights[];
  /** Sorted. */
  readonly children: readonly HierarchyNode[];
  /** The entry itself, at the last level. */
  readonly entry?: Entry;
}

/** A node that grows. */
interface Branch extends HierarchyNode {
  readonly children: Branch[];
  readonly below: Map<number, Branch>;
}

/**
 * @param entries of a report without `--children`: what rows call has no sum
 * @param levels indexes of the columns that are levels, the outermost first
 * @param order as the entries have it
 */
export function hierarchy(
  entries: readonly Entry[],
  columns: readonly KeyColumn[],
  levels: readonly number[],
  order: RowOrder,
): HierarchyNode[] {
  const top = newBranch([], [], -1);
  for (const entry of entries) {
    let at = top;
    levels.forEach((column, level) => {
      const value = entry.values[column];
      let next = at.below.get(value);
      if (next === undefined) {
        const isLast = level === levels.length - 1;
        next = newBranch(entry.values, entry.rows, level, isLast ? entry : undefined);
        at.below.set(value, next);
        at.children.push(next);
      }
      addTo(next.rows, entry.rows);
      at = next;
    });
  }
  return sorted(top.children, columns, order);
}

function newBranch(
  values: readonly number[],
  rows: readonly unknown[],
  level: number,
  entry?: Entry,
): Branch {
  return {
    level,
    values,
    rows: rows.map(() => ({ self: 0, selfSamples: 0, kernel: 0, children: 0, childrenSamples: 0 })),
    children: [],
    below: new Map(),
    ...(entry === undefined ? {} : { entry }),
  };
}

function addTo(sums: readonly RowWeights[], rows: Entry['rows']): void {
  sums.forEach((sum, event) => {
    const row = rows[event];
    if (row === undefined) return;
    sum.self += row.self;
    sum.selfSamples += row.selfSamples;
    sum.kernel += row.kernel;
  });
}

/** Recursion is as deep as there are sort keys. */
function sorted(
  nodes: readonly Branch[],
  columns: readonly KeyColumn[],
  order: RowOrder,
): HierarchyNode[] {
  return sortEntries(nodes, columns, order).map(({ below: _, ...node }) => ({
    ...node,
    children: sorted(node.children, columns, order),
  }));
}
