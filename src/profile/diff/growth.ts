/** What grew by more than is allowed: `--fail-above`. */
import { changeOf, isSignificant, sortedRows, type DiffTable } from './diff.js';

/** A marked row that grew. */
export interface Growth {
  readonly row: number;
  /** Number of the recording, from 1. */
  readonly side: number;
  /** Of what the row was, beside what everything grew by: 0.1 is 10 %. Infinite where it is new. */
  readonly growth: number;
}

/**
 * The marked rows that grew by more than a share of what they were, the greatest growth in weight first.
 *
 * It is growth of the row itself, and not of the whole recording, because a program of many functions hides in
 * its whole what one of them got slower by; that rows of no weight do not fail, their marks see to. What
 * everything grew by is taken off, because the machine's load must fail no one's build.
 */
export function growthsAbove(table: DiffTable, limit: number): Growth[] {
  return sortedRows(table)
    .filter((row) => isSignificant(table, row))
    .flatMap((row) =>
      table.comparisons.flatMap((_, index) => {
        const side = index + 1;
        const { significant, delta, net = Infinity } = changeOf(table, row, side);
        const growth = net - 1;
        return significant && delta > 0 && growth > limit ? [{ row, side, growth }] : [];
      }),
    );
}

/** `parse grew by 12.3% in b.data`, `parse is new in b.data`. */
export function describeGrowth(table: DiffTable, { row, side, growth }: Growth): string {
  const { joined, func, module } = table;
  const { functions, modules, strings } = joined.profile;
  const name =
    func[row] >= 0
      ? strings[functions.name[func[row]]]
      : module[row] >= 0
        ? strings[modules.name[module[row]]]
        : '[unknown]';
  const what = growth === Infinity ? 'is new' : `grew by ${(100 * growth).toFixed(1)}%`;
  return `${name} ${what} in ${joined.sides[side].label}`;
}
