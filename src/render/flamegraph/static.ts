/** The picture as it is without a script: printed, as an image, in a viewer that runs none. */
import { formatCount, formatDuration, formatPercent } from '../../base/units.js';
import type { FlameLayout } from './layout.js';
import type { Paint } from './paint.js';
import { timeTicks } from './page/axis.js';
import { columnsOfText, fitLabel } from './page/labels.js';
import type { LegendEntry } from './page/data.js';
import { escapeXml, visibleText } from './text.js';

export interface StaticOptions {
  readonly title: string;
  readonly subtitle: string;
  readonly legend: readonly LegendEntry[];
  readonly notes: readonly string[];
  /** Pixels. */
  readonly width: number;
  readonly inverted: boolean;
  readonly time: boolean;
  readonly event: string;
  readonly paint: Paint;
  /** What the other profile of a comparison is called. */
  readonly otherName: string;
}

const MARGIN = 12;
const ROW = 18;
/** Advance of a 12 px monospace character, by the widest of the usual fonts. */
const MONO_COLUMN = 7.25;
/** The same of the 12 px proportional font, on average and a little more. */
const TEXT_COLUMN = 6.4;
/** Narrower frames have no element of their own, and so no tooltip. Pixels. */
const TIP_WIDTH = 3;
const MOST_TIPS = 4000;

/** Writes the drawing; returns its height in pixels before the first text goes to `sink`. */
export function drawStatic(layout: FlameLayout, options: StaticOptions): StaticDrawing {
  const inner = options.width - 2 * MARGIN;
  const textColumns = Math.floor(inner / TEXT_COLUMN);
  const parts: string[] = [];
  let y = MARGIN + 16;
  const lines = (text: string, kind: string, columns: number, step: number): void => {
    for (const line of wrap(text, columns)) {
      parts.push(`<text class="${kind}" x="${MARGIN}" y="${y}">${escapeXml(line)}</text>\n`);
      y += step;
    }
  };
  lines(options.title, 'ink title', Math.floor(inner / 9), 21);
  if (options.subtitle !== '') lines(options.subtitle, 'faint', textColumns, 17);
  y = drawLegend(options.legend, inner, y, parts) + 10;

  const top = y + (layout.chart === true ? drawAxis(layout, inner, y, parts) : 0);
  y = top + (layout.maxDepth + 1) * ROW + 18;
  for (const note of options.notes) lines(note, 'faint', textColumns, 16);
  return {
    height: y + MARGIN - 10,
    write: (sink) => {
      sink(parts.join(''));
      drawFrames(layout, options, top, sink);
    },
  };
}

export interface StaticDrawing {
  readonly height: number;
  readonly write: (sink: (text: string) => void) => void;
}

/** The marks of a chart's time; returns their height. */
function drawAxis(layout: FlameLayout, width: number, top: number, parts: string[]): number {
  const total = layout.weight[0];
  for (const { time, text } of timeTicks(0, total, width / 90)) {
    const x = round(MARGIN + (time / total) * width);
    parts.push(
      `<path class="tick" d="M${x} ${top - 4}v12"/>` +
        `<text class="faint" x="${x + 3}" y="${top + 6}">${text}</text>\n`,
    );
  }
  return 12;
}

function drawLegend(
  legend: readonly LegendEntry[],
  width: number,
  top: number,
  parts: string[],
): number {
  let x = 0;
  let y = top;
  for (const { look, text } of legend) {
    const swatch = look === '' ? 0 : 18;
    const advance = swatch + (text === '' ? -2 : columnsOfText(text) * TEXT_COLUMN + 14);
    if (x > 0 && x + advance > width) {
      x = 0;
      y += 18;
    }
    const left = MARGIN + x;
    if (look !== '') {
      parts.push(
        `<rect class="f${look}" x="${round(left)}" y="${y - 10}" width="12" height="12" rx="2"/>`,
      );
    }
    if (text !== '') {
      parts.push(
        `<text class="faint of" x="${round(left + swatch)}" y="${y}">${escapeXml(text)}</text>\n`,
      );
    }
    x += advance;
  }
  return y;
}

