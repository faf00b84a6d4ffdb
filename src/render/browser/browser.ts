/**
 * The browser's state: what is looked at, where the cursor stands, what lies over the list; and what keys make
 * of it. It knows neither the terminal nor the profile: it is handed keys and answers, asks questions, and
 * says which lines to show. Nothing here takes time that grows with the profile.
 *
 * A key that needs the answer to the question before it waits for that, so that keys typed ahead mean what
 * they would mean to a person who waits. Keys that leave do not wait, nor does typing a filter.
 */
import { helpPage } from './help.js';
import type { InputEvent } from './keys.js';
import { cutLine, span, type Line } from './line.js';
import { ListPlace, SCROLL, stepOf, WHEEL } from './list-place.js';
import { sortMenu, sortPrompt, viewMenu } from './menus.js';
import { PromptOverlay, TextOverlay, type Overlay } from './overlays.js';
import type { Answer, Fold, Page, Query, Question, Sort, TextPage, Zoom } from './protocol.js';
import { isTooSmall, tooSmall, type Size } from './size.js';
import {
  noteLine,
  notesPage,
  nothingLeft,
  promptLine,
  statusLine,
  TEXT_KEYS,
  titleLine,
} from './status.js';

/** What the terminal has to do. */
export type Effect = 'quit' | 'suspend' | 'redraw';

export interface BrowserOptions {
  readonly query: Query;
  /** Reads what a person types for sort keys; a text says what is wrong with it. */
  readonly parseSort: (text: string) => Sort | string;
  readonly ask: (question: Question) => void;
}

/** Keys typed ahead of an answer. */
const MOST_AHEAD = 64;

/** Where a step back leads. */
interface Step {
  readonly zooms: readonly Zoom[];
  readonly filter: string;
  readonly cursor: number;
  readonly top: number;
}

export class Browser {
  private query: Query;
  /** What the page that is shown answers. */
  private answered: Query;
  private page: Page | undefined;
  private readonly place = new ListPlace();
  private readonly steps: Step[] = [];
  private overlay: Overlay | undefined;
  private message = '';
  private progress = '';
  /** Of the last question, which may still be unanswered. */
  private number = 0;
  private isUnanswered = false;
  /** Whether keys have to wait for the answer. */
  private isWaiting = true;
  private ahead: InputEvent[] = [];
  /** Whether the page is of what has been read so far. */
  private isEarly = false;

  constructor(
    private readonly options: BrowserOptions,
    private size: Size,
  ) {
    this.query = options.query;
    this.answered = options.query;
    this.place.height = this.listHeight;
    this.ask();
  }

  resize(size: Size): void {
    this.size = size;
    this.place.height = this.listHeight;
    this.fetch();
  }

  /** @returns what the terminal has to do, where it has to */
  handle(event: InputEvent): Effect | undefined {
    const key = event.kind === 'key' ? event.key : '';
    if (key === 'ctrl-c') return 'quit';
    if (key === 'ctrl-z') return 'suspend';
    if (key === 'ctrl-l') return 'redraw';
    const { overlay } = this;
    if (overlay !== undefined) {
      const result = overlay.handle(event, this.listHeight + 1, this.size.width);
      if (result === 'stay') return undefined;
      // What a menu chose may have put another in its place.
      if (this.overlay === overlay) this.overlay = undefined;
      if (result === 'close') return undefined;
    }
    if (key === 'q') return 'quit';
    if (key === 'h' || key === '?' || key === 'f1') this.read(helpPage());
    else if (this.isWaiting && key === 'escape') this.giveUp();
    else if (!this.isWaiting) this.handleList(event);
    else if (this.isEarly) this.handleEarly(key);
    else if (this.ahead.length < MOST_AHEAD) this.ahead.push(event);
    return undefined;
  }

  /** @returns the same as {@link handle}, of keys that waited */
  answer(answer: Answer): Effect | undefined {
    if (answer.kind === 'progress') this.progress = answer.text;
    if (answer.kind === 'progress' || answer.kind === 'failed') return undefined;
    if (answer.number !== this.number) return undefined;
    if (this.isEarly) this.message = '';
    this.isEarly = answer.kind === 'early';
    if (answer.kind === 'early') {
      this.page = answer.page;
      this.place.height = this.listHeight;
      return undefined;
    }
    this.isUnanswered = false;
    this.isWaiting = false;
    this.progress = '';
    if (answer.kind === 'page') this.turnTo(answer.page);
    else if (answer.kind === 'text') this.read(answer.text);
    else this.refuse(answer.reason);
    const waited = this.ahead;
    this.ahead = [];
    // Those that have to wait again line up again.
    for (const event of waited) {
      const effect = this.handle(event);
      if (effect !== undefined) return effect;
    }
    return undefined;
  }

