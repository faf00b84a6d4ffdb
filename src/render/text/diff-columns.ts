/** The columns of figures that stand before each row of a comparison's text. */
import type { Drift } from '../../profile/diff/significance.js';
import { changeOf, figureOf, type Change, type DiffTable } from '../../profile/diff/diff.js';
import { formatAmount } from '../tree/tree-words.js';
import type { Style } from './style.js';

interface Column {
  readonly header: string;
  readonly width: number;
  /** Columns of the highest number are left out first where the terminal is narrow. */
  readonly dispensable: number;
  readonly text: (row: number) => string;
}

/** What is left for names, at least, before columns are left out. */
const NAMES = 24;

export class FigureColumns {
  private readonly columns: readonly Column[];
  /** Columns of the terminal that they take, with the gap behind. */
  readonly width: number;

  /** @param width of the terminal; `undefined` where lines may be as long as they are */
  constructor(
    private readonly table: DiffTable,
    private readonly style: Style,
    width: number | undefined,
  ) {
    let columns = this.allColumns();
    while (width !== undefined && widthOf(columns) > width - NAMES) {
      const least = Math.max(...columns.map(({ dispensable }) => dispensable));
      if (least === 0) break;
      columns = columns.filter(({ dispensable }) => dispensable !== least);
    }
    this.columns = columns;
    this.width = widthOf(columns);
  }

  header(): string {
    return this.columns.map(({ header, width }) => `${header.padStart(width)} `).join('') + ' ';
  }

  /** A row's figures; what grew is red, what shrank green, what is noise faint. */
  line(row: number): string {
    const text =
      this.columns.map(({ width, text }) => `${text(row).padStart(width)} `).join('') + ' ';
    const changes = this.changes(row).filter(({ significant }) => significant);
    if (changes.length === 0) return this.style.faint(text);
    return changes.some(({ delta }) => delta > 0) ? this.style.hot(text) : this.style.good(text);
  }

  changes(row: number): Change[] {
    return this.table.comparisons.map((_, index) => changeOf(this.table, row, index + 1));
  }

  private allColumns(): Column[] {
    const { table } = this;
    const sides = table.joined.sides.length;
    const name = (side: number) => (sides > 2 ? `#${side + 1}` : side === 0 ? 'before' : 'after');
    const figure = (side: number): Column => ({
      header: name(side),
      width: 8,
      dispensable: 2,
      text: (row) => this.amount(figureOf(table, row, side)),
    });
    const later = table.comparisons.map((_, index) => index + 1);
    const columns = [figure(0), ...later.map(figure)];
    for (const side of later) {
      const of = sides > 2 ? ` #${side + 1}` : '';
      const change = (row: number) => changeOf(table, row, side);
      columns.push(
        { header: `delta${of}`, width: 9, dispensable: 0, text: (row) => this.delta(change(row)) },
        {
          header: `ratio${of}`,
          width: 9,
          dispensable: sides > 2 ? 1 : 0,
          text: (row) => ratioText(change(row)),
        },
        {
          header: '',
          width: 1,
          dispensable: 0,
          text: (row) => (change(row).significant ? '*' : ''),
        },
      );
      if (sides === 2) {
        if (isNoteworthy(table.comparisons[0].drift)) {
          const text = (row: number) => netText(change(row));
          columns.push({ header: 'net', width: 7, dispensable: 3, text });
        }
        columns.push({
          header: 'sure',
          width: 6,
          dispensable: 3,
          text: (row) => confidence(change(row)),
        });
      }
    }
    return columns;
  }

  private amount(value: number): string {
    if (this.table.normalize === 'total') return `${(100 * value).toFixed(2)}%`;
    return value === 0 ? '-' : formatAmount(this.table.joined.sides[0].event, value);
  }

  private delta({ delta }: Change): string {
    const sign = delta < 0 ? '-' : '+';
    return this.table.normalize !== 'total' && delta === 0
      ? '0'
      : sign + this.amount(Math.abs(delta));
  }
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + 1, 1);
}

export function ratioText({ ratio, after }: Pick<Change, 'ratio' | 'after'>): string {
  if (ratio === undefined) return after > 0 ? 'new' : '';
  if (ratio === 0) return 'gone';
  return `× ${ratio >= 100 ? Math.round(ratio) : ratio.toFixed(ratio >= 10 ? 1 : 2)}`;
}

/** Drift that a reader is told of. */
export function isNoteworthy({ log, rows }: Drift): boolean {
  return Math.abs(log) >= 0.02 && rows >= 2;
}

/** The ratio beside what everything changed by. */
function netText({ net }: Change): string {
  return net === undefined || net === 0 ? '' : ratioText({ ratio: net, after: net });
}

/** How sure a marked row is no noise, as far as rows are marked up to it. */
function confidence({ falseRate }: Change): string {
  if (falseRate >= 1) return '';
  const percent = 100 * (1 - falseRate);
  return percent > 99.9 ? '>99.9%' : `${percent.toFixed(percent < 99 ? 0 : 1)}%`;
}

/** `1.20 s`, of a drift `× 1.20`. */
export const formatFactor = (log: number): string => `× ${Math.exp(log).toFixed(2)}`;
