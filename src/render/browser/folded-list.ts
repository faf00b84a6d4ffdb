/**
 * Rows, and below those that were opened their call graphs: what stands in each line of the list.
 *
 *     - 99.10%  app  main            a row, open
 *          main                      a run of frames that has all of the row's weight, open
 *          run
 *        - 61.00% parse              a branch, open
 *             tokens
 *        + 38.10% write              a branch, closed
 *     + 61.00%  app  parse           a row, closed
 *
 * Rows of a hierarchy open to the rows of the next level, those of the last level to call graphs:
 *
 *       99.10%  - app
 *       61.00%    + libparse.so
 *
 * Call graphs are grown when they are opened first. A line is found by binary search among the rows.
 */
import type { ChainNode } from '../../profile/report/callgraph.js';
import type { Entry } from '../../profile/report/entries.js';
import type { Fold, FoldState } from './protocol.js';
import type { Row } from './table.js';

/** One frame of a call graph that is shown. */
export interface ChainEntry {
  readonly node: ChainNode;
  /** Index into the node's run; the first one has the percentage, and opens and closes it. */
  readonly frame: number;
  /** Of branches that it lies in. */
  readonly depth: number;
  /** Weight of what parts where the node does. */
  readonly parting: number;
}

/** What stands in a line. */
export interface ListEntry {
  readonly row: Row;
  readonly chain?: ChainEntry;
  readonly fold: FoldState;
}

interface OpenGraph {
  readonly chains: readonly ChainNode[];
  readonly open: Set<ChainNode>;
  /** Absent after a change. */
  entries?: readonly ChainEntry[];
}

/** What is open; it stays so while rows come and go. */
export interface OpenRows {
  readonly graphs: Map<Entry, OpenGraph>;
  /** Nodes of a hierarchy, by their paths. */
  readonly levels: Set<string>;
}

/** Where call graphs come from. */
export interface Graphs {
  canOpen(entry: Entry): boolean;
  /** Grows the call graph of an entry. */
  chains(entry: Entry): readonly ChainNode[];
}

/** The rows that are not hidden by one that is closed. */
interface Layout {
  readonly rows: readonly Row[];
  /** Line of each row, and behind the last one how many lines there are. */
  readonly starts: Int32Array;
}

export class FoldedList {
  /** Absent after a change. */
  private layout: Layout | undefined;

  /** @param top the rows, or of a hierarchy those at its top */
  constructor(
    private readonly top: readonly Row[],
    private readonly source: Graphs,
    private readonly open: OpenRows,
  ) {}

  get length(): number {
    const { rows, starts } = this.lines();
    return starts[rows.length];
  }

  /** What stands in a line, which must be one of the list's. */
  at(line: number): ListEntry {
    const { rows, starts } = this.lines();
    const index = this.rowIndexAt(line);
    const row = rows[index];
    const graph = this.graphOf(row);
    if (line === starts[index]) return { row, fold: this.foldOf(row) };
    const chain = entriesOf(graph)[line - starts[index] - 1];
    const hasMore = chain.frame === 0 && hasMoreBelow(chain.node);
    const fold = !hasMore ? 'none' : graph?.open.has(chain.node) === true ? 'open' : 'closed';
    return { row, chain, fold };
  }

  /** Opens or closes; returns the line where the cursor belongs. */
  fold({ how, line }: Fold): number {
    const { row, chain } = this.at(line);
    const shown = this.lines().rows;
    const { levels, graphs } = this.open;
    this.layout = undefined;
    if (how === 'open-all') this.openEverything();
    else if (how === 'close-all') {
      levels.clear();
      graphs.clear();
    } else if (how === 'close') this.close(row, shown);
    else if (row.children.length > 0) this.foldLevels(row, how);
    else if (row.entry !== undefined) {
      if (chain !== undefined) {
        return this.foldBranch(row.entry, chain.node, how, line - chain.frame);
      }
      this.foldGraph(row.entry, how);
    }
    return this.lineOf(row);
  }

  private foldOf(row: Row): FoldState {
    if (row.children.length > 0) return this.open.levels.has(row.path) ? 'open' : 'closed';
    if (this.graphOf(row) !== undefined) return 'open';
    return row.entry !== undefined && this.source.canOpen(row.entry) ? 'closed' : 'none';
  }

  private graphOf({ entry }: Row): OpenGraph | undefined {
    return entry && this.open.graphs.get(entry);
  }

  /** Of a hierarchy first all levels, then call graphs, too. */
  private openEverything(): void {
    const { levels } = this.open;
    const paths = pathsBelow(this.top);
    if (paths.every((path) => levels.has(path))) {
      for (const { entry } of leavesOf(this.top)) if (entry !== undefined) this.openAll(entry);
    }
    for (const path of paths) levels.add(path);
  }

  /** Closes a row, or where it is closed the one that it lies in. */
  private close(row: Row, shown: readonly Row[]): void {
    const { entry, level = 0 } = row;
    const { graphs, levels } = this.open;
    if (entry !== undefined && graphs.delete(entry)) return;
    if (levels.delete(row.path) || level === 0) return;
    const above = shown.findLast((one) => one.level === level - 1 && isBelow(row, one));
    if (above !== undefined) levels.delete(above.path);
  }

  private foldLevels(row: Row, how: 'toggle' | 'toggle-below'): void {
    const { levels } = this.open;
    const paths = how === 'toggle' ? [row.path] : pathsBelow([row]);
    if (paths.every((path) => levels.has(path))) for (const path of paths) levels.delete(path);
    else if (how === 'toggle') openOnly(levels, [row]);
    else for (const path of paths) levels.add(path);
  }

