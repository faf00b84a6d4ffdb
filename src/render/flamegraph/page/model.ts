import type { FlameData, Frames } from './data.js';
import { invertNodes } from './invert.js';
import { functionsOfStep } from './search.js';
import type { ViewState } from './state.js';
import { applyStep } from './steps.js';
import { nodesOf, placeNodes, rankByName, type Nodes } from './tree.js';

/** What of the picture's frames a reader chose to see. */
export interface Trees {
  /** As drawn. */
  readonly frames: Frames;
  /** The same from the outermost function inwards, whether or not that is how it is drawn. */
  readonly upright: Frames;
}

/** Makes the trees that states ask for out of the picture's own frames. The last one is kept. */
export function treeMaker(
  base: Frames,
  data: FlameData,
  names: readonly string[],
  placeOf: (func: number) => string,
): (state: ViewState) => Trees {
  const ownOrder = data.order;
  let rank: Int32Array | undefined;
  let lastKey = '';
  let last: Trees = { frames: base, upright: base };
  return (state) => {
    const { steps, bottomUp, order, swapped } = state;
    const key = JSON.stringify([steps, bottomUp, order, swapped]);
    if (key === lastKey) return last;
    lastKey = key;
    const untouched = steps.length === 0 && !swapped && order === ownOrder;
    if (data.lanes !== undefined || (untouched && !bottomUp)) {
      return (last = { frames: base, upright: base });
    }
    rank ??= rankByName(names, placeOf);
    let nodes: Nodes = nodesOf(base);
    if (swapped && nodes.other !== undefined) {
      const none = new Float64Array(nodes.length);
      nodes = { ...nodes, own: nodes.other, lost: none, other: nodes.own };
    }
    for (const step of steps) {
      nodes = applyStep(nodes, step.kind, functionsOfStep(names, placeOf, step.match));
    }
    const bySize = order === 'size';
    const upright = untouched ? base : placeNodes(nodes, rank, bySize);
    if (!bottomUp) return (last = { frames: upright, upright });
    // Of large trees, what is narrower than the twentieth of a pixel of a usual window.
    const least = nodes.length > 20_000 ? upright.weight[0] / 24_000 : 0;
    const inverted = invertNodes(nodes, names.length - 1, least);
    return (last = { frames: placeNodes(inverted, rank, bySize), upright });
  };
}
