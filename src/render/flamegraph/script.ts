/** The picture's inline script: the sources of the page's functions, and its data. */
import { formatCount, formatDuration, formatPercent, plural } from '../../base/units.js';
import { runFlameGraph } from './page/app.js';
import { decodeFrames, type FlameData } from './page/data.js';
import { deepestWithin, drawFrames, frameAt } from './page/draw.js';
import { columnsOf, fitLabel } from './page/labels.js';
import { buildPage } from './page/page.js';
import { firstAtLeast, matchedWeight, matchFunctions } from './page/search.js';
import { readState, writeState } from './page/state.js';
import { calleeTowards, walkFrom, widestCallee } from './page/walk.js';
import { scriptLiteral } from './text.js';

/** Everything that runs in the page; a function that it calls and that is missing here is a defect. */
const PAGE_FUNCTIONS = [
  buildPage,
  calleeTowards,
  columnsOf,
  decodeFrames,
  deepestWithin,
  drawFrames,
  firstAtLeast,
  fitLabel,
  formatCount,
  formatDuration,
  formatPercent,
  frameAt,
  matchedWeight,
  matchFunctions,
  plural,
  readState,
  runFlameGraph,
  walkFrom,
  widestCallee,
  writeState,
] as const;

/** The code, without the data: comments and indentation left out. */
function pageCode(): string {
  return PAGE_FUNCTIONS.map((code) => code.toString())
    .join('\n')
    .replace(/^\s*(\/\/.*|\/\*\*.*\*\/)?\n/gm, '')
    .replace(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, '')
    .replace(/^ +/gm, '');
}

/** The script's whole text, fit for a CDATA section. */
export function flameScript(data: FlameData): string {
  const script = `(function(){"use strict";
${pageCode()}
runFlameGraph(window,document.currentScript.closest("svg"),${scriptLiteral(data)});
})();`;
  // `a[b[0]]>c` would end the CDATA section; a space changes nothing.
  return script.replaceAll(']]>', ']] >');
}
