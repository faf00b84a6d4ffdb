/**
 * A profile as a flame chart: for each thread what it did from one moment to the next. Samples that follow one
 * another keep the frames that they have in common.
 *
 *     time ─▶
 *     worker 12  ├── main ─────────────────────────┤      ├── main ──┤
 *                ├ load ┤├── parse ────────┤├ load ┤      ├ load ────┤
 *                        ├ token ┤├ token ─┤        (no samples)
 *
 * A sample stands for the time before it: its weight where that is time, else as long as samples of its thread
 * usually lie apart.
 */
import { StrataError } from '../../base/errors.js';
import { Float64Column, Int32Column } from '../../base/growable.js';
import type { Nanoseconds } from '../../base/units.js';
import type { Profile, SampleTable } from '../../profile/profile.js';
import { flameFunctions, NEUTRAL, threadFunction, type FlameLayout } from './layout.js';

/** Samples from which on time is divided into steps as wide as the narrowest frame. */
const MANY_SAMPLES = 20_000;
/** Frames at most: of more, the steps of time are made longer. */
const MOST_FRAMES = 60_000;

export interface ChartOptions {
  readonly event?: number;
  /** Frames shorter than this share of the whole time are left out; 0. */
  readonly minShare?: number;
}

/** A chart, and how long its steps of time are: 0 where times are exact. */
export interface ChartLayout extends FlameLayout {
  readonly step: Nanoseconds;
}

/**
 * Lays out a profile whose view is already applied. In a long recording each step of time shows the stack that
 * took most of it.
 * @throws StrataError where samples have no times
 */
export function layoutChart(
  profile: Profile,
  { event = 0, minShare = 0 }: ChartOptions = {},
): ChartLayout {
  const threads = threadSpans(profile, event);
  let start = Infinity;
  let end = -Infinity;
  let samples = 0;
  for (const { spans, samples: count } of threads) {
    samples += count;
    if (spans.length === 0) continue;
    start = Math.min(start, spans.start.data[0]);
    end = Math.max(end, spans.end.data[spans.length - 1]);
  }
  if (samples > 0 && !(end > start)) {
    throw new StrataError(
      'a chart needs times, which these samples have not',
      'without --chart it is drawn by weight alone',
    );
  }
  const total = samples === 0 ? 0 : end - start;
  if (samples <= MANY_SAMPLES) {
    const least = total * minShare;
    return draw(profile, threads, { start, total, samples, step: 0, least, most: Infinity });
  }
  const taken = new Float64Array(profile.stacks.length + 1);
  let coarse = threads;
  let origin = start;
  for (let step = Math.max(1, Math.ceil(total * minShare)); ; step *= 2) {
    coarse = coarse.map(({ spans, ...rest }) => {
      return { ...rest, spans: snap(spans, origin, step, taken) };
    });
    origin = 0;
    const most = step < total ? MOST_FRAMES : Infinity;
    const whole = Math.ceil(total / step) * step;
    const scale = { start: 0, total: whole, samples, step, least: step, most };
    const layout = draw(profile, coarse, scale);
    if (layout.length <= most) return layout;
  }
}

/** Stretches of time with the stack of each; -1 for a sample without frames. They do not overlap. */
class Spans {
  readonly start = new Float64Column();
  readonly end = new Float64Column();
  readonly stack = new Int32Column();

  get length(): number {
    return this.stack.length;
  }

  add(start: Nanoseconds, end: Nanoseconds, stack: number): void {
    this.start.push(start);
    this.end.push(end);
    this.stack.push(stack);
  }
}

interface ThreadSpans {
  readonly thread: number;
  readonly samples: number;
  readonly spans: Spans;
}

/** The threads that have samples, by process and thread. */
function threadSpans(profile: Profile, event: number): ThreadSpans[] {
  const { samples, threads } = profile;
  const byThread = Array.from({ length: threads.length }, () => new Int32Column());
  for (let sample = 0; sample < samples.length; sample++) {
    if (samples.event[sample] === event) byThread[samples.thread[sample]].push(sample);
  }
  const isTime = profile.events[event]?.unit === 'ns';
  return [...byThread.keys()]
    .filter((thread) => byThread[thread].length > 0)
    .sort((a, b) => threads.pid[a] - threads.pid[b] || threads.tid[a] - threads.tid[b])
    .map((thread) => {
      const own = inOrderOfTime(samples, byThread[thread].view());
      return { thread, samples: own.length, spans: spansOf(profile, own, isTime) };
    });
}

