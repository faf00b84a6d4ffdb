import type { Rect } from '../../page/dom.js';
import type { Frames } from './data.js';
import { deepestWithin, frameAt } from './draw.js';

/** How frames lie on the screen: in pixels from the graph's left and top. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly topOf: (depth: number) => number;
  /** The depths between two heights, both included. */
  readonly depthsBetween: (top: number, bottom: number) => readonly [first: number, last: number];
  /** `undefined` of a frame that is not shown. */
  readonly boxOf: (frame: number) => Rect | undefined;
  /** -1 where there is no frame. */
  readonly frameAt: (x: number, y: number) => number;
}

/** @param zoom the frame that takes the whole width */
export function layFrames(
  frames: Frames,
  zoom: number,
  { width, inverted, chart }: { width: number; inverted: boolean; chart: boolean },
): Geometry {
  const rowHeight = 18;
  const deepest = deepestWithin(frames, zoom, chart);
  const topOf = (depth: number): number => (inverted ? depth : deepest - depth) * rowHeight;
  const depthAt = (y: number): number => {
    const row = Math.floor(y / rowHeight);
    return inverted ? row : deepest - row;
  };
  return {
    width,
    height: (deepest + 1) * rowHeight,
    rowHeight,
    topOf,
    depthsBetween: (top, bottom) => {
      const [one, other] = [depthAt(top), depthAt(bottom)];
      return [Math.max(0, Math.min(one, other)), Math.min(deepest, Math.max(one, other))];
    },
    boxOf: (frame) => {
      if (frame < 0 || frames.depth[frame] > deepest) return undefined;
      const scale = width / frames.weight[zoom];
      const place = (frames.x[frame] - frames.x[zoom]) * scale;
      const left = Math.max(0, place);
      const right = Math.min(width, place + Math.max(1, frames.weight[frame] * scale));
      return {
        left,
        top: topOf(frames.depth[frame]),
        width: Math.max(1, right - left),
        height: rowHeight - 1,
      };
    },
    frameAt: (x, y) => {
      const depth = depthAt(y);
      return depth > deepest ? -1 : frameAt(frames, zoom, width, x, depth, chart);
    },
  };
}
