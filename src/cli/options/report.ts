/** `report`'s flags. */
import type { SortKey } from '../../profile/flat.js';
import type { Selection } from '../../profile/selection.js';
import { parseGraph, parsePercent, parseSort, type GraphChoice } from '../values.js';
import { given, INPUT, selection, selectionFlags } from './shared.js';
import type { CommandSpec } from './spec.js';
import { symbolChoice, SYMBOLS, type SymbolChoice } from './symbols.js';

export interface ReportOptions extends SymbolChoice {
  readonly input: string;
  readonly selection: Selection;
  readonly children: boolean;
  readonly graph: GraphChoice;
  readonly sort?: readonly SortKey[];
  readonly showCounts: boolean;
  /** Rows and branches below this many percent are left out. */
  readonly percentLimit: number;
}

export const REPORT: CommandSpec<ReportOptions> = {
  name: 'report',
  summary: 'list the functions, as perf report does',
  description:
    'Lists functions by their cost, with who called them, in the layout of perf report --stdio.',
  flags: [
    INPUT,
    { flags: '--stdio', help: 'write text to standard output; the only form so far' },
    {
      flags: '-s, --sort <keys>',
      help: 'rows by these: comm, pid, tid, dso, sym, srcline, srcfile, wait',
      valueText: 'comm,dso,sym',
      parse: parseSort,
    },
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
    ...selectionFlags({ value: 'full', valueText: 'full, the rows of perf report' }),
    ...SYMBOLS,
  ],
  examples: [
    ['strata report', 'perf.data of this folder'],
    ['strata report --no-children -g none', 'the functions that cost most, flat'],
    ['strata report --no-children -s srcline,sym', 'the lines that cost most'],
    ['strata report --event offcpu-time -s wait,sym -g caller', 'what threads waited for'],
    ['strata report --view mixed -i burst.data', 'without the interpreter’s own frames'],
    ['perf script | strata report -i -', 'what perf printed'],
  ],
  options: (values) => ({
    input: values['input'] as string,
    selection: selection(values),
    ...symbolChoice(values),
    children: values['children'] === true,
    graph: graphChoice(values['callGraph'] as GraphChoice | boolean | undefined),
    ...given('sort', values['sort'] as SortKey[] | undefined),
    showCounts: values['showNrSamples'] === true,
    percentLimit: values['percentLimit'] as number,
  }),
};

/** `-g` alone asks for what is shown anyway; `--no-call-graph` gives false. */
function graphChoice(value: GraphChoice | boolean | undefined): GraphChoice {
  if (value === false) return { order: 'none' };
  return typeof value === 'object' ? value : {};
}
