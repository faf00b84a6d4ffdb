/** The rows of one query, and what stands in their columns. */
import { StrataError } from '../../base/errors.js';
import { CallGraph, type ChainNode } from '../../profile/report/callgraph.js';
import type { Entry } from '../../profile/report/entries.js';
import { filterSamples } from '../../profile/selection/filter.js';
import type { FlatRow } from '../../profile/report/flat.js';
import { functionName } from '../../profile/report/key-columns.js';
import { Layer, type Profile } from '../../profile/profile.js';
import {
  reportsOf,
  type EventReport,
  type ReportChoice,
  type Total,
} from '../../profile/report/report.js';
import { isOffCpu } from '../../profile/waits.js';
import { allColumns, type Column } from '../text/report-columns.js';
import { safe } from '../text/text.js';
import type { ColumnHead, WantedSymbol, Zoom } from './protocol.js';

/** Of events side by side the call graphs are of the first, as with perf. */
export type Row = Entry;

export interface TableChoice extends ReportChoice {
  /** Rows below this percentage are left out. */
  readonly percentLimit: number;
  /** Branches of call graphs below this percentage are left out. */
  readonly graphLimit: number;
}

export class Table {
  readonly report: EventReport;
  readonly rows: readonly Row[];
  /** What percentages are of. */
  readonly total: Total;
  /** What the samples of the table weigh themselves. */
  readonly own: Total;
  private columns: readonly Column[];
  private readonly isOffCpu: boolean;
  private readonly graph: CallGraph | undefined;

  /**
   * @param events of the profile's, that are shown side by side
   * @throws StrataError where there are no samples of them
   */
  constructor(
    readonly profile: Profile,
    readonly events: readonly number[],
    choice: TableChoice,
  ) {
    const [report] = reportsOf(filterSamples(profile, { events }), choice);
    if ((report as EventReport | undefined) === undefined) {
      const names = events.map((event) => profile.events[event].name).join(', ');
      throw new StrataError(`no samples of ${names} are left`);
    }
    this.report = report;
    const { flats, order, totals } = this.report;
    [this.total] = totals;
    this.own = flats[0].tree;
    const limit = (choice.percentLimit * this.total.weight) / 100;
    this.rows = report.entries.filter((row) => this.weightOf(row) >= limit);
    this.isOffCpu = events.length === 1 && isOffCpu(profile.events[events[0]]);
    this.columns = allColumns(this.report, this.isOffCpu);
    const { chain, children } = order;
    const minWeight = Math.floor((this.total.weight * choice.graphLimit) / 100);
    this.graph = chain && new CallGraph(flats[0], { order: chain, children, minWeight });
  }

  get heads(): ColumnHead[] {
    return this.columns.map(({ header, width, right }) => ({ header, width, right }));
  }

  /** @param relative the rows that percentages are of, in place of all */
  cells(row: Row, relative?: readonly Row[]): string[] {
    return this.columnsOf(relative).map(({ text }) => text(row));
  }

  /** Of the first event, 0 to 1. */
  shareOf(weight: number, relative?: readonly Row[]): number {
    const whole = relative === undefined ? this.total.weight : this.relativeTo(relative)[0].weight;
    return whole > 0 ? weight / whole : 0;
  }

  weightOf({ rows: [row] }: Row): number {
    return (this.report.order.children ? row?.children : row?.self) ?? 0;
  }

  /** What a filter is looked for in: the keys. */
  textOf(row: Row): string {
    const texts = this.columns.flatMap(({ right, text }) => (right ? [] : [text(row)]));
    return texts.join(' ').toLowerCase();
  }

  canOpen(row: Row): boolean {
    return this.graph !== undefined && this.weightOf(row) >= this.graph.options.minWeight;
  }

  chains({ rows: [row] }: Row): readonly ChainNode[] {
    return row === undefined ? [] : (this.graph?.chains(row) ?? []);
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

  nameOf(func: number): string {
    return safe(functionName(this.profile, func));
  }

  /** Where a row, or a function in its call graph, can be zoomed into. */
  zooms(row: Row, func = -1): Zoom[] {
    const { strings, threads, functions } = this.profile;
    const flat = flatRowOf(row);
    const module = func < 0 ? flat.module : functions.module[func];
    const zooms: Zoom[] = [];
    if (module >= 0) zooms.push({ kind: 'dso', name: this.moduleName(module) });
    if (flat.thread >= 0) {
      const name = strings[threads.name[flat.thread]];
      zooms.push({ kind: 'thread', tid: threads.tid[flat.thread], name });
    } else if (flat.pid >= 0) {
      zooms.push({ kind: 'process', pid: flat.pid, name: flat.comm < 0 ? '' : strings[flat.comm] });
    } else if (flat.comm >= 0) {
      zooms.push({ kind: 'comm', name: strings[flat.comm] });
    }
    return zooms;
  }

  isOfDso(row: Row, name: string): boolean {
    const { module } = flatRowOf(row);
    return module >= 0 && this.moduleName(module) === name;
  }

  private moduleName(module: number): string {
    const { strings, modules } = this.profile;
    return strings[modules.name[module]];
  }

  private relative: { of: readonly Row[]; totals: Total[]; columns: readonly Column[] } | undefined;

  private relativeTo(rows: readonly Row[]): Total[] {
    return this.relativeParts(rows).totals;
  }

  private columnsOf(relative: readonly Row[] | undefined): readonly Column[] {
    return relative === undefined ? this.columns : this.relativeParts(relative).columns;
  }

  private relativeParts(rows: readonly Row[]) {
    if (this.relative?.of !== rows) {
      const totals = this.events.map((_, event) => ({
        weight: rows.reduce((sum, row) => sum + (row.rows[event]?.self ?? 0), 0),
        samples: rows.reduce((sum, row) => sum + (row.rows[event]?.selfSamples ?? 0), 0),
      }));
      const columns = allColumns({ ...this.report, totals }, this.isOffCpu);
      this.relative = { of: rows, totals, columns };
    }
    return this.relative;
  }
}

/** The row of the first event that has one: what it is of is the same in all. */
export function flatRowOf({ rows }: Row): FlatRow {
  const row = rows.find((one) => one !== undefined);
  if (row === undefined) throw new Error('a row of no event');
  return row;
}
