/** `flamegraph`'s flags. */
import { StrataError, usageError } from '../../base/errors.js';
import { regularExpression } from '../../profile/selection/names.js';
import type { Selection } from '../../profile/selection/selection.js';
import type { MinWidth } from '../../render/flamegraph/flamegraph.js';
import type { Colors } from '../../render/flamegraph/picture.js';
import type { FoldedCount, FoldedOptions, FoldedRoot } from '../../render/folded.js';
import { parseList, parseMinWidth, parseWhole } from '../values.js';
import { FILE, FILE_OPERAND, given, inputOf, oneOf, selection, selectionFlags } from './shared.js';
import type { CommandSpec, Values } from './spec.js';
import { symbolChoice, SYMBOLS, type SymbolChoice } from './symbols.js';

export interface FlamegraphOptions extends SymbolChoice {
  readonly input: string;
  readonly selection: Selection;
  /** `-` is standard output. */
  readonly output: string;
  readonly format: 'svg' | 'html' | 'folded';
  readonly title?: string;
  /** Roots on top, as an icicle. */
  readonly inverted: boolean;
  /** Pixels. */
  readonly width: number;
  /** Frames narrower than this are left out. */
  readonly minWidth: MinWidth;
  readonly colors: Colors;
  readonly sort: 'name' | 'weight';
  /** Whether threads are drawn apart. */
  readonly threads: boolean;
  /** Whether time goes from left to right. */
  readonly chart: boolean;
  /** Of the format `folded`. */
  readonly folded: Omit<FoldedOptions, 'event'>;
}

const ANNOTATIONS = ['kernel', 'jit', 'all'] as const;

export const FLAMEGRAPH: CommandSpec<FlamegraphOptions> = {
  name: 'flamegraph',
  summary: 'draw an interactive flame graph (SVG or HTML), or write folded stacks',
  description:
    'Draws a flame graph as one file that a browser opens: click to zoom, search by name. ' +
    'Or writes the stacks as text, one line each, for other tools.',
  ...FILE_OPERAND,
  flags: [
    FILE,
    {
      flags: '-o, --output <file>',
      help: 'file to write, HTML if its name ends in .html; - is standard output',
      valueText: 'flamegraph.svg',
    },
    { flags: '--html', help: 'write a page of HTML', valueText: 'by the file’s name' },
    { flags: '--title <text>', help: 'title of the picture', valueText: 'the recorded command' },
    { flags: '--icicle', help: 'outermost functions on top' },
    { flags: '--inverted', help: '', hidden: true },
    {
      flags: '--width <pixels>',
      help: 'width of the picture',
      value: 1200,
      parse: parseWhole(200, 20_000),
    },
    {
      flags: '--min-width <width>',
      help: 'leave out what is narrower: pixels (0.1) or a share (0.5%)',
      value: 0.1,
      parse: parseMinWidth,
    },
    {
      flags: '--colors <what>',
      help: 'what colours tell: the layer, nothing (hot), the module or package, the name (hash)',
      choices: ['layer', 'hot', 'module', 'hash'] satisfies Colors[],
      value: 'layer',
    },
    {
      flags: '--sort <order>',
      help: 'functions beside each other: by name, or the largest first (size)',
      choices: ['name', 'size'],
      value: 'name',
    },
    { flags: '--threads', help: 'draw threads apart' },
    { flags: '--merge-threads', help: 'draw threads together (the default)' },
    { flags: '--chart', help: 'draw what each thread did in order of time: a flame chart' },
    {
      flags: '--folded',
      help: 'write folded stacks instead, to standard output: frame;frame;frame COUNT',
    },
    {
      flags: '--count <what>',
      help: 'of folded stacks: add up periods, as FlameGraph and inferno do, or count samples',
      choices: ['period', 'samples'] satisfies FoldedCount[],
      valueText: 'period',
    },
    {
      flags: '--root <name>',
      help: 'first frame of folded stacks: NAME, NAME-PID or NAME-PID/TID',
      choices: ['comm', 'pid', 'tid'] satisfies FoldedRoot[],
      valueText: 'comm',
    },
    {
      flags: '--annotate <list>',
      help: 'mark functions in folded stacks: kernel (_[k]), jit (_[j]: made at run time), all',
      parse: parseAnnotations,
    },
    ...selectionFlags(),
    {
      flags: '--filter <regex>',
      help: 'only samples with a function on the stack whose name it matches',
      parse: (text: string) => regularExpression(text),
    },
    { flags: '--python-only', help: 'the same as --view python' },
    { flags: '--native-only', help: 'the same as --view native' },
    ...SYMBOLS,
  ],
  examples: [
    ['strata flamegraph', 'perf.data of this folder to flamegraph.svg'],
    ['strata flamegraph -o profile.html', 'one page of HTML'],
    ['strata flamegraph --python-only -o python.svg', 'only Python functions'],
    ['strata flamegraph --event offcpu-time -o waits.svg', 'where threads waited'],
    ['strata flamegraph --chart --time 10%-20%', 'what threads did, one after the other'],
    ['strata flamegraph --filter "^json" --icicle', 'an icicle of what calls json'],
    ['strata flamegraph --folded --view full | flamegraph.pl > x.svg', 'for other tools'],
    ['perf script | strata flamegraph -i - --title "Start-up"', 'of the text of perf script'],
    ['strata flamegraph out.folded', 'of folded stacks'],
  ],
  options: (values, operands) => {
    const format = formatOf(values);
    return {
      input: inputOf(values, operands),
      selection: { ...pictureSelection(values), leavesWaiting: true },
      ...symbolChoice(values),
      output: (values['output'] as string | undefined) ?? DEFAULT_OUTPUTS[format],
      format,
      ...given('title', values['title'] as string | undefined),
      inverted: values['inverted'] === true || values['icicle'] === true,
      width: values['width'] as number,
      minWidth: values['minWidth'] as MinWidth,
      colors: values['colors'] as Colors,
      sort: values['sort'] === 'size' ? 'weight' : 'name',
      threads: values['threads'] === true,
      chart: values['chart'] === true,
      folded: {
        count: (values['count'] as FoldedOptions['count'] | undefined) ?? 'period',
        root: (values['root'] as FoldedOptions['root'] | undefined) ?? 'comm',
        annotate: (values['annotate'] as FoldedOptions['annotate'] | undefined) ?? UNMARKED,
      },
    };
  },
};

