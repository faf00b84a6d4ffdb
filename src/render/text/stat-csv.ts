/**
 * Counts for other programs: the fields of `perf stat -x`, in its order (perf-stat(1), "CSV FORMAT").
 */
import { withMetrics, type Metric } from '../../stat/metrics.js';
import type { Row } from '../../stat/rows.js';
import type { Interval, StatResult } from '../../stat/run.js';
import {
  deviationPercent,
  digitsOf,
  isListed,
  runningPercent,
  shownCount,
  unitOf,
  whyMissing,
} from './stat-values.js';
import { safe, type Sink } from './text.js';

/** @param separator between fields; as in perf nothing is quoted */
export function writeStatCsv(result: StatResult, separator: string, sink: Sink): void {
  const { rows, runs, elapsed } = result;
  writeRows(rows, elapsed.mean, runs, '', separator, sink);
}

export function writeIntervalCsv(
  { rows, at, length }: Interval,
  separator: string,
  sink: Sink,
): void {
  const time = `${(at / 1e9).toFixed(9).padStart(16)}${separator}`;
  writeRows(rows, length, 1, time, separator, sink);
}

function writeRows(
  rows: readonly Row[],
  elapsed: number,
  runs: number,
  time: string,
  separator: string,
  sink: Sink,
): void {
  for (const { row, metrics } of withMetrics(rows, elapsed)) {
    const { event } = row;
    if (!isListed(event)) continue;
    const value = shownCount(row);
    const lead =
      time +
      labelFields(row)
        .map((field) => field + separator)
        .join('');
    const fields = [
      value?.toFixed(digitsOf(event)) ?? whyMissing(event),
      unitOf(event),
      event.spec.name,
      ...(runs > 1 ? [`${deviationPercent(row).toFixed(2)}%`] : []),
      row.running.toFixed(0),
      runningPercent(row).toFixed(2),
      ...metricFields(metrics.at(0)),
    ];
    sink(`${lead}${fields.join(separator)}\n`);
    // Further figures stand below the first, all other fields empty.
    for (const metric of metrics.slice(1)) {
      const empty = separator.repeat(fields.length - 2);
      sink(`${lead}${empty}${metricFields(metric).join(separator)}\n`);
    }
  }
}

function labelFields({ label, counters }: Row): string[] {
  if (label === undefined) return [];
  const isOfCpus = label.kind === 'core' || label.kind === 'socket';
  // A thread's name may hold anything.
  const text = safe(label.text);
  return isOfCpus ? [text, String(counters)] : [text];
}

function metricFields(metric: Metric | undefined): [string, string] {
  return metric === undefined ? ['', ''] : [metric.value.toFixed(metric.digits), metric.unit];
}
