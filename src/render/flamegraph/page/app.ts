import { formatCount, formatDuration, formatPercent, plural } from '../../../base/units.js';
import { decodeFrames, type FlameData } from './data.js';
import type { PageElement, PageEvent, PageWindow } from './dom.js';
import { deepestWithin, drawFrames, frameAt } from './draw.js';
import { buildPage } from './page.js';
import { matchedWeight, matchFunctions, type Matches } from './search.js';
import { readState, writeState } from './state.js';
import { walkFrom } from './walk.js';

/**
 * Takes over the static picture: the SVG becomes a page of the window's size, with a tool bar, a
 * scrolling graph and a details line. What is zoomed and searched lives in the address's hash, so that
 * the browser's back button and bookmarks work.
 */
export function runFlameGraph(window: PageWindow, root: PageElement, data: FlameData): void {
  const rowHeight = 18;
  const frames = decodeFrames(data);
  const page = buildPage(window.document, root, data);
  const places = data.place.split(',').map((place) => data.places[parseInt(place, 36)]);
  const total = frames.weight[0];

  let zoom = 0;
  let current = -1;
  let matches: Matches | undefined;
  let inverted = data.inverted;
  /** How many steps back the browser's history holds of this graph, at least. */
  let moves = 0;
  /** What the next change of the hash does to them: the reader's own Back takes one. */
  let historyStep = -1;
  let drawnFrom = 0;
  let drawnTo = 0;
  let width = 0;
  let deepest = 0;
  /** Pixels of the graph that are scrolled out of sight at the bottom. */
  let below = 0;
  const columnWidth = page.measureColumn();

  const amount = (weight: number): string => {
    if (data.time) {
      const samples = data.sampleWeight > 0 ? Math.round(weight / data.sampleWeight) : 0;
      return formatDuration(weight) + (samples > 0 ? ` (${plural(samples, 'sample')})` : '');
    }
    return `${formatCount(Math.round(weight))} ${data.event}`;
  };
  const share = (weight: number): string => formatPercent(weight, total);

  const topOf = (depth: number): number => (inverted ? depth : deepest - depth) * rowHeight;
  const graphHeight = (): number => (deepest + 1) * rowHeight;
  const depthAt = (y: number): number => {
    const row = Math.floor(y / rowHeight);
    return inverted ? row : deepest - row;
  };

  /** Draws the rows in sight, and a screen above and below. */
  const draw = (): void => {
    width = page.graphWidth();
    const screen = page.scroller.clientHeight;
    const first = Math.floor((page.scroller.scrollTop - screen) / rowHeight);
    const last = Math.ceil((page.scroller.scrollTop + 2 * screen) / rowHeight);
    drawnFrom = Math.max(0, inverted ? first : deepest - last);
    drawnTo = Math.min(deepest + 1, inverted ? last : deepest - first + 1);
    page.resizeGraph(width, graphHeight());
    page.paint(
      drawFrames(frames, data.names, data.look, matches, {
        zoom,
        width,
        rowHeight,
        columnWidth,
        from: drawnFrom,
        to: drawnTo,
        top: topOf,
      }),
    );
    drawCurrent();
  };

  const drawCurrent = (): void => {
    const frame = current;
    if (frame < 0 || frames.depth[frame] > deepest) {
      page.outline(undefined);
      return;
    }
    const inside = frame >= zoom && frame < frames.end[zoom];
    const scale = width / frames.weight[zoom];
    page.outline({
      left: inside ? (frames.x[frame] - frames.x[zoom]) * scale : 0,
      top: topOf(frames.depth[frame]),
      width: inside ? Math.max(1, frames.weight[frame] * scale) : width,
      height: rowHeight - 1,
    });
  };

  const describe = (): void => {
    const frame = current < 0 ? zoom : current;
    const func = frames.func[frame];
    const weight = frames.weight[frame];
    const parts = [amount(weight), `${share(weight)} of all`];
    if (zoom > 0 && frame > zoom && frame < frames.end[zoom]) {
      parts.push(`${formatPercent(weight, frames.weight[zoom])} of zoomed`);
    }
    const self = frames.self[frame];
    parts.push(self > 0 ? `self ${amount(self)}, ${share(self)}` : 'self 0');
    page.details(data.names[func], places[func], parts.join(' · '));
  };

  const select = (frame: number): void => {
    if (frame === current) return;
    current = frame;
    drawCurrent();
    describe();
  };

  /** Brings a depth into sight: `margin` rows of its callers stay visible. */
  const reveal = (depth: number, margin: number): void => {
    const screen = page.scroller.clientHeight;
    const top = topOf(depth);
    page.scroller.scrollTop = inverted
      ? top - margin * rowHeight
      : top + (margin + 1) * rowHeight - screen;
  };

  const describeMatches = (text: string): void => {
    if (text === '') page.matched('');
    else if (matches === undefined) page.matched('not a regular expression');
    else if (matches.count === 0) page.matched('no match');
    else {
      const parts = [`${share(matchedWeight(frames, matches, 0))} of all`];
      if (zoom > 0) {
        const within = matchedWeight(frames, matches, zoom);
        parts.push(`${formatPercent(within, frames.weight[zoom])} of zoomed`);
      }
      page.matched(`${parts.join(', ')} in ${plural(matches.count, 'function')}`);
    }
  };

  /** The hash is the state; this is the only way from one to the other. */
  const readHash = (): void => {
    const { frame, search: text, regex } = readState(window.location.hash, frames.length);
    const moved = frame !== zoom || width === 0;
    zoom = frame;
    deepest = deepestWithin(frames, zoom);
    matches =
      text === '' ? undefined : matchFunctions(data.names, (func) => places[func], text, regex);
    if (window.document.activeElement !== page.search) page.search.value = text;
    page.regex.checked = regex;
    page.reset.disabled = zoom === 0;
    page.undo.disabled = moves === 0;
    page.clear.hidden = text === '';
    if (moved) {
      current = -1;
      page.resizeGraph(page.graphWidth(), graphHeight());
      reveal(frames.depth[zoom], 4);
    }
    draw();
    describe();
    describeMatches(text);
  };

  const hashFor = (frame: number): string =>
    writeState({ frame, search: page.search.value, regex: page.regex.checked });
  const zoomTo = (frame: number): void => {
    if (frame < 0 || frame === zoom || frames.weight[frame] <= 0) return;
    historyStep = 1;
    window.location.hash = hashFor(frame);
  };
  const search = (): void => {
    const hash = hashFor(zoom);
    if (hash === (window.location.hash || '#')) return;
    historyStep = 0;
    window.location.replace(hash);
  };
  const clearSearch = (): void => {
    page.search.value = '';
    search();
  };
  const undo = (): void => {
    if (moves > 0) window.history.back();
  };
  const flip = (): void => {
    inverted = !inverted;
    page.flipped(inverted);
    reveal(frames.depth[zoom], 4);
    draw();
  };

  const frameUnder = (event: PageEvent): number => {
    const box = page.graph.getBoundingClientRect();
    const depth = depthAt(event.clientY - box.top);
    return depth > deepest ? -1 : frameAt(frames, zoom, width, event.clientX - box.left, depth);
  };

  const arrowStep = (key: string): 'caller' | 'callee' | 'left' | 'right' | undefined => {
    if (key === 'ArrowLeft') return 'left';
    if (key === 'ArrowRight') return 'right';
    if (key === 'ArrowUp') return inverted ? 'caller' : 'callee';
    if (key === 'ArrowDown') return inverted ? 'callee' : 'caller';
    return undefined;
  };

  const onGraphKey = (event: PageEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = arrowStep(event.key);
    if (step !== undefined) {
      const next = walkFrom(frames, zoom, current < 0 ? zoom : current, step);
      select(next);
      const top = topOf(frames.depth[next]);
      const above = top - page.scroller.scrollTop;
      if (above < 0 || above > page.scroller.clientHeight - rowHeight) {
        reveal(frames.depth[next], 4);
      }
    } else if (event.key === 'Enter' || event.key === ' ') {
      zoomTo(current);
    } else if (event.key === 'Backspace') {
      undo();
    } else {
      return;
    }
    event.preventDefault();
  };

  const onKey = (event: PageEvent): void => {
    const typing = window.document.activeElement === page.search;
    const find = event.key === 'f' && (event.ctrlKey || event.metaKey);
    if (find || (event.key === '/' && !typing)) {
      event.preventDefault();
      page.search.focus();
      page.search.select();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (page.search.value !== '') clearSearch();
      else zoomTo(0);
      page.graph.focus({ preventScroll: true });
    } else if (event.key === 'Enter' && typing) {
      event.preventDefault();
      search();
      page.graph.focus({ preventScroll: true });
    }
  };

  page.graph.addEventListener('mousemove', (event) => select(frameUnder(event)));
  page.graph.addEventListener('mouseleave', () => select(-1));
  page.graph.addEventListener('click', (event) => zoomTo(frameUnder(event)));
  page.graph.addEventListener('keydown', onGraphKey);
  window.document.addEventListener('keydown', onKey);
  page.search.addEventListener('input', search);
  page.regex.addEventListener('change', search);
  page.clear.addEventListener('click', clearSearch);
  page.reset.addEventListener('click', () => zoomTo(0));
  page.undo.addEventListener('click', undo);
  page.flip.addEventListener('click', flip);
  window.addEventListener('resize', () => {
    // The root's side stays where it was: a graph that grows upwards is held at its bottom.
    if (!inverted) page.scroller.scrollTop = graphHeight() - below - page.scroller.clientHeight;
    draw();
  });
  window.addEventListener('beforeprint', () => page.printing(true));
  window.addEventListener('afterprint', () => {
    page.printing(false);
    draw();
  });
  window.addEventListener('hashchange', () => {
    moves = Math.max(0, moves + historyStep);
    historyStep = -1;
    readHash();
  });

  let waiting = false;
  page.scroller.addEventListener(
    'scroll',
    () => {
      below = graphHeight() - page.scroller.scrollTop - page.scroller.clientHeight;
      if (waiting) return;
      waiting = true;
      window.requestAnimationFrame(() => {
        waiting = false;
        const first = depthAt(page.scroller.scrollTop);
        const last = depthAt(page.scroller.scrollTop + page.scroller.clientHeight);
        const from = Math.max(0, Math.min(first, last));
        const to = Math.min(deepest, Math.max(first, last));
        if (from < drawnFrom || to >= drawnTo) draw();
      });
    },
    { passive: true },
  );
  page.flipped(inverted);
  readHash();
}
