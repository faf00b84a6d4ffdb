/** The picture's inline script: the sources of the page's functions, and its data. */
import { formatCount, formatDuration, formatPercent, plural } from '../../base/units.js';
import { sourceOf } from '../page/source.js';
import { oncePerFrame } from '../page/throttle.js';
import { runFlameGraph } from './page/app.js';
import { timeTicks } from './page/axis.js';
import { changeLevel, changeLook } from './page/change.js';
import { decodeFrames, type FlameData } from './page/data.js';
import { deepestWithin, drawFrames, firstWhere, frameAt, rowWithin } from './page/draw.js';
import { elementMaker } from './page/elements.js';
import { layFrames } from './page/geometry.js';
import { invertNodes } from './page/invert.js';
import { actOnGraphKey, actOnKey } from './page/keys.js';
import { charactersOf, fitLabel } from './page/labels.js';
import { menuEntries } from './page/menu.js';
import { treeMaker } from './page/model.js';
import { describeChange, describeFrame, describeMatched, formatAmount } from './page/numbers.js';
import { buildPage } from './page/page.js';
import { buildPopups } from './page/popups.js';
import {
  firstAtLeast,
  functionsOfStep,
  matchedWeight,
  matchFunctions,
  nextMatch,
  textTest,
} from './page/search.js';
import { readState, writeState } from './page/state.js';
import { applyStep, keepStacks, rebuildStacks } from './page/steps.js';
import { pageTheme } from './page/theme.js';
import { buildToolbar, wireTools } from './page/toolbar.js';
import { startTrail } from './page/trail.js';
import { nodesOf, placeNodes, rankByName, sameWay } from './page/tree.js';
import { calleeTowards, walkFrom, widestCallee } from './page/walk.js';
import { scriptLiteral } from './text.js';

/** Everything that runs in the page; a function that it calls and that is missing here is a defect. */
const PAGE_FUNCTIONS = [
  actOnGraphKey,
  actOnKey,
  applyStep,
  buildPage,
  buildPopups,
  buildToolbar,
  calleeTowards,
  changeLevel,
  changeLook,
  charactersOf,
  decodeFrames,
  deepestWithin,
  describeChange,
  describeFrame,
  describeMatched,
  drawFrames,
  elementMaker,
  firstAtLeast,
  firstWhere,
  fitLabel,
  formatAmount,
  formatCount,
  formatDuration,
  formatPercent,
  frameAt,
  functionsOfStep,
  invertNodes,
  keepStacks,
  layFrames,
  matchedWeight,
  matchFunctions,
  menuEntries,
  nextMatch,
  nodesOf,
  oncePerFrame,
  pageTheme,
  placeNodes,
  plural,
  rankByName,
  readState,
  rebuildStacks,
  rowWithin,
  runFlameGraph,
  sameWay,
  startTrail,
  textTest,
  timeTicks,
  treeMaker,
  walkFrom,
  widestCallee,
  wireTools,
  writeState,
] as const;

/**
 * The script's whole text, for a CDATA section or for a script element in HTML.
 *
 * @param root an expression: the element that the page is built in
 */
export function flameScript(data: FlameData, root: string): string {
  const script = `(function(){"use strict";
${sourceOf(PAGE_FUNCTIONS)}
runFlameGraph(window,${root},${scriptLiteral(data)});
})();`;
  // `a[b[0]]>c` would end the CDATA section; a space changes nothing.
  return script.replaceAll(']]>', ']] >');
}
