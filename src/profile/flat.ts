/**
 * The flat profile: one row per distinct value of the sort keys (`perf report --sort`), with its own
 * weight and that of what it calls.
 */
import { basename } from 'node:path';

import { callTree, type CallTree, type GroupKey } from './calltree.js';
import { InternedPairs } from './interned.js';
import type { Profile } from './profile.js';

/** `perf report --sort`'s names, and `wait`: what threads were off their CPUs for. */
export type SortKey = 'comm' | 'pid' | 'tid' | 'dso' | 'symbol' | 'srcline' | 'srcfile' | 'wait';

export const DEFAULT_SORT_KEYS: readonly SortKey[] = ['comm', 'dso', 'symbol'];

/** A row; what is not among the sort keys is -1. */
export interface FlatRow {
  /** Value of {@link FlatProfile.rowOf} for this row's nodes. */
  readonly id: number;
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
  /** Of `srcline` `file.c:12`, of `srcfile` `file.c`; the function's name where no line is known. */
  readonly source: string;
  /** Of samples that end in the row. */
  self: number;
  selfSamples: number;
  /** Of samples that have the row anywhere on their stack, each counted once whatever the recursion. */
  children: number;
  childrenSamples: number;
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
  readonly keys: readonly SortKey[];
  /** Unsorted; see {@link sortRows}. */
  readonly rows: readonly FlatRow[];
  /** Row of each node of the tree. */
  readonly rowOf: Int32Array;
  /** Row that each node's own weight counts for: of an inlined function the one that has its code. */
  readonly selfRowOf: Int32Array;
  /** The node itself, or of an inlined function the node of the one that has its code. */
  readonly ownerOf: Int32Array;
}

/** The flat profile of one event. */
export function flatProfile(
  profile: Profile,
  event: number,
  keys: readonly SortKey[] = DEFAULT_SORT_KEYS,
): FlatProfile {
  const byLine = keys.includes('srcline') || keys.includes('srcfile');
  const tree = callTree(profile, event, groupKeys(keys), byLine);
  const made = makeRows(tree, keys);
  const { rows, rowOf, selfRowOf } = made;
  addSelf(tree, rows, selfRowOf);
  addPlaces(tree, rows, rowOf);
  addChildren(tree, rows, rowOf);
  return { kind: 'flat', tree, keys, ...made };
}

function groupKeys(keys: readonly SortKey[]): GroupKey[] {
  const by: GroupKey[] = [];
  if (keys.includes('comm')) by.push('comm');
  if (keys.includes('tid')) by.push('thread');
  else if (keys.includes('pid')) by.push('pid');
  if (keys.includes('wait')) by.push('wait');
  return by;
}

