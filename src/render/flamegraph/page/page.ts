import type { PageDocument, PageElement, Rect } from '../../page/dom.js';
import type { FlameData } from './data.js';
import type { Drawing } from './draw.js';
import { elementMaker } from './elements.js';
import { buildPopups, type Popups } from './popups.js';
import { buildToolbar, type Toolbar } from './toolbar.js';

/** A step as the page shows it, to be taken back. */
export interface Chip {
  readonly text: string;
  readonly name: string;
  readonly takeBack: () => void;
}

export interface Page {
  readonly app: PageElement;
  readonly scroller: PageElement;
  readonly graph: PageElement;
  /** Opens the menu of the frame that the details are about. */
  readonly actions: PageElement;
  readonly tools: Toolbar;
  readonly popups: Popups;
  /** The dark style sheet. */
  readonly dark: PageElement | null;
  /** Width of a label's text, in pixels. */
  readonly measure: (text: string) => number;
  graphWidth(): number;
  resizeGraph(width: number, height: number): void;
  paint(drawing: Drawing): void;
  /** The marks of a chart's time, by their place in pixels. */
  ticks(ticks: readonly { readonly x: number; readonly text: string }[]): void;
  outline(box: Rect | undefined): void;
  details(name: string, place: string, cost: string): void;
  steps(shown: string, chips: readonly Chip[]): void;
  flipped(inverted: boolean): void;
  /** Whether the static picture is shown instead, as it is on paper. */
  printing(on: boolean): void;
}

/**
 * Builds the page inside the SVG, or in the body of an HTML page that holds it. All text goes in as text,
 * never as markup.
 */
export function buildPage(
  document: PageDocument,
  root: PageElement,
  data: FlameData,
  fontOf: (element: PageElement) => string,
): Page {
  const make = elementMaker(document);
  const { html, svg, button } = make;
  const tools = buildToolbar(make);

  const bars = svg('g', {});
  const faded = svg('g', { class: 'faded' });
  const matchBars = svg('path', { class: 'match' });
  const labels = svg('g', { class: 'label' });
  const outline = svg('rect', { class: 'outline', visibility: 'hidden' });
  const graph = svg('svg', {
    class: 'graph',
    tabindex: '0',
    role: 'application',
    'aria-roledescription': 'flame graph',
    'aria-label': 'Flame graph. Arrow keys walk, Enter zooms, question mark for help.',
    'aria-describedby': 'details',
  });
  graph.append(bars, faded, matchBars, labels, outline);
  const axis = svg('svg', { class: 'axis', height: '18', 'aria-hidden': 'true' });
  const scroller = html('div', { class: 'scroller' }, graph);

  const name = html('bdi', { class: 'of' });
  const place = html('bdi', { class: 'place' });
  const cost = html('div', { class: 'cost' });
  const actions = button('Actions', 'What can be done with this frame (M, right click)');
  actions.setAttribute('aria-haspopup', 'menu');
  const details = html(
    'div',
    { class: 'details' },
    html(
      'div',
      { class: 'about', id: 'details', 'aria-live': 'polite' },
      html('div', { class: 'name' }, name, place),
      cost,
    ),
    actions,
  );

  const heading = html('div', { class: 'heading' }, html('h1', { dir: 'auto' }, data.title));
  if (data.subtitle !== '') heading.append(html('p', { dir: 'auto' }, data.subtitle));
  const legend = html('ul', { class: 'legend', 'aria-label': 'What colours mean' });
  for (const { look, text } of data.legend) {
    const item = html('li', {});
    if (look !== '') item.append(html('i', { class: `s${look}` }));
    item.append(html('bdi', {}, text));
    legend.append(item);
  }
  const steps = html('div', { class: 'steps', role: 'status' });
  const app = html(
    'div',
    { class: 'app' },
    html('div', { class: 'head' }, heading, legend),
    tools.bar,
    steps,
    ...(data.lanes === undefined ? [] : [axis]),
    scroller,
    details,
  );
  if (data.notes.length > 0) {
    const list = html('ul', { class: 'notes', 'aria-label': 'Notes' });
    for (const note of data.notes) list.append(html('li', { dir: 'auto' }, note));
    app.append(list);
  }
  const popups = buildPopups(make, app, graph);

  const isSvg = root.getAttribute('viewBox') !== null;
  const drawn = ['width', 'height', 'viewBox'].map((key) => [key, root.getAttribute(key) ?? '']);
  const fillWindow = (): void => {
    root.removeAttribute('viewBox');
    root.setAttribute('width', '100%');
    root.setAttribute('height', '100%');
  };
  root.setAttribute('class', 'live');
  if (isSvg) {
    fillWindow();
    const frame = svg('foreignObject', { class: 'interactive', width: '100%', height: '100%' });
    frame.append(app);
    root.append(frame);
  } else {
    root.append(html('div', { class: 'interactive' }, app));
  }

  const paths = (into: PageElement, drawn: ReadonlyMap<string, string>): void => {
    into.replaceChildren(
      ...Array.from(drawn, ([look, d]) => svg('path', { class: `f${look}`, d })),
    );
  };

  const canvas = html('canvas', {}).getContext?.('2d') ?? undefined;
  if (canvas !== undefined) canvas.font = fontOf(graph);
  const column = canvas === undefined ? 7.25 : canvas.measureText('m'.repeat(100)).width / 100;
  const isPlain = /^[\x20-\x7e…]*$/;
  const measure = (text: string): number =>
    canvas === undefined || isPlain.test(text)
      ? text.length * column
      : canvas.measureText(text).width;

  return {
    app,
    scroller,
    graph,
    actions,
    tools,
    popups,
    dark: document.getElementById('dark'),
    measure,
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
    ticks: (ticks) => {
      axis.replaceChildren(
        ...ticks.flatMap(({ x, text }) => {
          const label = svg('text', { x: (x + 3).toFixed(1), y: '12' });
          label.textContent = text;
          return [svg('path', { d: `M${x.toFixed(1)} 2v16` }), label];
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
    steps: (shown, chips) => {
      steps.hidden = shown === '';
      steps.replaceChildren(
        html('span', {}, shown),
        ...chips.map(({ text, name: what, takeBack }) => {
          const chip = button(`${text} `, `Take this back: ${text} ${what}`);
          chip.append(html('bdi', {}, what), html('span', { 'aria-hidden': 'true' }, ' ×'));
          chip.setAttribute('class', 'chip');
          chip.addEventListener('click', takeBack);
          return chip;
        }),
      );
    },
    printing: (on) => {
      if (!isSvg) return;
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
