import type { Frames } from './data.js';
import { rowWithin } from './draw.js';
import { firstAtLeast } from './search.js';

/** The frame that an arrow key leads to from `frame`; `frame` itself at an edge. */
export function walkFrom(
  frames: Frames,
  zoom: number,
  frame: number,
  step: 'caller' | 'callee' | 'left' | 'right',
  chart: boolean,
): number {
  switch (step) {
    case 'caller':
      return Math.max(0, frames.parent[frame]);
    case 'callee':
      return frame < zoom && frames.end[frame] > zoom
        ? calleeTowards(frames, frame, zoom)
        : widestCallee(frames, frame);
    case 'left':
    case 'right': {
      const row = frames.rows[frames.depth[frame]];
      const next: number | undefined = row[firstAtLeast(row, frame) + (step === 'left' ? -1 : 1)];
      if (next === undefined) return frame;
      const [from, to] = rowWithin(frames, row, zoom, chart);
      return next >= row[from] && next <= row[to - 1] ? next : frame;
    }
  }
}

/** Of an ancestor of the zoomed frame, the callee on the way to it. */
export function calleeTowards(frames: Frames, ancestor: number, zoom: number): number {
  let below = zoom;
  while (frames.parent[below] !== ancestor) below = frames.parent[below];
  return below;
}

export function widestCallee(frames: Frames, frame: number): number {
  let widest = frame;
  for (let callee = frame + 1; callee < frames.end[frame]; callee = frames.end[callee]) {
    if (widest === frame || frames.weight[callee] > frames.weight[widest]) widest = callee;
  }
  return widest;
}