function makeRows(
  tree: CallTree,
  keys: readonly SortKey[],
): Pick<FlatProfile, 'rowOf' | 'selfRowOf' | 'ownerOf'> & { rows: FlatRow[] } {
  const { functions } = tree.profile;
  const bySymbol = keys.includes('symbol');
  const byModule = bySymbol || keys.includes('dso');
  const sources = keys.includes('srcline') || keys.includes('srcfile') ? sourcesOf(tree, keys) : [];
  const texts = new Map<string, number>();
  const places = new InternedPairs(); // (function or module, source)
  const classes = new InternedPairs(); // (group, place)
  const rows: FlatRow[] = [];

  /** The row of an owner's symbol and a node's line. */
  const rowFor = (node: number, owner: number): number => {
    const func = tree.func[owner];
    const module = byModule && func >= 0 ? functions.module[func] : -1;
    const source = sources[node] ?? '';
    if (!texts.has(source)) texts.set(source, texts.size);
    const place = places.intern(bySymbol ? func : module, texts.get(source) ?? 0);
    const id = classes.intern(tree.group[node], place);
    if (id === rows.length) {
      rows.push({
        id,
        ...tree.groups[tree.group[node]],
        module,
        func: bySymbol ? func : -1,
        source,
        self: 0,
        selfSamples: 0,
        children: 0,
        childrenSamples: 0,
        firstThread: -1,
        reach: 0,
        depth: 0,
      });
    }
    return id;
  };

  const ownerOf = ownersOf(tree);
  const rowOf = new Int32Array(tree.length);
  const selfRowOf = new Int32Array(tree.length);
  for (let node = 0; node < tree.length; node++) {
    rowOf[node] = rowFor(node, node);
    const owner = ownerOf[node];
    selfRowOf[node] = owner === node ? rowOf[node] : rowFor(node, owner);
  }
  return { rows, rowOf, selfRowOf, ownerOf };
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

/** The text of each node's place in the source. */
function sourcesOf({ profile, func, file, line, length }: CallTree, keys: readonly SortKey[]) {
  const { strings, functions } = profile;
  const byLine = keys.includes('srcline');
  return Array.from({ length }, (_, node) => {
    const name = file[node] < 0 ? '' : basename(strings[file[node]]);
    if (name !== '' && line[node] >= 0 && byLine) return `${name}:${line[node]}`;
    if (name !== '' || !byLine) return name;
    return func[node] < 0 ? '[unknown]' : strings[functions.name[func[node]]];
  });
}

function addSelf(tree: CallTree, rows: readonly FlatRow[], selfRowOf: Int32Array): void {
  for (let node = 0; node < tree.length; node++) {
    const row = rows[selfRowOf[node]];
    row.self += tree.self[node];
    row.selfSamples += tree.selfSamples[node];
    if (tree.selfSamples[node] > 0) row.reach = Math.max(row.reach, tree.depth[node]);
  }
}

/** What decides between rows of equal weight. */
function addPlaces(tree: CallTree, rows: readonly FlatRow[], rowOf: Int32Array): void {
  const first = new Int32Array(rows.length).fill(0x7fffffff);
  for (let node = 0; node < tree.length; node++) {
    const row = rows[rowOf[node]];
    row.depth = Math.max(row.depth, tree.depth[node]);
    first[row.id] = Math.min(first[row.id], tree.firstSample[node]);
  }
  for (const row of rows) row.firstThread = tree.profile.samples.thread[first[row.id]] ?? -1;
}

/** Adds what passes through the outermost node of each row on each path. */
function addChildren(tree: CallTree, rows: readonly FlatRow[], rowOf: Int32Array): void {
  const deepest = deepestLeaf(tree);
  forEachOutermost(tree, rowOf, rows.length, (node) => {
    const row = rows[rowOf[node]];
    row.children += tree.total[node];
    row.childrenSamples += tree.totalSamples[node];
    row.reach = Math.max(row.reach, deepest[node] - tree.depth[node] + 1);
  });
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

/** How rows are sorted. */
export interface RowOrder {
  /** By children's weight first (`--children`), else by self weight. */
  readonly children: boolean;
  /** What decides between callers and callees of equal weight, as perf does with call graphs. */
  readonly chain?: 'caller' | 'callee' | undefined;
}

/**
 * Rows as `perf report` sorts them (tools/perf/ui/hist.c): by weight, heaviest first; between equal
 * children's weights of one thread, callers above callees where call graphs are shown; then by self
 * weight, command, module and symbol.
 */
export function sortRows(flat: FlatProfile, order: RowOrder): FlatRow[] {
  const { strings, modules, functions } = flat.tree.profile;
  const text = (index: number) => (index < 0 ? '' : strings[index]);
  const unknown = '\uffff'; // perf puts what it knows no module of last
  const moduleName = (row: FlatRow) => {
    const name = row.module < 0 ? '[unknown]' : text(modules.name[row.module]);
    return name === '[unknown]' ? unknown : name;
  };
  const symbol = (row: FlatRow) => (row.func < 0 ? '' : text(functions.name[row.func]));
  const byChain = (a: FlatRow, b: FlatRow): number => {
    if (order.chain === undefined || a.firstThread !== b.firstThread) return 0;
    return order.chain === 'caller' ? b.reach - a.reach : a.depth - b.depth;
  };
  return [...flat.rows].sort(
    (a, b) =>
      (order.children ? b.children - a.children || byChain(a, b) : 0) ||
      b.self - a.self ||
      compareBytes(text(a.comm), text(b.comm)) ||
      a.pid - b.pid ||
      a.thread - b.thread ||
      a.wait - b.wait ||
      compareBytes(moduleName(a), moduleName(b)) ||
      compareBytes(symbol(a), symbol(b)) ||
      compareBytes(a.source, b.source) ||
      a.id - b.id,
  );
}

/** As strcmp(3) on ASCII; names beyond it sort by UTF-16 unit, which no locale changes either. */
function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
