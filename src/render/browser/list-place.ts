/** Where in the list the cursor stands, and which of its lines are on the screen. */
import { span, type Line } from './line.js';
import { headLine, layOut, listLine, mostScroll } from './list-lines.js';
import type { ListLine, Page, Window } from './protocol.js';

/** Columns that Left and Right scroll by, lines that the wheel does. */
export const SCROLL = 8;
export const WHEEL = 3;

/** How many lines a key moves by; `undefined` where it does not move. */
export function stepOf(key: string, screen: number, lines: number): number | undefined {
  switch (key) {
    case 'up':
    case 'k':
      return -1;
    case 'down':
    case 'j':
      return 1;
    case 'page-up':
    case 'ctrl-b':
      return -screen;
    case 'page-down':
    case 'ctrl-f':
    case ' ':
      return screen;
    case 'home':
    case 'g':
      return -lines;
    case 'end':
    case 'G':
      return lines;
    default:
      return undefined;
  }
}

export class ListPlace {
  cursor = 0;
  top = 0;
  /** Columns that long names are scrolled by. */
  scroll = 0;
  /** Lines of the screen. */
  height = 1;

  home(): void {
    this.cursor = 0;
    this.top = 0;
  }

  /** Moves the cursor, which stays on the screen and among the lines. */
  moveBy(step: number, lines: number): void {
    this.cursor = Math.max(0, Math.min(this.cursor + step, lines - 1));
    const top = Math.max(this.cursor - this.height + 1, Math.min(this.top, this.cursor));
    this.top = Math.max(0, Math.min(top, lines - this.height));
  }

  /** Moves what is seen, and the cursor with it where it would leave the screen. */
  scrollBy(step: number, lines: number): void {
    this.top = Math.max(0, Math.min(this.top + step, lines - this.height));
    this.cursor = Math.max(this.top, Math.min(this.cursor, this.top + this.height - 1));
  }

  /** Lines to ask for: a screen before and behind, so that a step needs no answer. */
  window(): Window {
    return { top: Math.max(0, this.top - this.height), count: 3 * this.height };
  }

  isCovered({ window, lines }: Page): boolean {
    const end = Math.min(this.top + this.height, lines);
    return this.top >= window.top && end <= window.top + window.count;
  }

  /** A line of the list; `undefined` where the page does not hold it. */
  lineAt({ window, shown }: Page, line: number): ListLine | undefined {
    return shown[line - window.top];
  }

  /** The heading, and the lines on the screen; empty where they are still to come. */
  draw(page: Page, width: number): Line[] {
    const layout = layOut(page.columns, width, this.scroll);
    const lines: Line[] = [headLine(layout)];
    for (let line = this.top; line < Math.min(this.top + this.height, page.lines); line++) {
      const shown = this.lineAt(page, line);
      const isChosen = line === this.cursor;
      if (shown === undefined) lines.push([span(isChosen ? '>' : '', 'faint')]);
      else lines.push(listLine(shown, layout, isChosen));
    }
    return lines;
  }

  scrollRight(page: Page, columns: number): void {
    const visible = page.shown.slice(this.top - page.window.top).slice(0, this.height);
    this.scroll = Math.min(this.scroll + columns, mostScroll(page.columns, visible));
  }

  /** False where nothing was scrolled. */
  scrollLeft(columns: number): boolean {
    const was = this.scroll;
    this.scroll = Math.max(0, was - columns);
    return was > 0;
  }
}
