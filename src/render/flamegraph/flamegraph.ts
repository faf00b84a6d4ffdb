/**
 * One self-contained SVG: a static picture with tooltips, and a script that makes it a page to explore.
 * It loads nothing and sends nothing.
 */
import { StrataError } from '../../base/errors.js';
import { formatCount, formatDuration, formatPercent, plural } from '../../base/units.js';
import type { Note, Profile } from '../../profile/profile.js';
import { encodeFrames } from './encode.js';
import { layoutFlameGraph, type FlameLayout, type LayoutOptions } from './layout.js';
import type { FlameData, LegendEntry } from './page/data.js';
import { HUE_WORDS, lookCode } from './palette.js';
import { flameScript } from './script.js';
import { drawStatic } from './static.js';
import { styleSheet } from './style.js';
import { escapeXml, visibleText } from './text.js';

/** The narrowest frame to keep: pixels at the picture's own width, or a share of the whole. */
export type MinWidth = number | `${number}%`;

export interface FlameGraphOptions extends Pick<LayoutOptions, 'event' | 'threads' | 'sort'> {
  readonly title: string;
  readonly subtitle?: string;
  /** Default: 0.1 pixels. */
  readonly minWidth?: MinWidth;
  /** The root on top (an icicle graph). */
  readonly inverted?: boolean;
  /** Width of the static picture in pixels; with its script it is as wide as its window. */
  readonly width?: number;
}

/**
 * Writes the SVG of a profile whose view is already applied to `sink`, in pieces.
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
  const data: FlameData = {
    ...encodeFrames(layout),
    time: event.unit === 'ns',
    event: visibleText(event.name),
    sampleWeight: layout.sampleWeight,
    inverted: options.inverted ?? false,
    title: visibleText(options.title),
    subtitle: visibleText(options.subtitle ?? defaultSubtitle(layout, event)),
    legend: legendOf(layout),
    notes: notesOf(profile.notes, layout.dropped),
  };
  const drawing = drawStatic(layout, { ...data, width });
  const height = Math.round(drawing.height);
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  sink(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n` +
      `<title>${escapeXml(options.title)}</title>\n` +
      `<style><![CDATA[\n${styleSheet()}\n]]></style>\n` +
      '<rect class="page" width="100%" height="100%"/>\n<g class="static">\n',
  );
  drawing.write(sink);
  sink(`</g>\n<script><![CDATA[\n${flameScript(data)}\n]]></script>\n</svg>\n`);
  return { frames: layout.length, dropped: layout.dropped };
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

function defaultSubtitle(layout: FlameLayout, event: { name: string; unit: string }): string {
  const total = layout.weight[0];
  const amount =
    event.unit === 'ns' ? `${formatDuration(total)} of` : formatCount(Math.round(total));
  return `${amount} ${event.name} in ${plural(layout.samples, 'sample')}`;
}

/** Each layer that has frames, with the share of time spent in it itself. */
function legendOf(layout: FlameLayout): LegendEntry[] {
  const present = new Set(layout.functions.map((func) => func.hue));
  const total = layout.weight[0];
  return HUE_WORDS.flatMap((word, hue) =>
    word !== '' && present.has(hue)
      ? [
          {
            look: lookCode(hue, 0),
            text: `${word} ${formatPercent(layout.hueWeight[hue], total, 1)}`,
          },
        ]
      : [],
  );
}

function notesOf(notes: readonly Note[], dropped: number): string[] {
  const texts = notes.map(({ text, samples }) =>
    visibleText(samples === undefined ? text : `${text} (${plural(samples, 'sample')})`),
  );
  if (dropped > 0) texts.push(`${plural(dropped, 'frame')} too narrow to show.`);
  return texts;
}
