/** Writes a layout as the text that the picture's script reads (`page/data.ts`). */
import type { FlameLayout } from './layout.js';
import type { FlameData } from './page/data.js';
import { visibleText } from './text.js';

export type EncodedFrames = Pick<
  FlameData,
  | 'names'
  | 'places'
  | 'place'
  | 'look'
  | 'climb'
  | 'func'
  | 'weight'
  | 'lost'
  | 'other'
  | 'otherTotal'
  | 'compared'
  | 'gap'
  | 'lanes'
  | 'unit'
>;

/**
 * Only functions that a frame names are written. Weights are whole multiples of `unit`.
 *
 * @param looks the character of each function's colour
 */
export function encodeFrames(layout: FlameLayout, looks: readonly string[]): EncodedFrames {
  const { other, otherTotal } = layout;
  const isWhole = [layout.self, layout.weight].every((column) => column.every(Number.isInteger));
  const unit = isWhole
    ? commonDivisor(
        layout.self,
        layout.weight,
        ...(other ? [other] : []),
        ...(layout.chart ? [layout.x] : []),
      )
    : // Folded stacks may have weights such as 0.25.
      2 ** (Math.ceil(Math.log2(layout.weight[0])) - 40);
  const renumbered = new Int32Array(layout.functions.length).fill(-1);
  const names: string[] = [];
  const places = new Map<string, number>();
  const place: string[] = [];
  let look = '';
  const number = (func: number): number => {
    if (renumbered[func] < 0) {
      const { name, where } = layout.functions[func];
      renumbered[func] = names.push(visibleText(name)) - 1;
      if (!places.has(where)) places.set(where, places.size);
      place.push((places.get(where) ?? 0).toString(36));
      look += looks[func];
    }
    return renumbered[func];
  };

  const inUnits = (value: number): string => {
    const units = Math.round(value / unit);
    return units === 0 ? '' : units.toString(36);
  };

  const climb: string[] = [];
  const func: string[] = [];
  const weight: string[] = [];
  const narrow = new Float64Array(layout.length);
  /** Depths, but for the room that a chart's threads leave to each other. */
  const level = new Int32Array(layout.length);
  for (let frame = 0; frame < layout.length; frame++) {
    const above = layout.parent[frame];
    narrow[frame] += layout.weight[frame] - layout.self[frame];
    if (above < 0) {
      climb.push('');
      func.push(number(layout.func[frame]).toString(36));
      weight.push(Math.round(layout.weight[frame] / unit).toString(36));
      continue;
    }
    narrow[above] -= layout.weight[frame];
    level[frame] = level[above] + 1;
    const up = level[frame - 1] - level[above];
    climb.push(up === 0 ? '' : up.toString(36));
    const same = layout.func[frame] === layout.func[above];
    func.push(same ? '' : number(layout.func[frame]).toString(36));
    const all = layout.weight[frame] === layout.weight[above];
    weight.push(all ? '' : Math.round(layout.weight[frame] / unit).toString(36));
  }
  const lost: string[] = [];
  if (layout.chart) narrow[0] = 0;
  narrow.forEach((value, frame) => {
    const units = Math.round(value / unit);
    if (units > 0) lost.push(`${frame.toString(36)}:${units.toString(36)}`);
  });
  return {
    names,
    places: [...places.keys()].map(visibleText),
    place: place.join(','),
    look,
    climb: climb.join(','),
    func: func.join(','),
    weight: weight.join(','),
    lost: lost.join(','),
    unit,
    ...(layout.chart && chartPlaces(layout, inUnits)),
    ...(other && { other: Array.from(other, inUnits).join(',') }),
    ...(otherTotal !== undefined && { otherTotal }),
    ...(layout.compared && { compared: layout.compared }),
  };
}

/** Where a chart's frames are: their parents' others do not tell. */
function chartPlaces(
  { length, parent, depth, x, weight }: FlameLayout,
  inUnits: (value: number) => string,
): Pick<FlameData, 'gap' | 'lanes'> {
  const lanes: string[] = [];
  const gap: string[] = [''];
  /** Where the next child of a frame would start if there were no gap. */
  const free = x.slice();
  for (let frame = 1; frame < length; frame++) {
    const above = parent[frame];
    if (above === 0) lanes.push(depth[frame].toString(36));
    gap.push(inUnits(x[frame] - (above === 0 ? 0 : free[above])));
    free[above] = x[frame] + weight[frame];
  }
  return { gap: gap.join(','), lanes: lanes.join(',') };
}

/** The largest number that divides all: a clock's period, most often. 1 where weights are not whole. */
function commonDivisor(...columns: Float64Array[]): number {
  let divisor = 0;
  for (const column of columns) {
    for (const value of column) {
      let a = value;
      let b = divisor;
      while (b >= 1) [a, b] = [b, a % b];
      divisor = a;
      if (divisor === 1) return 1;
    }
  }
  return divisor >= 1 && Number.isInteger(divisor) ? divisor : 1;
}
