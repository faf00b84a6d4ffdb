/** The files that hold a picture and its script: an SVG, and an HTML page around the same drawing. */
import { hashSource } from '../page/source.js';
import type { FlameData } from './page/data.js';
import type { Lch } from './palette.js';
import { flameScript } from './script.js';
import type { StaticDrawing } from './static.js';
import { DARK_MEDIA, darkSheet, styleSheet } from './style.js';
import { escapeXml } from './text.js';

type Sink = (text: string) => void;

/** Writes `data` and its drawing, `width` pixels wide, as an SVG. */
export function writeSvg(
  data: FlameData,
  drawing: StaticDrawing,
  width: number,
  swatches: readonly Lch[],
  sink: Sink,
): void {
  sink(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      `<svg xmlns="http://www.w3.org/2000/svg" ${sizeOf(drawing, width)}>\n` +
      `<title>${escapeXml(data.title)}</title>\n` +
      `<style><![CDATA[\n${styleSheet(swatches)}\n]]></style>\n` +
      `<style id="dark" media="${DARK_MEDIA}"><![CDATA[\n${darkSheet(swatches)}\n]]></style>\n` +
      '<rect class="page" width="100%" height="100%"/>\n<g class="static">\n',
  );
  drawing.write(sink);
  const script = flameScript(data, 'document.currentScript.closest("svg")');
  sink(`</g>\n<script><![CDATA[\n${script}\n]]></script>\n</svg>\n`);
}

/**
 * Writes `data` and its drawing as an HTML page. Its policy lets nothing run or be loaded but the script and
 * the styles that it holds itself, by their hashes.
 */
export function writeHtml(
  data: FlameData,
  drawing: StaticDrawing,
  width: number,
  swatches: readonly Lch[],
  sink: Sink,
): void {
  const light = styleSheet(swatches);
  const dark = darkSheet(swatches);
  const script = flameScript(data, 'document.body');
  const policy =
    `default-src 'none'; script-src ${hashSource(script)}; ` +
    `style-src ${hashSource(light)} ${hashSource(dark)}; base-uri 'none'; form-action 'none'`;
  sink(
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n' +
      `<meta http-equiv="Content-Security-Policy" content="${policy}">\n` +
      '<meta name="viewport" content="width=device-width,initial-scale=1">\n' +
      '<meta name="referrer" content="no-referrer">\n' +
      `<title>${escapeXml(data.title)}</title>\n` +
      `<style>${light}</style>\n<style id="dark" media="${DARK_MEDIA}">${dark}</style>\n` +
      '</head>\n<body>\n' +
      `<svg class="static" xmlns="http://www.w3.org/2000/svg" ${sizeOf(drawing, width)} role="img">\n` +
      `<title>${escapeXml(data.title)}</title>\n` +
      '<rect class="page" width="100%" height="100%"/>\n',
  );
  drawing.write(sink);
  sink(`</svg>\n<script>${script}</script>\n</body>\n</html>\n`);
}

function sizeOf(drawing: StaticDrawing, width: number): string {
  const height = Math.round(drawing.height);
  return `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
}
