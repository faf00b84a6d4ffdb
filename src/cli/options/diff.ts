/** `diff`'s flags. */
import { InvalidArgumentError } from 'commander';

import { usageError } from '../../base/errors.js';
import type { DiffBy, DiffKey, Normalization } from '../../profile/diff/diff.js';
import type { Selection } from '../../profile/selection/selection.js';
import { parseList, parsePercent } from '../values.js';
import { given, oneOf, selection, selectionFlags } from './shared.js';
import type { CommandSpec, Values } from './spec.js';
import { symbolChoice, SYMBOLS, type SymbolChoice } from './symbols.js';

export interface DiffOptions extends SymbolChoice {
  /** Two at least; the first is what the others are compared with. */
  readonly inputs: readonly string[];
  readonly selection: Selection;
  readonly by: DiffBy;
  readonly normalize: Normalization;
  readonly keys: readonly DiffKey[];
  readonly children: boolean;
  /** Whether to show what is noise, too. */
  readonly all: boolean;
  /** Of trees: whether to fold no libraries. */
  readonly showAll: boolean;
  readonly percentLimit: number;
  readonly format: 'text' | 'json' | 'csv';
  readonly color: 'auto' | 'always' | 'never';
  /** Growth in percent that is a failure. */
  readonly failAbove?: number;
  /** A picture to write. */
  readonly flamegraph?: string;
  /** Whose weights make the picture's widths. */
  readonly widths: 'before' | 'after';
  readonly title?: string;
}

export const DIFF: CommandSpec<DiffOptions> = {
  name: 'diff',
  summary: 'compare recordings: what became slower or faster',
  description:
    'Compares recordings, the first with each of the others, and tells changes from noise. What ' +
    'changed is marked *: its cost moved otherwise than that of most functions, and by more than ' +
    'chance, of which the recordings’ own blocks of time tell the size. So load on the machine, ' +
    'which slows all alike, marks nothing, and what became slower does not make others look faster.',
  operands: '[recordings...]',
  flagsAnywhere: true,
  flags: [
    {
      flags: '--by <what>',
      help: 'rows: each symbol, each whole stack, or the call tree, libraries folded',
      choices: ['symbol', 'stack', 'tree'] satisfies DiffBy[],
      value: 'symbol',
    },
    {
      flags: '--normalize <how>',
      help:
        'compare time (of other events: counts) as it is, where both did the same work; shares ' +
        'of the total, where one ran longer; or numbers of samples',
      choices: ['time', 'total', 'samples'] satisfies Normalization[],
      value: 'time',
    },
    {
      flags: '-s, --sort <keys>',
      help: 'rows by these: dso, sym',
      valueText: 'dso,sym',
      parse: parseKeys,
    },
    { flags: '--children', help: 'what functions cost with what they call' },
    { flags: '--no-children', help: 'what functions themselves cost (the default)' },
    { flags: '--all', help: 'show rows that are noise, too' },
    { flags: '--show-all', help: 'of --by tree: show library frames, which are folded otherwise' },
    {
      flags: '--percent-limit <N>',
      help: 'leave out what is below N percent of every recording',
      value: 0,
      parse: parsePercent,
    },
    {
      flags: '--fail-above <N%>',
      help:
        'exit with 1 where a marked row grew by more than N percent of what it was, beside what ' +
        'everything grew by, or is new; growth of all alike, and noise, never fail',
      parse: parseGrowth,
    },
    {
      flags: '--flamegraph <file>',
      help: 'write a flame graph, red where time grew and blue where it shrank: SVG, or .html',
    },
    {
      flags: '--widths <side>',
      help: 'widths of the flame graph: the later recording’s, or those before, with what is gone',
      choices: ['before', 'after'],
      valueText: 'after',
    },
    { flags: '--title <text>', help: 'title of the flame graph', valueText: 'the recordings' },
    { flags: '--json', help: 'write JSON' },
    { flags: '--csv', help: 'write comma-separated values' },
    {
      flags: '--color <when>',
      help: 'colours: auto is on a terminal, unless NO_COLOR is set',
      choices: ['auto', 'always', 'never'],
      value: 'auto',
    },
    // Python’s own functions are what a person changed; that their time is in one row and not in dozens of
    // the interpreter’s makes small changes tell.
    ...selectionFlags({ valueText: 'python where there is Python, else full' }),
    ...SYMBOLS,
  ],
  examples: [
    ['strata diff before.data after.data', 'functions that became slower or faster'],
    ['strata diff --by tree before.data after.data', 'and where they are called'],
    ['strata diff --normalize total monday.data friday.data', 'shares, of a server’s'],
    ['strata diff --fail-above 5% main.data branch.data', 'for CI: exit code 1 if slower'],
    ['strata diff --flamegraph diff.svg before.data after.data', 'a picture'],
    ['strata diff --all --csv a.data b.data c.data', 'everything, for a spreadsheet'],
  ],
  options: (values, inputs) => {
    requireRecordings(inputs);
    const by = values['by'] as DiffBy;
    return {
      inputs,
      selection: { ...selection(values), leavesWaiting: true },
      ...symbolChoice(values),
      by,
      normalize: values['normalize'] as Normalization,
      keys: keysOf(values, by),
      children: values['children'] === true,
      all: values['all'] === true,
      showAll: values['showAll'] === true,
      percentLimit: values['percentLimit'] as number,
      format: oneOf(values, ['json', 'csv']) ?? 'text',
      color: values['color'] as DiffOptions['color'],
      ...given('failAbove', values['failAbove'] as number | undefined),
      ...given('flamegraph', picturePath(values)),
      widths: (values['widths'] as DiffOptions['widths'] | undefined) ?? 'after',
      ...given('title', values['title'] as string | undefined),
    };
  },
};

