/** A profile as a flame graph's picture. */
import { StrataError } from '../../base/errors.js';
import { formatDuration, plural } from '../../base/units.js';
import type { Profile } from '../../profile/profile.js';
import { layoutChart, type ChartLayout } from './chart.js';
import { layoutFlameGraph, type LayoutOptions } from './layout.js';
import { drawPicture, type Picture, type PictureOptions } from './picture.js';

/** The narrowest frame to keep: pixels at the picture's own width, or a share of the whole. */
export type MinWidth = number | `${number}%`;

export interface FlameGraphOptions
  extends Pick<LayoutOptions, 'event' | 'threads' | 'sort'>, PictureOptions {
  /** Default: 0.1 pixels. */
  readonly minWidth?: MinWidth;
  /** What each thread did in order of time, rather than what all of it comes to. */
  readonly chart?: boolean;
}

/**
 * Writes the picture of a profile whose view is already applied to `sink`, in pieces.
 *
 * @returns how many frames it holds, and how many narrower than `minWidth` were dropped
 * @throws StrataError for a chart of samples without times
 */
export function renderFlameGraph(
  profile: Profile,
  options: FlameGraphOptions,
  sink: (text: string) => void,
): { frames: number; dropped: number } {
  const width = options.width ?? 1200;
  const event = profile.events[options.event ?? 0] ?? { name: 'samples', unit: 'count' };
  const picture = { ...options, event, notes: profile.notes };
  const share = minShare(options.minWidth ?? 0.1, width);
  if (options.chart === true) {
    const chart = layoutChart(profile, { event: options.event ?? 0, minShare: share });
    return drawPicture(chart, ofChart(picture, chart), sink);
  }
  const layout = layoutFlameGraph(profile, {
    event: options.event ?? 0,
    threads: options.threads ?? false,
    sort: options.sort ?? 'name',
    minShare: share,
  });
  return drawPicture(layout, picture, sink);
}

/** Time goes from left to right, and down from what a thread began with. */
function ofChart(picture: Picture, { weight, samples, step }: ChartLayout): Picture {
  const { event, notes } = picture;
  const time = `${formatDuration(weight[0])} from left to right`;
  const text = `each ${formatDuration(step)} shows what took most of it`;
  return {
    ...picture,
    event: { name: event.name, unit: 'ns' },
    inverted: true,
    subtitle: `${time}, ${plural(samples, 'sample')} of ${event.name}`,
    notes: step > 0 ? [...notes, { text }] : notes,
  };
}

/** Reads `0.1` (pixels) or `0.5%`. @throws StrataError where the text is neither. */
export function parseMinWidth(text: string): MinWidth {
  if (!/^\d+(\.\d+)?%?$/.test(text)) {
    throw new StrataError(`'${text}' is no width: give pixels (0.1) or a share (0.5%)`);
  }
  return text.endsWith('%') ? `${parseFloat(text)}%` : parseFloat(text);
}

function minShare(minWidth: MinWidth, width: number): number {
  return typeof minWidth === 'number' ? minWidth / width : parseFloat(minWidth) / 100;
}
