/** What lies over the list and gets the keys: a text to read, a menu to choose from, a line to type. */
import { columns, safe, shortenEnd } from '../text/text.js';
import type { InputEvent } from './keys.js';
import { cutLine, lineColumns, padLine, padText, span, type Line } from './line.js';
import { SCROLL, stepOf, WHEEL } from './list-place.js';
import type { TextPage } from './protocol.js';

export interface Overlay {
  /** The heading's place and the list's. */
  lines(below: readonly Line[], width: number): Line[];
  /**
   * @param height of heading and list
   * @returns `close` to give the keys back; `pass` to give this one back, too
   */
  handle(event: InputEvent, height: number, width: number): 'stay' | 'close' | 'pass';
  /** In place of the profile's. */
  readonly title?: string;
  /** What is being typed, in place of the help. */
  readonly prompt?: string;
  position?(height: number): string;
}

const CLOSING = new Set(['escape', 'left', 'backspace', 'q', 'enter', 'h', '?']);

/** A text that may be longer and wider than the screen. */
export class TextOverlay implements Overlay {
  private top = 0;
  private scroll = 0;

  constructor(
    private readonly page: TextPage,
    height: number,
  ) {
    this.move(page.at - (height >> 1), height);
  }

  get title(): string {
    return this.page.title;
  }

  position(height: number): string {
    const { length } = this.page.lines;
    return `${Math.min(this.top + height, length)}/${length}`;
  }

  lines(below: readonly Line[], width: number): Line[] {
    const { top, scroll } = this;
    return this.page.lines
      .slice(top, top + below.length)
      .map((line) => cutLine(line, width, scroll));
  }

  handle(event: InputEvent, height: number): 'stay' | 'close' {
    if (event.kind === 'mouse') {
      if (event.what !== 'press') this.move(event.what === 'wheel-up' ? -WHEEL : WHEEL, height);
    } else if (event.kind === 'key') {
      const { key } = event;
      if (key === 'right') this.scroll = Math.min(this.scroll + SCROLL, this.widest());
      else if (key === 'left' && this.scroll > 0) this.scroll = Math.max(0, this.scroll - SCROLL);
      else if (CLOSING.has(key)) return 'close';
      else this.move(stepOf(key, height, this.page.lines.length) ?? 0, height);
    }
    return 'stay';
  }

  private move(step: number, height: number): void {
    this.top = Math.max(0, Math.min(this.top + step, this.page.lines.length - height));
  }

  /** Columns of the longest line: sources have more lines than a call can have arguments. */
  private widest(): number {
    return this.page.lines.reduce((most, line) => Math.max(most, lineColumns(line)), 0);
  }
}

export interface MenuItem {
  readonly text: string;
  readonly isChosen: boolean;
  readonly choose: () => void;
}

/** Columns that a menu's frame and margins take. */
const FRAME = 5;

export class MenuOverlay implements Overlay {
  private cursor: number;

  constructor(
    private readonly heading: string,
    private readonly items: readonly MenuItem[],
  ) {
    this.cursor = Math.max(
      0,
      items.findIndex(({ isChosen }) => isChosen),
    );
  }

  lines(below: readonly Line[], width: number): Line[] {
    const { x, y, first, items } = this.place(width, below.length);
    const texts = [this.heading, ...this.items.map(({ text }) => text)];
    const wide = Math.min(width - x, Math.max(...texts.map(columns)) + FRAME);
    const framed = (text: string): string =>
      padText(shortenEnd(text, wide - FRAME), Math.max(0, wide - FRAME));
    const box: Line[] = [[span(`   ${framed(this.heading)}  `, 'bar')]];
    for (let item = first; item < first + items; item++) {
      const isHere = item === this.cursor;
      const text = `${isHere ? '> ' : '  '}${framed(this.items[item].text)} `;
      box.push([span('│', 'faint'), span(text, isHere ? 'chosen' : 'plain'), span('│', 'faint')]);
    }
    return below.map((line, index) => {
      const part = box[index - y] as Line | undefined;
      if (part === undefined) return line;
      const end = x + lineColumns(part);
      return [...padLine(cutLine(line, x), x), ...part, ...cutLine(line, width - end, end)];
    });
  }

  handle(event: InputEvent, height: number, width: number): 'stay' | 'close' {
    const { items } = this;
    if (event.kind === 'paste') return 'stay';
    let step = 0;
    if (event.kind === 'mouse' && event.what === 'press') {
      const { y, first } = this.place(width, height);
      // Above the items are the screen's title and the menu's heading.
      const item = event.y - 2 - y + first;
      if (item >= first && item < items.length) items[item].choose();
      return 'close';
    }
    if (event.kind === 'mouse') step = event.what === 'wheel-up' ? -1 : 1;
    else if (event.key === 'enter' || event.key === ' ') {
      items[this.cursor].choose();
      return 'close';
    } else if (CLOSING.has(event.key)) return 'close';
    else step = stepOf(event.key, items.length, items.length) ?? 0;
    this.cursor = Math.max(0, Math.min(this.cursor + step, items.length - 1));
    return 'stay';
  }

  /** The heading's place, and which items are seen below it. */
  private place(width: number, height: number) {
    const items = Math.max(1, Math.min(this.items.length, height - 1));
    const first = Math.max(0, Math.min(this.cursor - (items >> 1), this.items.length - items));
    return { x: Math.min(4, width >> 3), y: Math.max(0, (height - items - 1) >> 1), first, items };
  }
}

/** What becomes of a line that is typed. */
export interface Typing {
  readonly label: string;
  readonly text: string;
  readonly onEdit?: (text: string) => void;
  readonly onEnter: (text: string) => void;
  readonly onCancel?: () => void;
}

export class PromptOverlay implements Overlay {
  private text: string;

  constructor(private readonly typing: Typing) {
    this.text = typing.text;
  }

  get prompt(): string {
    return `${this.typing.label}: ${safe(this.text)}`;
  }

  lines(below: readonly Line[]): Line[] {
    return [...below];
  }

  handle(event: InputEvent): 'stay' | 'close' | 'pass' {
    const edited = edit(this.text, event);
    if (edited !== undefined) {
      this.text = edited;
      this.typing.onEdit?.(edited);
    } else if (event.kind === 'key' && event.key === 'escape') {
      this.typing.onCancel?.();
      return 'close';
    } else if (event.kind === 'key' && event.key !== 'backspace') {
      this.typing.onEnter(this.text);
      // A key that moves means what it means in the list.
      return event.key === 'enter' ? 'close' : 'pass';
    }
    return 'stay';
  }
}

/** The text after a key; `undefined` where the key changes none. */
function edit(text: string, event: InputEvent): string | undefined {
  if (event.kind === 'mouse') return undefined;
  if (event.kind === 'paste') {
    // eslint-disable-next-line no-control-regex
    return text + event.text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '');
  }
  if (event.key === 'backspace') return text === '' ? undefined : [...text].slice(0, -1).join('');
  if (event.key === 'ctrl-u') return '';
  return [...event.key].length === 1 ? text + event.key : undefined;
}
