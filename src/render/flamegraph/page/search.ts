import type { Frames } from './data.js';

export interface Matches {
  /** 1 for each function that matches. */
  readonly functions: Uint8Array;
  readonly count: number;
}

/** Which names (or files) match; `undefined` where the expression is not one. Case does not matter. */
export function matchFunctions(
  names: readonly string[],
  placeOf: (func: number) => string,
  text: string,
  regex: boolean,
): Matches | undefined {
  let pattern: RegExp;
  try {
    pattern = new RegExp(regex ? text : text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'i');
  } catch {
    return undefined;
  }
  const functions = new Uint8Array(names.length);
  let count = 0;
  names.forEach((name, func) => {
    if (!pattern.test(name) && !pattern.test(placeOf(func))) return;
    functions[func] = 1;
    count++;
  });
  return { functions, count };
}

/** Weight under matching frames within `top`: of nested matches only the outermost counts. */
export function matchedWeight(frames: Frames, matches: Matches, top: number): number {
  for (let above = top; above >= 0; above = frames.parent[above]) {
    if (matches.functions[frames.func[above]] === 1) return frames.weight[top];
  }
  let weight = 0;
  for (let frame = top + 1; frame < frames.end[top];) {
    if (matches.functions[frames.func[frame]] === 1) {
      weight += frames.weight[frame];
      frame = frames.end[frame];
    } else {
      frame++;
    }
  }
  return weight;
}

/** The first of `row` that is at least `frame`. */
export function firstAtLeast(row: readonly number[], frame: number): number {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (row[middle] < frame) low = middle + 1;
    else high = middle;
  }
  return low;
}
