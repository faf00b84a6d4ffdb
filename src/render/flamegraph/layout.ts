/**
 * A profile as a flame graph's rectangles: stacks merged by function from the thread's start, siblings
 * sorted, narrow frames left out. Pure, and in the profile's own units: a printer scales them.
 */
import { COMM_MODULE } from '../../formats/folded/names.js';
import { Layer, LAYER_NAMES, type Profile } from '../../profile/profile.js';
import { WAITS_MODULE } from '../../profile/waits.js';
import { wideTree } from '../../profile/wide-tree.js';

/** The hue of what a thread waits for: it runs nowhere then, and not in the kernel. Follows the layers' own numbers. */
export const WAITING = LAYER_NAMES.length;
/** The hue of a frame that stands for no code: the root, a thread. */
export const NEUTRAL = WAITING + 1;

export interface FlameFunction {
  readonly name: string;
  /** Its file, or else its module's path; may be empty. */
  readonly where: string;
  /** Its module's short name: `libz.so.1`; absent where it has none. */
  readonly module?: string;
  /** A `Layer`, {@link WAITING} or {@link NEUTRAL}. */
  readonly hue: number;
}

/**
 * Frames in preorder, so that a frame's descendants follow it, and within one depth `x` ascends.
 * Frame 0 is the root, as wide as the whole.
 */
export interface FlameLayout {
  readonly length: number;
  readonly functions: readonly FlameFunction[];
  /** Index into `functions`. */
  readonly func: Int32Array;
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  /** Left edge, in weight: the parent's, plus the siblings' before it. */
  readonly x: Float64Array;
  /** Width, in weight. */
  readonly weight: Float64Array;
  /** Weight of samples that end in this frame, exact even where its children were dropped. */
  readonly self: Float64Array;
  readonly maxDepth: number;
  readonly samples: number;
  /** What each sample weighs, where all weigh the same; 0 where they differ. */
  readonly sampleWeight: number;
  /** Self weight by hue, dropped frames included. */
  readonly hueWeight: Float64Array;
  /** Frames narrower than asked for, without those that they call. */
  readonly dropped: number;
  /** The frame's weight in another profile, which this one is compared with, scaled to this one's. */
  readonly other?: Float64Array;
  /** The whole of the other profile, scaled alike. */
  readonly otherTotal?: number;
  readonly compared?: Compared;
  /**
   * Of a chart in order of time: `x` and `weight` are nanoseconds, siblings may have gaps between them, and
   * the threads (frame 0's children) lie one below the other, `depth` counting on.
   */
  readonly chart?: boolean;
}

/** How the weights of a comparison's two profiles are set against each other; what is absent is as said. */
export interface Compared {
  /** What this profile's weights and the other's are divided by: their wholes, of which shares are compared. */
  readonly divisors?: readonly [own: number, other: number];
  /** Whether the other one is the later, so that red is where it has more. */
  readonly otherIsLater?: boolean;
}

export interface LayoutOptions {
  /** Which of the profile's events to draw; the first. */
  readonly event?: number;
  /** Threads as the first level above the root. */
  readonly threads?: boolean;
  /** Frames narrower than this share of the whole are dropped; 0. */
  readonly minShare?: number;
  /** Order of siblings from the left: by name (so that two graphs compare), or heaviest first. */
  readonly sort?: 'name' | 'weight';
}

/** Lays out a profile whose view is already applied. Cost: that of {@link wideTree}, and a step per frame. */
export function layoutFlameGraph(profile: Profile, options: LayoutOptions = {}): FlameLayout {
  const { event = 0, threads = false, minShare = 0 } = options;
  const tree = wideTree(profile, event, { threads, minShare });
  const { functions, numberOf } = flameFunctions(profile);
  const hueWeight = new Float64Array(NEUTRAL + 1);
  tree.selfOf.forEach((self, func) => {
    if (self === 0) return;
    const number = numberOf(func < profile.functions.length ? func : -1);
    hueWeight[functions[number].hue] += self;
  });
  const func = new Int32Array(tree.func.length);
  const lanes = threads ? tree.groups : [];
  lanes.forEach(({ thread }, lane) => {
    func[1 + lane] = functions.push(threadFunction(profile, thread)) - 1;
  });
  for (let node = 1 + lanes.length; node < func.length; node++) {
    func[node] = numberOf(tree.func[node]);
  }
  return arrangeFrames({ ...tree, functions, func, hueWeight }, options);
}

/** A call tree under one root (node 0), its nodes named. Children come after their parents. */
export interface FlameTree {
  readonly functions: readonly FlameFunction[];
  readonly parent: Int32Array;
  readonly func: Int32Array;
  readonly self: Float64Array;
  readonly weight: Float64Array;
  readonly samples: number;
  readonly sampleWeight: number;
  /** Self weight by hue, where nodes were left out already. */
  readonly hueWeight?: Float64Array;
  readonly other?: Float64Array;
  readonly otherTotal?: number;
  readonly compared?: Compared;
}

/** The functions of a picture as they are met: the root's first, and a number for each of the profile's (-1: none). */
export function flameFunctions(profile: Profile): {
  functions: FlameFunction[];
  numberOf: (func: number) => number;
} {
  const functions: FlameFunction[] = [{ name: 'all', where: '', hue: NEUTRAL }];
  /** By function of the profile; the first place is that of samples without frames. */
  const numbered = new Int32Array(profile.functions.length + 1).fill(-1);
  const numberOf = (func: number): number => {
    if (numbered[func + 1] < 0) {
      numbered[func + 1] = functions.push(asFlameFunction(profile, func)) - 1;
    }
    return numbered[func + 1];
  };
  return { functions, numberOf };
}

