/** `-g` and what goes with it: how `report` shows call graphs. */
import { InvalidArgumentError } from 'commander';

import type { ChainKey, ChainOrder } from '../../profile/report/callgraph.js';
import type { ChainValue, GraphType } from '../../render/text/graph.js';
import { parseWhole } from '../values.js';
import { given } from './shared.js';
import type { Flag, Values } from './spec.js';

/** What is absent is as `perf` has it. */
export interface GraphChoice {
  readonly type?: GraphType | 'none';
  readonly order?: ChainOrder;
  readonly key?: ChainKey;
  readonly value?: ChainValue;
  /** Branches below this many percent are left out. */
  readonly limit?: number;
  /** The most branches shown of a node. */
  readonly printLimit?: number;
  /** The most frames of a chain that are looked at. */
  readonly maxStack?: number;
}

export const CALL_GRAPH: readonly Flag[] = [
  {
    flags: '-g, --call-graph [how]',
    help:
      'call graphs: graph, flat, fractal, folded or none; least percentage; most branches; caller or ' +
      'callee; function, address or srcline; percent, period or count: fractal,0.5,callee',
    valueText: 'graph,0.5, caller with --children, else callee; function,percent',
    parse: parseGraph,
  },
  { flags: '--no-call-graph', help: 'leave call graphs out' },
  { flags: '-G, --inverted', help: 'call graphs with callers first' },
  {
    flags: '--max-stack <N>',
    help: 'look at N frames of a stack: the outermost of call graphs with callers first, else the innermost',
    parse: parseWhole(1, 1_000_000),
  },
];

/** `-g` alone asks for what is shown anyway; `--no-call-graph` gives false. */
export function graphChoice(values: Values): GraphChoice {
  const how = values['callGraph'] as GraphChoice | boolean | undefined;
  const inverted = values['inverted'] === true || values['invert'] === true;
  return {
    ...(how === false ? ({ type: 'none' } as const) : typeof how === 'object' ? how : {}),
    // As with perf, whatever order `-g` gives.
    ...(inverted ? ({ order: 'caller' } as const) : {}),
    ...given('maxStack', values['maxStack'] as number | undefined),
  };
}

/** In perf's order: a word may be cut short, and the first that it begins is meant (tools/perf/util/callchain.c). */
const WORDS: readonly (readonly [string, GraphChoice | undefined])[] = [
  ['none', { type: 'none' }],
  ['graph', { type: 'graph' }],
  ['flat', { type: 'flat' }],
  ['fractal', { type: 'fractal' }],
  ['folded', { type: 'folded' }],
  ['caller', { order: 'caller' }],
  ['callee', { order: 'callee' }],
  ['function', { key: 'function' }],
  ['address', { key: 'address' }],
  ['srcline', { key: 'srcline' }],
  ['branch', undefined],
  ['percent', { value: 'percent' }],
  ['period', { value: 'period' }],
  ['count', { value: 'count' }],
];

/** What `perf report -g` takes: its words in any order; the first number is the least percentage, the second the most branches. */
export function parseGraph(text: string): GraphChoice {
  let choice: GraphChoice = {};
  for (const part of text.split(',')) {
    if (part === '') continue;
    const word = WORDS.find(([known]) => known.startsWith(part));
    if (word?.[0] === 'none') return { type: 'none' };
    const found = word === undefined ? numberOf(part, choice) : word[1];
    if (found === undefined) {
      throw new InvalidArgumentError(
        word === undefined
          ? `${WORDS.map(([known]) => known).join(', ')}; a least percentage and a greatest count of branches.`
          : 'call graphs are drawn of call chains, not of branches.',
      );
    }
    choice = { ...choice, ...found };
  }
  return choice;
}

function numberOf(text: string, soFar: GraphChoice): GraphChoice | undefined {
  const match = /^(\d{1,15}(?:\.\d+)?)%?$/.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]);
  if (soFar.limit === undefined) return value <= 100 ? { limit: value } : undefined;
  const fits = soFar.printLimit === undefined && Number.isInteger(value) && value < 2 ** 32;
  return fits ? { printLimit: value } : undefined;
}
