import type { Frames } from './data.js';

export interface Matches {
  /** 1 for each function that matches. */
  readonly functions: Uint8Array;
  readonly count: number;
}

/** A test of text; `undefined` where the expression is none. Case does not matter. */
export function textTest(text: string, regex: boolean): ((name: string) => boolean) | undefined {
  try {
    const source = regex ? text : text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    const pattern = new RegExp(source, 'i');
    return (name) => pattern.test(name);
  } catch {
    return undefined;
  }
}

/** Which functions' names or files match; `undefined` where the expression is none. */
export function matchFunctions(
  names: readonly string[],
  placeOf: (func: number) => string,
  text: string,
  regex: boolean,
): Matches | undefined {
  const matches = textTest(text, regex);
  if (matches === undefined) return undefined;
  const functions = new Uint8Array(names.length);
  let count = 0;
  names.forEach((name, func) => {
    if (!matches(name) && !matches(placeOf(func))) return;
    functions[func] = 1;
    count++;
  });
  return { functions, count };
}

/** 1 for each function that a step is about. */
export function functionsOfStep(
  names: readonly string[],
  placeOf: (func: number) => string,
  match: string,
): Uint8Array {
  const text = match.slice(1);
  if (match.startsWith('=')) return Uint8Array.from(names, (name) => (name === text ? 1 : 0));
  const found = matchFunctions(names, placeOf, text, match.startsWith('/'));
  return found?.functions ?? new Uint8Array(names.length);
}

/** The next frame that matches after `frame`, or before it, around the ends of `top`; -1 where none does. */
export function nextMatch(
  frames: Frames,
  matches: Matches,
  top: number,
  frame: number,
  step: 1 | -1,
): number {
  const count = frames.end[top] - top;
  for (let away = 1; away <= count; away++) {
    const at = top + ((((frame - top + step * away) % count) + count) % count);
    if (frames.weight[at] > 0 && matches.functions[frames.func[at]] === 1) return at;
  }
  return -1;
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
