/**
 * Recordings compared: rows by function or module, by whole stack, or by node of the merged call tree, with
 * what each weighs in each recording, and which of the differences are changes.
 */
import { linkChildren } from '../calltree.js';
import { InternedPairs } from '../interned.js';
import { foldLibraries } from '../tree/folded-stacks.js';
import { joinProfiles, type DiffInput, type Joined, type Side } from './join.js';
import { FALSE_RATE, findDrift, testRows, type Drift } from './significance.js';
import { sumRows, type RowChoice, type RowSums } from './sums.js';

/** - `symbol`: rows by function or module; `stack`: by whole stack; `tree`: by node of the call tree. */
export type DiffBy = 'symbol' | 'stack' | 'tree';

/**
 * What is compared:
 * - `time`: what the samples stand for, as it is: seconds of a clock, counts of another event. The work of a
 *   program is taken to be the same in both recordings, and its cost compared;
 * - `total`: shares of the recording;
 * - `samples`: how many samples there are.
 */
export type Normalization = 'time' | 'total' | 'samples';
export const NORMALIZATIONS: readonly Normalization[] = ['time', 'total', 'samples'];

/** What tells rows by symbol apart. */
export type DiffKey = 'dso' | 'symbol';

export interface DiffOptions {
  readonly by?: DiffBy;
  readonly normalize?: Normalization;
  /** Of rows by symbol: with what a function calls. Rows by stack have none, nodes of trees always do. */
  readonly children?: boolean;
  readonly keys?: readonly DiffKey[];
  /** Of trees: whether to keep what library code calls within libraries. */
  readonly libraries?: boolean;
}

/** A later recording against the first. */
export interface Comparison {
  readonly drift: Drift;
  /** By row: the rate of false rows among those marked at which it would be one of them; 1 of untested. */
  readonly falseRate: Float64Array;
}

export interface DiffTable {
  readonly kind: 'diff';
  readonly by: DiffBy;
  readonly normalize: Normalization;
  readonly children: boolean;
  readonly joined: Joined;
  /** Before libraries were folded, of a tree; else the same. */
  readonly whole: Joined;
  readonly length: number;
  /** By row a stack: the row itself where rows are stacks or nodes, else one that ends in the row's function. */
  readonly stack: Int32Array;
  /** Of rows by symbol: index into `functions`, -1 where rows are modules. */
  readonly func: Int32Array;
  /** Index into `modules`, or -1. */
  readonly module: Int32Array;
  /** By recording. */
  readonly sums: readonly RowSums[];
  /** Of each recording but the first. */
  readonly comparisons: readonly Comparison[];
}

/** One row's figures of one recording against the first, in the unit of the normalization. */
export interface Change {
  readonly before: number;
  readonly after: number;
  readonly delta: number;
  /** `undefined` where nothing was before. */
  readonly ratio: number | undefined;
  /** The ratio of the weights beside what everything changed by. */
  readonly net: number | undefined;
  readonly falseRate: number;
  readonly significant: boolean;
}

/** Compares recordings, the first with each of the others. */
export function diffProfiles(inputs: readonly DiffInput[], options: DiffOptions = {}): DiffTable {
  const { by = 'symbol', normalize = 'time', keys = ['dso', 'symbol'] } = options;
  const counted = normalize === 'samples' ? 'samples' : 'weight';
  const whole = joinProfiles(inputs, counted);
  // What drift there is, functions tell by what they cost themselves, whatever the table shows.
  const functions = rowsBySymbol(whole, ['dso', 'symbol'], false);
  const told = whole.sides.map((side) => sumRows(whole, side, functions.choice));
  const folds = by === 'tree' && options.libraries !== true;
  const joined = folds ? { ...whole, profile: foldLibraries(whole.profile) } : whole;
  const children = by === 'tree' || (by === 'symbol' && options.children === true);
  const rows = by === 'symbol' ? rowsBySymbol(joined, keys, children) : rowsByStack(joined, by);
  const sums = joined.sides.map((side) => sumRows(joined, side, rows.choice));
  const comparisons = joined.sides.slice(1).map((side, index): Comparison => {
    const drift = findDrift(told[0], told[index + 1]);
    const wholes = { before: joined.sides[0].weight, after: side.weight };
    const scales = normalize === 'total' ? wholes : { before: 1, after: 1 };
    return { drift, falseRate: testRows(sums[0], sums[index + 1], drift, wholes, scales) };
  });
  return {
    kind: 'diff',
    by,
    normalize,
    children,
    joined,
    whole,
    length: rows.choice.rows,
    ...rows,
    sums,
    comparisons,
  };
}

/** What a row weighs on a side, in the unit of the normalization: a share from 0 to 1, or a weight. */
export function figureOf(
  { normalize, sums, joined }: DiffTable,
  row: number,
  side: number,
): number {
  const weight = sums[side].weight[row];
  return normalize === 'total' ? shareOf(weight, joined.sides[side]) : weight;
}

