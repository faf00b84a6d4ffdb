/** `strata report --json` and `--csv`: the rows of the report, with raw names and exact numbers. */
import { formatAddress } from '../base/units.js';
import type { ChainKey, ChainNode } from '../profile/report/callgraph.js';
import type { Entry } from '../profile/report/entries.js';
import type { FlatProfile, FlatRow, RowWeights } from '../profile/report/flat.js';
import { hierarchy, type HierarchyNode } from '../profile/report/hierarchy.js';
import { functionName, type KeyColumn } from '../profile/report/key-columns.js';
import type { SortKey } from '../profile/report/sort-keys.js';
import type { Profile } from '../profile/profile.js';
import {
  reportsOf,
  type EventReport,
  type ReportChoice,
  type Total,
} from '../profile/report/report.js';
import { waitTotals, WAIT_NAMES } from '../profile/waits.js';
import { csvLine, reportHead } from './data.js';
import { samplesOf } from './text/report-columns.js';
import { graphOf, type GraphForm, type GraphOptions } from './text/graph.js';
import type { Sink } from './text/text.js';

export interface ReportDataOptions extends ReportChoice {
  readonly format: 'json' | 'csv';
  /** Rows below this percentage are left out. */
  readonly percentLimit?: number;
  readonly graph?: GraphForm | undefined;
}

/** An entry, or a node of a hierarchy. */
interface Line extends Entry<RowWeights> {
  /** In a hierarchy: 0 at the top. */
  readonly level?: number;
  /** The entry itself: of a hierarchy at the last level. */
  readonly entry?: Entry | undefined;
}

type Cell = string | number | undefined;

/** Writes the report of every event, or group of events, that has samples. */
export function writeReportData(profile: Profile, options: ReportDataOptions, sink: Sink): void {
  const reports = reportsOf(profile, options);
  if (options.format === 'json') writeJson(profile, reports, options, sink);
  else writeCsv(profile, reports, options, sink);
}

/** Row by row: the text of all may be longer than a string can be. */
function writeJson(
  profile: Profile,
  reports: readonly EventReport[],
  options: ReportDataOptions,
  sink: Sink,
): void {
  const { percentLimit = 0, graph } = options;
  sink(open({ ...reportHead('report', profile), percentLimit }));
  sink(',"reports":[');
  reports.forEach((report, index) => {
    const { columns, flats, order, totals } = report;
    const { shown, hidden } = linesOf(report, options);
    const events = report.events.map((event, at) => eventHead(profile, event, totals[at]));
    const graphs = graphOptions(report, graph);
    const head = {
      events,
      keys: columns.map(({ key }) => key),
      children: order.children,
      ...(graphs === undefined ? {} : { callGraphs: describeGraphs(graphs) }),
      ...(hidden.rows > 0 ? { hidden } : {}),
    };
    sink(`${index > 0 ? ',' : ''}\n${open(head)},"rows":[`);
    const chains = graphs && chainsOf(flats[0], graphs);
    shown.forEach((line, nth) => {
      const row = line.entry?.rows[0];
      const cells = {
        ...(line.level === undefined ? {} : { level: line.level }),
        ...keyCells(columns, line),
        ...costs(line.rows[0], totals[0], line.level !== undefined),
        ...otherCosts(profile, report, line),
        ...(chains === undefined || row === undefined ? {} : { chains: chains(row) }),
      };
      sink(`${nth > 0 ? ',' : ''}\n${JSON.stringify(cells)}`);
    });
    sink(']}');
  });
  sink(']}\n');
}

function writeCsv(
  profile: Profile,
  reports: readonly EventReport[],
  options: ReportDataOptions,
  sink: Sink,
): void {
  // The keys are the same in all reports; what a row has none of stays empty.
  const keys = reports.at(0)?.columns.flatMap(({ key }) => cellNames(key)) ?? [];
  const isTree = options.hierarchy === true;
  const levels = isTree ? ['level'] : [];
  const numbers = isTree ? SELF_COSTS : [...WHOLE_COSTS, ...SELF_COSTS];
  sink(csvLine(['event', 'unit', ...levels, ...keys, ...numbers]));
  for (const report of reports) {
    const { columns, events, totals } = report;
    for (const line of linesOf(report, options).shown) {
      const cells: Readonly<Record<string, Cell>> = keyCells(columns, line);
      events.forEach((event, at) => {
        const { name, unit } = profile.events[event];
        const cost: Readonly<Record<string, Cell>> = costs(line.rows[at], totals[at], isTree);
        sink(
          csvLine([
            ...[name, unit, ...levels.map(() => line.level)],
            ...keys.map((key) => cells[key]),
            ...numbers.map((column) => cost[column]),
          ]),
        );
      });
    }
  }
}

/** An object whose last keys follow. */
function open(head: object): string {
  return JSON.stringify(head).slice(0, -1);
}

function eventHead(profile: Profile, event: number, total: Total) {
  const { name, unit } = profile.events[event];
  const waits = waitTotals(profile, event).map(({ wait, weight, samples }) => ({
    wait: WAIT_NAMES[wait],
    weight,
    samples,
  }));
  const { weight, samples } = total;
  return { name, unit, weight, samples, ...(waits.length > 0 ? { waits } : {}) };
}

