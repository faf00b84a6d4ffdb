/**
 * Call chains drawn as `perf report --stdio` draws them (tools/perf/ui/stdio/hist.c):
 *
 *             |
 *             ---main                     the only chain, all of the row's weight: no percentage
 *                |
 *                |--34.41%--c             a branch; frames that all of it shares follow below
 *                |          leaf
 *                |
 *                 --12.33%--rec           the last branch
 */
import { formatAddress, formatPercent } from '../../base/units.js';
import {
  CallGraph,
  type Chain,
  type ChainKey,
  type ChainNode,
  type ChainOptions,
  type ChainOrder,
} from '../../profile/report/callgraph.js';
import type { FlatProfile, FlatRow } from '../../profile/report/flat.js';
import { safe, type Sink } from './text.js';

const MARGIN = ' '.repeat(12);
const CELL = ' '.repeat(10);

/**
 * `graph` and `fractal` draw branches, with shares of everything or of what parts there; `flat` and
 * `folded` list whole chains, a frame or a chain per line.
 */
export type GraphType = 'graph' | 'fractal' | 'flat' | 'folded';
export type ChainValue = 'percent' | 'period' | 'count';

/** How graphs look; what is absent is as perf has it. */
export interface GraphForm {
  readonly type?: GraphType | 'none' | undefined;
  readonly key?: ChainKey | undefined;
  readonly value?: ChainValue | undefined;
  /** Branches below this many percent are left out; 0.5 where absent. */
  readonly limit?: number | undefined;
  /** The most branches, or chains, that are shown of a place; absent or 0 shows all. */
  readonly printLimit?: number | undefined;
  /** The most frames that stacks were cut to. */
  readonly maxStack?: number | undefined;
}

export interface GraphOptions extends GraphForm {
  readonly order: ChainOrder;
  readonly children: boolean;
  /** What 100 % is. */
  readonly total: number;
  /** Whether an only chain begins below its first frame, which the row names. */
  readonly skipsFirst?: boolean;
}

/** The graph that options ask for. */
export function graphOf(flat: FlatProfile, options: GraphOptions): CallGraph {
  const { type, order, children, key, limit = 0.5, total, maxStack } = options;
  const minWeight = type === 'fractal' ? 0 : Math.floor((total * limit) / 100);
  const chainOptions: ChainOptions = { order, children, key, minWeight, maxStack };
  return new CallGraph(
    flat,
    type === 'fractal' ? { ...chainOptions, minShare: limit / 100 } : chainOptions,
  );
}

/** What draws the graph of one row after the other, nothing where a row has none. */
export function graphWriter(
  flat: FlatProfile,
  options: GraphOptions,
  sink: Sink,
): (row: FlatRow) => void {
  const graph = graphOf(flat, options);
  const style: Style = {
    options,
    nameOf: frameNames(flat, options.key ?? 'function'),
    valueOf: valuePrinter(options.value ?? 'percent'),
    sink,
  };
  switch (options.type) {
    case 'flat':
      return (row) => writeFlat(graph.list(row), style);
    case 'folded':
      return (row) => writeFolded(graph.list(row), style);
    default:
      return (row) => {
        const whole = options.children
          ? { weight: row.children, samples: row.childrenSamples }
          : { weight: row.self, samples: row.selfSamples };
        writeGraph(graph.chains(row), whole, style);
      };
  }
}

interface Share {
  readonly weight: number;
  readonly samples: number;
}

interface Style {
  readonly options: GraphOptions;
  /** Name of a node's frame, made safe. */
  readonly nameOf: (node: number) => string;
  /** A branch's value: weight in a total, or samples. */
  readonly valueOf: (weight: number, samples: number, total: number) => string;
  readonly sink: Sink;
}

function valuePrinter(value: ChainValue): Style['valueOf'] {
  if (value === 'count') return (_, samples) => String(samples);
  if (value === 'period') return (weight) => String(weight);
  const known = new Map<number, string>(); // few weights stand in many places
  let knownTotal = 0;
  return (weight, _, total) => {
    if (total !== knownTotal) known.clear();
    knownTotal = total;
    let text = known.get(weight);
    if (text === undefined) known.set(weight, (text = formatPercent(weight, total)));
    return text;
  };
}

