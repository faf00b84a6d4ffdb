/** Tables for terminals: names to the left, figures to the right. */

/** A row of cells, or a heading over the rows below it. */
export type Row = readonly string[] | string;

const GAP = '  ';

/**
 * Lays rows out under their header; a row may have fewer cells than the header.
 * @returns lines without trailing blanks
 */
export function layOut(header: readonly string[], rows: readonly Row[]): string[] {
  const lists = rows.filter((row): row is readonly string[] => typeof row !== 'string');
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lists.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join(GAP)
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length));
  return [line(header), rule, ...rows.map((row) => (typeof row === 'string' ? row : line(row)))];
}

/** `1.23x`: how many times `theirs` is `ours`; empty where one is unknown or there is nothing to compare. */
export function ratio(ours: number | undefined, theirs: number | undefined): string {
  if (ours === undefined || theirs === undefined || !(theirs > 0)) return '';
  const times = ours / theirs;
  return `${times >= 100 ? Math.round(times) : times.toPrecision(times < 0.1 ? 1 : 3)}x`;
}

/** `1.23 ±4%`: seconds and how far the runs lay apart, half of the range to either side. */
export function withSpread(seconds: number, apart: number): string {
  return `${seconds.toFixed(2)}${apart === 0 ? '' : ` ±${Math.round(apart * 50)}%`}`;
}
