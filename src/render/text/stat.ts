/** What `strata stat` prints for people: the layout of `perf stat`. */
import { formatCount, plural, type Nanoseconds } from '../../base/units.js';
import { relativeDeviation, type Estimate } from '../../stat/deviation.js';
import { withMetrics, type Figures, type Metric } from '../../stat/metrics.js';
import type { Row } from '../../stat/rows.js';
import type { Interval, StatResult } from '../../stat/run.js';
import {
  deviationPercent,
  digitsOf,
  runningPercent,
  shownCount,
  unitOf,
  whyMissing,
} from './stat-values.js';
import { columns, safe, shortenMiddle, type Sink } from './text.js';

export interface StatStyle {
  /** Whether digits are grouped: `1,234,567`. */
  readonly grouped: boolean;
  /** Columns of the terminal; lines are as long as they are where it is `undefined`. */
  readonly columns: number | undefined;
}

/** perf's widths, which wider content widens. */
const COUNT_WIDTH = 18;
const UNIT_WIDTH = 4;
const NAME_WIDTH = 32;
/** An event's name is not cut below this. */
const LEAST_NAME_WIDTH = 16;
/** Lines between two headings of intervals. */
const HEADING_EVERY = 25;

/**
 * Writes the counts of a whole run, or of several.
 * @param title what was counted: `'python app.py'`, `process id '4711'`
 */
export function writeStat(result: StatResult, title: string, style: StatStyle, sink: Sink): void {
  const { rows, runs, elapsed, user, system, notes } = result;
  const times = runs > 1 ? ` (${plural(runs, 'run')})` : '';
  sink(`\n Performance counter stats for ${safe(title)}${times}:\n\n`);
  for (const text of table(rows, elapsed.mean, runs, style)) sink(`${text}\n`);
  sink(`\n${duration(elapsed, 'seconds time elapsed', runs)}\n`);
  if (user !== undefined && system !== undefined) {
    sink(`\n${duration(user, 'seconds user', runs)}\n${duration(system, 'seconds sys', runs)}\n`);
  }
  writeNotes(notes, sink);
}

/** Writes one line per note. */
export function writeNotes(notes: readonly string[], sink: Sink): void {
  if (notes.length > 0) sink('\n');
  for (const note of notes) sink(` - ${safe(note)}\n`);
  sink('\n');
}

/** @returns a printer of intervals, each of which begins with its time */
export function intervalPrinter(style: StatStyle, sink: Sink): (interval: Interval) => void {
  let lines = 0;
  return ({ rows, at, length }) => {
    if (lines % HEADING_EVERY === 0) sink('#          time             counts   events\n');
    const time = seconds(at).padStart(16);
    for (const text of table(rows, length, 1, style, time.length + 1)) {
      sink(`${time} ${text}\n`);
      lines++;
    }
  };
}

/** A row's cells, left to right. */
interface Cells {
  readonly label: string;
  readonly count: string;
  readonly unit: string;
  readonly name: string;
  readonly metric: string;
  /** Deviation, and share of the time. */
  readonly rest: string;
}

/** @param taken columns of each line that something else is in */
function table(
  rows: readonly Row[],
  elapsed: Nanoseconds,
  runs: number,
  style: StatStyle,
  taken = 0,
): string[] {
  const shown = rows.filter(({ event }) => event.asked || event.state === 'counted');
  const cells = withMetrics(shown, elapsed).flatMap((figures) => cellsOf(figures, runs, style));
  const width = (cell: keyof Cells, least = 0): number =>
    cells.reduce((most, one) => Math.max(most, columns(one[cell])), least);
  const narrow: Widths = {
    label: width('label'),
    count: width('count'),
    unit: width('unit'),
    name: width('name'),
    metric: width('metric'),
    rest: width('rest'),
  };
  const roomy: Widths = {
    ...narrow,
    count: Math.max(COUNT_WIDTH, narrow.count),
    unit: Math.max(UNIT_WIDTH, narrow.unit),
    name: Math.max(NAME_WIDTH, narrow.name),
  };
  const room = (style.columns ?? Infinity) - taken;
  const lacking = lineWidth(narrow) - room;
  // Where there is no room for perf's layout the columns move together; then names are cut.
  const widths =
    lineWidth(roomy) <= room
      ? roomy
      : { ...narrow, name: Math.max(LEAST_NAME_WIDTH, narrow.name - Math.max(0, lacking)) };
  return cells.map((one) => line(one, widths));
}

