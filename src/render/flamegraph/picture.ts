/**
 * One self-contained file: a static picture with tooltips, and a script that makes it a page to explore.
 * It loads nothing and sends nothing.
 */
import { formatCount, formatDuration, formatPercent, plural } from '../../base/units.js';
import type { EventInfo, Note } from '../../profile/profile.js';
import { encodeFrames } from './encode.js';
import type { FlameLayout } from './layout.js';
import type { FlameData, LegendEntry } from './page/data.js';
import { HUE_WORDS, lookCode } from './palette.js';
import { flameScript } from './script.js';
import { drawStatic } from './static.js';
import { styleSheet } from './style.js';
import { escapeXml, visibleText } from './text.js';

/** What a frame's colour tells: its layer, nothing but warmth, its module or package, its name alone. */
export const COLORS = ['layer', 'hot', 'module', 'hash'] as const;
export type Colors = (typeof COLORS)[number];

export interface PictureOptions {
  readonly title: string;
  readonly subtitle?: string;
  /** The root on top (an icicle graph). */
  readonly inverted?: boolean;
  /** Width of the static picture in pixels; with its script it is as wide as its window. */
  readonly width?: number;
  /** The order that the layout's siblings stand in; by name. */
  readonly sort?: 'name' | 'weight';
  /** Default: `layer`. A comparison is coloured by its change. */
  readonly colors?: Colors;
  /** The file: an SVG, or a page that holds it. */
  readonly format?: 'svg' | 'html';
  /** What the two profiles of a comparison are called: the other one first. */
  readonly sides?: readonly [other: string, own: string];
}

/** What the picture says of the profile beside its frames. */
export interface Picture extends PictureOptions {
  readonly event: EventInfo;
  readonly notes: readonly Note[];
}

/**
 * Writes a layout's file to `sink`, in pieces.
 *
 * @returns how many frames it holds, and how many the layout dropped
 */
export function drawPicture(
  layout: FlameLayout,
  picture: Picture,
  sink: (text: string) => void,
): { frames: number; dropped: number } {
  const { event } = picture;
  const width = picture.width ?? 1200;
  const data: FlameData = {
    ...encodeFrames(layout),
    time: event.unit === 'ns',
    event: visibleText(event.name),
    sampleWeight: layout.sampleWeight,
    inverted: picture.inverted ?? false,
    title: visibleText(picture.title),
    subtitle: visibleText(picture.subtitle ?? defaultSubtitle(layout, event)),
    legend: legendOf(layout),
    notes: notesOf(picture.notes, layout.dropped),
  };
  const drawing = drawStatic(layout, { ...data, width });
  const height = Math.round(drawing.height);
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  sink(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n` +
      `<title>${escapeXml(picture.title)}</title>\n` +
      `<style><![CDATA[\n${styleSheet()}\n]]></style>\n` +
      '<rect class="page" width="100%" height="100%"/>\n<g class="static">\n',
  );
  drawing.write(sink);
  sink(`</g>\n<script><![CDATA[\n${flameScript(data)}\n]]></script>\n</svg>\n`);
  return { frames: layout.length, dropped: layout.dropped };
}

function defaultSubtitle(layout: FlameLayout, event: EventInfo): string {
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