  /** The lines of the screen, as many as it has. */
  lines(): Line[] {
    const { page, answered, overlay } = this;
    const { width } = this.size;
    if (isTooSmall(this.size)) return tooSmall(this.size);
    const rows = this.listHeight + 1;
    const list =
      page === undefined ? [cutLine([span(this.progress)], width)] : this.place.draw(page, width);
    if (page?.lines === 0) list.push([], cutLine([span(nothingLeft(answered), 'faint')], width));
    const below = Array.from({ length: rows }, (_, line): Line => list[line] ?? []);
    const body = overlay?.lines(below, width) ?? below;
    const head = overlay?.title ?? (page === undefined ? 'strata report' : undefined);
    const note = noteLine(page?.notes ?? [], width);
    return [
      page === undefined || head !== undefined
        ? cutLine([span(head ?? '', 'strong')], width)
        : titleLine(page, answered, width),
      ...Array.from({ length: rows }, (_, line): Line => body[line] ?? []),
      ...(note === undefined ? [] : [note]),
      this.status(),
    ];
  }

  private status(): Line {
    const { overlay, page, place } = this;
    const { width } = this.size;
    if (overlay?.prompt !== undefined) return promptLine(overlay.prompt, width);
    if (overlay?.position !== undefined) {
      return statusLine('', overlay.position(this.listHeight + 1), width, TEXT_KEYS);
    }
    if (page === undefined) return statusLine('', '', width, ['q quit', '? help']);
    const position = page.lines === 0 ? '0/0' : `${place.cursor + 1}/${page.lines}`;
    return statusLine(this.message === '' ? this.progress : this.message, position, width);
  }

  /** Lines of the screen without title, heading, notes and status. */
  private get listHeight(): number {
    const hasNotes = (this.page?.notes.length ?? 0) > 0;
    return Math.max(1, this.size.height - (hasNotes ? 4 : 3));
  }

  /** Among rows that reading will change one can move, and no more. */
  private handleEarly(key: string): void {
    const { page, place } = this;
    const lines = page?.shown.length ?? 0;
    const step = stepOf(key, place.height, lines);
    this.message = step === undefined ? 'not before all is read' : '';
    place.moveBy(step ?? 0, lines);
  }

  private handleList(event: InputEvent): void {
    const { page, place } = this;
    this.message = '';
    if (page === undefined || event.kind === 'paste') return;
    if (this.isUnanswered && place.lineAt(page, place.cursor) === undefined) {
      // The line that the cursor came to is still to be told: what is to be done with it waits.
      if (event.kind === 'key' && stepOf(event.key, 1, 1) === undefined) {
        this.isWaiting = true;
        this.ahead.push(event);
        return;
      }
    }
    if (event.kind === 'mouse') this.click(event.what, event.y, page);
    else {
      const step = stepOf(event.key, place.height, page.lines);
      if (step === undefined) this.act(event.key, page);
      else place.moveBy(step, page.lines);
    }
    this.fetch();
  }

  private act(key: string, page: Page): void {
    const { query, place } = this;
    switch (key) {
      case 'enter':
      case 'e':
      case '+':
        return this.fold('toggle', page);
      case '*':
        return this.fold('toggle-below', page);
      case 'c':
        return this.fold('close', page);
      case 'E':
        return this.fold('open-all', page);
      case 'C':
        return this.fold('close-all', page);
      case 'right':
        return place.scrollRight(page, SCROLL);
      case 'left':
        if (!place.scrollLeft(SCROLL)) this.back();
        return;
      case 'escape':
      case 'backspace':
        return this.back();
      case '/':
        return this.filter();
      case 'd':
        return this.zoom(page, (zoom) => zoom.kind === 'dso', 'shared object', 'dso');
      case 't':
        return this.zoom(page, (zoom) => zoom.kind !== 'dso', 'thread', 'tid');
      case 'i':
        return this.change({ chain: page.chain === 'caller' ? 'callee' : 'caller' });
      case 'o':
        if (!page.hierarchy) return this.change({ children: !page.children });
        this.message = 'rows of a hierarchy have no Children: H';
        return;
      case 'H':
        return this.change({ hierarchy: !page.hierarchy });
      case 'F':
        return this.change({ relative: !query.relative });
      case 'tab':
        return this.nextEvent(1, page);
      case 'shift-tab':
        return this.nextEvent(-1, page);
      case 'v':
        this.overlay = viewMenu(page.view, (view) => this.change({ view }));
        return;
      case 's':
        this.overlay = sortMenu(page.sort, this.options.parseSort, (sort) => this.sortBy(sort));
        return;
      case 'n':
        return this.read(notesPage(page));
      case 'a':
        return this.annotate(page);
    }
  }