type Widths = Readonly<Record<keyof Cells, number>>;

/** Columns that are empty throughout take no room. */
function lineWidth(widths: Widths): number {
  const used = Object.values(widths).filter((width) => width > 0);
  return used.reduce((sum, width) => sum + width, 0) + used.length - 1;
}

function line(cells: Cells, widths: Widths): string {
  const name = shortenMiddle(cells.name, widths.name);
  return [
    ...(widths.label > 0 ? [padColumns(cells.label, widths.label)] : []),
    cells.count.padStart(widths.count),
    ...(widths.unit > 0 ? [padColumns(cells.unit, widths.unit)] : []),
    padColumns(name, widths.name),
    ...(widths.metric > 0 ? [cells.metric.padEnd(widths.metric)] : []),
    cells.rest,
  ]
    .join(' ')
    .trimEnd();
}

function padColumns(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)));
}

/** A line, and one for each further figure. */
function cellsOf({ row, metrics }: Figures, runs: number, style: StatStyle): Cells[] {
  const { event, label } = row;
  const value = shownCount(row);
  const count =
    value === undefined ? whyMissing(event) : formatValue(value, digitsOf(event), style);
  const noise =
    runs > 1 && Boolean(row.count) ? `( +-${deviationPercent(row).toFixed(2).padStart(6)}% )` : '';
  const share = row.running < row.enabled ? `(${runningPercent(row).toFixed(2)}%)` : '';
  const first: Cells = {
    label: label === undefined ? '' : safe(labelText(row)),
    count,
    unit: unitOf(event),
    name: safe(event.spec.name),
    metric: metrics.length > 0 ? metricText(metrics[0]) : '',
    rest: [noise, share].filter((text) => text !== '').join('  '),
  };
  const more = metrics.slice(1).map((metric) => ({
    label: '',
    count: '',
    unit: '',
    name: '',
    metric: metricText(metric),
    rest: '',
  }));
  return [first, ...more];
}

/** Of cores and sockets also how many CPUs they are. */
function labelText({ label, counters }: Row): string {
  if (label?.kind === 'core' || label?.kind === 'socket') {
    return `${label.text} ${String(counters).padStart(3)}`;
  }
  return label?.text ?? '';
}

function metricText({ value, unit, percent, digits }: Metric): string {
  // The points stand below each other, and so do the words.
  const number = value.toFixed(digits).padStart(5 + digits) + (percent ? '%' : '');
  return `# ${number.padEnd(8)} ${unit}`;
}

function formatValue(value: number, digits: number, { grouped }: StatStyle): string {
  const text = value.toFixed(digits);
  if (!grouped) return text;
  const point = digits === 0 ? text.length : text.length - digits - 1;
  return formatCount(Number(text.slice(0, point))) + text.slice(point);
}

function duration(time: Estimate, words: string, runs: number): string {
  if (runs === 1) return `${seconds(time.mean).padStart(18)} ${words}`;
  const { mean, deviation } = { mean: time.mean / 1e9, deviation: time.deviation / 1e9 };
  // Three digits of the deviation: the mean has no more to say.
  const digits =
    deviation > 0 ? Math.min(9, Math.max(0, 2 - Math.floor(Math.log10(deviation)))) : 9;
  const noise = relativeDeviation(time).toFixed(2).padStart(6);
  return `${`${mean.toFixed(digits)} +- ${deviation.toFixed(digits)}`.padStart(29)} ${words}  ( +-${noise}% )`;
}

function seconds(time: Nanoseconds): string {
  return (time / 1e9).toFixed(9);
}
