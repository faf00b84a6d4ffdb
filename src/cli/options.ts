/**
 * Every command and flag of the program, declared here and nowhere else: the parser, `--help` and the
 * commands' own types are made from these tables. A flag that does what a flag of `perf` does has its name.
 */
import { VIEWS, type View } from '../profile/views.js';
import type { RecordOptions } from '../record/options.js';
import type { MinWidth } from '../render/flamegraph/flamegraph.js';
import {
  parseCallGraph,
  parseDuration,
  parseEvents,
  parseFrequency,
  parseGraph,
  parseIds,
  parseList,
  parseMinWidth,
  parsePercent,
  parseWhole,
  type GraphChoice,
} from './values.js';

/** Which samples to look at; all where empty. */
export interface SampleChoice {
  /** Name of one of the recording's events; the first where absent. */
  readonly event?: string;
  readonly pids?: readonly number[];
  readonly tids?: readonly number[];
  readonly comms?: readonly string[];
}

export interface ReportOptions extends SampleChoice {
  readonly input: string;
  readonly view: View;
  readonly children: boolean;
  readonly graph: GraphChoice;
  readonly showCounts: boolean;
  /** Rows and branches below this many percent are left out. */
  readonly percentLimit: number;
}

export interface TreeOptions extends SampleChoice {
  readonly input: string;
  /** `undefined`: mixed where there are Python frames, else full. */
  readonly view?: View;
  /** Whether to show library frames instead of folding them. */
  readonly all: boolean;
  /** Whether to show all threads as one. */
  readonly merge: boolean;
  readonly minPercent: number;
  readonly maxDepth?: number;
}

export interface FlamegraphOptions extends SampleChoice {
  readonly input: string;
  readonly output: string;
  readonly view?: View;
  readonly title?: string;
  /** Roots on top, as an icicle. */
  readonly inverted: boolean;
  /** Pixels. */
  readonly width: number;
  /** Frames narrower than this are left out. */
  readonly minWidth: MinWidth;
  /** Whether threads are drawn apart. */
  readonly threads: boolean;
}

/** A command line, understood. */
export type Invocation =
  | { readonly command: 'record'; readonly options: RecordOptions }
  | { readonly command: 'report'; readonly options: ReportOptions }
  | { readonly command: 'tree'; readonly options: TreeOptions }
  | { readonly command: 'flamegraph'; readonly options: FlamegraphOptions }
  /** Text that was asked for: help or the version. */
  | { readonly command: 'print'; readonly text: string };

/** A flag, as the parser takes it. `parse` gets the text and what the flag held before. */
export interface Flag {
  /** `-F, --freq <N>`. */
  readonly flags: string;
  readonly help: string;
  readonly value?: unknown;
  /** How help writes the default, where there is no one value or it would not say enough. */
  readonly valueText?: string;
  readonly choices?: readonly string[];
  readonly parse?: (text: string, previous: never) => unknown;
  /** An accepted spelling that help does not list. */
  readonly hidden?: boolean;
}

/** What the parser made of the flags: by the long name in camel case. */
export type Values = Readonly<Record<string, unknown>>;