/** Sorts samples that are not in order, as those of a recording are. */
function inOrderOfTime({ time }: SampleTable, own: Int32Array): Int32Array {
  for (let i = 1; i < own.length; i++) {
    if (time[own[i]] < time[own[i - 1]]) return own.sort((a, b) => time[a] - time[b] || a - b);
  }
  return own;
}

function spansOf({ samples }: Profile, own: Int32Array, isTime: boolean): Spans {
  const usual = usualLength(samples, own, isTime);
  const spans = new Spans();
  let before = -Infinity;
  for (const sample of own) {
    const end = samples.time[sample];
    const length = isTime ? samples.weight[sample] : usual;
    const start = Math.max(before, end - length);
    // What a thread ran for between its last sample and a wait, or a late sample, has none of its own.
    const slack = samples.wait[sample] === 0 ? usual / 2 : usual;
    if (start > before && start - before < slack) spans.end.data[spans.length - 1] = start;
    if (end > start) spans.add(start, end, samples.stack[sample]);
    before = end;
  }
  return spans;
}

/** How long a sample of the running thread stands for, most often; 0 where there is none. */
function usualLength(samples: SampleTable, own: Int32Array, isTime: boolean): Nanoseconds {
  const running = own.filter((sample) => samples.wait[sample] === 0);
  const lengths = new Float64Array(running.length);
  for (let i = 0; i < running.length; i++) {
    lengths[i] = isTime
      ? samples.weight[running[i]]
      : samples.time[running[i]] - samples.time[running[Math.max(0, i - 1)]];
  }
  return median(isTime ? lengths : lengths.subarray(1));
}

function median(values: Float64Array): number {
  return values.length === 0 ? 0 : values.slice().sort()[values.length >> 1];
}

/**
 * Spans from one multiple of `step` to another, counted from `origin`; each step shows what took most of it.
 *
 * @param taken of the step at hand, how long each stack took; the last place is that of no stack. All zero
 *   before and after
 */
function snap(spans: Spans, origin: Nanoseconds, step: Nanoseconds, taken: Float64Array): Spans {
  const snapped = new Spans();
  const stacks = taken.length - 1;
  const touched: number[] = [];
  let current = -1;
  const flush = (): void => {
    let most = -1;
    let sum = 0;
    for (const place of touched) {
      sum += taken[place];
      if (most < 0 || taken[place] > taken[most]) most = place;
    }
    if (most >= 0 && sum >= step / 2) put(current, current + 1, most === stacks ? -1 : most);
    for (const place of touched) taken[place] = 0;
    touched.length = 0;
  };
  const put = (from: number, to: number, stack: number): void => {
    const last = snapped.length - 1;
    if (last >= 0 && snapped.end.data[last] === from * step && snapped.stack.data[last] === stack) {
      snapped.end.data[last] = to * step;
    } else {
      snapped.add(from * step, to * step, stack);
    }
  };
  const take = (at: number, time: Nanoseconds, place: number): void => {
    if (at !== current) flush();
    current = at;
    if (taken[place] === 0) touched.push(place);
    taken[place] += time;
  };
  for (let i = 0; i < spans.length; i++) {
    const start = spans.start.data[i] - origin;
    const end = spans.end.data[i] - origin;
    if (end <= start) continue;
    const stack = spans.stack.data[i];
    const place = stack < 0 ? stacks : stack;
    const first = Math.floor(start / step);
    const last = Math.ceil(end / step) - 1;
    take(first, Math.min(end, (first + 1) * step) - start, place);
    if (last === first) continue;
    if (last > first + 1) {
      flush();
      put(first + 1, last, stack);
    }
    take(last, end - last * step, place);
  }
  flush();
  return snapped;
}

interface Scale {
  readonly start: Nanoseconds;
  readonly total: Nanoseconds;
  readonly samples: number;
  readonly step: Nanoseconds;
  /** Frames that are shorter are left out. */
  readonly least: Nanoseconds;
  /** Drawing stops where there are more frames. */
  readonly most: number;
}

