/** `strata diff --json` and `--csv`. */
import {
  changeOf,
  figureOf,
  isSignificant,
  sortedRows,
  type DiffTable,
} from '../profile/diff/diff.js';
import { LAYER_NAMES, type Profile } from '../profile/profile.js';
import { csvLine, reportHead } from './data.js';

export interface DiffDataOptions {
  readonly format: 'json' | 'csv';
  readonly all: boolean;
  readonly percentLimit: number;
}

type Cell = string | number | boolean | undefined;

/** Writes the rows that text would show, and of trees every node that is a row. */
export function writeDiffData(
  table: DiffTable,
  recordings: readonly Profile[],
  notes: readonly string[],
  options: DiffDataOptions,
  sink: (text: string) => void,
): void {
  const heavy = sortedRows(table).filter((row) =>
    table.sums.some(
      ({ weight }, side) =>
        100 * weight[row] >= options.percentLimit * table.joined.sides[side].weight,
    ),
  );
  const rows = options.all ? heavy : heavy.filter((row) => isSignificant(table, row));
  if (options.format === 'csv') writeCsv(table, rows, sink);
  else writeJson(table, recordings, notes, rows, heavy.length - rows.length, sink);
}

function writeJson(
  table: DiffTable,
  recordings: readonly Profile[],
  notes: readonly string[],
  rows: readonly number[],
  hidden: number,
  sink: (text: string) => void,
): void {
  const { joined, by, normalize, children } = table;
  const heads = recordings.map((recording) => reportHead('diff', recording));
  const head = {
    report: 'diff',
    version: 1,
    by,
    normalize,
    children,
    recordings: joined.sides.map(({ label, event, weight, first, end }, side) => {
      const { command, hostname, start, lost, notes } = heads[side];
      return {
        file: label,
        ...(command === undefined ? {} : { command }),
        ...(hostname === undefined ? {} : { hostname }),
        start,
        end: heads[side].end,
        lost,
        notes,
        event: event.name,
        unit: event.unit,
        weight,
        samples: end - first,
      };
    }),
    comparisons: table.comparisons.map(({ drift }) => ({
      // The factor by which what did not change weighs more than in the first recording.
      drift: Math.exp(drift.log),
      spread: drift.spread,
      functions: drift.rows,
    })),
    notes,
    // Rows without a change beyond noise, and those below the limit.
    hidden,
  };
  sink(`${JSON.stringify(head).slice(0, -1)},"rows":[`);
  rows.forEach((row, index) => {
    sink(`${index === 0 ? '' : ','}\n${JSON.stringify(rowObject(table, row))}`);
  });
  sink('\n]}\n');
}

/** What the row is, by the columns of CSV. */
function identity(table: DiffTable, row: number): Readonly<Record<string, Cell>> {
  const { profile } = table.joined;
  const { functions, modules, strings, frames, stacks } = profile;
  const func = table.func[row];
  const module = func >= 0 ? functions.module[func] : table.module[row];
  const file = func >= 0 ? functions.file[func] : -1;
  return {
    function: func >= 0 ? strings[functions.name[func]] : undefined,
    file: file >= 0 ? strings[file] : undefined,
    module: module >= 0 ? strings[modules.name[module]] : undefined,
    layer: func >= 0 ? LAYER_NAMES[functions.layer[func]] : undefined,
    ...(table.by === 'symbol'
      ? {}
      : {
          stack: stackNames(
            table.stack[row],
            (stack) => strings[functions.name[frames.func[stacks.frame[stack]]]],
            stacks.parent,
          ),
        }),
  };
}

/** `main;run;parse`. */
function stackNames(leaf: number, nameOf: (stack: number) => string, parent: Int32Array): string {
  const names: string[] = [];
  for (let stack = leaf; stack >= 0; stack = parent[stack]) names.push(nameOf(stack));
  return names.reverse().join(';');
}

function rowObject(table: DiffTable, row: number): object {
  const { sides } = table.joined;
  return {
    ...identity(table, row),
    weights: table.sums.map(({ weight }) => weight[row]),
    samples: table.sums.map(({ samples }) => samples[row]),
    percents: table.sums.map(({ weight }, side) =>
      sides[side].weight > 0 ? (100 * weight[row]) / sides[side].weight : 0,
    ),
    changes: table.comparisons.map((_, index) => {
      const { delta, ratio, net, falseRate, significant } = changeOf(table, row, index + 1);
      return {
        delta: scale(table) * delta,
        ...(ratio === undefined ? {} : { ratio }),
        ...(net === undefined ? {} : { net }),
        falseRate,
        significant,
      };
    }),
  };
}

/** Shares are written in percent, as everywhere. */
function scale({ normalize }: DiffTable): number {
  return normalize === 'total' ? 100 : 1;
}

function writeCsv(table: DiffTable, rows: readonly number[], sink: (text: string) => void): void {
  const { sides } = table.joined;
  const names = [
    'function',
    'file',
    'module',
    'layer',
    ...(table.by === 'symbol' ? [] : ['stack']),
  ];
  const several = sides.length > 2;
  const side = (index: number) => (several ? String(index + 1) : index === 0 ? 'before' : 'after');
  const later = (name: string, index: number) => (several ? `${name}_${index + 2}` : name);
  sink(
    csvLine([
      ...names,
      ...sides.map((_, index) => (several ? `weight_${side(index)}` : side(index))),
      ...sides.map((_, index) => `samples_${side(index)}`),
      ...table.comparisons.flatMap((_, index) =>
        ['delta', 'ratio', 'net', 'falseRate', 'significant'].map((name) => later(name, index)),
      ),
    ]),
  );
  for (const row of rows) {
    const known = identity(table, row);
    sink(
      csvLine([
        ...names.map((name) => known[name] as string | undefined),
        ...sides.map((_, index) => scale(table) * figureOf(table, row, index)),
        ...table.sums.map(({ samples }) => samples[row]),
        ...table.comparisons.flatMap((_, index) => {
          const { delta, ratio, net, falseRate, significant } = changeOf(table, row, index + 1);
          return [scale(table) * delta, ratio, net, falseRate, String(significant)];
        }),
      ]),
    );
  }
}