/** Wide frames with a tooltip and a name each; of the others one path per colour. */
function drawFrames(
  layout: FlameLayout,
  options: StaticOptions,
  top: number,
  sink: (text: string) => void,
): void {
  const { paint } = options;
  const total = layout.weight[0];
  const scale = total > 0 ? (options.width - 2 * MARGIN) / total : 0;
  const tipWidth = widthForTips(layout, scale);
  const narrow = new Map<string, string[]>();
  const height = ROW - 1;
  for (let frame = 0; frame < layout.length; frame++) {
    const width = frame === 0 ? options.width - 2 * MARGIN : layout.weight[frame] * scale;
    if (width < 0.4) continue;
    const func = layout.functions[layout.func[frame]];
    const look = paint.lookOf?.(frame) ?? paint.looks[layout.func[frame]];
    const left = MARGIN + layout.x[frame] * scale;
    const depth = layout.depth[frame];
    const y = top + (options.inverted ? depth : layout.maxDepth - depth) * ROW;
    const drawn = width > 2.5 ? width - 0.75 : width;
    if (width < tipWidth) {
      const path = `M${round(left)} ${y}h${round(drawn)}v${height}h-${round(drawn)}z`;
      const paths = narrow.get(look);
      if (paths === undefined) narrow.set(look, [path]);
      else paths.push(path);
      continue;
    }
    const label = drawLabel(visibleText(func.name), left + 3, y, width - 7);
    const place = func.where === '' ? '' : `\n${func.where}`;
    sink(
      `<g><title>${escapeLines(`${func.name}${place}`)}\n${escapeXml(costOf(layout, frame, options))}</title>` +
        `<rect class="f${look}" x="${round(left)}" y="${y}" width="${round(drawn)}" height="${height}"/>` +
        `${label}</g>\n`,
    );
  }
  for (const [look, paths] of narrow) sink(`<path class="f${look}" d="${paths.join('')}"/>\n`);
}

/** A name as it fits into a frame. What is not plain is clipped, too: its width is a guess here. */
function drawLabel(name: string, x: number, y: number, width: number): string {
  const text = fitLabel(name, width, (cut) => columnsOfText(cut) * MONO_COLUMN);
  if (text === '') return '';
  const element = (left: number, top: number): string =>
    `<text class="label" x="${round(left)}" y="${top + 13}">${escapeXml(text)}</text>`;
  if (/^[\x20-\x7e…]*$/.test(text)) return element(x, y);
  return (
    `<svg x="${round(x)}" y="${y}" width="${round(width)}" height="${ROW - 1}" overflow="hidden">` +
    `${element(0, 0)}</svg>`
  );
}

function costOf(layout: FlameLayout, frame: number, options: StaticOptions): string {
  const amount = (weight: number): string =>
    options.time ? formatDuration(weight) : `${formatCount(Math.round(weight))} ${options.event}`;
  const total = layout.weight[0];
  const share = formatPercent(layout.weight[frame], total);
  const self = formatPercent(layout.self[frame], total);
  const cost = `${amount(layout.weight[frame])}, ${share}, self ${self}`;
  if (layout.other === undefined) return cost;
  const before = formatPercent(layout.other[frame], layout.otherTotal ?? layout.other[0]);
  return `${cost}; ${options.otherName} ${amount(layout.other[frame])}, ${before}`;
}

/** The width from which frames get a tooltip, so that at most {@link MOST_TIPS} do. */
function widthForTips(layout: FlameLayout, scale: number): number {
  const wide = layout.weight.filter((weight) => weight * scale >= TIP_WIDTH).sort();
  return wide.length <= MOST_TIPS ? TIP_WIDTH : wide[wide.length - MOST_TIPS] * scale + 1e-9;
}

function escapeLines(text: string): string {
  return text.split('\n').map(escapeXml).join('\n');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Lines of at most `columns` characters, broken at spaces where there are any. */
function wrap(text: string, columns: number): string[] {
  const width = Math.max(10, columns);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (line !== '' && line.length + 1 + rest.length > width) {
      lines.push(line);
      line = '';
    }
    while (rest.length > width) {
      lines.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    line = line === '' ? rest : `${line} ${rest}`;
  }
  lines.push(line);
  return lines;
}