/** @throws StrataError (exit code 2) */
function requireRecordings(inputs: readonly string[]): void {
  if (inputs.length < 2) {
    const given = inputs.length === 0 ? 'none is' : 'one is';
    throw usageError(
      `diff compares two recordings or more, and ${given} given`,
      'for example: strata diff before.data after.data',
    );
  }
  if (inputs.filter((input) => input === '-').length > 1) {
    throw usageError('standard input can be one recording only', 'write the other one to a file');
  }
}

/** @throws StrataError (exit code 2) for what only a picture has, without one; for one where the table goes */
function picturePath(values: Values): string | undefined {
  const path = values['flamegraph'] as string | undefined;
  if (path === '-') {
    throw usageError(
      'the flame graph needs a file: standard output has the table',
      'for example: --flamegraph diff.svg',
    );
  }
  const idle = ['widths', 'title'].find((flag) => values[flag] !== undefined);
  if (path === undefined && idle !== undefined) {
    throw usageError(
      `--${idle} is of the flame graph`,
      `for example: --flamegraph diff.svg --${idle} …`,
    );
  }
  return path;
}

function keysOf(values: Values, by: DiffBy): readonly DiffKey[] {
  const keys = values['sort'] as readonly DiffKey[] | undefined;
  if (keys !== undefined && by !== 'symbol') {
    throw usageError(
      `--sort is of rows by symbol, and --by ${by} has others`,
      'leave one of them out',
    );
  }
  return keys ?? ['dso', 'symbol'];
}

const KEYS: Readonly<Record<string, DiffKey>> = { dso: 'dso', sym: 'symbol', symbol: 'symbol' };

function parseKeys(text: string): DiffKey[] {
  return parseList(text).map((word) => {
    const key = Object.hasOwn(KEYS, word) ? KEYS[word] : undefined;
    if (key === undefined) throw new InvalidArgumentError('dso, sym or both: dso,sym.');
    return key;
  });
}

/** `5%` or `5`; growth may be more than a hundred percent. */
function parseGrowth(text: string): number {
  const match = /^(\d{1,6}(?:\.\d+)?)%?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('A percentage of growth: 5%.');
  return Number(match[1]);
}
