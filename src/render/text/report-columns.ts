/** The columns of `perf report --stdio`: numbers first, each key as wide as its widest text. */
import { formatDuration, formatPercent } from '../../base/units.js';
import { measureOf, type Entry } from '../../profile/report/entries.js';
import type { RowWeights } from '../../profile/report/flat.js';
import type { KeyColumn } from '../../profile/report/key-columns.js';
import type { EventReport } from '../../profile/report/report.js';
import {
  isSortKey,
  type Field,
  type Measure,
  type SortKey,
} from '../../profile/report/sort-keys.js';
import { columns as widthOf, safe } from './text.js';

/** What a line of a report is: an entry, or a node of a hierarchy. */
export type Line = Entry<RowWeights>;

export interface Column {
  readonly field: Field | 'time_off_cpu';
  readonly header: string;
  readonly width: number;
  readonly right: boolean;
  readonly text: (line: Line) => string;
}

/** perf's headers. */
const KEY_HEADERS: Readonly<Record<SortKey, string>> = {
  comm: 'Command',
  pid: '    Pid:Command',
  tid: '    Tid:Command',
  tgid: '   Tgid:Command',
  thread: 'Thread',
  cpu: 'CPU',
  time: 'Time',
  parent: 'Parent symbol',
  wait: 'Wait',
  dso: 'Shared Object',
  symbol: 'Symbol',
  srcline: 'Source:Line',
  srcfile: 'Source File',
  layer: 'Layer',
  py_module: 'Python Module',
  py_file: 'Python File',
  dso_from: 'Source Shared Object',
  dso_to: 'Target Shared Object',
  symbol_from: 'Source Symbol',
  symbol_to: 'Target Symbol',
  mispredict: 'Branch Mispredicted',
  cycles: 'Basic Block Cycles',
  weight: 'Weight',
  local_weight: 'Local Weight',
};

const MEASURE_HEADERS: Readonly<Record<Measure, string>> = {
  overhead: 'Overhead',
  overhead_children: 'Children',
  overhead_sys: 'sys',
  overhead_us: 'usr',
  sample: 'Samples',
  period: 'Period',
};

const PERCENT_WIDTH = 8;
const COUNT_WIDTH = 12;
/** Columns are padded to no more: what is longer moves the rest of its row, and no other row. */
const MAX_PADDED = 100;

/** Columns that numbers of a line make, each of as many cells as there are events side by side. */
export function numberColumns(report: EventReport, times: boolean): Column[] {
  const { order, plan } = report;
  const columns = plan.columns.flatMap((field) =>
    isSortKey(field) ? [] : [measureColumn(report, field)],
  );
  if (!times) return columns;
  const duration: Column = {
    field: 'time_off_cpu',
    header: 'Time',
    width: PERCENT_WIDTH,
    right: true,
    text: ({ rows: [row] }) => formatDuration((order.children ? row?.children : row?.self) ?? 0),
  };
  const percents = columns.filter(({ width }) => width === PERCENT_WIDTH).length;
  return columns.toSpliced(percents, 0, duration);
}

function measureColumn({ order, plan, events, totals }: EventReport, field: Measure): Column {
  const isCount = field === 'sample' || field === 'period';
  const cell = isCount ? COUNT_WIDTH : PERCENT_WIDTH;
  const header =
    field === 'overhead' && plan.columns.includes('overhead_children')
      ? 'Self'
      : MEASURE_HEADERS[field];
  const text = ({ rows }: Line): string =>
    rows
      .map((row, event) => {
        const value = measureOf(row, field);
        // As with perf, where --no-children leaves nothing to say.
        if (field === 'overhead_children' && !order.children) return 'N/A'.padStart(cell);
        return (isCount ? String(value) : formatPercent(value, totals[event].weight)).padStart(
          cell,
        );
      })
      .join('');
  return { field, header, width: cell * events.length, right: true, text };
}

/** The column of a sort key, as wide as its widest text among the lines; texts are never cut. */
export function keyColumn(report: EventReport, key: SortKey, lines: readonly Line[]): Column {
  const at = report.columns.findIndex((column) => column.key === key);
  const column = report.columns[at];
  const cellOf = cellsOf(column);
  const text = ({ values, rows }: Line): string =>
    column.sum === undefined ? cellOf(values[at]) : String(column.sum(values[at], samplesOf(rows)));
  const header = KEY_HEADERS[key];
  let width = header.length;
  for (const line of lines) width = Math.max(width, widthOf(text(line)));
  width = Math.min(width, MAX_PADDED);
  return { field: key, header, width, right: false, text };
}

/** Of all events that are side by side. */
export function samplesOf(rows: Line['rows']): number {
  return rows.reduce((sum, row) => sum + (row?.selfSamples ?? 0), 0);
}

/** Each value's text is made once: many lines share them. */
function cellsOf({ text }: KeyColumn): (value: number) => string {
  const known = new Map<number, string>();
  return (value) => {
    let cell = known.get(value);
    if (cell === undefined) known.set(value, (cell = safe(text(value))));
    return cell;
  };
}

/** Numbers and keys in the order that was asked for; off-CPU times behind the percentages. */
export function allColumns(report: EventReport, times: boolean): Column[] {
  const numbers = numberColumns(report, times);
  const byField = new Map(numbers.map((column) => [column.field, column]));
  const shown = report.plan.columns.flatMap((field) =>
    isSortKey(field) ? [keyColumn(report, field, report.entries)] : (byField.get(field) ?? []),
  );
  const duration = byField.get('time_off_cpu');
  if (duration === undefined) return shown;
  const at = shown.findLastIndex(({ width, right }) => right && width === PERCENT_WIDTH);
  return shown.toSpliced(at + 1, 0, duration);
}

export function pad(text: string, { width, right }: Column): string {
  const blank = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? blank + text : text + blank;
}
