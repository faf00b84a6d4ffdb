/** A line of the screen: pieces of text, each with a look, cut to the columns that are there. */
import { columns } from '../text/text.js';

/** `hot` and `warm` are much of the whole and some of it; `chosen` is where the cursor stands. */
export type Look = 'plain' | 'strong' | 'faint' | 'hot' | 'warm' | 'bar' | 'chosen';

export interface Span {
  /** Safe: no character in it moves the cursor. */
  readonly text: string;
  readonly look: Look;
}

export type Line = readonly Span[];

export function span(text: string, look: Look = 'plain'): Span {
  return { text, look };
}

export function lineColumns(line: Line): number {
  return line.reduce((sum, { text }) => sum + columns(text), 0);
}

/**
 * The columns from `skip` on, `width` of them. Of a wide character that the edge cuts in two a blank is
 * left, so that what follows keeps its column.
 */
export function cutLine(line: Line, width: number, skip = 0): Line {
  const cut: Span[] = [];
  let at = -skip;
  for (const { text, look } of line) {
    if (at >= width) break;
    const [shown, end] = cutText(text, at, width);
    if (shown !== '') cut.push({ text: shown, look });
    at = end;
  }
  return cut;
}

/** What of a text that begins in column `at` is in columns 0 to `width`, and the column where it ends. */
function cutText(text: string, at: number, width: number): [string, number] {
  const size = columns(text);
  if (at >= 0 && at + size <= width) return [text, at + size];
  if (at + size <= 0) return ['', at + size];
  let shown = '';
  let column = at;
  for (const character of text) {
    const end = column + columns(character);
    if (column >= 0 && end <= width) {
      // A mark at the left edge belongs to the character that was cut away.
      if (end > column || shown !== '') shown += character;
    } else if (end > 0 && column < width) {
      shown += ' '.repeat(Math.min(end, width) - Math.max(column, 0));
    }
    column = end;
    if (column > width) break;
  }
  return [shown, column];
}

/** The line with blanks behind it, in the look that it is to have as a whole where one is given. */
export function padLine(line: Line, width: number, look?: Look): Line {
  const blank = width - lineColumns(line);
  const padded = blank > 0 ? [...line, span(' '.repeat(blank))] : line;
  return look === undefined ? padded : padded.map(({ text }) => span(text, look));
}

/** `text` with blanks to `width` columns. */
export function padText(text: string, width: number, right = false): string {
  const blank = ' '.repeat(Math.max(0, width - columns(text)));
  return right ? blank + text : text + blank;
}

const SGR_LOOKS: Readonly<Record<string, Look>> = {
  1: 'strong',
  2: 'faint',
  31: 'hot',
  33: 'warm',
};

/** The lines of a text that a printer has put the colours of `ANSI` (style.ts) into; all else in it is safe. */
export function linesOf(text: string): Line[] {
  const lines = text.split('\n').map((line) => {
    // Text, code, text, code, …
    // eslint-disable-next-line no-control-regex
    const parts = line.split(/\x1b\[(\d+)m/);
    return parts.flatMap((part, at): Span[] =>
      at % 2 === 1 || part === '' ? [] : [span(part, SGR_LOOKS[parts[at - 1]] ?? 'plain')],
    );
  });
  return lines.at(-1)?.length === 0 ? lines.slice(0, -1) : lines;
}