/** What is shown, and what the limit leaves out. */
function linesOf(
  report: EventReport,
  { percentLimit = 0, hierarchy: asTree }: ReportDataOptions,
): { shown: Line[]; hidden: { rows: number; selfWeight: number } } {
  const { columns, entries, order, totals } = report;
  const hidden = { rows: 0, selfWeight: 0 };
  const shown: Line[] = [];
  const add = (line: Line): boolean => {
    const [row] = line.rows;
    const weight = (order.children ? row?.children : row?.self) ?? 0;
    if (100 * weight >= percentLimit * totals[0].weight) return shown.push(line) > 0;
    hidden.rows++;
    hidden.selfWeight += row?.self ?? 0;
    return false;
  };
  if (asTree !== true) {
    for (const entry of entries) add({ ...entry, entry });
    return { shown, hidden };
  }
  const addTree = (nodes: readonly HierarchyNode[]): void => {
    for (const node of nodes) if (add(node)) addTree(node.children);
  };
  addTree(hierarchy(entries, columns, [...columns.keys()], order));
  return { shown, hidden };
}

/** Names of a key's cells: a thread has a number and a name. */
function cellNames(key: SortKey): readonly string[] {
  return isThread(key) ? [key, `${key}Name`] : [key];
}

function isThread(key: SortKey): boolean {
  return key === 'pid' || key === 'tid' || key === 'tgid';
}

/** What is not known is absent; so is what a hierarchy tells further down. */
function keyCells(
  columns: readonly KeyColumn[],
  { values, rows, level = columns.length - 1 }: Line,
): Readonly<Record<string, Cell>> {
  const cells: Record<string, Cell> = {};
  columns.slice(0, level + 1).forEach(({ key, text, sum }, at) => {
    const value = values[at];
    if (isThread(key)) {
      const [, id, name] = /^ *(-?\d+):(.*)$/s.exec(text(value)) ?? [];
      cells[key] = Number(id);
      cells[`${key}Name`] = name;
    } else {
      const shown = sum === undefined ? text(value) : String(sum(value, samplesOf(rows)));
      cells[key] = value < 0 ? undefined : keyCell(key, shown);
    }
  });
  return cells;
}

function keyCell(key: SortKey, text: string): Cell {
  if (NUMBER_KEYS.has(key)) return Number(text);
  // The mark of the kernel is for the eye.
  return key.startsWith('symbol') ? text.slice('[.] '.length) : text;
}

const NUMBER_KEYS = new Set<SortKey>(['cpu', 'time', 'cycles', 'weight', 'local_weight']);

const WHOLE_COSTS = ['weight', 'percent', 'samples'] as const;
const SELF_COSTS = ['selfWeight', 'selfPercent', 'selfSamples'] as const;

/** With what the row calls, and without; what rows call has no sum, so that a hierarchy has none. */
function costs(row: RowWeights | undefined, { weight: total }: Total, isSum: boolean) {
  const { self = 0, selfSamples = 0, children = 0, childrenSamples = 0 } = row ?? {};
  const whole = { weight: children, percent: percentOf(children, total), samples: childrenSamples };
  return {
    ...(isSum ? {} : whole),
    ...{ selfWeight: self, selfPercent: percentOf(self, total), selfSamples },
  };
}

function percentOf(weight: number, whole: number): number {
  return whole > 0 ? (100 * weight) / whole : 0;
}

/** Of events shown side by side with the first. */
function otherCosts(profile: Profile, { events, totals }: EventReport, { rows, level }: Line) {
  if (events.length === 1) return {};
  const others = events.slice(1).map((event, at) => ({
    event: profile.events[event].name,
    ...costs(rows[at + 1], totals[at + 1], level !== undefined),
  }));
  return { others };
}

function graphOptions(
  { order, totals }: EventReport,
  graph: GraphForm | undefined,
): GraphOptions | undefined {
  const { chain, children } = order;
  if (chain === undefined) return undefined;
  return { ...graph, order: chain, children, total: totals[0].weight };
}

function describeGraphs(options: GraphOptions) {
  const { type = 'graph', order, key = 'function', limit = 0.5, printLimit, maxStack } = options;
  return { type, order, key, limit, printLimit, maxStack };
}

/** What gives the chains of a row: as branches of branches, of `flat` and `folded` as a list. */
function chainsOf(flat: FlatProfile, options: GraphOptions): (row: FlatRow) => unknown[] {
  const { type, key = 'function', printLimit = 0, total } = options;
  const graph = graphOf(flat, options);
  const limited = <T>(all: readonly T[]) => (printLimit === 0 ? all : all.slice(0, printLimit));
  const branch = (node: ChainNode): unknown => ({
    ...frameCells(flat, key, node),
    weight: node.weight,
    percent: percentOf(node.weight, total),
    samples: node.samples,
    selfWeight: node.ended,
    ...(node.cut ? { cut: true } : {}),
    children: limited(node.children).map(branch),
  });
  if (type !== 'flat' && type !== 'folded') {
    return (row) => limited(graph.chains(row)).map(branch);
  }
  return (row) =>
    limited(graph.list(row)).map(({ ended, endedSamples, cut, ...chain }) => ({
      ...frameCells(flat, key, chain),
      weight: ended,
      percent: percentOf(ended, total),
      samples: endedSamples,
      ...(cut ? { cut: true } : {}),
    }));
}

/** Names of a run of frames; their lines and addresses where these tell them apart; `null` for what is not known. */
function frameCells(
  { tree }: FlatProfile,
  key: ChainKey,
  { nodes, funcs }: Pick<ChainNode, 'nodes' | 'funcs'>,
) {
  const { profile, file, line, frame } = tree;
  const symbols = funcs.map((func) => functionName(profile, func));
  if (key === 'function') return { symbols };
  const lines = nodes.map((node) =>
    file[node] >= 0 && line[node] >= 0 ? `${profile.strings[file[node]]}:${line[node]}` : null,
  );
  if (key === 'srcline') return { symbols, lines };
  const addresses = nodes.map((node) =>
    frame[node] < 0 ? null : `0x${formatAddress(profile.frames.address[frame[node]])}`,
  );
  return { symbols, lines, addresses };
}
