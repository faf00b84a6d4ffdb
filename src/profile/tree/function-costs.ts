/** What each function costs, as a table: its own, and with what it calls. */
import type { CallTree } from '../calltree.js';
import { forEachOutermost } from '../report/flat.js';
import { InternedPairs } from '../interned.js';
import type { Entry } from './outline.js';

export interface FunctionCost {
  /** Index into `functions`; -1 for samples without frames. */
  readonly func: number;
  /** Of samples that end in it. */
  readonly self: Entry;
  /** Of samples that have it anywhere on their stack, each counted once whatever the recursion. */
  readonly total: Entry;
}

export interface FunctionTable extends Entry {
  /** Index into the tree's `groups`. */
  readonly group: number;
  readonly rows: readonly FunctionCost[];
}

/** The functions of each group of a tree, groups and rows heaviest first. */
export function functionCosts(tree: CallTree, sortBy: 'self' | 'total'): FunctionTable[] {
  const pairs = new InternedPairs(); // (group, function)
  const rowOf = new Int32Array(tree.length);
  for (let node = 0; node < tree.length; node++) {
    rowOf[node] = pairs.intern(tree.group[node], tree.func[node]);
  }
  const self = Array.from({ length: pairs.length }, () => ({ weight: 0, samples: 0 }));
  const total = Array.from({ length: pairs.length }, () => ({ weight: 0, samples: 0 }));
  for (let node = 0; node < tree.length; node++) {
    self[rowOf[node]].weight += tree.self[node];
    self[rowOf[node]].samples += tree.selfSamples[node];
  }
  forEachOutermost(tree, rowOf, pairs.length, (node) => {
    total[rowOf[node]].weight += tree.total[node];
    total[rowOf[node]].samples += tree.totalSamples[node];
  });
  const tables = tree.groups.map((_, group) => ({
    group,
    weight: 0,
    samples: 0,
    rows: [] as FunctionCost[],
  }));
  for (let row = 0; row < pairs.length; row++) {
    const table = tables[pairs.a.data[row]];
    table.weight += self[row].weight;
    table.samples += self[row].samples;
    table.rows.push({ func: pairs.b.data[row], self: self[row], total: total[row] });
  }
  const by = sortBy === 'self' ? (['self', 'total'] as const) : (['total', 'self'] as const);
  for (const { rows } of tables) {
    rows.sort(
      (a, b) =>
        b[by[0]].weight - a[by[0]].weight || b[by[1]].weight - a[by[1]].weight || a.func - b.func,
    );
  }
  return tables.sort((a, b) => b.weight - a.weight || a.group - b.group);
}
