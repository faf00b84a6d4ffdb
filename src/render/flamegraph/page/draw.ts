import type { Frames } from './data.js';
import { fitLabel } from './labels.js';
import { firstAtLeast, type Matches } from './search.js';

/** What part of the graph is shown, and how large. */
export interface Viewport {
  /** The frame that takes the whole width. */
  readonly zoom: number;
  /** Pixels. */
  readonly width: number;
  readonly rowHeight: number;
  /** The width of text in a label. */
  readonly measure: (text: string) => number;
  /** Depths to draw: from, up to but not. */
  readonly from: number;
  readonly to: number;
  /** What is as wide as the zoomed frame is drawn, whatever it is in: a chart's other threads at that time. */
  readonly chart: boolean;
  /** The top edge of a depth. */
  readonly top: (depth: number) => number;
}

export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  /** On a faded or dimmed bar. */
  readonly faded: boolean;
}

export interface Drawing {
  /** For each look an SVG path over its frames. */
  readonly bars: ReadonlyMap<string, string>;
  /** Ancestors of the zoomed frame. */
  readonly faded: ReadonlyMap<string, string>;
  readonly matches: string;
  /** Whether matches stand out from what is drawn otherwise: a search found something, here or not. */
  readonly searching: boolean;
  readonly labels: readonly Label[];
}

/**
 * Draws the frames in a viewport: one path per colour, so that thousands of frames cost a few elements.
 * Runs of frames narrower than half a pixel become one bar, rather than vanish.
 */
export function drawFrames(
  frames: Frames,
  names: readonly string[],
  lookOf: (frame: number) => string,
  matches: Matches | undefined,
  view: Viewport,
): Drawing {
  const bars = new Map<string, string>();
  const faded = new Map<string, string>();
  const labels: Label[] = [];
  let matched = '';
  const searching = (matches?.count ?? 0) > 0;
  const scale = frames.weight[view.zoom] > 0 ? view.width / frames.weight[view.zoom] : 0;
  const height = view.rowHeight - 1;
  const short = (value: number): string => String(Math.round(value * 100) / 100);
  const bar = (left: number, right: number, top: number): string => {
    const gap = right - left > 2.5 ? 0.75 : 0;
    return `M${short(left)} ${top}H${short(right - gap)}v${height}H${short(left)}z`;
  };
  const add = (paths: Map<string, string>, frame: number, path: string): void => {
    const key = lookOf(frame);
    paths.set(key, (paths.get(key) ?? '') + path);
    if (matches?.functions[frames.func[frame]] === 1) matched += path;
  };
  const label = (frame: number, left: number, width: number, top: number, dim: boolean): void => {
    const text = fitLabel(names[frames.func[frame]], width - 7, view.measure);
    const faint = dim || (searching && matches?.functions[frames.func[frame]] !== 1);
    if (text !== '') labels.push({ x: left + 3, y: top, text, faded: faint });
  };

  const callers = view.chart ? -1 : frames.parent[view.zoom];
  for (let above = callers; above >= 0; above = frames.parent[above]) {
    const depth = frames.depth[above];
    if (depth < view.from || depth >= view.to) continue;
    const top = view.top(depth);
    add(faded, above, bar(0, view.width, top));
    label(above, 0, view.width, top, true);
  }
  const first = view.chart ? view.from : Math.max(view.from, frames.depth[view.zoom]);
  const last = Math.min(view.to, frames.rows.length);
  for (let depth = first; depth < last; depth++) {
    const row = frames.rows[depth];
    const top = view.top(depth);
    const [start, end] = rowWithin(frames, row, view.zoom, view.chart);
    // The run of narrow frames that is being gathered; `runFrame` gives its colour.
    let runFrame = -1;
    let runLeft = 0;
    let runRight = 0;
    for (let at = start; at < end; at++) {
      const frame = row[at];
      if (frames.weight[frame] === 0) continue;
      const place = (frames.x[frame] - frames.x[view.zoom]) * scale;
      const left = Math.max(0, place);
      const width = Math.min(view.width, place + frames.weight[frame] * scale) - left;
      if (width >= 0.5) {
        add(bars, frame, bar(left, left + width, top));
        if (width > 24) label(frame, left, width, top, false);
        continue;
      }
      const isMatch = matches?.functions[frames.func[frame]] === 1;
      if (runFrame >= 0 && (left > runRight + 0.25 || runRight - runLeft >= 1 || isMatch)) {
        if (runRight - runLeft >= 0.2) add(bars, runFrame, bar(runLeft, runRight, top));
        runFrame = -1;
      }
      if (isMatch) {
        add(bars, frame, bar(left, left + Math.max(width, 0.5), top));
        continue;
      }
      if (runFrame < 0) {
        runFrame = frame;
        runLeft = left;
      }
      runRight = left + width;
    }
    if (runFrame >= 0 && runRight - runLeft >= 0.2) {
      add(bars, runFrame, bar(runLeft, runRight, top));
    }
  }
  return { bars, faded, matches: matched, searching, labels };
}

/** The frame at a place: `x` in pixels from the left of the viewport; -1 where there is none. */
export function frameAt(
  frames: Frames,
  zoom: number,
  width: number,
  x: number,
  depth: number,
  chart: boolean,
): number {
  if (depth < 0 || depth >= frames.rows.length || x < 0 || x >= width) return -1;
  if (!chart && depth < frames.depth[zoom]) {
    let above = zoom;
    while (frames.depth[above] > depth) above = frames.parent[above];
    return above;
  }
  const row = frames.rows[depth];
  const at = frames.x[zoom] + (x / width) * frames.weight[zoom];
  const [first, end] = rowWithin(frames, row, zoom, chart);
  const next = firstWhere(first, end, (place) => frames.x[row[place]] > at);
  if (next === first) return -1;
  const frame = row[next - 1];
  return at < frames.x[frame] + frames.weight[frame] ? frame : -1;
}

/** Which places of a row lie within the zoomed frame: below it, or in a chart beside it at its time. */
export function rowWithin(
  frames: Frames,
  row: readonly number[],
  zoom: number,
  chart: boolean,
): [from: number, to: number] {
  if (!chart) return [firstAtLeast(row, zoom), firstAtLeast(row, frames.end[zoom])];
  const left = frames.x[zoom];
  const right = left + frames.weight[zoom];
  const ends = (at: number): boolean => frames.x[row[at]] + frames.weight[row[at]] > left;
  return [
    firstWhere(0, row.length, ends),
    firstWhere(0, row.length, (at) => frames.x[row[at]] >= right),
  ];
}

/** The first number from `low` to `high` that a test holds for, which holds for all after it, too. */
export function firstWhere(low: number, high: number, holds: (at: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Depth of the deepest frame within `top`. */
export function deepestWithin(frames: Frames, top: number, chart: boolean): number {
  if (chart) return frames.rows.length - 1;
  let deepest = frames.depth[top];
  while (deepest + 1 < frames.rows.length) {
    const row = frames.rows[deepest + 1];
    const at = firstAtLeast(row, top);
    if (at === row.length || row[at] >= frames.end[top]) break;
    deepest++;
  }
  return deepest;
}
