/** Counts for other programs: an object a line, with the keys of `perf stat -j`. */
import { withMetrics, type Metric } from '../../stat/metrics.js';
import type { Row } from '../../stat/rows.js';
import type { Interval, StatResult } from '../../stat/run.js';
import {
  deviationPercent,
  isListed,
  runningPercent,
  shownCount,
  unitOf,
  whyMissing,
} from './stat-values.js';
import type { Sink } from './text.js';

export function writeStatJson({ rows, runs, elapsed }: StatResult, sink: Sink): void {
  writeRows(rows, elapsed.mean, runs, {}, sink);
}

export function writeIntervalJson({ rows, at, length }: Interval, sink: Sink): void {
  writeRows(rows, length, 1, { interval: at / 1e9 }, sink);
}

function writeRows(
  rows: readonly Row[],
  elapsed: number,
  runs: number,
  lead: object,
  sink: Sink,
): void {
  for (const { row, metrics } of withMetrics(rows, elapsed)) {
    const { event } = row;
    if (!isListed(event)) continue;
    const whose = { ...lead, ...labelKeys(row) };
    const counted = {
      // Text, as perf has it: it may be `<not counted>`.
      'counter-value': shownCount(row)?.toFixed(6) ?? whyMissing(event),
      unit: unitOf(event),
      event: event.spec.name,
      ...(runs > 1 && { variance: round(deviationPercent(row), 2) }),
      'event-runtime': Math.round(row.running),
      'pcnt-running': round(runningPercent(row), 2),
      ...metricKeys(metrics.at(0)),
    };
    sink(`${JSON.stringify({ ...whose, ...counted })}\n`);
    for (const metric of metrics.slice(1)) {
      sink(`${JSON.stringify({ ...whose, ...metricKeys(metric) })}\n`);
    }
  }
}

function labelKeys({ label, counters }: Row): object {
  if (label === undefined) return {};
  switch (label.kind) {
    case 'cpu':
      return { cpu: label.text.replace(/^CPU/, '') };
    case 'thread':
      return { thread: label.text };
    case 'core':
      return { core: label.text, 'aggregate-number': counters };
    case 'socket':
      return { socket: label.text, 'aggregate-number': counters };
  }
}

function metricKeys(metric: Metric | undefined): object {
  return {
    'metric-value': metric === undefined ? null : round(metric.value, 6),
    'metric-unit': metric?.unit ?? '',
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