/** `name`, with its line or address behind it where these tell frames apart. */
export function frameNames({ tree }: FlatProfile, key: ChainKey): (node: number) => string {
  const { functions, frames, strings } = tree.profile;
  const names: string[] = [];
  const nameOf = (func: number): string => {
    if (func < 0) return '[unknown]';
    names[func] ??= safe(strings[functions.name[func]]);
    return names[func];
  };
  return (node) => {
    const func = tree.func[node];
    const inlined = func >= 0 && functions.inlined[func] === 1 ? ' (inlined)' : '';
    if (key === 'function' || func < 0) return `${nameOf(func)}${inlined}`;
    const line = tree.line[node];
    const file = tree.file[node];
    const place =
      line >= 0 && file >= 0
        ? ` ${safe(strings[file].replace(/^.*\//s, ''))}:${line}`
        : key === 'address'
          ? ` 0x${formatAddress(frames.address[tree.frame[node]])}`
          : '';
    return `${nameOf(func)}${place}${inlined}`;
  };
}

/** @param whole weight and samples of the row */
function writeGraph(branches: readonly ChainNode[], whole: Share, style: Style): void {
  if (branches.length === 0) return;
  const { sink, nameOf, options } = style;
  const total = options.type === 'fractal' ? whole.weight : options.total;
  const only = branches[0];
  if (branches.length > 1 || only.weight !== whole.weight) {
    writeBranches(branches, MARGIN, { total, samples: whole.samples }, style);
    sink('\n');
    return;
  }
  const first = options.skipsFirst ? 1 : 0;
  const { printLimit = 0 } = options;
  const shown = only.nodes.slice(first, printLimit === 0 ? undefined : first + printLimit);
  if (shown.length > 0) sink(`${MARGIN}|\n`);
  shown.forEach((node, index) => {
    sink(`${MARGIN}${index === 0 ? '---' : '   '}${nameOf(node)}\n`);
  });
  const margin = shown.length > 0 ? `${MARGIN}   ` : MARGIN;
  if (only.cut) sink(`${margin}[...]\n`);
  writeBranches(only.children, margin, { total, samples: partingSamples(only) }, style);
  if (shown.length > 0 || only.children.length > 0) sink('\n');
}

function partingSamples({ samples, endedSamples }: ChainNode): number {
  return samples - endedSamples;
}

/** Recursion is as deep as `MAX_CHAIN_DEPTH` of the chains. */
function writeBranches(
  branches: readonly ChainNode[],
  lead: string,
  parting: { readonly total: number; readonly samples: number },
  style: Style,
): void {
  const { sink, nameOf, valueOf, options } = style;
  const isFractal = options.type === 'fractal';
  let { total: weight, samples } = parting; // not shown so far
  limited(branches, options).forEach((branch, index) => {
    weight -= branch.weight;
    samples -= branch.samples;
    const isLast = index === branches.length - 1 && (!isFractal || weight === 0);
    const bar = isLast ? ' ' : '|';
    sink(`${lead}|${CELL}\n`);
    const value = `--${valueOf(branch.weight, branch.samples, parting.total)}--`;
    branch.nodes.forEach((node, frame) => {
      sink(`${lead}${bar}${frame === 0 ? value : CELL}${nameOf(node)}\n`);
    });
    const below = `${lead}${bar}${CELL}`;
    if (branch.cut) sink(`${below}[...]\n`);
    const total = isFractal ? branch.weight - branch.ended : parting.total;
    writeBranches(branch.children, below, { total, samples: partingSamples(branch) }, style);
  });
  // What the limits hide, where they leave something.
  if (!isFractal || weight === 0 || weight === parting.total) return;
  if (options.value === 'count' && samples <= 0) return;
  sink(`${lead} --${valueOf(weight, samples, parting.total)}--[...]\n`);
}

function writeFlat(chains: readonly Chain[], { sink, nameOf, valueOf, options }: Style): void {
  for (const { nodes, weight, samples, cut } of limited(chains, options)) {
    // As perf has it, with chains that go on from this one.
    sink(`${' '.repeat(11)}${valueOf(weight, samples, options.total)}\n`);
    for (const node of nodes) sink(`${' '.repeat(16)}${nameOf(node)}\n`);
    if (cut) sink(`${' '.repeat(16)}[...]\n`);
    sink('\n');
  }
}

function writeFolded(chains: readonly Chain[], { sink, nameOf, valueOf, options }: Style): void {
  for (const { nodes, ended, endedSamples, cut } of limited(chains, options)) {
    const names = nodes.map(nameOf);
    if (cut) names.push('[...]');
    sink(`${valueOf(ended, endedSamples, options.total)} ${names.join(';')}\n`);
  }
}

function limited<T>(all: readonly T[], { printLimit = 0 }: GraphForm): readonly T[] {
  return printLimit === 0 ? all : all.slice(0, printLimit);
}
