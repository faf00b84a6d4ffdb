/** A profile as a flame graph's picture. */
import { StrataError } from '../../base/errors.js';
import type { Profile } from '../../profile/profile.js';
import { layoutFlameGraph, type LayoutOptions } from './layout.js';
import { drawPicture, type PictureOptions } from './picture.js';

/** The narrowest frame to keep: pixels at the picture's own width, or a share of the whole. */
export type MinWidth = number | `${number}%`;

export interface FlameGraphOptions
  extends Pick<LayoutOptions, 'event' | 'threads' | 'sort'>, PictureOptions {
  /** Default: 0.1 pixels. */
  readonly minWidth?: MinWidth;
}

/**
 * Writes the picture of a profile whose view is already applied to `sink`, in pieces.
 *
 * @returns how many frames it holds, and how many narrower than `minWidth` were dropped
 */
export function renderFlameGraph(
  profile: Profile,
  options: FlameGraphOptions,
  sink: (text: string) => void,
): { frames: number; dropped: number } {
  const width = options.width ?? 1200;
  const layout = layoutFlameGraph(profile, {
    event: options.event ?? 0,
    threads: options.threads ?? false,
    sort: options.sort ?? 'name',
    minShare: minShare(options.minWidth ?? 0.1, width),
  });
  const event = profile.events[options.event ?? 0] ?? { name: 'samples', unit: 'count' };
  return drawPicture(layout, { ...options, event, notes: profile.notes }, sink);
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
