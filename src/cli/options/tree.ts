/** `tree`'s flags. */
import { usageError } from '../../base/errors.js';
import { parseNames, type NamePattern } from '../../profile/selection/names.js';
import type { Selection } from '../../profile/selection/selection.js';
import { parsePercent, parseWhole } from '../values.js';
import { FILE, FILE_OPERAND, given, inputOf, oneOf, selection, selectionFlags } from './shared.js';
import type { CommandSpec, Flag, Values } from './spec.js';
import { symbolChoice, SYMBOLS, type SymbolChoice } from './symbols.js';

export type TreeFormat = 'text' | 'html' | 'json' | 'csv';
export type ColorChoice = 'auto' | 'always' | 'never';

export interface TreeOptions extends SymbolChoice {
  readonly input: string;
  readonly selection: Selection;
  readonly format: TreeFormat;
  /** File to write; `-` is standard output. */
  readonly output: string;
  readonly color: ColorChoice;
  /** A table of functions instead of the tree, sorted by this cost. */
  readonly flat?: 'self' | 'total';
  /** Whether to fold no library frames. */
  readonly all: boolean;
  readonly show?: readonly NamePattern[];
  readonly hide?: readonly NamePattern[];
  /** Whether to show all threads as one. */
  readonly mergeThreads: boolean;
  readonly minPercent: number;
  readonly maxDepth?: number;
}

/** The page is grown by its reader, who may want to look closer. */
const MIN_PERCENT = { text: 1, html: 0.1, json: 1, csv: 1 } as const;

const DEPTH = parseWhole(1, 10_000);

const FLAGS: readonly Flag[] = [
  FILE,
  { flags: '--merge-threads', help: 'show all threads as one' },
  { flags: '--merge', help: '', hidden: true },
  {
    flags: '--show <list>',
    help: 'always show these functions, modules and files: names, names with *, /regex/',
    parse: parseNames,
  },
  {
    flags: '--hide <list>',
    help: 'always fold these functions, modules and files',
    parse: parseNames,
  },
  { flags: '--show-all', help: 'show library frames and recursion, which are folded otherwise' },
  { flags: '--all', help: '', hidden: true },
  {
    flags: '--min <N>',
    help: 'leave out what is below N percent of its thread',
    valueText: '1, of a page 0.1',
    parse: parsePercent,
  },
  { flags: '--min-percent <N>', help: '', parse: parsePercent, hidden: true },
  { flags: '--depth <N>', help: 'levels to show', parse: DEPTH },
  { flags: '--max-depth <N>', help: '', parse: DEPTH, hidden: true },
  { flags: '--flat', help: 'a table of functions instead of the tree' },
  {
    flags: '--sort <cost>',
    help: 'how --flat is sorted: by what functions spend themselves, or with what they call',
    choices: ['self', 'cumulative'],
    valueText: 'self',
  },
  { flags: '--html', help: 'write a page that a browser opens, as one file' },
  { flags: '--json', help: 'write JSON' },
  { flags: '--csv', help: 'write comma-separated values' },
  {
    flags: '-o, --output <file>',
    help: 'file to write; - is standard output',
    valueText: 'standard output, of a page tree.html',
  },
  {
    flags: '--color <when>',
    help: 'colours: auto is on a terminal, unless NO_COLOR is set',
    choices: ['auto', 'always', 'never'],
    value: 'auto',
  },
];

export const TREE: CommandSpec<TreeOptions> = {
  name: 'tree',
  summary: 'show the call tree with its times',
  description:
    'Shows the call tree from the outside in, each function with the time spent in it. Frames of ' +
    'libraries are folded, but for the functions that are called by your own code.',
  ...FILE_OPERAND,
  flags: [...FLAGS, ...selectionFlags(), ...SYMBOLS],
  examples: [
    ['strata tree', 'perf.data of this folder'],
    ['strata tree --view python --depth 8', 'only Python functions, eight levels'],
    ['strata tree --show requests --hide "tests.*"', 'requests whole, tests never'],
    ['strata tree --event all', 'time on the CPU and, if it was recorded, off it'],
    ['strata tree --flat --sort cumulative', 'a table, as cProfile prints it'],
    ['strata tree --invert', 'innermost functions, and who called them'],
    ['strata tree --html -o tree.html', 'a page to explore'],
    ['strata tree --show-all --min 0', 'everything'],
  ],
  options: (values, operands) => {
    const format = oneOf(values, ['html', 'json', 'csv']) ?? 'text';
    const flat = flatOf(values, format);
    const min = (values['min'] ?? values['minPercent']) as number | undefined;
    return {
      input: inputOf(values, operands),
      selection: { ...selection(values), leavesWaiting: true },
      ...symbolChoice(values),
      format,
      output: (values['output'] as string | undefined) ?? (format === 'html' ? 'tree.html' : '-'),
      color: values['color'] as ColorChoice,
      ...given('flat', flat),
      all: values['showAll'] === true || values['all'] === true,
      ...given('show', values['show'] as NamePattern[] | undefined),
      ...given('hide', values['hide'] as NamePattern[] | undefined),
      mergeThreads: values['mergeThreads'] === true || values['merge'] === true,
      minPercent: min ?? MIN_PERCENT[format],
      ...given('maxDepth', (values['depth'] ?? values['maxDepth']) as number | undefined),
    };
  },
};

function flatOf(values: Values, format: TreeFormat): 'self' | 'total' | undefined {
  const { sort } = values as { sort?: string };
  if (values['flat'] !== true) {
    if (sort !== undefined)
      throw usageError('--sort is of the table', 'for example: --flat --sort self');
    return undefined;
  }
  if (format === 'html') throw usageError('--flat makes no page', 'give --flat or --html');
  if (values['invert'] === true) {
    throw usageError('--flat has no calls to turn around', 'give --flat or --invert');
  }
  return sort === 'cumulative' ? 'total' : 'self';
}
