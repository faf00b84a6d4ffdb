import { formatPercent } from '../../../base/units.js';
import type { PageElement, PageEvent, PageWindow } from '../../page/dom.js';
import { oncePerFrame } from '../../page/throttle.js';
import { timeTicks } from './axis.js';
import { changeLook } from './change.js';
import { decodeFrames, type FlameData } from './data.js';
import { drawFrames } from './draw.js';
import { layFrames } from './geometry.js';
import { actOnGraphKey, actOnKey, type KeyActions } from './keys.js';
import { menuEntries } from './menu.js';
import { treeMaker } from './model.js';
import { describeFrame, describeMatched } from './numbers.js';
import { buildPage } from './page.js';
import { matchFunctions, nextMatch, type Matches } from './search.js';
import { readState, writeState, type ViewState } from './state.js';
import type { Step } from './steps.js';
import { pageTheme } from './theme.js';
import { wireTools } from './toolbar.js';
import { startTrail } from './trail.js';
import { sameWay } from './tree.js';
import { walkFrom } from './walk.js';

/**
 * Takes over the static picture: the file becomes a page of the window's size. What is zoomed, searched and
 * chosen lives in the address's hash, so that the browser's back button and bookmarks work.
 */
export function runFlameGraph(window: PageWindow, root: PageElement, data: FlameData): void {
  const base = decodeFrames(data);
  const chart = data.lanes !== undefined;
  const page = buildPage(window.document, root, data, (element) => {
    return window.getComputedStyle(element).font;
  });
  const { tools, popups, scroller, graph } = page;
  const names = [...data.names, '[too narrow to show]'];
  const looks = data.look + data.look[base.func[0]];
  const places = data.place.split(',').map((place) => data.places[parseInt(place, 36)]);
  const placeOf = (func: number): string => places[func] ?? '';
  const treesOf = treeMaker(base, data, names, placeOf);
  const trail = startTrail(window);
  const theme = pageTheme(window, page.dark);
  const initial: ViewState = {
    frame: 0,
    search: '',
    regex: false,
    steps: [],
    bottomUp: false,
    order: data.order,
    root: data.inverted ? 'top' : 'bottom',
    swapped: false,
  };

  let state = initial;
  let { frames, upright } = treesOf(state);
  let current = -1;
  let matches: Matches | undefined;
  let inverted = data.inverted;
  let drawnFrom = 0;
  let drawnTo = 0;
  let screen = 0;
  let view = layFrames(frames, 0, { width: 0, inverted, chart });
  /** Pixels of the graph that are scrolled out of sight at the bottom. */
  let below = 0;
  /** Whether the last pointer was a finger, which cannot hover. */
  let touching = false;

  const wholes = (): { own: number; other: number } => {
    const [own, other] = [base.weight[0], data.otherTotal ?? base.other?.[0] ?? 0];
    return state.swapped ? { own: other, other: own } : { own, other };
  };
  const lookOf = (frame: number): string => {
    if (frames.other === undefined) return looks[frames.func[frame]];
    const { own: whole, other: theirWhole } = wholes();
    const [first, second] = data.compared?.divisors ?? [];
    const own = (state.swapped ? second : first) ?? whole;
    const other = (state.swapped ? first : second) ?? theirWhole;
    const [weight, theirs] = [frames.weight[frame], frames.other[frame]];
    return state.swapped !== (data.compared?.otherIsLater === true)
      ? changeLook(theirs, other, weight, own)
      : changeLook(weight, own, theirs, other);
  };

  const lay = (): void => {
    view = layFrames(frames, state.frame, { width: page.graphWidth(), inverted, chart });
    page.resizeGraph(view.width, view.height);
  };
  /** Draws the rows in sight, and a screen above and below. */
  const draw = (): void => {
    lay();
    const { width, rowHeight } = view;
    screen = scroller.clientHeight;
    const top = scroller.scrollTop;
    [drawnFrom, drawnTo] = view.depthsBetween(top - screen, top + 2 * screen);
    page.paint(
      drawFrames(frames, names, lookOf, matches, {
        zoom: state.frame,
        width,
        rowHeight,
        measure: page.measure,
        from: drawnFrom,
        to: drawnTo + 1,
        chart,
        top: view.topOf,
      }),
    );
    if (chart) {
      const [left, span] = [frames.x[state.frame], frames.weight[state.frame]];
      const ticks = timeTicks(left, span, width / 90);
      page.ticks(ticks.map(({ time, text }) => ({ x: ((time - left) / span) * width, text })));
    }
    drawCurrent();
  };

  const drawCurrent = (): void => page.outline(view.boxOf(current));
  const pointed = (): number => (current < 0 ? state.frame : current);
  const describe = (): void => {
    const frame = pointed();
    const func = frames.func[frame];
    page.details(names[func], placeOf(func), describeFrame(data, frames, frame, state, wholes()));
  };
  const select = (frame: number): void => {
    if (frame === current) return;
    current = frame;
    drawCurrent();
    describe();
  };

  const measureBelow = (): void => {
    below = view.height - scroller.scrollTop - scroller.clientHeight;
  };
  /** Brings a depth into sight: `margin` rows of its callers stay visible. */
  const reveal = (depth: number, margin: number): void => {
    const { rowHeight } = view;
    const top = view.topOf(depth);
    scroller.scrollTop = inverted
      ? top - margin * rowHeight
      : top + (margin + 1) * rowHeight - scroller.clientHeight;
    measureBelow();
  };
  const walkTo = (frame: number): void => {
    select(frame);
    const above = view.topOf(frames.depth[frame]) - scroller.scrollTop;
    if (above < 0 || above > scroller.clientHeight - view.rowHeight) reveal(frames.depth[frame], 4);
  };

  const describeMatches = (): void => {
    const found = matches !== undefined && matches.count > 0;
    tools.keep.disabled = tools.remove.disabled = !found || chart;
    tools.matched.textContent = describeMatched(frames, upright, matches, state, wholes().own);
  };

  const describeSteps = (): void => {
    const words = { keep: 'only with', remove: 'without', hide: 'hidden', focus: 'focus on' };
    const share = formatPercent(frames.weight[0], wholes().own);
    const chips = state.steps.map((step, index) => ({
      text: words[step.kind],
      name: step.match.startsWith('/') ? `${step.match}/` : step.match.slice(1),
      takeBack: () => go({ steps: state.steps.filter((_, at) => at !== index) }),
    }));
    page.steps(chips.length === 0 ? '' : `Shows ${share} of all:`, chips);
  };

  const describeView = (): void => {
    const press = (button: PageElement, on: boolean): void =>
      button.setAttribute('aria-pressed', String(on));
    press(tools.flip, inverted);
    press(tools.bottomUp, state.bottomUp);
    press(tools.order, state.order === 'size');
    press(tools.swap, state.swapped);
    press(tools.theme, theme.isDark());
    tools.bottomUp.disabled = tools.order.disabled = chart;
    tools.swap.hidden = base.other === undefined;
    tools.swap.textContent = `Widths: ${(data.sides ?? ['before', 'after'])[state.swapped ? 0 : 1]}`;
    tools.undo.disabled = !trail.undoable;
    tools.redo.disabled = !trail.redoable;
    tools.reset.disabled = state.frame === 0 && state.steps.length === 0 && !state.bottomUp;
    tools.clear.hidden = state.search === '';
  };

  /** The hash is the state; this is the only way from one to the other. */
  const readHash = (): void => {
    const before = { frames, zoom: state.frame, inverted };
    state = readState(window.location.hash, initial);
    ({ frames, upright } = treesOf(state));
    if (state.frame >= frames.length || frames.weight[state.frame] <= 0) {
      state = { ...state, frame: 0 };
    }
    inverted = state.root === 'top';
    const { search, regex } = state;
    matches = search === '' ? undefined : matchFunctions(names, placeOf, search, regex);
    if (window.document.activeElement !== tools.search) tools.search.value = search;
    tools.regex.checked = regex;
    page.flipped(inverted);
    describeSteps();
    describeView();
    describeMatches();
    const moved = frames !== before.frames || state.frame !== before.zoom || view.width === 0;
    if (moved) current = -1;
    if (moved || inverted !== before.inverted) {
      lay();
      reveal(frames.depth[state.frame], 4);
    }
    draw();
    describe();
  };

  /** Changes the state as a step to be undone, or in place of the present one. */
  const go = (change: Partial<ViewState>, replace = false): void => {
    let next: ViewState = { ...state, ...change };
    const trees = treesOf(next);
    if (trees.frames !== frames) {
      const turned = next.bottomUp !== state.bottomUp;
      next = { ...next, frame: turned ? 0 : sameWay(frames, state.frame, trees.frames) };
    }
    if (trail.go(writeState(next, initial), replace)) readHash();
  };
  const zoomTo = (frame: number): void => {
    if (frame >= 0 && frame !== state.frame && frames.weight[frame] > 0) go({ frame });
  };
  const search = (): void => go({ search: tools.search.value, regex: tools.regex.checked }, true);
  const clearSearch = (): void => {
    tools.search.value = '';
    search();
  };
  const takeStep = (kind: Step['kind'], match: string): void => {
    if (chart || match.length < 2) return;
    go({
      steps: [...state.steps, { kind, match }],
      bottomUp: kind === 'focus' ? false : state.bottomUp,
    });
  };
  /** A step about the search; the search is over then, as all or nothing matches. */
  const stepBySearch = (kind: 'keep' | 'remove'): void => {
    const match = `${state.regex ? '/' : '~'}${state.search}`;
    tools.search.value = '';
    go({ steps: [...state.steps, { kind, match }], search: '', regex: false });
  };
  /** A step about a frame's function; none about the root, which is no function. */
  const stepByFrame = (kind: Step['kind'], frame = pointed()): void => {
    if (frame > 0) takeStep(kind, `=${names[frames.func[frame]]}`);
  };
  const reset = (): void => {
    tools.search.value = '';
    go({ ...initial, order: state.order, root: state.root });
  };

  const openMenu = (frame: number, x: number, y: number): void => {
    const name = names[frames.func[frame]];
    const entries = menuEntries({
      zoom: () => zoomTo(frame),
      step: frame === 0 || chart ? undefined : (kind) => stepByFrame(kind, frame),
      search: () => {
        tools.search.value = name;
        go({ search: name, regex: false });
      },
      copy: window.navigator.clipboard && (() => void window.navigator.clipboard?.writeText(name)),
    });
    popups.openMenu(name, entries, x, y);
  };
  /** Opens the menu of the frame that the details are about, at its place. */
  const openActions = (): void => {
    const frame = pointed();
    const box = view.boxOf(frame);
    if (box === undefined) return;
    const [at, home] = [graph.getBoundingClientRect(), page.app.getBoundingClientRect()];
    const top = box.top + view.rowHeight;
    openMenu(frame, at.left - home.left + box.left, at.top - home.top + top);
  };

  const frameUnder = (event: PageEvent): number => {
    const box = graph.getBoundingClientRect();
    return view.frameAt(event.clientX - box.left, event.clientY - box.top);
  };

  const actions: KeyActions = {
    isTyping: () => window.document.activeElement === tools.search,
    walk: (step) => walkTo(walkFrom(frames, state.frame, pointed(), step, chart)),
    isRootOnTop: () => inverted,
    zoom: () => zoomTo(pointed()),
    nextMatch: (step) => {
      if (matches === undefined || matches.count === 0) return;
      const frame = nextMatch(frames, matches, state.frame, pointed(), step);
      if (frame >= 0) walkTo(frame);
    },
    find: () => {
      popups.close();
      tools.search.focus();
      tools.search.select();
    },
    endSearch: () => {
      search();
      graph.focus({ preventScroll: true });
    },
    escape: () => {
      if (popups.close()) return;
      if (tools.search.value !== '') clearSearch();
      else zoomTo(0);
      graph.focus({ preventScroll: true });
    },
    undo: trail.undo,
    redo: trail.redo,
    reset,
    step: stepByFrame,
    menu: openActions,
    help: popups.openHelp,
    flip: () => go({ root: inverted ? 'bottom' : 'top' }),
    bottomUp: () => {
      if (!chart) go({ bottomUp: !state.bottomUp });
    },
    order: () => {
      if (!chart) go({ order: state.order === 'size' ? 'name' : 'size' });
    },
    swap: () => {
      if (base.other !== undefined) go({ swapped: !state.swapped });
    },
    theme: () => {
      theme.toggle();
      describeView();
    },
  };

  const onScroll = (): void => {
    measureBelow();
    const top = scroller.scrollTop;
    const [first, last] = view.depthsBetween(top, top + scroller.clientHeight);
    if (first < drawnFrom || last > drawnTo) draw();
  };

  graph.addEventListener('pointermove', (event) => {
    if (event.pointerType !== 'touch') select(frameUnder(event));
  });
  graph.addEventListener('pointerleave', (event) => {
    if (event.pointerType !== 'touch') select(-1);
  });
  graph.addEventListener('pointerdown', (event) => {
    touching = event.pointerType === 'touch';
  });
  graph.addEventListener('click', (event) => {
    const frame = frameUnder(event);
    // A finger cannot hover: its first tap shows the numbers, one more zooms.
    if (touching && frame !== current) select(frame);
    else zoomTo(frame);
  });
  graph.addEventListener('contextmenu', (event) => {
    const frame = frameUnder(event);
    if (frame < 0) return;
    event.preventDefault();
    select(frame);
    const home = page.app.getBoundingClientRect();
    openMenu(frame, event.clientX - home.left, event.clientY - home.top);
  });
  graph.addEventListener('keydown', (event) => {
    if (actOnGraphKey(event, actions)) event.preventDefault();
  });
  window.document.addEventListener('keydown', (event) => {
    if (popups.isOpen() && event.key !== 'Escape') return;
    if (actOnKey(event, actions)) event.preventDefault();
  });
  wireTools(tools, actions);
  tools.clear.addEventListener('click', clearSearch);
  tools.keep.addEventListener('click', () => stepBySearch('keep'));
  tools.remove.addEventListener('click', () => stepBySearch('remove'));
  page.actions.addEventListener('click', openActions);
  tools.search.addEventListener('input', search);
  tools.regex.addEventListener('change', search);
  // The window's size changes it, and so do the steps above it and its own scroll bar.
  const onResize = (): void => {
    if (page.graphWidth() === view.width && scroller.clientHeight === screen) return;
    // The root's side stays where it was: a graph that grows upwards is held at its bottom.
    if (!inverted) scroller.scrollTop = view.height - below - scroller.clientHeight;
    draw();
  };
  new window.ResizeObserver(oncePerFrame(window, onResize)).observe(scroller);
  window.addEventListener('beforeprint', () => page.printing(true));
  window.addEventListener('afterprint', () => {
    page.printing(false);
    draw();
  });
  window.addEventListener('hashchange', () => {
    if (trail.follow()) readHash();
  });

  scroller.addEventListener('scroll', oncePerFrame(window, onScroll), { passive: true });
  readHash();
}
