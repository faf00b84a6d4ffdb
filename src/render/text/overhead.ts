/** What recording costs, as a table of three lines. */
import { formatDuration, formatPercent } from '../../base/units.js';
import { RUN_KINDS, type Overhead, type RunKind } from '../../checks/overhead.js';
import { pairedRatio } from '../../measure/ratio.js';
import { median, summarize } from '../../measure/statistics.js';
import type { Style } from './style.js';
import type { Sink } from './text.js';

const NAMES: Readonly<Record<RunKind, string>> = {
  plain: 'plain',
  named: 'with names turned on',
  recorded: 'while recorded',
};

/** Median, range, and the ratio to plain runs with its confidence interval. */
export function writeOverhead(overhead: Overhead, sink: Sink, style: Style): void {
  const { times, recorder } = overhead;
  const rows = RUN_KINDS.map((kind) => {
    const { min, max, median } = summarize(times[kind]);
    const spread = `${formatDuration(min)} to ${formatDuration(max)}`;
    return [NAMES[kind], formatDuration(median), spread, ratioText(overhead, kind)];
  });
  const table = [['', 'median', 'range', 'against plain'], ...rows];
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  table.forEach((row, i) => {
    const line = row
      .map((cell, at) => cell.padEnd(widths[at]))
      .join('   ')
      .trimEnd();
    sink(`${i === 0 ? style.faint(line) : line}\n`);
  });
  const { confidence, rounds } = pairedRatio(times.recorded, times.plain);
  sink(
    `\n${rounds} runs of each, in turn; ratios with the interval that holds at ` +
      `${formatPercent(confidence, 1, 0).replace('%', ' %')}.\n` +
      `Starting and ending the recorder took ${formatDuration(median(recorder))} more, in which the command ` +
      'does not run.\n',
  );
}

function ratioText({ times }: Overhead, kind: RunKind): string {
  if (kind === 'plain') return '';
  const { ratio, low, high } = pairedRatio(times[kind], times.plain);
  return `× ${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
