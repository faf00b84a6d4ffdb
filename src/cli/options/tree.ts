/** `tree`'s flags. */
import type { Selection } from '../../profile/selection.js';
import { parsePercent, parseWhole } from '../values.js';
import { given, INPUT, selection, selectionFlags } from './shared.js';
import type { CommandSpec } from './spec.js';
import { symbolChoice, SYMBOLS, type SymbolChoice } from './symbols.js';

export interface TreeOptions extends SymbolChoice {
  readonly input: string;
  readonly selection: Selection;
  /** Whether to show library frames instead of folding them. */
  readonly all: boolean;
  /** Whether to show all threads as one. */
  readonly merge: boolean;
  readonly minPercent: number;
  readonly maxDepth?: number;
}

export const TREE: CommandSpec<TreeOptions> = {
  name: 'tree',
  summary: 'show the call tree with its times',
  description: 'Shows the call tree from the outside in, each function with the time spent in it.',
  flags: [
    INPUT,
    { flags: '--all', help: 'show library frames, which are folded otherwise' },
    { flags: '--merge', help: 'show all threads as one' },
    {
      flags: '--min-percent <N>',
      help: 'leave out what is below N percent',
      value: 1,
      parse: parsePercent,
    },
    { flags: '--max-depth <N>', help: 'levels to show', parse: parseWhole(1, 10_000) },
    ...selectionFlags(),
    ...SYMBOLS,
  ],
  examples: [
    ['strata tree', 'perf.data of this folder'],
    ['strata tree --view python --max-depth 8', 'only Python functions, eight levels'],
    ['strata tree --event all', 'time on the CPU and, if it was recorded, off it'],
    ['strata tree --all --min-percent 0', 'everything'],
  ],
  options: (values) => ({
    input: values['input'] as string,
    selection: { ...selection(values), leavesWaiting: true },
    ...symbolChoice(values),
    all: values['all'] === true,
    merge: values['merge'] === true,
    minPercent: values['minPercent'] as number,
    ...given('maxDepth', values['maxDepth'] as number | undefined),
  }),
};
