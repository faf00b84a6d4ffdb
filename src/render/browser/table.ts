/** The rows of one query, and what stands in their columns. */
import { StrataError } from '../../base/errors.js';
import type { CallGraph, ChainNode } from '../../profile/report/callgraph.js';
import type { Entry } from '../../profile/report/entries.js';
import { filterSamples } from '../../profile/selection/filter.js';
import type { FlatRow, RowWeights } from '../../profile/report/flat.js';
import { hierarchy, type HierarchyNode } from '../../profile/report/hierarchy.js';
import { Layer, type Profile } from '../../profile/profile.js';
import {
  isElided,
  reportsOf,
  type EventReport,
  type ReportChoice,
  type Total,
} from '../../profile/report/report.js';
import type { SortKey } from '../../profile/report/sort-keys.js';
import { isOffCpu } from '../../profile/waits.js';
import { frameNames, graphOf, type GraphForm } from '../text/graph.js';
import { allColumns, keyColumn, numberColumns } from '../text/report-columns.js';
import { levelIndent } from './list-lines.js';
import { safe } from '../text/text.js';
import type { ColumnHead, WantedSymbol, Zoom } from './protocol.js';

/** A row of the list: an entry of the report, or a node of its hierarchy. */
export interface Row extends Entry<RowWeights> {
  /** In a hierarchy: 0 at the top. */
  readonly level?: number;
  /** The values of the levels down to its own, with commas between; empty where there are no levels. */
  readonly path: string;
  /** What stands below in a hierarchy. */
  readonly children: readonly Row[];
  /** The entry itself; absent of nodes with a level below. Of events side by side its call graph is of the first. */
  readonly entry?: Entry | undefined;
  /** A row of the report that agrees with this one in the keys that this one has. */
  readonly example: FlatRow;
}

export interface TableChoice extends ReportChoice {
  /** Rows below this percentage are left out. */
  readonly percentLimit: number;
  readonly graph: GraphForm;
}

interface Column extends ColumnHead {
  readonly text: (row: Row) => string;
}

export class Table {
  readonly report: EventReport;
  /** Those that are shown; of a hierarchy all, as what is above them is their sum. */
  readonly entries: readonly Entry[];
  /** What percentages are of. */
  readonly total: Total;
  /** What the samples of the table weigh themselves. */
  readonly own: Total;
  readonly isHierarchy: boolean;
  /** Whether branches of call graphs are shares of what parts where they do. */
  readonly isFractal: boolean;
  /** Indexes of the report’s columns that are keys, of a hierarchy its levels. */
  private readonly keys: readonly number[];
  private readonly columns: readonly Column[];
  private readonly isOffCpu: boolean;
  private readonly graph: CallGraph | undefined;
  /** The least weight of rows that are shown. */
  private readonly limit: number;
  /** What a node of the call tree is called in call graphs. */
  readonly nameOf: (node: number) => string;

  /**
   * @param events of the profile's, that are shown side by side
   * @throws StrataError where there are no samples of them
   */
  constructor(
    readonly profile: Profile,
    readonly events: readonly number[],
    choice: TableChoice,
  ) {
    const isAll = events.length === profile.events.length;
    const [report] = reportsOf(isAll ? profile : filterSamples(profile, { events }), choice);
    if ((report as EventReport | undefined) === undefined) {
      const names = events.map((event) => profile.events[event].name).join(', ');
      throw new StrataError(`no samples of ${names} are left`);
    }
    this.report = report;
    const { columns, elided, flats, order, totals } = report;
    [this.total] = totals;
    this.own = flats[0].tree;
    this.isHierarchy = choice.hierarchy === true;
    this.isFractal = choice.graph.type === 'fractal';
    this.limit = (choice.percentLimit * this.total.weight) / 100;
    this.entries = this.isHierarchy
      ? report.entries
      : report.entries.filter((entry) => this.weightOf(entry) >= this.limit);
    this.isOffCpu = events.length === 1 && isOffCpu(profile.events[events[0]]);
    this.keys = [...columns.keys()].filter((at) => !isElided(elided, columns[at].key));
    this.columns = this.columnsFor(totals);
    const { chain, children } = order;
    const form = { ...choice.graph, total: this.total.weight };
    this.graph = chain && graphOf(flats[0], { ...form, order: chain, children });
    this.nameOf = frameNames(flats[0], choice.graph.key ?? 'function');
  }

  /** The rows that some of the entries make, or of a hierarchy those at its top. */
  rowsOf(entries: readonly Entry[]): Row[] {
    if (!this.isHierarchy) return entries.map(rowOfEntry);
    const { columns, order } = this.report;
    return this.rowsOfNodes(hierarchy(entries, columns, this.keys, order));
  }

  private rowsOfNodes(nodes: readonly HierarchyNode[]): Row[] {
    return nodes
      .filter((node) => this.weightOf(node) >= this.limit)
      .map((node) => ({
        ...node,
        path: this.keys
          .slice(0, node.level + 1)
          .map((at) => node.values[at])
          .join(),
        children: this.rowsOfNodes(node.children),
        example: exampleOf(node),
      }));
  }

  get heads(): ColumnHead[] {
    return this.columns.map(({ header, width, right }) => ({ header, width, right }));
  }