function shareOf(weight: number, side: Side): number {
  return side.weight > 0 ? weight / side.weight : 0;
}

/** A row of a recording, by its number from 1, against the first. */
export function changeOf(table: DiffTable, row: number, side: number): Change {
  const before = figureOf(table, row, 0);
  const after = figureOf(table, row, side);
  const { falseRate: rates, drift } = table.comparisons[side - 1];
  const falseRate = rates[row];
  const weight = table.sums[0].weight[row];
  return {
    before,
    after,
    delta: after - before,
    ratio: before > 0 ? after / before : undefined,
    net: weight > 0 ? table.sums[side].weight[row] / weight / Math.exp(drift.log) : undefined,
    falseRate,
    significant: falseRate < FALSE_RATE,
  };
}

/** Whether a row changed in any of the recordings. */
export function isSignificant(table: DiffTable, row: number): boolean {
  return table.comparisons.some(({ falseRate }) => falseRate[row] < FALSE_RATE);
}

/** The greatest difference of a row from the first recording, whatever its sign. */
function greatestDelta(table: DiffTable, row: number): number {
  let greatest = 0;
  for (let side = 1; side < table.sums.length; side++) {
    const delta = figureOf(table, row, side) - figureOf(table, row, 0);
    greatest = Math.max(greatest, Math.abs(delta));
  }
  return greatest;
}

/** Rows that weigh something, what changed first, then by how much they differ. */
export function sortedRows(table: DiffTable): number[] {
  const rows: number[] = [];
  for (let row = 0; row < table.length; row++) {
    if (table.sums.some(({ samples }) => samples[row] > 0)) rows.push(row);
  }
  const marks = Uint8Array.from({ length: table.length }, (_, row) =>
    isSignificant(table, row) ? 1 : 0,
  );
  const deltas = Float64Array.from({ length: table.length }, (_, row) => greatestDelta(table, row));
  return rows.sort((a, b) => marks[b] - marks[a] || deltas[b] - deltas[a] || a - b);
}

type Rows = Pick<DiffTable, 'stack' | 'func' | 'module'> & { readonly choice: RowChoice };

function rowsBySymbol(
  { profile: { stacks, frames, functions } }: Joined,
  keys: readonly DiffKey[],
  children: boolean,
): Rows {
  const bySymbol = keys.includes('symbol');
  const byModule = keys.includes('dso');
  const places = new InternedPairs();
  const rowOfFunction = new Int32Array(functions.length);
  const names = new InternedPairs();
  for (let func = 0; func < functions.length; func++) {
    // Functions of one name in several files are one row only where modules are not asked for.
    const symbol = !bySymbol ? -1 : byModule ? func : names.intern(functions.name[func], 0);
    rowOfFunction[func] = places.intern(symbol, byModule ? functions.module[func] : -1);
  }
  const rows = places.length;
  const func = new Int32Array(rows).fill(-1);
  const module = new Int32Array(rows).fill(-1);
  for (let one = functions.length - 1; one >= 0; one--) {
    if (bySymbol) func[rowOfFunction[one]] = one;
    if (byModule) module[rowOfFunction[one]] = functions.module[one];
  }
  const rowOf = stacks.frame.map((frame) => rowOfFunction[frames.func[frame]]);
  const stack = new Int32Array(rows).fill(-1);
  for (let one = stacks.length - 1; one >= 0; one--) stack[rowOf[one]] = one;
  const outermost = children ? { outermost: outermostOf(stacks, rowOf, rows) } : {};
  return { choice: { rows, rowOf, ...outermost }, stack, func, module };
}

/** 1 of each stack with no stack of its own row above it; one walk over the tree. */
function outermostOf(
  { length, parent }: { readonly length: number; readonly parent: Int32Array },
  rowOf: Int32Array,
  rows: number,
): Uint8Array {
  const { firstChild, nextSibling, firstRoot } = linkChildren(parent);
  const outermost = new Uint8Array(length);
  const onPath = new Int32Array(rows);
  let node = firstRoot;
  while (node >= 0) {
    if (onPath[rowOf[node]]++ === 0) outermost[node] = 1;
    if (firstChild[node] >= 0) {
      node = firstChild[node];
      continue;
    }
    for (;;) {
      onPath[rowOf[node]]--;
      if (nextSibling[node] >= 0) break;
      node = parent[node];
      if (node < 0) return outermost;
    }
    node = nextSibling[node];
  }
  return outermost;
}

function rowsByStack({ profile: { stacks, frames } }: Joined, by: DiffBy): Rows {
  const rowOf = Int32Array.from({ length: stacks.length }, (_, stack) => stack);
  const outermost = by === 'tree' ? { outermost: new Uint8Array(stacks.length).fill(1) } : {};
  return {
    choice: { rows: stacks.length, rowOf, ...outermost },
    stack: rowOf,
    func: stacks.frame.map((frame) => frames.func[frame]),
    module: new Int32Array(stacks.length).fill(-1),
  };
}
