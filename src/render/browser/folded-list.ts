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
 * Call graphs are grown when they are opened first. A line is found by binary search among the rows.
 */
import type { ChainNode } from '../../profile/report/callgraph.js';
import type { Fold, FoldState } from './protocol.js';

/** One frame of a call graph that is shown. */
export interface ChainEntry {
  readonly node: ChainNode;
  /** Index into the node's run; the first one has the percentage, and opens and closes it. */
  readonly frame: number;
  /** Of branches that it lies in. */
  readonly depth: number;
}

export interface Entry<Row> {
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

/** The call graphs that are open; they stay so while rows come and go. */
export class OpenGraphs<Row> {
  readonly graphs = new Map<Row, OpenGraph>();

  /** @param chainsOf grows the call graph of a row */
  constructor(readonly chainsOf: (row: Row) => readonly ChainNode[]) {}
}

export class FoldedList<Row> {
  /** Line of each row, and behind the last one how many lines there are. */
  private starts: Int32Array | undefined;

  constructor(
    readonly rows: readonly Row[],
    private readonly graphs: OpenGraphs<Row>,
    /** Whether a row has a call graph. */
    private readonly canOpen: (row: Row) => boolean,
  ) {}

  get length(): number {
    return this.lineOfRow(this.rows.length);
  }

  /** What stands in a line, which must be one of the list's. */
  at(line: number): Entry<Row> {
    const index = this.rowIndexAt(line);
    const row = this.rows[index];
    const graph = this.graphs.graphs.get(row);
    if (line === this.lineOfRow(index)) {
      const fold = graph !== undefined ? 'open' : this.canOpen(row) ? 'closed' : 'none';
      return { row, fold };
    }
    const chain = entriesOf(graph)[line - this.lineOfRow(index) - 1];
    const hasMore = chain.frame === 0 && hasMoreBelow(chain.node);
    const fold = !hasMore ? 'none' : graph?.open.has(chain.node) === true ? 'open' : 'closed';
    return { row, chain, fold };
  }

  /** Opens or closes; returns the line where the cursor belongs. */
  fold({ how, line }: Fold): number {
    const index = this.rowIndexAt(line);
    const row = this.rows[index];
    const chain = this.at(line).chain;
    this.starts = undefined;
    if (how === 'open-all') for (const one of this.rows) this.openAll(one);
    else if (how === 'close-all') this.graphs.graphs.clear();
    else if (how === 'close') this.graphs.graphs.delete(row);
    else if (chain !== undefined) return this.foldBranch(row, chain.node, how, line - chain.frame);
    else if (!this.graphs.graphs.has(row)) this.openRow(row, how === 'toggle-below');
    else if (how === 'toggle' || this.isAllOpen(row)) this.graphs.graphs.delete(row);
    else this.openAll(row);
    return this.lineOfRow(index);
  }

  private foldBranch(row: Row, node: ChainNode, how: Fold['how'], line: number): number {
    const graph = this.graphs.graphs.get(row);
    if (graph === undefined) return line;
    delete graph.entries;
    const below = nodesFrom([node]);
    const isOpen = how === 'toggle' ? graph.open.has(node) : below.every((n) => graph.open.has(n));
    if (isOpen) for (const one of below) graph.open.delete(one);
    else if (how === 'toggle') openNode(graph.open, node);
    else for (const one of below) graph.open.add(one);
    return line;
  }

  private openRow(row: Row, all: boolean): void {
    if (!this.canOpen(row)) return;
    const chains = this.graphs.chainsOf(row);
    const open = new Set<ChainNode>(all ? nodesFrom(chains) : []);
    // What is the only one is not worth a key.
    if (!all && chains.length === 1) openNode(open, chains[0]);
    this.graphs.graphs.set(row, { chains, open });
  }

  private openAll(row: Row): void {
    const graph = this.graphs.graphs.get(row);
    if (graph === undefined) return this.openRow(row, true);
    delete graph.entries;
    for (const node of nodesFrom(graph.chains)) graph.open.add(node);
  }

  private isAllOpen(row: Row): boolean {
    const graph = this.graphs.graphs.get(row);
    return graph !== undefined && nodesFrom(graph.chains).every((node) => graph.open.has(node));
  }

  private lineOfRow(index: number): number {
    return this.lines()[index];
  }

  private lines(): Int32Array {
    if (this.starts !== undefined) return this.starts;
    const starts = new Int32Array(this.rows.length + 1);
    const { graphs } = this.graphs;
    let line = 0;
    this.rows.forEach((row, index) => {
      starts[index] = line;
      line += 1 + (graphs.size === 0 ? 0 : entriesOf(graphs.get(row)).length);
    });
    starts[this.rows.length] = line;
    return (this.starts = starts);
  }

  /** The row that a line belongs to. */
  private rowIndexAt(line: number): number {
    const starts = this.lines();
    let low = 0;
    let high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= line) low = middle;
      else high = middle - 1;
    }
    return low;
  }
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
  const add = (chains: readonly ChainNode[], depth: number): void => {
    for (const node of chains) {
      entries.push({ node, frame: 0, depth });
      if (!graph.open.has(node)) continue;
      for (let frame = 1; frame < node.funcs.length; frame++) entries.push({ node, frame, depth });
      add(node.children, depth + 1);
    }
  };
  add(graph.chains, 0);
  return (graph.entries = entries);
}
