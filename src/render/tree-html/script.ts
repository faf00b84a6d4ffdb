/** The page's inline script: the sources of its functions. */
import { formatCount, formatDuration, formatPercent, plural } from '../../base/units.js';
import { sourceOf } from '../page/source.js';
import { oncePerFrame } from '../page/throttle.js';
import { compactCount, formatAmount } from '../tree/tree-words.js';
import { runTree } from './page/app.js';
import { decodeRows } from './page/data.js';
import { findRows } from './page/search.js';
import { openAbove, openAtFirst, openHotPath, seenRows } from './page/walk.js';

/** Everything that runs in the page; a function that it calls and that is missing here is a defect. */
const PAGE_FUNCTIONS = [
  compactCount,
  decodeRows,
  findRows,
  formatAmount,
  formatCount,
  formatDuration,
  formatPercent,
  oncePerFrame,
  openAbove,
  openAtFirst,
  openHotPath,
  plural,
  runTree,
  seenRows,
] as const;

/** The same text for every profile, without what could end a script element. */
export function treeScript(): string {
  return `(function(){"use strict";
${sourceOf(PAGE_FUNCTIONS)}
${runTree.name}(window,JSON.parse(document.getElementById("data").textContent));
})();`;
}
