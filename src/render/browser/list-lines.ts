/** The list as lines of the screen. */
import { columns, shortenEnd, shortenMiddle } from '../text/text.js';
import { Layer } from '../../profile/profile.js';
import { cutLine, padLine, padText, span, type Line, type Look, type Span } from './line.js';
import type { ChainLine, ColumnHead, FoldState, ListLine, RowLine } from './protocol.js';

const MARKS: Readonly<Record<FoldState, string>> = { open: '- ', closed: '+ ', none: '  ' };
const MARK_COLUMNS = 2;
const GAP = 2;
/** Of a key that would get fewer columns nothing could be read: the others get them. */
const LEAST_KEY = 8;
/** Narrower terminals show the first number only. */
const ALL_NUMBERS_FROM = 56;
/** perf's (`MIN_GREEN`, `MIN_RED` of tools/perf/util/color.h). */
const WARM_FROM = 0.005;
const HOT_FROM = 0.05;

/** How columns share a terminal's width: the last key gets at least half of what numbers leave. */
export interface Layout {
  readonly numbers: readonly ColumnHead[];
  /** With the widths that they get. */
  readonly keys: readonly ColumnHead[];
  readonly width: number;
  /** Columns that keys are scrolled by; once they are, keys are as wide as they need. */
  readonly scroll: number;
}

export function layOut(heads: readonly ColumnHead[], width: number, scroll: number): Layout {
  const all = heads.filter(({ right }) => right);
  const numbers = width < ALL_NUMBERS_FROM ? all.slice(0, 1) : all;
  const keys = heads.filter(({ right }) => !right);
  const room = width - fixedColumns(numbers);
  const needed = keys.reduce((sum, { width: size }) => sum + size + GAP, -GAP);
  if (scroll > 0 || needed <= room || keys.length < 2) return { numbers, keys, width, scroll };
  const last = keys[keys.length - 1];
  const left = Math.max(Math.floor(room / 2), room - last.width);
  const narrowFirst = keys.slice(0, -1).sort((a, b) => a.width - b.width);
  const widths = new Map([...shareOut(narrowFirst, left), [last, last.width]]);
  const fitted = keys.map((key) => ({ ...key, width: widths.get(key) ?? 0 }));
  return { numbers, keys: fitted, width, scroll };
}

/** Columns of each key: what the narrow ones do not need the wide ones get; the widest may get none. */
function shareOut(narrowFirst: readonly ColumnHead[], room: number): Map<ColumnHead, number> {
  const widths = new Map<ColumnHead, number>();
  let left = room;
  for (const [index, key] of narrowFirst.entries()) {
    const given = Math.min(key.width, Math.floor(left / (narrowFirst.length - index)) - GAP);
    if (given < Math.min(key.width, LEAST_KEY)) return shareOut(narrowFirst.slice(0, -1), room);
    widths.set(key, given);
    left -= given + GAP;
  }
  return widths;
}

/** How far keys can be scrolled. */
export function mostScroll(heads: readonly ColumnHead[], lines: readonly ListLine[]): number {
  const keys = heads.filter(({ right }) => !right);
  const numbers = heads.filter(({ right }) => right);
  const ofRows = keys.reduce((sum, { width }) => sum + width + GAP, 0);
  const ofChains = lines.map((line) =>
    line.kind === 'chain' ? chainIndent(line, numbers) + columns(line.name) : 0,
  );
  return Math.max(ofRows, ...ofChains);
}

export function headLine({ numbers, keys, width, scroll }: Layout): Line {
  const fixed = [
    span(' '.repeat(MARK_COLUMNS)),
    ...numbers.map((head) => span(padText(head.header, head.width, true) + ' '.repeat(GAP))),
  ];
  const names = keys.map((head, i) => keyCell(head.header, head, i === keys.length - 1, 'plain'));
  const line = [...fixed, ...cutLine(names.flat(), width, scroll)];
  return cutLine(line, width).map(({ text }) => span(text, 'strong'));
}

export function listLine(line: ListLine, layout: Layout, isChosen: boolean): Line {
  const whole = line.kind === 'row' ? rowLine(line, layout) : chainLine(line, layout);
  const cut = cutLine(whole, layout.width);
  return isChosen ? padLine(cut, layout.width, 'chosen') : cut;
}

function rowLine({ cells, fold, share, level, layer }: RowLine, layout: Layout): Line {
  const { numbers, keys, width, scroll } = layout;
  const firstKey = cells.length - keys.length;
  const fixed = [
    span(MARKS[level === undefined ? fold : 'none']),
    ...numbers.map((head, index) =>
      span(
        padText(cells[index], head.width, true) + ' '.repeat(GAP),
        index === 0 ? heat(share) : 'plain',
      ),
    ),
  ];
  const texts = keys.map((head, index) => {
    const isLast = index === keys.length - 1;
    return keyCell(cells[firstKey + index], head, isLast, isLast ? lookOf(layer) : 'plain');
  });
  if (level !== undefined) texts.unshift([span(levelMark(level, fold))]);
  return [...fixed, ...cutLine(texts.flat(), width, scroll)];
}

/** In a hierarchy the mark stands with the name, set in by the level. */
function levelMark(level: number, fold: FoldState): string {
  return ' '.repeat(levelIndent(level) - MARK_COLUMNS) + MARKS[fold];
}

/** Columns before a name of a hierarchy. */
export function levelIndent(level: number): number {
  return 2 * level + MARK_COLUMNS;
}

/** The last column is not padded, and is cut by the screen's edge. */
function keyCell(text: string, { width }: ColumnHead, isLast: boolean, look: Look): Span[] {
  if (isLast) return [span(text, look)];
  if (width === 0) return [];
  const shown = /\/|\./.test(text) ? shortenMiddle(text, width) : shortenEnd(text, width);
  return [span(padText(shown, width + GAP), look)];
}

function chainLine(line: ChainLine, { numbers, width, scroll }: Layout): Line {
  const { percent, share, name, fold, layer } = line;
  const wanted = chainIndent(line, numbers);
  // Deep nesting would push names off the screen.
  const indent = scroll > 0 ? wanted : Math.min(wanted, width >> 1);
  const parts = [span(' '.repeat(indent)), span(MARKS[fold])];
  if (percent !== '') parts.push(span(`${percent} `, heat(share)));
  return cutLine([...parts, span(name, lookOf(layer))], width, scroll);
}

/** Below the row's percentage, or in a hierarchy below its name. */
function chainIndent({ indent, level }: ChainLine, numbers: readonly ColumnHead[]): number {
  const above = level === undefined ? 3 : fixedColumns(numbers) + levelIndent(level);
  return above + 2 * indent;
}

function fixedColumns(numbers: readonly ColumnHead[]): number {
  return numbers.reduce((sum, { width }) => sum + width + GAP, MARK_COLUMNS);
}

function heat(share: number): Look {
  return share >= HOT_FROM ? 'hot' : share >= WARM_FROM ? 'warm' : 'plain';
}

function lookOf(layer: Layer | undefined): Look {
  if (layer === Layer.Python) return 'strong';
  return layer === Layer.Interpreter ? 'faint' : 'plain';
}
