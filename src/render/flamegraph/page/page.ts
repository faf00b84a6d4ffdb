import type { FlameData } from './data.js';
import type { PageDocument, PageElement, Rect } from './dom.js';
import type { Drawing } from './draw.js';

export interface Page {
  readonly scroller: PageElement;
  readonly graph: PageElement;
  readonly search: PageElement;
  readonly regex: PageElement;
  readonly clear: PageElement;
  readonly undo: PageElement;
  readonly reset: PageElement;
  readonly flip: PageElement;
  /** Width of a character of the labels, in pixels. */
  measureColumn(): number;
  graphWidth(): number;
  resizeGraph(width: number, height: number): void;
  paint(drawing: Drawing): void;
  outline(box: Rect | undefined): void;
  details(name: string, place: string, cost: string): void;
  matched(text: string): void;
  flipped(inverted: boolean): void;
  /** Whether the static picture is shown instead, as it is on paper. */
  printing(on: boolean): void;
}

/** Builds the page inside the SVG. All text goes in as text, never as markup. */
export function buildPage(document: PageDocument, root: PageElement, data: FlameData): Page {
  const svgSpace = 'http://www.w3.org/2000/svg';
  const element = (
    space: string,
    name: string,
    attributes: Record<string, string>,
    ...children: (PageElement | string)[]
  ): PageElement => {
    const made = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const html = (
    name: string,
    attributes: Record<string, string>,
    ...children: (PageElement | string)[]
  ): PageElement => element('http://www.w3.org/1999/xhtml', name, attributes, ...children);
  const svg = (name: string, attributes: Record<string, string>): PageElement =>
    element(svgSpace, name, attributes);
  const button = (text: string, title: string): PageElement =>
    html('button', { type: 'button', title }, text);

  const search = html('input', {
    type: 'search',
    class: 'search',
    placeholder: 'Search functions and files',
    'aria-label': 'Search functions and files',
    title: 'Ctrl+F or /',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const regex = html('input', { type: 'checkbox' });
  const clear = button('Clear', 'Clear the search (Esc)');
  const undo = button('Undo', 'Back to the zoom before (Backspace)');
  const reset = button('Reset', 'Show everything (Esc)');
  const flip = button('Flip', 'Put the root at the top or at the bottom');
  const matched = html('output', { class: 'matched', 'aria-live': 'polite' });

  const bars = svg('g', {});
  const faded = svg('g', { class: 'faded' });
  const matchBars = svg('path', { class: 'match' });
  const labels = svg('g', { class: 'label' });
  const outline = svg('rect', { class: 'outline', visibility: 'hidden' });
  const graph = svg('svg', {
    class: 'graph',
    tabindex: '0',
    role: 'application',
    'aria-label': 'Flame graph. Arrow keys walk, Enter zooms, Escape resets.',
  });
  graph.append(bars, faded, matchBars, labels, outline);
  const scroller = html('div', { class: 'scroller' }, graph);

  const name = html('b', {});
  const place = html('span', { class: 'place' });
  const cost = html('div', { class: 'cost' });
  const details = html(
    'div',
    { class: 'details', 'aria-live': 'polite' },
    html('div', { class: 'name' }, name, place),
    cost,
  );

  const heading = html('div', { class: 'heading' }, html('h1', {}, data.title));
  if (data.subtitle !== '') heading.append(html('p', {}, data.subtitle));
  const legend = html('ul', {
    class: 'legend',
    title: 'Share of the whole that is spent in code of each kind itself',
  });
  for (const entry of data.legend) {
    const swatch = html('i', { class: `s${entry.look}` });
    legend.append(html('li', {}, swatch, entry.text));
  }
  const tools = html(
    'div',
    { class: 'tools', role: 'toolbar' },
    html('span', { class: 'field' }, search, clear),
    html('label', { title: 'The search is a regular expression' }, regex, 'regex'),
    matched,
    html('span', { class: 'spring' }),
    undo,
    reset,
    flip,
  );
  const app = html(
    'div',
    { class: 'app' },
    html('div', { class: 'head' }, heading, legend),
    tools,
    scroller,
    details,
  );
  if (data.notes.length > 0) {
    const list = html('ul', { class: 'notes' });
    for (const note of data.notes) list.append(html('li', {}, note));
    app.append(list);
  }
  const frame = svg('foreignObject', { class: 'interactive', width: '100%', height: '100%' });
  frame.append(app);
  const drawn = ['width', 'height', 'viewBox'].map((key) => [key, root.getAttribute(key) ?? '']);
  const fillWindow = (): void => {
    root.removeAttribute('viewBox');
    root.setAttribute('width', '100%');
    root.setAttribute('height', '100%');
  };
  root.setAttribute('class', 'live');
  fillWindow();
  root.append(frame);

  const paths = (into: PageElement, drawn: ReadonlyMap<string, string>): void => {
    into.replaceChildren(
      ...Array.from(drawn, ([look, d]) => svg('path', { class: `f${look}`, d })),
    );
  };

  return {
    scroller,
    graph,
    search,
    regex,
    clear,
    undo,
    reset,
    flip,
    measureColumn: () => {
      const text = svg('text', {});
      text.textContent = 'm'.repeat(100);
      labels.replaceChildren(text);
      return text.getComputedTextLength() / 100 || 7;
    },
    graphWidth: () => Math.max(1, scroller.clientWidth),
    resizeGraph: (width, height) => {
      graph.setAttribute('width', String(width));
      graph.setAttribute('height', String(height));
    },
    paint: (drawing) => {
      paths(bars, drawing.bars);
      paths(faded, drawing.faded);
      matchBars.setAttribute('d', drawing.matches);
      bars.setAttribute('class', drawing.searching ? 'dimmed' : '');
      labels.replaceChildren(
        ...drawing.labels.map((label) => {
          const text = svg('text', { x: label.x.toFixed(1), y: String(label.y + 13) });
          if (label.faded) text.setAttribute('class', 'faded');
          text.textContent = label.text;
          return text;
        }),
      );
    },
    outline: (box) => {
      outline.setAttribute('visibility', box === undefined ? 'hidden' : 'visible');
      if (box === undefined) return;
      outline.setAttribute('x', String(box.left));
      outline.setAttribute('y', String(box.top));
      outline.setAttribute('width', String(box.width));
      outline.setAttribute('height', String(box.height));
    },
    details: (nameText, placeText, costText) => {
      name.textContent = nameText;
      place.textContent = placeText;
      cost.textContent = costText;
    },
    matched: (text) => {
      matched.textContent = text;
    },
    printing: (on) => {
      fillWindow();
      if (!on) return;
      for (const [key, value] of drawn) root.setAttribute(key, value);
      root.setAttribute('width', '100%'); // of the sheet; the view box keeps the proportions
      root.removeAttribute('height');
    },
    flipped: (inverted) => {
      app.setAttribute('data-root', inverted ? 'top' : 'bottom');
    },
  };
}