const UNMARKED = { kernel: false, jit: false };
const DEFAULT_OUTPUTS = { svg: 'flamegraph.svg', html: 'flamegraph.html', folded: '-' } as const;

/** Flags that contradict each other, of which one would be passed over. */
const EITHER_OR = [
  ['folded', 'html'],
  ['folded', 'chart'],
  ['threads', 'mergeThreads'],
  ['pythonOnly', 'nativeOnly'],
  ['pythonOnly', 'view'],
  ['nativeOnly', 'view'],
  ['filter', 'symbol'],
  ['chart', 'invert'],
] as const;

/** @throws StrataError (exit code 2) for flags that contradict each other */
function formatOf(values: Values): FlamegraphOptions['format'] {
  for (const pair of EITHER_OR) {
    oneOf(values, pair, 'give one of them: strata flamegraph --help says what each does');
  }
  if (values['folded'] === true) return 'folded';
  const ofFolded = Object.keys(EXAMPLES).find((flag) => values[flag] !== undefined);
  if (ofFolded !== undefined) {
    throw usageError(
      `--${ofFolded} is of folded stacks`,
      `for example: strata flamegraph --folded --${ofFolded} ${EXAMPLES[ofFolded]}`,
    );
  }
  const output = values['output'] as string | undefined;
  return values['html'] === true || /\.html?$/i.test(output ?? '') ? 'html' : 'svg';
}

const EXAMPLES: Readonly<Record<string, string>> = {
  count: 'samples',
  root: 'pid',
  annotate: 'kernel',
};

function pictureSelection(values: Values): Selection {
  const chosen = selection(values);
  const filter = values['filter'] as RegExp | undefined;
  const only =
    values['pythonOnly'] === true ? 'python' : values['nativeOnly'] === true ? 'native' : undefined;
  return {
    ...chosen,
    ...given('view', only ?? chosen.view),
    ...given('symbols', filter === undefined ? chosen.symbols : [filter]),
  };
}

/** @throws StrataError for a word that is none of them */
function parseAnnotations(text: string): FoldedOptions['annotate'] {
  const words = parseList(text);
  for (const word of words) {
    if ((ANNOTATIONS as readonly string[]).includes(word)) continue;
    throw new StrataError(`'${word}' is none of ${ANNOTATIONS.join(', ')}`);
  }
  const has = (word: string): boolean => words.includes(word) || words.includes('all');
  return { kernel: has('kernel'), jit: has('jit') };
}
