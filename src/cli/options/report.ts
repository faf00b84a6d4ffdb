/** `report`'s flags. */
import type { Selection } from '../../profile/selection/selection.js';
import { parsePercent } from '../values.js';
import { CALL_GRAPH, graphChoice, type GraphChoice } from './call-graph.js';
import { ROW_FLAGS, rowChoice, type RowChoice } from './report-rows.js';
import { FILE, FILE_OPERAND, given, inputOf, oneOf, selection, selectionFlags } from './shared.js';
import type { CommandSpec, Values } from './spec.js';
import { symbolChoice, SYMBOLS, type SymbolChoice } from './symbols.js';

export interface ReportOptions extends SymbolChoice {
  readonly input: string;
  readonly selection: Selection;
  readonly rows: RowChoice;
  readonly graph: GraphChoice;
  /** Rows and branches below this many percent are left out. */
  readonly percentLimit: number;
  /** Absent: to browse where there is a terminal. */
  readonly form?: ReportForm;
}

export type ReportForm = 'tui' | 'stdio' | 'json' | 'csv';

export const REPORT: CommandSpec<ReportOptions> = {
  name: 'report',
  summary: 'list the functions, as perf report does',
  description:
    'Lists functions by their cost, with who called them, in the layout of perf report --stdio.',
  ...FILE_OPERAND,
  flags: [
    FILE,
    {
      flags: '--tui',
      help: 'browse in the terminal, which is what happens on one; ? lists the keys',
    },
    { flags: '--stdio', help: 'write text to standard output, also to a terminal' },
    { flags: '--json', help: 'write JSON: rows with exact numbers, and their call graphs' },
    { flags: '--csv', help: 'write CSV: rows with exact numbers' },
    ...ROW_FLAGS,
    ...CALL_GRAPH,
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
    ['strata report --hierarchy -s py_module,sym', 'Python modules, and the functions in each'],
    ['strata report --no-children -s +cpu -n', 'also by CPU, with counts of samples'],
    ['strata report --event offcpu-time -s wait,sym -g caller', 'what threads waited for'],
    ['strata report --view mixed burst.data', 'without the interpreter’s own frames'],
    [
      'strata report -s symbol_from,symbol_to,mispredict',
      'branches that the CPU recorded (strata record -b)',
    ],
    ['strata report --json -g folded', 'rows and whole call chains, for other programs'],
    ['perf script | strata report -i -', 'what perf printed'],
  ],
  options: (values, operands) => ({
    input: inputOf(values, operands),
    selection: selection(values),
    ...symbolChoice(values),
    rows: rowChoice(values),
    graph: graphChoice(values),
    percentLimit: values['percentLimit'] as number,
    ...given('form', reportForm(values)),
  }),
};

/**
 * Text is also what only text has: columns with a separator of one's own.
 * @throws StrataError (exit code 2) for forms that exclude each other
 */
function reportForm(values: Values): ReportForm | undefined {
  const asked = oneOf(values, ['tui', 'json', 'csv', 'stdio']);
  if (asked !== undefined) return asked;
  return values['fieldSeparator'] === undefined ? undefined : 'stdio';
}
