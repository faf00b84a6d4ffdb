/**
 * One self-contained file: a static picture with tooltips, and a script that makes it a page to explore.
 * It loads nothing and sends nothing.
 */
import { plural } from '../../base/units.js';
import type { EventInfo, Note } from '../../profile/profile.js';
import { wholeOf } from '../tree/tree-words.js';
import { encodeFrames } from './encode.js';
import type { FlameLayout } from './layout.js';
import { writeHtml, writeSvg } from './container.js';
import type { FlameData } from './page/data.js';
import { paintOf, type Colors } from './paint.js';
import { drawStatic } from './static.js';
import { visibleText } from './text.js';

export type { Colors } from './paint.js';

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
  const paint = paintOf(layout, picture.colors ?? 'layer', event.name);
  const [otherName, ownName] = picture.sides ?? ['before', 'after'];
  const data: FlameData = {
    ...encodeFrames(layout, paint.looks),
    time: event.unit === 'ns',
    event: visibleText(event.name),
    sampleWeight: layout.sampleWeight,
    inverted: picture.inverted ?? false,
    order: picture.sort === 'weight' ? 'size' : 'name',
    sides: [visibleText(otherName), visibleText(ownName)],
    title: visibleText(picture.title),
    subtitle: visibleText(
      picture.subtitle ?? wholeOf(event, { weight: layout.weight[0], samples: layout.samples }),
    ),
    legend: paint.legend,
    notes: notesOf(picture.notes, layout.dropped),
  };
  const drawing = drawStatic(layout, { ...data, width, paint, otherName });
  const write = picture.format === 'html' ? writeHtml : writeSvg;
  write(data, drawing, width, paint.swatches, sink);
  return { frames: layout.length, dropped: layout.dropped };
}

function notesOf(notes: readonly Note[], dropped: number): string[] {
  const texts = notes.map(({ text, samples }) =>
    visibleText(samples === undefined ? text : `${text} (${plural(samples, 'sample')})`),
  );
  if (dropped > 0) texts.push(`${plural(dropped, 'frame')} too narrow to show.`);
  return texts;
}