  /** @param relative the entries that percentages are of, in place of all */
  cells(row: Row, relative?: readonly Entry[]): string[] {
    const columns = relative === undefined ? this.columns : this.relativeTo(relative).columns;
    return columns.map(({ text }) => text(row));
  }

  /** Of the first event, 0 to 1. */
  shareOf(weight: number, relative?: readonly Entry[]): number {
    const [{ weight: whole }] =
      relative === undefined ? [this.total] : this.relativeTo(relative).totals;
    return whole > 0 ? weight / whole : 0;
  }

  weightOf({ rows: [row] }: Entry<RowWeights>): number {
    return (this.report.order.children ? row?.children : row?.self) ?? 0;
  }

  /** What a filter is looked for in: the keys. */
  textOf({ values }: Entry): string {
    const { columns } = this.report;
    return safe(this.keys.map((at) => columns[at].text(values[at])).join(' ')).toLowerCase();
  }

  /** Whether an entry has a call graph. */
  canOpen(entry: Entry): boolean {
    return this.graph !== undefined && this.weightOf(entry) >= this.graph.options.minWeight;
  }

  chains({ rows: [row] }: Entry): readonly ChainNode[] {
    return row === undefined ? [] : (this.graph?.chains(row) ?? []);
  }

  /** The function that a row is of, or -1. */
  funcOf(row: Row): number {
    return this.has(row, ['symbol']) ? row.example.func : -1;
  }

  /** `undefined` of what is no function. */
  symbolOf(func: number): WantedSymbol | undefined {
    if (func < 0) return undefined;
    const { strings, functions } = this.profile;
    const module = functions.module[func];
    const file = functions.file[func];
    return {
      name: strings[functions.name[func]],
      dso: module < 0 ? undefined : this.moduleName(module),
      file: file < 0 || functions.layer[func] !== Layer.Python ? undefined : strings[file],
    };
  }

  layerOf(func: number): Layer | undefined {
    return func < 0 ? undefined : (this.profile.functions.layer[func] as Layer);
  }

  /** Where a row, or a function in its call graph, can be zoomed into. */
  zooms(row: Row, func = -1): Zoom[] {
    const { strings, threads, functions } = this.profile;
    const { thread, pid, comm, module: own } = row.example;
    const isOfDso = this.has(row, ['dso', 'symbol']);
    const module = func >= 0 ? functions.module[func] : isOfDso ? own : -1;
    const zooms: Zoom[] = [];
    if (module >= 0) zooms.push({ kind: 'dso', name: this.moduleName(module) });
    if (this.has(row, ['pid', 'tid'])) {
      const name = strings[threads.name[thread]];
      zooms.push({ kind: 'thread', tid: threads.tid[thread], name });
    } else if (this.has(row, ['tgid'])) {
      zooms.push({ kind: 'process', pid, name: this.has(row, ['comm']) ? strings[comm] : '' });
    } else if (this.has(row, ['comm'])) {
      zooms.push({ kind: 'comm', name: strings[comm] });
    }
    return zooms;
  }

  isOfDso(entry: Entry, name: string): boolean {
    const { module } = exampleOf(entry);
    return module >= 0 && this.moduleName(module) === name;
  }

  /** Whether all of a row has one value of one of the keys: in a hierarchy only levels down to its own. */
  private has({ level = Infinity }: Row, keys: readonly SortKey[]): boolean {
    return this.report.columns.some(
      ({ key }, at) => keys.includes(key) && this.keys.indexOf(at) <= level,
    );
  }

  private moduleName(module: number): string {
    const { strings, modules } = this.profile;
    return strings[modules.name[module]];
  }

  private columnsFor(totals: readonly Total[]): Column[] {
    const report = { ...this.report, totals };
    if (!this.isHierarchy) return allColumns(report, this.isOffCpu);
    const levels = this.keys.map((at) => keyColumn(report, report.columns[at].key, report.entries));
    const names: Column = {
      header: levels.map(({ header }) => header.trim()).join(' / '),
      width: Math.max(...levels.map(({ width }, level) => levelIndent(level) + width)),
      right: false,
      text: (row) => levels[row.level ?? 0].text(row).trimStart(),
    };
    return [...numberColumns(report, this.isOffCpu), names];
  }

  private relative:
    { of: readonly Entry[]; totals: Total[]; columns: readonly Column[] } | undefined;

  private relativeTo(entries: readonly Entry[]) {
    if (this.relative?.of !== entries) {
      const totals = this.events.map((_, event) => ({
        weight: entries.reduce((sum, { rows }) => sum + (rows[event]?.self ?? 0), 0),
        samples: entries.reduce((sum, { rows }) => sum + (rows[event]?.selfSamples ?? 0), 0),
      }));
      this.relative = { of: entries, totals, columns: this.columnsFor(totals) };
    }
    return this.relative;
  }
}

function rowOfEntry(entry: Entry): Row {
  return { ...entry, path: '', children: NONE, entry, example: exampleOf(entry) };
}

const NONE: readonly Row[] = [];

/** A row of the first event that has one: what it is of is the same in all. */
function exampleOf(node: Entry | HierarchyNode): FlatRow {
  let entry: Entry | HierarchyNode = node;
  while ('children' in entry) entry = entry.entry ?? entry.children[0];
  const row = entry.rows.find((one) => one !== undefined);
  if (row === undefined) throw new Error('a row of no event');
  return row;
}