function draw(profile: Profile, threads: readonly ThreadSpans[], scale: Scale): ChartLayout {
  const { functions, numberOf } = flameFunctions(profile);
  const rows = new Rows(scale);
  rows.open(0, -1, 0, scale.start);
  const hueWeight = new Float64Array(NEUTRAL + 1);
  let covered = 0;
  let depth = 1;
  for (const { thread, spans } of threads) {
    if (spans.length === 0) continue;
    const func = functions.push(threadFunction(profile, thread)) - 1;
    const lane = rows.open(func, 0, depth, spans.start.data[0]);
    depth = 1 + drawThread(profile, spans, rows, lane, numberOf);
    rows.close(lane, spans.end.data[spans.length - 1]);
    if (rows.isFull) break;
    for (let i = 0; i < spans.length; i++) {
      const time = spans.end.data[i] - spans.start.data[i];
      hueWeight[functions[numberOf(leafFunction(profile, spans.stack.data[i]))].hue] += time;
      covered += time;
    }
  }
  rows.close(0, scale.start + scale.total);
  // Threads run at the same time: shares are of what they took together.
  if (covered > 0)
    hueWeight.forEach((time, hue) => (hueWeight[hue] = (time * scale.total) / covered));
  return { ...rows.layout(), functions, samples: scale.samples, hueWeight, step: scale.step };
}

/** Index of the innermost frame's function; -1 where there is none. */
function leafFunction({ stacks, frames }: Profile, stack: number): number {
  return stack < 0 ? -1 : frames.func[stacks.frame[stack]];
}

/** Draws a thread's stacks below its own frame; returns the deepest depth. */
function drawThread(
  { stacks, frames }: Profile,
  spans: Spans,
  rows: Rows,
  lane: number,
  numberOf: (func: number) => number,
): number {
  const base = rows.depthOf(lane);
  let deepest = base;
  /** Rows that are open, outermost first, and their functions. */
  const open: number[] = [];
  const funcs: number[] = [];
  const path: number[] = [];
  let before = -Infinity;
  const closeTo = (length: number, end: Nanoseconds): void => {
    while (open.length > length) {
      rows.close(open[open.length - 1], end);
      open.pop();
      funcs.pop();
    }
  };
  for (let i = 0; i < spans.length && !rows.isFull; i++) {
    const start = spans.start.data[i];
    path.length = 0;
    let stack = spans.stack.data[i];
    if (stack < 0) path.push(numberOf(-1));
    for (; stack >= 0; stack = stacks.parent[stack]) {
      path.push(numberOf(frames.func[stacks.frame[stack]]));
    }
    let common = 0;
    if (start <= before) {
      while (common < open.length && funcs[common] === path[path.length - 1 - common]) common++;
    }
    closeTo(common, before);
    for (let at = common; at < path.length; at++) {
      const func = path[path.length - 1 - at];
      open.push(rows.open(func, at === 0 ? lane : open[at - 1], base + at + 1, start));
      funcs.push(func);
    }
    deepest = Math.max(deepest, base + path.length);
    before = spans.end.data[i];
  }
  closeTo(0, before);
  return deepest;
}

/** The layout's columns while they grow, in preorder. */
class Rows {
  private readonly func = new Int32Column();
  private readonly parent = new Int32Column();
  private readonly depth = new Int32Column();
  private readonly x = new Float64Column();
  private readonly weight = new Float64Column();
  private dropped = 0;

  constructor(private readonly scale: Scale) {}

  get isFull(): boolean {
    return this.func.length > this.scale.most;
  }

  depthOf(row: number): number {
    return this.depth.data[row];
  }

  /** A frame that begins at `start`; its row. */
  open(func: number, parent: number, depth: number, start: Nanoseconds): number {
    this.parent.push(parent);
    this.depth.push(depth);
    this.x.push(start - this.scale.start);
    this.weight.push(0);
    return this.func.push(func);
  }

  /** Ends a frame. All that were opened after it are its callees, and have ended. */
  close(row: number, end: Nanoseconds): void {
    const weight = end - this.scale.start - this.x.data[row];
    this.weight.data[row] = weight;
    if (row === 0 || (weight >= this.scale.least && weight > 0)) return;
    this.dropped += this.func.length - row;
    for (const column of [this.func, this.parent, this.depth, this.x, this.weight]) {
      column.length = row;
    }
  }

  layout(): Omit<FlameLayout, 'functions' | 'samples' | 'hueWeight'> {
    const weight = this.weight.view();
    const parent = this.parent.view();
    const depth = this.depth.view();
    const self = weight.slice();
    for (let row = 1; row < self.length; row++)
      if (parent[row] > 0) self[parent[row]] -= weight[row];
    self[0] = 0;
    return {
      length: weight.length,
      func: this.func.view(),
      parent,
      depth,
      x: this.x.view(),
      weight,
      self,
      maxDepth: depth.reduce((most, value) => Math.max(most, value), 0),
      sampleWeight: 0,
      dropped: this.dropped,
      chart: true,
    };
  }
}
