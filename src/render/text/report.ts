/**
 * `perf report --stdio`: per event a header and one row per command, shared object and symbol, with
 * the row's call graph below it (layout of tools/perf/ui/stdio/hist.c and ui/hist.c, perf 6.1).
 */
import { formatDuration, formatPercent } from '../../base/units.js';
import { CallGraph } from '../../profile/callgraph.js';
import {
  DEFAULT_SORT_KEYS,
  flatProfile,
  sortRows,
  type FlatProfile,
  type FlatRow,
  type SortKey,
} from '../../profile/flat.js';
import { Layer, type Profile } from '../../profile/profile.js';
import { describeWaits, WAIT_NAMES, waitTotals } from '../../profile/waits.js';
import { writeGraph } from './graph.js';
import { writeNotes } from './notes.js';
import { columns, safe, type Sink } from './text.js';

/** `perf report`'s options of the same names. */
export interface ReportOptions {
  /** Add what a row calls to it and sort by that; `--no-children` otherwise. */
  readonly children?: boolean;
  /** `-n`: a column with the count of samples. */
  readonly samples?: boolean;
  /** `-g`; where unsaid, callers first with children, callees first without, as perf. */
  readonly callGraph?: 'caller' | 'callee' | 'none' | undefined;
  readonly sort?: readonly SortKey[];
  /** Rows below this percentage are left out. */
  readonly percentLimit?: number;
  /** Branches of call graphs below this percentage are left out. */
  readonly graphLimit?: number;
}

/** Writes the report of every event that has samples, and what could not be known. */
export function writeReport(profile: Profile, options: ReportOptions, sink: Sink): void {
  sink(`#\n# Total Lost Samples: ${profile.meta.lost}\n#\n`);
  const present = new Set(profile.samples.event);
  profile.events.forEach((_, event) => {
    if (present.has(event)) writeEvent(profile, event, options, sink);
  });
  if (present.size === 0) sink('# No samples.\n');
  writeNotes(profile, sink, '# ');
}

function writeEvent(profile: Profile, event: number, options: ReportOptions, sink: Sink): void {
  const flat = flatProfile(profile, event, options.sort ?? DEFAULT_SORT_KEYS);
  // perf shows neither children nor call graphs of a recording without call chains.
  const chained = profile.stacks.parent.some((parent) => parent >= 0);
  const children = chained && (options.children ?? true);
  const order = options.callGraph ?? (children ? 'caller' : 'callee');
  const chain = chained && order !== 'none' ? order : undefined;

  const name = safe(profile.events[event].name);
  sink(`# Samples: ${approximate(flat.tree.samples)} of event '${name}'\n`);
  sink(`# Event count (approx.): ${flat.tree.weight}\n`);
  const waits = waitTotals(profile, event);
  if (waits.length > 0) sink(`# Waiting: ${describeWaits(waits)}\n`);
  sink('#\n');
  const rows = sortRows(flat, { children, chain }).filter(
    (row) => row.selfSamples > 0 || (children && row.childrenSamples > 0),
  );
  const table = reportColumns(flat, rows, {
    children,
    samples: options.samples ?? true,
    times: waits.length > 0,
  });
  writeHeader(table, sink);

  const { weight: total } = flat.tree;
  const graph =
    chain &&
    new CallGraph(flat, {
      order: chain,
      children,
      minWeight: Math.floor((total * (options.graphLimit ?? 0.5)) / 100),
    });
  const limit = options.percentLimit ?? 0;
  const nameOf = remembered((func) => safe(functionName(profile, func)));
  const percentOf = remembered((weight) => formatPercent(weight, total));
  for (const row of rows) {
    const weight = children ? row.children : row.self;
    if ((100 * weight) / total < limit) continue;
    writeRow(table, row, sink);
    if (graph && weight >= graph.options.minWeight) {
      writeGraph(graph.chains(row), { nameOf, percentOf, weight }, sink);
    }
  }
  sink('\n\n');
}

/** A function whose results are kept: few weights stand in many places of a report. */
function remembered(make: (value: number) => string): (value: number) => string {
  const known = new Map<number, string>();
  return (value) => {
    let text = known.get(value);
    if (text === undefined) known.set(value, (text = make(value)));
    return text;
  };
}