  private click(what: 'press' | 'wheel-up' | 'wheel-down', y: number, page: Page): void {
    const { place } = this;
    if (what !== 'press') return place.scrollBy(what === 'wheel-up' ? -WHEEL : WHEEL, page.lines);
    // Above the list are the title and the heading.
    const line = place.top + y - 2;
    if (y < 2 || y >= 2 + place.height || line >= page.lines) return;
    if (line === place.cursor) this.fold('toggle', page);
    else place.cursor = line;
  }

  private nextEvent(step: number, { event }: Page): void {
    if (event.of < 2) this.message = 'the recording has no other event';
    else this.change({ event: (event.number + step + event.of) % event.of });
  }

  private filter(): void {
    const { filter } = this.query;
    this.push();
    this.overlay = new PromptOverlay({
      label: 'Filter',
      text: filter,
      onEdit: (text) => this.change({ filter: text }),
      onEnter: (text) => {
        if (text === filter) this.steps.pop();
      },
      onCancel: () => this.back(),
    });
  }

  private sortBy(sort: Sort | undefined): void {
    if (sort !== undefined) return this.change({ sort });
    this.overlay = sortPrompt(this.options.parseSort, (keys) => {
      if (typeof keys === 'string') this.message = keys;
      else this.change({ sort: keys });
    });
  }

  private zoom(page: Page, isIt: (zoom: Zoom) => boolean, what: string, key: string): void {
    const { place, query } = this;
    const zoom = place.lineAt(page, place.cursor)?.zooms.find(isIt);
    if (page.lines === 0) return;
    if (zoom === undefined) {
      this.message = `this has no ${what}; rows may: s, ${key}`;
    } else if (query.zooms.some((one) => JSON.stringify(one) === JSON.stringify(zoom))) {
      this.message = `all of this is one ${what} already`;
    } else {
      this.push();
      this.change({ zooms: [...query.zooms, zoom] });
    }
  }

  private push(): void {
    const { zooms, filter } = this.query;
    const { cursor, top } = this.place;
    this.steps.push({ zooms, filter, cursor, top });
  }

  private back(): void {
    const step = this.steps.pop();
    if (step === undefined) {
      this.message = 'no step to go back; q quits';
      return;
    }
    const { zooms, filter, cursor, top } = step;
    Object.assign(this.place, { cursor, top });
    this.change({ zooms, filter }, true);
  }

  /** What takes too long is not waited for. */
  private giveUp(): void {
    this.ahead = [];
    if (this.page === undefined || this.isEarly) return;
    this.query = this.answered;
    this.ask();
  }

  private read(page: TextPage): void {
    this.overlay = new TextOverlay(page, this.listHeight + 1);
  }

  private fold(how: Fold['how'], { lines }: Page): void {
    if (lines > 0) this.ask({ how, line: this.place.cursor });
  }

  private annotate({ lines }: Page): void {
    if (lines === 0) return;
    const { query, place, size } = this;
    this.send({ kind: 'annotate', query, line: place.cursor, width: size.width });
  }

  private change(change: Partial<Query>, keepsPlace = false): void {
    this.query = { ...this.query, ...change };
    if (!keepsPlace) this.place.home();
    this.ask();
  }

  /** Asks for the list, and lets keys wait for it. */
  private ask(fold?: Fold): void {
    const window = this.place.window();
    const { query } = this;
    this.send({ kind: 'show', query, window, ...(fold === undefined ? {} : { fold }) });
  }

  private send(
    question:
      Omit<Question & { kind: 'show' }, 'number'> | Omit<Question & { kind: 'annotate' }, 'number'>,
  ): void {
    this.isWaiting = true;
    this.isUnanswered = true;
    this.options.ask({ ...question, number: ++this.number });
  }

  private turnTo(page: Page): void {
    this.page = page;
    this.answered = this.query;
    const { place } = this;
    place.height = this.listHeight;
    if (page.cursor !== undefined) place.cursor = page.cursor;
    place.moveBy(0, page.lines);
    this.fetch();
  }

  private refuse(reason: string): void {
    this.message = reason;
    if (this.query === this.answered) return;
    this.query = this.answered;
    this.ask();
  }

  /** Asks for lines that are to be seen and are not here; keys need not wait for them. */
  private fetch(): void {
    const { page, place } = this;
    if (page === undefined || this.isUnanswered) return;
    place.moveBy(0, page.lines);
    if (place.isCovered(page)) return;
    this.ask();
    this.isWaiting = false;
  }
}