export interface CommandSpec {
  readonly name: Exclude<Invocation['command'], 'print'>;
  readonly summary: string;
  readonly description: string;
  /** `[command...]`: what follows the flags; the flags end at its first word. */
  readonly operands?: string;
  readonly flags: readonly Flag[];
  /** Command line and what it is for. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly invocation: (values: Values, operands: string[]) => Invocation;
}

const INPUT: Flag = {
  flags: '-i, --input <file>',
  help: 'recording to read',
  value: 'perf.data',
};

const SAMPLE_CHOICE: readonly Flag[] = [
  { flags: '--event <name>', help: 'event to show, of a recording with several' },
  { flags: '--pid <list>', help: 'only these processes', parse: parseIds },
  { flags: '--tid <list>', help: 'only these threads', parse: parseIds },
  { flags: '-c, --comms <list>', help: 'only threads of these names', parse: parseList },
  { flags: '--comm <list>', help: '', parse: parseList, hidden: true },
];

const VIEW: Flag = {
  flags: '--view <view>',
  help:
    'full: every frame; mixed: without the interpreter’s own C; python: only Python functions; ' +
    'native: only what is not Python',
  choices: VIEWS,
};
const VIEW_DEFAULT = 'mixed where there is Python, else full';

const RECORD: CommandSpec = {
  name: 'record',
  summary: 'run a command and sample it',
  description:
    'Runs a command, samples it and all that it starts, and writes a perf.data file with whole stacks. ' +
    'Exits with the command’s own code, or 128+signal where a signal ended it.',
  operands: '[command...]',
  flags: [
    {
      flags: '-F, --freq <N>',
      help: 'samples per second, or max',
      value: 999,
      parse: parseFrequency,
    },
    {
      flags: '-e, --event <list>',
      help: 'events to sample: cycles:u, page-faults, …; may be repeated',
      valueText: 'the machine’s own clock',
      parse: parseEvents,
    },
    {
      flags: '-o, --output <file>',
      help: 'recording to write; an older one becomes FILE.old. Standard output is the command’s: no -',
      value: 'perf.data',
    },
    {
      flags: '--call-graph <how>',
      help: 'user stacks by dwarf[,SIZE] (copies SIZE bytes of stack), fp or none',
      value: { kind: 'dwarf' },
      valueText: 'dwarf',
      parse: parseCallGraph,
    },
    { flags: '-g', help: 'call graphs; on without asking', hidden: true },
    {
      flags: '--duration <time>',
      help: 'stop sampling after 10, 1.5 (seconds) or 2m',
      parse: parseDuration,
    },
    {
      flags: '--python <how>',
      help: 'auto turns on perf support in CPython 3.12 and later',
      value: 'auto',
      choices: ['auto', 'off'],
    },
    { flags: '--keep-stacks', help: 'keep the copied stack bytes in the recording' },
    {
      flags: '-N, --no-buildid-cache',
      help: 'do not put Python’s names into perf’s build-ID cache (~/.debug), where perf report looks',
    },
    { flags: '-q, --quiet', help: 'say nothing but errors' },
    { flags: '-v, --verbose', help: 'say what is done' },
  ],
  examples: [
    ['strata record python app.py', 'a whole run'],
    [
      'strata record -F max -o burst.data python app.py --its-own-flags',
      'as fast as the kernel allows',
    ],
    ['strata record --duration 30 -- python -m http.server', 'thirty seconds'],
  ],
  invocation: (values, command) => ({
    command: 'record',
    options: {
      command,
      output: values['output'] as string,
      frequency: values['freq'] as RecordOptions['frequency'],
      events: (values['event'] as string[] | undefined) ?? [],
      callGraph: values['callGraph'] as RecordOptions['callGraph'],
      ...given('durationSeconds', values['duration'] as number | undefined),
      python: values['python'] as RecordOptions['python'],
      keepStacks: values['keepStacks'] === true,
      buildIdCache: values['buildidCache'] === true,
      verbosity: values['quiet'] === true ? -1 : values['verbose'] === true ? 1 : 0,
    },
  }),
};

const REPORT: CommandSpec = {
  name: 'report',
  summary: 'list the functions, as perf report does',
  description:
    'Lists functions by their cost, with who called them, in the layout of perf report --stdio.',
  flags: [
    INPUT,
    { flags: '--stdio', help: 'write text to standard output; the only form so far' },
    { flags: '-n, --show-nr-samples', help: 'add a column with the number of samples' },
    {
      flags: '--children',
      help: 'sort by what a function and its callees cost',
      value: true,
      valueText: 'on',
    },
    { flags: '--no-children', help: 'sort by what a function itself costs' },
    {
      flags: '-g, --call-graph [how]',
      help: 'order and least percentage of call graphs: caller, callee, none, caller,0.5',
      valueText: 'caller with --children, else callee; 0.5',
      parse: parseGraph,
    },
    { flags: '--no-call-graph', help: 'leave call graphs out' },
    {
      flags: '--percent-limit <N>',
      help: 'leave out what is below N percent, in call graphs too',
      value: 0,
      parse: parsePercent,
    },
    { ...VIEW, value: 'full', valueText: 'full, the rows of perf report' },
    ...SAMPLE_CHOICE,
  ],
  examples: [
    ['strata report', 'perf.data of this folder'],
    ['strata report --no-children -g none', 'the functions that cost most, flat'],
    ['strata report --view mixed -i burst.data', 'without the interpreter’s own frames'],
  ],
  invocation: (values) => ({
    command: 'report',
    options: {
      input: values['input'] as string,
      ...sampleChoice(values),
      view: values['view'] as View,
      children: values['children'] === true,
      graph: graphChoice(values['callGraph'] as GraphChoice | boolean | undefined),
      showCounts: values['showNrSamples'] === true,
      percentLimit: values['percentLimit'] as number,
    },
  }),
};

const TREE: CommandSpec = {
  name: 'tree',
  summary: 'show the call tree with its times',
  description: 'Shows the call tree from the outside in, each function with the time spent in it.',
  flags: [
    INPUT,
    { ...VIEW, valueText: VIEW_DEFAULT },
    { flags: '--all', help: 'show library frames, which are folded otherwise' },
    { flags: '--merge', help: 'show all threads as one' },
    {
      flags: '--min-percent <N>',
      help: 'leave out what is below N percent',
      value: 1,
      parse: parsePercent,
    },
    { flags: '--max-depth <N>', help: 'levels to show', parse: parseWhole(1, 10_000) },
    ...SAMPLE_CHOICE,
  ],
  examples: [
    ['strata tree', 'perf.data of this folder'],
    ['strata tree --view python --max-depth 8', 'only Python functions, eight levels'],
    ['strata tree --all --min-percent 0', 'everything'],
  ],
  invocation: (values) => ({
    command: 'tree',
    options: {
      input: values['input'] as string,
      ...sampleChoice(values),
      ...given('view', values['view'] as View | undefined),
      all: values['all'] === true,
      merge: values['merge'] === true,
      minPercent: values['minPercent'] as number,
      ...given('maxDepth', values['maxDepth'] as number | undefined),
    },
  }),
};

const FLAMEGRAPH: CommandSpec = {
  name: 'flamegraph',
  summary: 'draw an interactive flame graph (SVG)',
  description:
    'Draws a flame graph as an SVG file that a browser opens: click to zoom, search by name.',
  flags: [
    INPUT,
    {
      flags: '-o, --output <file>',
      help: 'picture to write; - is standard output',
      value: 'flamegraph.svg',
    },
    { ...VIEW, valueText: VIEW_DEFAULT },
    { flags: '--title <text>', help: 'title of the picture', valueText: 'the recorded command' },
    { flags: '--inverted', help: 'outermost functions on top (an icicle)' },
    {
      flags: '--width <pixels>',
      help: 'width of the picture',
      value: 1200,
      parse: parseWhole(200, 20_000),
    },
    { flags: '--threads', help: 'draw threads apart' },
    {
      flags: '--min-width <width>',
      help: 'leave out what is narrower: pixels (0.1) or a share (0.5%)',
      value: 0.1,
      parse: parseMinWidth,
    },
    ...SAMPLE_CHOICE,
  ],
  examples: [
    ['strata flamegraph', 'perf.data of this folder to flamegraph.svg'],
    ['strata flamegraph --view python -o python.svg', 'only Python functions'],
    ['strata flamegraph --inverted --title "Start-up"', 'an icicle with a title'],
  ],
  invocation: (values) => ({
    command: 'flamegraph',
    options: {
      input: values['input'] as string,
      ...sampleChoice(values),
      output: values['output'] as string,
      ...given('view', values['view'] as View | undefined),
      ...given('title', values['title'] as string | undefined),
      inverted: values['inverted'] === true,
      width: values['width'] as number,
      minWidth: values['minWidth'] as MinWidth,
      threads: values['threads'] === true,
    },
  }),
};

export const COMMANDS: readonly CommandSpec[] = [RECORD, REPORT, TREE, FLAMEGRAPH];

/** `-g` alone asks for what is shown anyway; `--no-call-graph` gives false. */
function graphChoice(value: GraphChoice | boolean | undefined): GraphChoice {
  if (value === false) return { order: 'none' };
  return typeof value === 'object' ? value : {};
}

function sampleChoice(values: Values): SampleChoice {
  return {
    ...given('event', values['event'] as string | undefined),
    ...given('pids', values['pid'] as number[] | undefined),
    ...given('tids', values['tid'] as number[] | undefined),
    ...given('comms', (values['comms'] ?? values['comm']) as string[] | undefined),
  };
}

/** `{name: value}`, or nothing where the flag was not given: an optional property is absent, not undefined. */
function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [N in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: Value };
}
