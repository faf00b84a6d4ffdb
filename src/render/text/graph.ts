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
import type { ChainNode } from '../../profile/callgraph.js';
import type { Sink } from './text.js';

const MARGIN = ' '.repeat(12);
const CELL = ' '.repeat(10);

export interface GraphOptions {
  /** Name of a function, made safe. */
  readonly nameOf: (func: number) => string;
  /** The share that a weight is. */
  readonly percentOf: (weight: number) => string;
  /** The row's weight. */
  readonly weight: number;
}

/** Writes the chains and a blank line after them; nothing where there are none. */
export function writeGraph(chains: readonly ChainNode[], options: GraphOptions, sink: Sink): void {
  if (chains.length === 0) return;
  const only = chains[0];
  if (chains.length > 1 || only.weight !== options.weight) {
    writeBranches(chains, MARGIN, options, sink);
  } else {
    sink(`${MARGIN}|\n`);
    only.funcs.forEach((func, index) => {
      sink(`${MARGIN}${index === 0 ? '---' : '   '}${options.nameOf(func)}\n`);
    });
    writeBranches(only.children, `${MARGIN}   `, options, sink);
  }
  sink('\n');
}

/** Recursion is as deep as `MAX_CHAIN_DEPTH` of the chains. */
function writeBranches(
  chains: readonly ChainNode[],
  lead: string,
  options: GraphOptions,
  sink: Sink,
): void {
  chains.forEach((chain, index) => {
    const bar = index === chains.length - 1 ? ' ' : '|';
    sink(`${lead}|${CELL}\n`);
    const percent = `--${options.percentOf(chain.weight)}--`;
    chain.funcs.forEach((func, frame) => {
      sink(`${lead}${bar}${frame === 0 ? percent : CELL}${options.nameOf(func)}\n`);
    });
    if (chain.cut) sink(`${lead}${bar}${CELL}[...]\n`);
    writeBranches(chain.children, `${lead}${bar}${CELL}`, options, sink);
  });
}
