/**
 * What the picture carries for its script: the frames as text, small and quick to parse.
 *
 * The functions of this folder run in the reader's browser: the renderer writes their source into the
 * SVG (`Function.prototype.toString`). They may name each other and what `script.ts` lists, nothing
 * else of a module: no constants, no imports of values.
 */
export interface FlameData {
  /** Names of functions, made printable. */
  readonly names: readonly string[];
  /** Files and modules. */
  readonly places: readonly string[];
  /** For each function its place, base 36, comma separated. */
  readonly place: string;
  /** For each function its colour: one character, `0` for hue 0 and shade 0. */
  readonly look: string;
  /**
   * For each frame in preorder, base 36, comma separated: how many levels to climb from the frame
   * before until its parent stands there. Empty for 0: the frame before is the parent.
   */
  readonly climb: string;
  /** Likewise: the function; empty where it is the parent's (recursion). */
  readonly func: string;
  /** Likewise: weight in `unit`s; empty where it is the parent's. */
  readonly weight: string;
  /** `frame:weight`, of the children of a frame that were too narrow to be kept; base 36. */
  readonly lost: string;
  /** Likewise, of a comparison: each frame's weight in the other profile, in `unit`s. */
  readonly other?: string;
  /** The whole of the other profile. */
  readonly otherTotal?: number;
  /** As a layout has it. */
  readonly compared?: {
    readonly divisors?: readonly [own: number, other: number];
    readonly otherIsLater?: boolean;
  };
  /** Likewise, of a chart in order of time: what is free to the left of each frame, in `unit`s; empty for none. */
  readonly gap?: string;
  /** Of a chart: the depth of each of the root's children, which are threads and lie one below the other. */
  readonly lanes?: string;
  /** What a weight of 1 stands for. */
  readonly unit: number;
  /** Nanoseconds rather than a count. */
  readonly time: boolean;
  /** What is counted, of a count: `cycles`. */
  readonly event: string;
  /** What each sample weighs, where all weigh the same; else 0. */
  readonly sampleWeight: number;
  /** Whether the root is on top, at first. */
  readonly inverted: boolean;
  /** The order in which siblings stand. */
  readonly order: 'name' | 'size';
  /** What the two profiles of a comparison are called: the other one first. */
  readonly sides?: readonly [string, string];
  readonly title: string;
  readonly subtitle: string;
  readonly legend: readonly LegendEntry[];
  readonly notes: readonly string[];
}

export interface LegendEntry {
  /** The class of its colour; empty for none. */
  readonly look: string;
  readonly text: string;
}

/** The frames as columns, in preorder. */
export interface Frames {
  readonly length: number;
  readonly func: Int32Array;
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  /** The frame after the last descendant. */
  readonly end: Int32Array;
  readonly x: Float64Array;
  readonly weight: Float64Array;
  readonly self: Float64Array;
  /** Weights in the other profile, of a comparison. */
  readonly other?: Float64Array;
  /** The frames of each depth, from left to right: also ascending as indexes. */
  readonly rows: readonly (readonly number[])[];
}

/** Undoes `encodeFrames`. */
export function decodeFrames(data: FlameData): Frames {
  const climb = data.climb.split(',');
  const funcs = data.func.split(',');
  const weights = data.weight.split(',');
  const gaps = data.gap?.split(',');
  const lanes = data.lanes?.split(',');
  let lane = 0;
  const length = climb.length;
  const func = new Int32Array(length);
  const parent = new Int32Array(length);
  const depth = new Int32Array(length);
  const end = new Int32Array(length);
  const x = new Float64Array(length);
  const weight = new Float64Array(length);
  const self = new Float64Array(length);
  /** Where the next child of a frame starts. */
  const free = new Float64Array(length);
  const rows: number[][] = [];
  for (let frame = 0; frame < length; frame++) {
    let above = frame - 1;
    for (let up = parseInt(climb[frame] || '0', 36); up > 0; up--) above = parent[above];
    parent[frame] = above;
    depth[frame] = above < 0 ? 0 : depth[above] + 1;
    if (above === 0 && lanes !== undefined) {
      // Threads run at the same time.
      depth[frame] = parseInt(lanes[lane++], 36);
      free[0] = 0;
    }
    func[frame] = funcs[frame] === '' ? func[above] : parseInt(funcs[frame], 36);
    weight[frame] =
      weights[frame] === '' ? weight[above] : parseInt(weights[frame], 36) * data.unit;
    self[frame] = weight[frame];
    if (above >= 0) {
      x[frame] = free[above] + (gaps ? parseInt(gaps[frame] || '0', 36) * data.unit : 0);
      free[above] = x[frame] + weight[frame];
      self[above] -= weight[frame];
    }
    free[frame] = x[frame];
    while (depth[frame] >= rows.length) rows.push([]);
    rows[depth[frame]].push(frame);
  }
  for (let frame = length - 1; frame >= 0; frame--) {
    if (end[frame] === 0) end[frame] = frame + 1;
    const above = parent[frame];
    if (above >= 0 && end[above] === 0) end[above] = end[frame];
  }
  for (const pair of data.lost === '' ? [] : data.lost.split(',')) {
    const [frame, narrow] = pair.split(':');
    self[parseInt(frame, 36)] -= parseInt(narrow, 36) * data.unit;
  }
  if (lanes !== undefined) self[0] = 0;
  if (data.other === undefined) return { length, func, parent, depth, end, x, weight, self, rows };
  const other = Float64Array.from(data.other.split(','), (units) => {
    return parseInt(units || '0', 36) * data.unit;
  });
  return { length, func, parent, depth, end, x, weight, self, other, rows };
}
