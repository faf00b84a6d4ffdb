import { formatCount, formatDuration, formatPercent, plural } from '../../../base/units.js';
import type { FlameData, Frames } from './data.js';
import { matchedWeight, type Matches } from './search.js';
import type { ViewState } from './state.js';

/** The weights of the whole profiles: of the one that widths show, and of a comparison's other one. */
export interface Wholes {
  readonly own: number;
  readonly other: number;
}

/** What a weight is: time, with the number of samples where each weighs the same, or a count. */
export function formatAmount(data: FlameData, weight: number): string {
  const samples = data.sampleWeight > 0 ? Math.round(weight / data.sampleWeight) : 0;
  if (!data.time) {
    const counted = `${formatCount(Math.round(weight))} ${data.event}`;
    return samples > 0 && data.sampleWeight !== 1
      ? `${counted} (${plural(samples, 'sample')})`
      : counted;
  }
  return formatDuration(weight) + (samples > 0 ? ` (${plural(samples, 'sample')})` : '');
}

/** All numbers of a frame, as the details line has them. */
export function describeFrame(
  data: FlameData,
  frames: Frames,
  frame: number,
  state: ViewState,
  whole: Wholes,
): string {
  const zoom = state.frame;
  const weight = frames.weight[frame];
  const share = (value: number): string => formatPercent(value, whole.own);
  const parts = [formatAmount(data, weight), `${share(weight)} of all`];
  if (data.lanes !== undefined) {
    return `${parts[0]} · from ${formatDuration(frames.x[frame])} · self ${formatAmount(data, frames.self[frame])}`;
  }
  const shown = frames.weight[0];
  if (shown < whole.own * (1 - 1e-9)) parts.push(`${formatPercent(weight, shown)} of shown`);
  if (zoom > 0 && frame > zoom && frame < frames.end[zoom]) {
    parts.push(`${formatPercent(weight, frames.weight[zoom])} of zoomed`);
  }
  const self = frames.self[frame];
  if (!state.bottomUp) {
    parts.push(self > 0 ? `self ${formatAmount(data, self)}, ${share(self)}` : 'self 0');
  }
  if (frames.other !== undefined)
    parts.push(describeChange(data, frames, frame, state.swapped, whole));
  return parts.join(' · ');
}

/** `before 3.00 ms, 30.00% · +2.00 ms, +20.00 points`: of a comparison. */
export function describeChange(
  data: FlameData,
  frames: Frames,
  frame: number,
  swapped: boolean,
  whole: Wholes,
): string {
  const other = frames.other?.[frame] ?? 0;
  const weight = frames.weight[frame];
  const isFirst = swapped !== (data.compared?.otherIsLater === true);
  const [otherAll, all] = isFirst ? [whole.own, whole.other] : [whole.other, whole.own];
  const [first, second] = isFirst ? [weight, other] : [other, weight];
  const share = (value: number, of: number): number => (of > 0 ? (100 * value) / of : 0);
  const points = share(second, all) - share(first, otherAll);
  const sides = data.sides ?? ['before', 'after'];
  const theirs = isFirst
    ? `${formatAmount(data, second)}, ${formatPercent(second, all)}`
    : `${formatAmount(data, first)}, ${formatPercent(first, otherAll)}`;
  const them = `${sides[swapped ? 1 : 0]} ${theirs}`;
  const sign = (value: number): string => (value > 0 ? '+' : value < 0 ? '−' : '±');
  const change = formatAmount({ ...data, sampleWeight: 0 }, Math.abs(second - first));
  return `${them} · ${sign(second - first)}${change}, ${sign(points)}${Math.abs(points).toFixed(2)} points`;
}

/** What share of the whole, and of the zoomed frame, a search found. */
export function describeMatched(
  frames: Frames,
  upright: Frames,
  matches: Matches | undefined,
  { search, frame }: ViewState,
  total: number,
): string {
  if (search === '') return '';
  if (matches === undefined) return 'not a regular expression';
  if (matches.count === 0) return 'no match';
  const parts = [`${formatPercent(matchedWeight(upright, matches, 0), total)} of all`];
  if (frame > 0) {
    const within = matchedWeight(frames, matches, frame);
    parts.push(`${formatPercent(within, frames.weight[frame])} of zoomed`);
  }
  return `${parts.join(', ')} in ${plural(matches.count, 'function')}`;
}
