/** The picture as it is without a script: printed, as an image, in a viewer that runs none. */
import { formatCount, formatDuration, formatPercent } from '../../base/units.js';
import { lookOf } from './encode.js';
import type { FlameLayout } from './layout.js';
import { fitLabel } from './page/labels.js';
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

  const top = y;
  y += (layout.maxDepth + 1) * ROW + 18;
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

function drawLegend(
  legend: readonly LegendEntry[],
  width: number,
  top: number,
  parts: string[],
): number {
  let x = 0;
  let y = top;
  for (const { look, text } of legend) {
    const advance = 18 + text.length * TEXT_COLUMN + 14;
    if (x > 0 && x + advance > width) {
      x = 0;
      y += 18;
    }
    const left = MARGIN + x;
    parts.push(
      `<rect class="f${look}" x="${round(left)}" y="${y - 10}" width="12" height="12" rx="2"/>` +
        `<text class="faint" x="${round(left + 18)}" y="${y}">${escapeXml(text)}</text>\n`,
    );
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
  const total = layout.weight[0];
  const scale = total > 0 ? (options.width - 2 * MARGIN) / total : 0;
  const tipWidth = widthForTips(layout, scale);
  const narrow = new Map<string, string[]>();
  const height = ROW - 1;
  for (let frame = 0; frame < layout.length; frame++) {
    const width = frame === 0 ? options.width - 2 * MARGIN : layout.weight[frame] * scale;
    if (width < 0.4) continue;
    const func = layout.functions[layout.func[frame]];
    const look = lookOf(func);
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
    const label = fitLabel(visibleText(func.name), Math.floor((width - 7) / MONO_COLUMN));
    const place = func.where === '' ? '' : `\n${func.where}`;
    const cost = options.time
      ? formatDuration(layout.weight[frame])
      : `${formatCount(Math.round(layout.weight[frame]))} ${options.event}`;
    const share = formatPercent(layout.weight[frame], total);
    const self = formatPercent(layout.self[frame], total);
    sink(
      `<g><title>${escapeLines(`${func.name}${place}`)}\n${escapeXml(cost)}, ${share}, self ${self}</title>` +
        `<rect class="f${look}" x="${round(left)}" y="${y}" width="${round(drawn)}" height="${height}"/>` +
        (label === ''
          ? ''
          : `<text class="label" x="${round(left + 3)}" y="${y + 13}">${escapeXml(label)}</text>`) +
        '</g>\n',
    );
  }
  for (const [look, paths] of narrow) sink(`<path class="f${look}" d="${paths.join('')}"/>\n`);
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
