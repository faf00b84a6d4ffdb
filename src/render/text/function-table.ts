/**
 * `strata tree --flat`: a row per function, as a reader of cProfile's table expects it.
 *
 *     app  pid 42, tid 42: 2.31 s of cpu-clock in 2,310 samples
 *         self          total         samples  function
 *       1.20 s  51.9%  1.20 s  51.9%    1,200  parse  app.py
 *                        2.31 s 100.0%    2,310  main  app.py
 */
import { formatCount, formatPercent, plural } from '../../base/units.js';
import type { FunctionCost, FunctionTable } from '../../profile/tree/function-costs.js';
import type { Profile } from '../../profile/profile.js';
import { functionTables, type EventFunctions } from '../../profile/tree/tree-choice.js';
import {
  formatAmount,
  functionName,
  functionPlace,
  groupName,
  wholeOf,
} from '../tree/tree-words.js';
import { writeNotes } from './notes.js';
import { PLAIN, type Style } from './style.js';
import { columns, safe, shortenEnd, shortenMiddle, type Sink } from './text.js';
import { writeHeading } from './tree.js';

export interface FunctionTableOptions {
  readonly sortBy: 'self' | 'total';
  /** Rows whose sorted cost is below this percentage of the thread are left out. Default: 1. */
  readonly minPercent?: number | undefined;
  readonly mergeThreads?: boolean | undefined;
  readonly width?: number;
  readonly style?: Style;
}

const MIN_WIDTH = 40;
/** Columns of a cost: ` 1.20 s  51.9%`. */
const COST = 15;

/** Writes the functions of every event and thread that has samples, and what could not be known. */
export function writeFunctionTables(
  profile: Profile,
  options: FunctionTableOptions,
  sink: Sink,
): void {
  const events = functionTables(profile, options, options.sortBy);
  for (const { tree, tables } of events) {
    for (const table of tables) writeTable({ tree, tables }, table, options, sink);
  }
  if (events.length === 0) sink('No samples.\n');
  writeNotes(profile, sink, { width: options.width });
}

function writeTable(
  { tree }: EventFunctions,
  table: FunctionTable,
  options: FunctionTableOptions,
  sink: Sink,
): void {
  const { profile } = tree;
  const { style = PLAIN, sortBy, minPercent = 1 } = options;
  const width = Math.max(MIN_WIDTH, options.width ?? Infinity);
  const event = profile.events[tree.event];
  const heading = safe(wholeOf(event, table));
  writeHeading(safe(groupName(tree, table.group)), heading, width, style, sink);
  // A narrow terminal has room for the names and what they are sorted by.
  const wide = width >= 70;
  const costs = (row: FunctionCost): string => {
    const cell = (kind: 'self' | 'total'): string => {
      const { weight } = row[kind];
      if (weight === 0) return ' '.repeat(COST);
      const amount = formatAmount(event, weight).padStart(8);
      const text = `${amount} ${formatPercent(weight, table.weight, 1).padStart(6)}`;
      if (kind !== sortBy) return text;
      const share = weight / table.weight;
      return share >= 0.5 ? style.hot(text) : share >= 0.1 ? style.warm(text) : text;
    };
    if (!wide) return `${cell(sortBy)}  `;
    return `${cell('self')} ${cell('total')} ${formatCount(row.total.samples).padStart(9)}  `;
  };
  const head = wide
    ? `${'self'.padStart(COST)} ${'total'.padStart(COST)}   samples  `
    : `${sortBy.padStart(COST)}  `;
  sink(`${style.faint(`${head}function`)}\n`);
  const limit = (table.weight * minPercent) / 100;
  const rows = table.rows.filter((row) => row[sortBy].weight >= limit);
  for (const row of rows) {
    const room = width - head.length;
    const name = safe(functionName(profile, row.func));
    const place = safe(functionPlace(profile, row.func));
    const left = room - columns(name) - 2;
    const shortPlace = left >= Math.min(columns(place), 8) ? shortenMiddle(place, left) : '';
    const words = style.strong(shortenEnd(name, room));
    sink(`${costs(row)}${words}${shortPlace === '' ? '' : `  ${style.faint(shortPlace)}`}\n`);
  }
  const left = table.rows.length - rows.length;
  if (left > 0) {
    sink(style.faint(`${plural(left, 'function')} below ${minPercent}%`) + '\n');
  }
  sink('\n');
}