  private foldGraph(entry: Entry, how: 'toggle' | 'toggle-below'): void {
    const { graphs } = this.open;
    if (!graphs.has(entry)) this.openGraph(entry, how === 'toggle-below');
    else if (how === 'toggle' || this.isAllOpen(entry)) graphs.delete(entry);
    else this.openAll(entry);
  }

  private foldBranch(entry: Entry, node: ChainNode, how: Fold['how'], line: number): number {
    const graph = this.open.graphs.get(entry);
    if (graph === undefined) return line;
    delete graph.entries;
    const below = nodesFrom([node]);
    const isOpen = how === 'toggle' ? graph.open.has(node) : below.every((n) => graph.open.has(n));
    if (isOpen) for (const one of below) graph.open.delete(one);
    else if (how === 'toggle') openNode(graph.open, node);
    else for (const one of below) graph.open.add(one);
    return line;
  }

  private openGraph(entry: Entry, all: boolean): void {
    if (!this.source.canOpen(entry)) return;
    const chains = this.source.chains(entry);
    const open = new Set<ChainNode>(all ? nodesFrom(chains) : []);
    // What is the only one is not worth a key.
    if (!all && chains.length === 1) openNode(open, chains[0]);
    this.open.graphs.set(entry, { chains, open });
  }

  private openAll(entry: Entry): void {
    const graph = this.open.graphs.get(entry);
    if (graph === undefined) return this.openGraph(entry, true);
    delete graph.entries;
    for (const node of nodesFrom(graph.chains)) graph.open.add(node);
  }

  private isAllOpen(entry: Entry): boolean {
    const graph = this.open.graphs.get(entry);
    return graph !== undefined && nodesFrom(graph.chains).every((node) => graph.open.has(node));
  }

  /** The line of a row, or where it is hidden of the one that hides it. */
  private lineOf(row: Row): number {
    const { rows, starts } = this.lines();
    return starts[rows.findLastIndex((one) => one === row || isBelow(row, one))];
  }

  private lines(): Layout {
    if (this.layout !== undefined) return this.layout;
    const rows = shownRows(this.top, this.open.levels);
    const starts = new Int32Array(rows.length + 1);
    const { graphs } = this.open;
    let line = 0;
    rows.forEach((row, index) => {
      starts[index] = line;
      line += 1 + (graphs.size === 0 ? 0 : entriesOf(this.graphOf(row)).length);
    });
    starts[rows.length] = line;
    return (this.layout = { rows, starts });
  }

  /** The row that a line belongs to. */
  private rowIndexAt(line: number): number {
    const { rows, starts } = this.lines();
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= line) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function isBelow({ path }: Row, above: Row): boolean {
  return path.startsWith(`${above.path},`);
}

/** Opens rows of a hierarchy as long as there is but one. */
export function openOnly(levels: Set<string>, rows: readonly Row[]): void {
  for (let at = rows; at.length === 1 && at[0].children.length > 0; at = at[0].children) {
    levels.add(at[0].path);
  }
}

/** The paths of all rows of a hierarchy that can be opened. */
export function pathsBelow(rows: readonly Row[]): string[] {
  return rows.flatMap((row) =>
    row.children.length === 0 ? [] : [row.path, ...pathsBelow(row.children)],
  );
}

function leavesOf(rows: readonly Row[]): Row[] {
  return rows.flatMap((row) => (row.children.length === 0 ? [row] : leavesOf(row.children)));
}

function shownRows(rows: readonly Row[], levels: ReadonlySet<string>): readonly Row[] {
  if (rows.every(({ children }) => children.length === 0)) return rows;
  return rows.flatMap((row) =>
    row.children.length > 0 && levels.has(row.path)
      ? [row, ...shownRows(row.children, levels)]
      : [row],
  );
}

function hasMoreBelow({ funcs, children }: ChainNode): boolean {
  return funcs.length > 1 || children.length > 0;
}

/** Opens a branch, and those below as long as there is but one. */
function openNode(open: Set<ChainNode>, node: ChainNode): void {
  for (let one: ChainNode | undefined = node; one !== undefined;) {
    open.add(one);
    one = one.children.length === 1 ? one.children[0] : undefined;
  }
}

/** All nodes of a call graph that can be opened. */
function nodesFrom(chains: readonly ChainNode[]): ChainNode[] {
  const nodes: ChainNode[] = [];
  const pending = [...chains];
  for (let node; (node = pending.pop()) !== undefined;) {
    if (hasMoreBelow(node)) nodes.push(node);
    for (const child of node.children) pending.push(child);
  }
  return nodes;
}

/** Recursion is as deep as `MAX_CHAIN_DEPTH` of the chains. */
function entriesOf(graph: OpenGraph | undefined): readonly ChainEntry[] {
  if (graph === undefined) return [];
  if (graph.entries !== undefined) return graph.entries;
  const entries: ChainEntry[] = [];
  const add = (chains: readonly ChainNode[], depth: number, parting: number): void => {
    for (const node of chains) {
      entries.push({ node, frame: 0, depth, parting });
      if (!graph.open.has(node)) continue;
      for (let frame = 1; frame < node.funcs.length; frame++) {
        entries.push({ node, frame, depth, parting });
      }
      add(node.children, depth + 1, node.weight - node.ended);
    }
  };
  add(graph.chains, 0, 0);
  return (graph.entries = entries);
}