/** perf's `convert_unit`: `1703` is `1K`, `852` is `852 ` (the unit is a blank). */
function approximate(count: number): string {
  const units = [' ', 'K', 'M', 'G'];
  let unit = 0;
  while (count > 1000 && unit < units.length - 1) {
    count = Math.floor(count / 1000);
    unit++;
  }
  return `${count}${units[unit]}`;
}

interface Column {
  readonly header: string;
  readonly width: number;
  readonly right: boolean;
  readonly text: (row: FlatRow) => string;
}

function reportColumns(
  flat: FlatProfile,
  rows: readonly FlatRow[],
  shown: { readonly children: boolean; readonly samples: boolean; readonly times: boolean },
): Column[] {
  const { children } = shown;
  const percent = (part: number) => formatPercent(part, flat.tree.weight);
  const numbers: Column[] = children
    ? [
        { header: 'Children', width: 8, right: true, text: (row) => percent(row.children) },
        { header: 'Self', width: 8, right: true, text: (row) => percent(row.self) },
      ]
    : [{ header: 'Overhead', width: 8, right: true, text: (row) => percent(row.self) }];
  if (shown.times) {
    const text = (row: FlatRow) => formatDuration(children ? row.children : row.self);
    numbers.push({ header: 'Time', width: 8, right: true, text });
  }
  if (shown.samples) {
    const text = (row: FlatRow) => String(row.selfSamples);
    numbers.push({ header: 'Samples', width: 12, right: true, text });
  }
  return [...numbers, ...flat.keys.map((key) => keyColumn(flat, rows, key))];
}

/** perf's columns of sort keys: as wide as their widest row. */
function keyColumn(flat: FlatProfile, rows: readonly FlatRow[], key: SortKey): Column {
  const { profile } = flat.tree;
  const { strings, modules, threads } = profile;
  const columnOf = (header: string, text: (row: FlatRow) => string): Column => {
    let width = header.length;
    for (const row of rows) width = Math.max(width, columns(text(row)));
    return { header, width, right: false, text };
  };
  switch (key) {
    case 'comm':
      return columnOf('Command', (row) => safe(strings[row.comm]));
    case 'pid':
      return columnOf('    Pid', (row) => String(row.pid).padStart(7));
    case 'tid':
      return columnOf('    Tid:Command', ({ thread }) => {
        return `${String(threads.tid[thread]).padStart(7)}:${safe(strings[threads.name[thread]])}`;
      });
    case 'dso':
      return columnOf('Shared Object', ({ module }) =>
        module < 0 ? '[unknown]' : safe(strings[modules.name[module]]),
      );
    case 'srcline':
      return columnOf('Source:Line', ({ source }) => safe(source));
    case 'srcfile':
      return columnOf('Source File', ({ source }) => safe(source));
    case 'wait':
      return columnOf('Wait', ({ wait }) => WAIT_NAMES[wait]);
    case 'symbol':
      return columnOf('Symbol', ({ func }) => {
        const kernel = func >= 0 && profile.functions.layer[func] === Layer.Kernel;
        return `[${kernel ? 'k' : '.'}] ${safe(functionName(profile, func))}`;
      });
  }
}

function functionName({ strings, functions }: Profile, func: number): string {
  if (func < 0) return '[unknown]';
  const name = strings[functions.name[func]];
  return functions.inlined[func] === 1 ? `${name} (inlined)` : name;
}

function pad(text: string, { width, right }: Column): string {
  const blank = ' '.repeat(Math.max(0, width - columns(text)));
  return right ? blank + text : text + blank;
}

function writeHeader(table: readonly Column[], sink: Sink): void {
  sink(`# ${table.map((column) => pad(column.header, column)).join('  ')}\n`);
  sink(`# ${table.map((column) => '.'.repeat(column.width)).join('  ')}\n#\n`);
}

/** The last column is not padded. */
function writeRow(table: readonly Column[], row: FlatRow, sink: Sink): void {
  const last = table.length - 1;
  const cells = table.map((column, index) => {
    const text = column.text(row);
    return index === last && !column.right ? text : pad(text, column);
  });
  sink(`  ${cells.join('  ')}\n`);
}
