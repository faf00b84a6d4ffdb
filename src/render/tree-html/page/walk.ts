import type { Rows } from './data.js';

/** The rows that are seen, in order: all but those below one that is closed. */
export function seenRows(rows: Rows, open: Uint8Array): Int32Array {
  const seen = new Int32Array(rows.length);
  let count = 0;
  for (let row = 0; row < rows.length; row = open[row] === 1 ? row + 1 : rows.end[row]) {
    seen[count++] = row;
  }
  return seen.subarray(0, count);
}

/** Opens what the row stands below. */
export function openAbove(rows: Rows, open: Uint8Array, row: number): void {
  for (let above = rows.parent[row]; above >= 0; above = rows.parent[above]) open[above] = 1;
}

/** Opens the row and the heaviest below it, down to where none has half of its caller's weight. */
export function openHotPath(rows: Rows, open: Uint8Array, start: number): number {
  let row = start;
  for (;;) {
    let heaviest = -1;
    for (let child = row + 1; child < rows.end[row]; child = rows.end[child]) {
      if (heaviest < 0 || rows.weight[child] > rows.weight[heaviest]) heaviest = child;
    }
    if (heaviest < 0 || (row !== start && rows.weight[heaviest] < rows.weight[row] / 2)) return row;
    open[row] = 1;
    row = heaviest;
  }
}

/** What is open at first: what has a tenth of its thread, and calls without a choice. */
export function openAtFirst(rows: Rows): Uint8Array {
  const open = new Uint8Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    const isOnlyChild = rows.end[row] > row + 1 && rows.end[row + 1] === rows.end[row];
    const isMuch = rows.weight[row] >= rows.whole[row] / 10;
    if (isMuch || isOnlyChild) open[row] = 1;
  }
  return open;
}
