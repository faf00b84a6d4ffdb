/** The tree as it is without a script: open `<details>`, of its heaviest rows. */
import { formatPercent } from '../../base/units.js';
import { escapeXml } from '../flamegraph/text.js';
import { formatAmount } from '../tree/tree-words.js';
import { decodeRows, type TreePageData } from './page/data.js';

const MOST_ROWS = 2000;
/** Browsers nest elements to some 500 levels (HTML, "tree construction": Chromium's limit is 512). */
const MOST_STEPS = 100;

/**
 * Writes the rows of the first tree. A row without siblings stands below its parent without a step, so that
 * deep stacks are not deep documents.
 * @returns how many rows were left out
 */
export function writeStatic(data: TreePageData, sink: (text: string) => void): number {
  const rows = decodeRows(data.trees[0], data.looks);
  const places = data.place.split(',');
  const least = leastShare(rows.weight, rows.whole);
  const isShown = (row: number): boolean =>
    rows.weight[row] >= least * rows.whole[row] && rows.indent[row] <= MOST_STEPS;
  /** Ends of the elements that are open. */
  const open: number[] = [];
  let shown = 0;
  for (let row = 0; row < rows.length;) {
    while (open.length > 0 && row >= open[open.length - 1]) {
      open.pop();
      sink('</div></details>\n');
    }
    if (!isShown(row)) {
      row = rows.end[row];
      continue;
    }
    shown++;
    const label = rows.label[row];
    const unit = rows.time[row] === 1 ? 'ns' : 'count';
    const share = formatPercent(rows.weight[row], rows.whole[row], 1);
    const look = data.looks[label];
    const above = rows.parent[row];
    const chain = above >= 0 && rows.indent[above] === rows.indent[row] ? ' chain' : '';
    const kind = `${look === 'T' || look === 'C' ? 'group' : `look-${look}`}${chain}`;
    const text =
      `<span class="figures">${formatAmount({ name: '', unit }, rows.weight[row])} ${share.padStart(6)}</span>` +
      `<span class="name">${escapeXml(data.names[label])}</span>` +
      `<span class="place">${escapeXml(data.places[parseInt(places[label], 36)])}</span>`;
    const below = row + 1;
    const steps = below < rows.end[row] && rows.indent[below] > rows.indent[row];
    if (steps) {
      open.push(rows.end[row]);
      sink(`<details open><summary class="${kind}">${text}</summary><div class="kids">\n`);
    } else {
      sink(`<div class="leaf ${kind}">${text}</div>\n`);
    }
    row = below;
  }
  sink('</div></details>\n'.repeat(open.length));
  return rows.length - shown;
}

/** The share of its whole from which a row is shown, so that at most {@link MOST_ROWS} are. */
function leastShare(weight: Float64Array, whole: Float64Array): number {
  if (weight.length <= MOST_ROWS) return 0;
  const shares = weight.map((one, row) => (whole[row] > 0 ? one / whole[row] : 0)).sort();
  return shares[shares.length - MOST_ROWS] * (1 + 1e-9);
}