function asFlameFunction({ functions, modules, strings }: Profile, func: number): FlameFunction {
  if (func < 0) return { name: '[no stack]', where: '', hue: Layer.Unknown };
  const module = functions.module[func];
  const file = functions.file[func];
  const where = file >= 0 ? file : module >= 0 ? modules.path[module] : -1;
  const kind = module < 0 ? '' : strings[modules.name[module]];
  if (kind === COMM_MODULE) return { name: strings[functions.name[func]], where: '', hue: NEUTRAL };
  return {
    name: strings[functions.name[func]],
    where: where >= 0 ? strings[where] : '',
    ...(module >= 0 && { module: kind }),
    hue: kind === WAITS_MODULE ? WAITING : functions.layer[func],
  };
}

/** A thread as a frame. */
export function threadFunction(profile: Profile, thread: number): FlameFunction {
  const pid = profile.threads.pid[thread];
  const tid = profile.threads.tid[thread];
  const where = pid === tid ? `process ${pid}` : `thread ${tid} of process ${pid}`;
  return { name: `${profile.strings[profile.threads.name[thread]]} ${tid}`, where, hue: NEUTRAL };
}

/**
 * Puts a tree's nodes in their places. Where there is another profile to compare with, a node is as wide as
 * its weight in this one, and kept for its weight in either.
 */
export function arrangeFrames(
  tree: FlameTree,
  { minShare = 0, sort = 'name' }: Pick<LayoutOptions, 'minShare' | 'sort'> = {},
): FlameLayout {
  const { parent, func, self, weight, other } = tree;
  const nodes = parent.length;
  const hueWeight = tree.hueWeight ?? new Float64Array(NEUTRAL + 1);
  for (let node = 0; node < nodes && tree.hueWeight === undefined; node++) {
    hueWeight[tree.functions[func[node]].hue] += self[node];
  }

  const least = weight[0] * minShare;
  const kept: number[] = [];
  for (let node = 1; node < nodes; node++) {
    if (Math.max(weight[node], other?.[node] ?? 0) >= least) kept.push(node);
  }
  sortSiblings(kept, tree.functions, func, weight, sort);

  // Linked lists of children, built from the back so that the first stands at the head.
  const firstChild = new Int32Array(nodes).fill(-1);
  const nextSibling = new Int32Array(nodes).fill(-1);
  for (let i = kept.length - 1; i >= 0; i--) {
    const node = kept[i];
    nextSibling[node] = firstChild[parent[node]];
    firstChild[parent[node]] = node;
  }

  const length = kept.length + 1;
  const layout = {
    length,
    functions: tree.functions,
    func: new Int32Array(length),
    parent: new Int32Array(length),
    depth: new Int32Array(length),
    x: new Float64Array(length),
    weight: new Float64Array(length),
    self: new Float64Array(length),
    maxDepth: 0,
    samples: tree.samples,
    sampleWeight: tree.sampleWeight,
    hueWeight,
    dropped: nodes - length,
    ...(other === undefined ? {} : { other: new Float64Array(length) }),
    ...(tree.otherTotal === undefined ? {} : { otherTotal: tree.otherTotal }),
    ...(tree.compared === undefined ? {} : { compared: tree.compared }),
  };
  let frame = 0;
  let depth = 0;
  let above = -1;
  let x = 0;
  for (let node = 0; node >= 0; frame++) {
    layout.func[frame] = func[node];
    layout.parent[frame] = above;
    layout.depth[frame] = depth;
    layout.x[frame] = x;
    layout.weight[frame] = weight[node];
    layout.self[frame] = self[node];
    if (layout.other !== undefined) layout.other[frame] = other?.[node] ?? 0;
    if (depth > layout.maxDepth) layout.maxDepth = depth;
    if (firstChild[node] >= 0) {
      node = firstChild[node];
      above = frame;
      depth++;
      continue;
    }
    let last = frame;
    while (node > 0 && nextSibling[node] < 0) {
      node = parent[node];
      last = layout.parent[last];
      depth--;
    }
    if (node === 0) break;
    x = layout.x[last] + layout.weight[last];
    node = nextSibling[node];
    above = layout.parent[last];
  }
  return layout;
}

/** Sorts nodes so that the children of one parent stand in order among themselves. */
function sortSiblings(
  nodes: number[],
  functions: readonly FlameFunction[],
  func: Int32Array,
  weight: Float64Array,
  sort: 'name' | 'weight',
): void {
  // Names are compared once per function, by code unit: the order must not hang on a locale.
  const byName = functions.map((_, index) => index);
  byName.sort((a, b) => compare(functions[a], functions[b]) || a - b);
  const rank = new Int32Array(functions.length);
  byName.forEach((index, position) => (rank[index] = position));
  if (sort === 'name') nodes.sort((a, b) => rank[func[a]] - rank[func[b]]);
  else nodes.sort((a, b) => weight[b] - weight[a] || rank[func[a]] - rank[func[b]]);
}

function compare(a: FlameFunction, b: FlameFunction): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.where < b.where ? -1 : a.where > b.where ? 1 : 0;
}
