/**
 * Lines of a report: rows of one event, or of several that are shown side by side (`perf report --group`),
 * sorted as `perf report` sorts them (tools/perf/ui/hist.c, tools/perf/util/sort.c).
 */
import type { FlatProfile, FlatRow, RowWeights } from './flat.js';
import type { KeyColumn } from './key-columns.js';
import { isSortKey, type Field, type Measure } from './sort-keys.js';

/** What is compared between rows of equal weight. */
type Comparable = RowWeights & Partial<Pick<FlatRow, 'firstThread' | 'reach' | 'depth'>>;

export interface Entry<Row extends Comparable = FlatRow> {
  /** Of each of the columns. */
  readonly values: readonly number[];
  /** A row of each event; `undefined` where the event has none of these values. */
  readonly rows: readonly (Row | undefined)[];
}

export interface RowOrder {
  /** What decides first comes first; where it is absent, weight decides and then the keys in their order. */
  readonly by?: readonly Field[] | undefined;
  /** Whether what a row calls counts for it (`--children`). */
  readonly children: boolean;
  /** What decides between callers and callees of equal weight, as perf does with call graphs. */
  readonly chain?: 'caller' | 'callee' | undefined;
}

/** The number of a row that a field shows. */
export function measureOf(row: RowWeights | undefined, measure: Measure): number {
  if (row === undefined) return 0;
  switch (measure) {
    case 'overhead':
    case 'period':
      return row.self;
    case 'overhead_children':
      return row.children;
    case 'overhead_sys':
      return row.kernel;
    case 'overhead_us':
      return row.self - row.kernel;
    case 'sample':
      return row.selfSamples;
  }
}

/** The shown rows of one flat profile, sorted. */
export function sortRows(flat: FlatProfile, order: RowOrder): FlatRow[] {
  return sortEntries(entriesOf([flat]), flat.columns, order).flatMap(({ rows }) => rows[0] ?? []);
}

/**
 * The shown rows of some events, of which those of equal values become one entry.
 * @param flats made of the same columns, so that equal values mean the same
 */
export function entriesOf(flats: readonly FlatProfile[]): Entry[] {
  const [first] = flats;
  if (flats.length === 1) {
    return first.rows.flatMap((row) => (row.hidden ? [] : [{ values: row.values, rows: [row] }]));
  }
  const byValues = new Map<string, { values: readonly number[]; rows: (FlatRow | undefined)[] }>();
  flats.forEach(({ rows }, event) => {
    for (const row of rows) {
      if (row.hidden) continue;
      const name = row.values.join();
      let entry = byValues.get(name);
      if (entry === undefined) {
        entry = { values: row.values, rows: flats.map(() => undefined) };
        byValues.set(name, entry);
      }
      entry.rows[event] = row;
    }
  });
  return [...byValues.values()];
}

/**
 * Sorts entries: heaviest first; between equal children's weights of one thread, callers above callees where
 * call graphs are shown; names rising.
 */
export function sortEntries<E extends Entry<Comparable>>(
  entries: readonly E[],
  columns: readonly KeyColumn[],
  { by, children, chain }: RowOrder,
): E[] {
  const heads: Field[] = children ? ['overhead_children', 'overhead'] : ['overhead'];
  const steps = (by ?? [...heads, ...columns.map(({ key }) => key)]).map((field): Comparison => {
    if (isSortKey(field)) return byKey(columns, field);
    if (field === 'overhead_children') return children ? byChildren(chain) : equal;
    return byMeasure(field);
  });
  return [...entries].sort((a, b) => {
    for (const step of steps) {
      const difference = step(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

type Comparison = (a: Entry<Comparable>, b: Entry<Comparable>) => number;

function equal(): number {
  return 0;
}

function byKey(columns: readonly KeyColumn[], field: Field): Comparison {
  const at = columns.findIndex(({ key }) => key === field);
  if (at < 0) return equal;
  const { compare } = columns[at];
  return (a, b) => compare(a.values[at], b.values[at]);
}

/** By the first event, then by the others. */
function byMeasure(measure: Measure): Comparison {
  return (a, b) => {
    for (let event = 0; event < a.rows.length; event++) {
      const difference = measureOf(b.rows[event], measure) - measureOf(a.rows[event], measure);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

function byChildren(chain: RowOrder['chain']): Comparison {
  return (a, b) => {
    const [one] = a.rows;
    const [other] = b.rows;
    const difference = (other?.children ?? 0) - (one?.children ?? 0);
    if (difference !== 0 || chain === undefined || one === undefined || other === undefined) {
      return difference;
    }
    if (one.firstThread !== other.firstThread) return 0;
    return chain === 'caller'
      ? (other.reach ?? 0) - (one.reach ?? 0)
      : (one.depth ?? 0) - (other.depth ?? 0);
  };
}
