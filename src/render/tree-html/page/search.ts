import type { Rows, TreePageData } from './data.js';

export interface Found {
  /** 1 for each row that matches. */
  readonly rows: Uint8Array;
  readonly count: number;
  /** Of the outermost ones, so that nothing is counted twice. */
  readonly weight: number;
}

/** Rows whose name or place has `text` in it, in whatever case. */
export function findRows(rows: Rows, data: TreePageData, text: string): Found {
  const wanted = text.toLowerCase();
  const places = data.place.split(',');
  const hits = data.names.map(
    (name, label) =>
      name.toLowerCase().includes(wanted) ||
      data.places[parseInt(places[label], 36)].toLowerCase().includes(wanted),
  );
  const found = new Uint8Array(rows.length);
  let count = 0;
  let weight = 0;
  let counted = 0;
  for (let row = 0; row < rows.length; row++) {
    if (!hits[rows.label[row]]) continue;
    found[row] = 1;
    count++;
    if (row < counted) continue;
    weight += rows.weight[row];
    counted = rows.end[row];
  }
  return { rows: found, count, weight };
}
