/** What `strata stat` prints for people: the layout of `perf stat`. */
import { formatCount, plural, type Nanoseconds } from '../../base/units.js';
import { relativeDeviation, type Estimate } from '../../stat/deviation.js';
import { withMetrics, type Figures, type Metric } from '../../stat/metrics.js';
import type { Row } from '../../stat/rows.js';
import type { Interval, StatResult } from '../../stat/run.js';
import { digitsOf, runningPercent, shownCount, unitOf, whyMissing } from './stat-values.js';
import { columns, safe, shortenMiddle, type Sink } from './text.js';

export interface StatStyle {
  /** Whether digits are grouped: `1,234,567`. */
  readonly grouped: boolean;
  /** Columns of the terminal; lines are as long as they are where it is `undefined`. */
  readonly columns: number | undefined;
}

/** perf's widths, which wider content widens. */
const COUNT_WIDTH = 18;
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
  for (const line of table(rows, elapsed.mean, runs, style)) sink(`${line}\n`);
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
    for (const line of table(rows, length, 1, style, time.length + 1)) {
      sink(`${time} ${line}\n`);
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
  const width = (cell: keyof Cells): number =>
    cells.reduce((most, one) => Math.max(most, columns(one[cell])), 0);
  const natural = { label: width('label'), unit: width('unit'), metric: width('metric') };
  const needs = { count: width('count'), name: width('name'), rest: width('rest') };
  const gaps =
    1 + (natural.label && 1) + (natural.unit && 1) + (natural.metric && 3) + (needs.rest && 2);
  const free =
    (style.columns ?? Infinity) -
    taken -
    (natural.label + natural.unit + natural.metric + needs.rest + gaps);
  // Where there is no room for perf's layout the columns move together; last of all names are cut.
  const isRoomy = free >= Math.max(COUNT_WIDTH, needs.count) + Math.max(NAME_WIDTH, needs.name);
  const count = isRoomy ? Math.max(COUNT_WIDTH, needs.count) : needs.count;
  const name = isRoomy
    ? Math.max(NAME_WIDTH, needs.name)
    : Math.max(LEAST_NAME_WIDTH, Math.min(needs.name, free - count));
  return cells.map((one) =>
    [
      ...(natural.label > 0 ? [one.label.padEnd(natural.label)] : []),
      one.count.padStart(count),
      ...(natural.unit > 0 ? [one.unit.padEnd(natural.unit)] : []),
      padColumns(shortenMiddle(one.name, name), name),
      ...(natural.metric > 0 ? [(one.metric && ` ${one.metric}`).padEnd(natural.metric + 1)] : []),
      one.rest,
    ]
      .join(' ')
      .trimEnd(),
  );
}

function padColumns(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)));
}

/** A line, and one for each further figure. */
function cellsOf({ row, metrics }: Figures, runs: number, style: StatStyle): Cells[] {
  const { event, label, deviation, count: mean } = row;
  const value = shownCount(row);
  const count =
    value === undefined ? whyMissing(event) : formatValue(value, digitsOf(event), style);
  const isCounted = mean !== undefined && mean !== 0;
  const noise =
    runs > 1 && isCounted
      ? `( +-${relativeDeviation({ mean, deviation }).toFixed(2).padStart(6)}% )`
      : '';
  const share = row.running < row.enabled ? `(${runningPercent(row).toFixed(2)}%)` : '';
  const first: Cells = {
    label: label === undefined ? '' : safe(labelText(row)),
    count,
    unit: unitOf(event),
    name: safe(event.spec.name),
    metric: metrics.length > 0 ? metricText(metrics[0]) : '',
    rest: [noise, share].filter((text) => text !== '').join(' '),
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
  const number = value.toFixed(digits);
  // The words of percentages stand below those of numbers.
  return `# ${percent ? `${number.padStart(7)}%` : number.padStart(8)} ${unit}`;
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
