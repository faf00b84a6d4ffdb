/**
 * `perf report --stdio`: per event a header and one row per command, shared object and symbol, with
 * the row's call graph below it (layout of tools/perf/ui/stdio/hist.c and ui/hist.c, perf 6.1).
 */
import type { Entry } from '../../profile/report/entries.js';
import type { RowWeights } from '../../profile/report/flat.js';
import type { Profile } from '../../profile/profile.js';
import { reportsOf, type EventReport, type ReportChoice } from '../../profile/report/report.js';
import { waitTotals } from '../../profile/waits.js';
import { graphWriter, type GraphForm } from './graph.js';
import { writeNotes } from './notes.js';
import { allColumns, pad, type Column, type Line } from './report-columns.js';
import { writeEventHeader } from './report-header.js';
import { writeHierarchy } from './report-hierarchy.js';
import { safe, type Sink } from './text.js';

/** `perf report`'s options of the same names. */
export interface ReportOptions extends ReportChoice {
  /** Rows below this percentage are left out. */
  readonly percentLimit?: number;
  /** How call graphs look. */
  readonly graph?: GraphForm | undefined;
  /** Stands between columns, which are not padded then. */
  readonly separator?: string | undefined;
}

/** Writes the report of every event that has samples, and what could not be known. */
export function writeReport(profile: Profile, options: ReportOptions, sink: Sink): void {
  const reports = reportsOf(profile, options);
  for (const { key, value } of reports.at(0)?.elided ?? []) sink(`# ${key}: ${safe(value)}\n`);
  sink(`#\n# Total Lost Samples: ${profile.meta.lost}\n#\n`);
  for (const report of reports) writeEvent(profile, report, options, sink);
  if (reports.length === 0) sink('# No samples.\n');
  writeNotes(profile, sink, { prefix: '# ' });
}

function writeEvent(
  profile: Profile,
  report: EventReport,
  options: ReportOptions,
  sink: Sink,
): void {
  const { events, entries, order, totals } = report;
  const { percentLimit = 0, separator } = options;
  const waits = events.length === 1 ? waitTotals(profile, events[0]) : [];
  const times = waits.length > 0;
  // perf's limit is on the first of events side by side.
  const weightOf = (row: RowWeights | undefined) =>
    (order.children ? row?.children : row?.self) ?? 0;
  const isShown = ({ rows }: Line) => 100 * weightOf(rows[0]) >= percentLimit * totals[0].weight;
  const writeBelow = entryGraphs(report, options, sink);

  writeEventHeader(profile, report, waits, sink);
  if (options.hierarchy === true) {
    writeHierarchy(report, { isShown, percentLimit, separator, times, writeBelow }, sink);
  } else {
    const table = allColumns(report, times);
    writeHeader(table, separator, sink);
    for (const entry of entries) {
      if (!isShown(entry)) continue;
      writeRow(table, entry, separator, sink);
      writeBelow(entry);
    }
  }
  sink('\n\n');
}

/** What writes the call graph of an entry: of its first event's row. */
function entryGraphs(
  { flats, order, totals }: EventReport,
  { graph, sort, fields }: ReportOptions,
  sink: Sink,
): (entry: Entry) => void {
  const { chain, children } = order;
  if (chain === undefined) return () => undefined;
  // As perf has it: an only chain's first frame is not said again where rows begin with it.
  const skipsFirst = fields === undefined && sort?.more === false && sort.fields[0] === 'symbol';
  const options = { ...graph, order: chain, children, total: totals[0].weight, skipsFirst };
  const write = graphWriter(flats[0], options, sink);
  return ({ rows: [row] }) => {
    if (row !== undefined) write(row);
  };
}

function writeHeader(table: readonly Column[], separator: string | undefined, sink: Sink): void {
  if (separator !== undefined) {
    sink(`# ${table.map(({ header }) => header.trim()).join(separator)}\n`);
    return;
  }
  sink(`# ${table.map((column) => pad(column.header, column)).join('  ')}\n`);
  sink(`# ${table.map((column) => '.'.repeat(column.width)).join('  ')}\n#\n`);
}

/** The last column is not padded; with a separator none is, and where it stands in a cell a dot stands instead. */
function writeRow(
  table: readonly Column[],
  entry: Entry,
  separator: string | undefined,
  sink: Sink,
): void {
  if (separator !== undefined) {
    const cells = table.map(({ text }) => text(entry).trim().replaceAll(separator, '.'));
    sink(`${cells.join(separator)}\n`);
    return;
  }
  const last = table.length - 1;
  const cells = table.map((column, index) => {
    const text = column.text(entry);
    return index === last && !column.right ? text : pad(text, column);
  });
  sink(`  ${cells.join('  ')}\n`);
}
