/**
 * The flame graph of a comparison: as wide as one recording, coloured by how far it differs from the other.
 * Of several recordings it is of the first and the last.
 */
import { type DiffTable } from '../../profile/diff/diff.js';
import { sumRows } from '../../profile/diff/sums.js';
import type { Note } from '../../profile/profile.js';
import { arrangeFrames, flameFunctions, type FlameLayout } from './layout.js';
import { drawPicture } from './picture.js';

/** Whose weights make the widths. Of a picture by `before`, frames that vanished have a place. */
export type DiffWidths = 'before' | 'after';

export interface DiffPictureOptions {
  readonly widths: DiffWidths;
  readonly title: string;
  readonly format: 'svg' | 'html';
  readonly notes: readonly Note[];
}

/** Frames narrower than a tenth of a pixel of the picture's own width are left out. */
const MIN_SHARE = 0.1 / 1200;

/**
 * Draws a comparison to `sink`, in pieces.
 * @returns how many frames it holds
 */
export function drawDiff(
  table: DiffTable,
  { widths, title, format, notes }: DiffPictureOptions,
  sink: (text: string) => void,
): { frames: number } {
  const layout = layoutDiff(table, widths, MIN_SHARE);
  const picture = {
    title,
    format,
    notes,
    event: table.whole.sides[0].event,
    sides: widths === 'after' ? (['before', 'after'] as const) : (['after', 'before'] as const),
  };
  return drawPicture(layout, picture, sink);
}

/** Lays out the merged call tree, libraries and all. */
function layoutDiff(
  { whole, normalize, comparisons }: Pick<DiffTable, 'whole' | 'normalize' | 'comparisons'>,
  widths: DiffWidths,
  minShare = 0,
): FlameLayout {
  const { profile, sides } = whole;
  const { stacks, frames } = profile;
  const [ownSide, otherSide] =
    widths === 'after' ? [sides[sides.length - 1], sides[0]] : [sides[0], sides[sides.length - 1]];
  // Of shares, the other recording is as wide as this one.
  const scale =
    normalize === 'total' && otherSide.weight > 0 ? ownSide.weight / otherSide.weight : 1;
  const drift = Math.exp(comparisons[comparisons.length - 1].drift.log);
  const { functions, numberOf } = flameFunctions(profile);
  const nodes = stacks.length + 1;
  const tree = {
    functions,
    parent: new Int32Array(nodes),
    func: new Int32Array(nodes),
    self: new Float64Array(nodes),
    weight: new Float64Array(nodes),
    other: new Float64Array(nodes),
    otherTotal: otherSide.weight * scale,
    samples: ownSide.end - ownSide.first,
    // Coloured is what the marks of the tables are of: what changed beside what everything did.
    compared: {
      divisors: widths === 'after' ? ([drift, scale] as const) : ([1, scale * drift] as const),
      otherIsLater: widths === 'before',
    },
    // What one sample weighs may differ between the two.
    sampleWeight: 0,
  };
  tree.parent[0] = -1;
  for (let stack = 0; stack < stacks.length; stack++) {
    tree.parent[stack + 1] = stacks.parent[stack] + 1;
    tree.func[stack + 1] = numberOf(frames.func[stacks.frame[stack]]);
  }
  const identity = Int32Array.from({ length: stacks.length }, (_, stack) => stack);
  const choice = { rows: stacks.length, rowOf: identity };
  const own = sumRows(whole, ownSide, choice).weight;
  tree.self.set(own, 1);
  tree.weight.set(own, 1);
  tree.other.set(
    sumRows(whole, otherSide, choice).weight.map((weight) => weight * scale),
    1,
  );
  for (let node = nodes - 1; node > 0; node--) {
    tree.weight[tree.parent[node]] += tree.weight[node];
    tree.other[tree.parent[node]] += tree.other[node];
  }
  return arrangeFrames(tree, { minShare });
}
