/**
 * A profile as a flame graph's rectangles: stacks merged by function from the thread's start, siblings
 * sorted, narrow frames left out. Pure, and in the profile's own units: a printer scales them.
 */
import { Float64Column, Int32Column } from '../../base/growable.js';
import { LAYER_NAMES, type Profile } from '../../profile/profile.js';

/** The hue of a frame that stands for no code: the root, a thread. Follows the layers' own numbers. */
export const NEUTRAL = LAYER_NAMES.length;

export interface FlameFunction {
  readonly name: string;
  /** Its file, or else its module's path; may be empty. */
  readonly where: string;
  /** A `Layer`, or {@link NEUTRAL}. */
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
  /** Self weight by hue, dropped frames included; the root's own is time without a stack. */
  readonly hueWeight: Float64Array;
  /** Frames narrower than asked for. */
  readonly dropped: number;
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

/**
 * Lays out a profile whose view is already applied. Cost: one step per sample, per distinct stack
 * (per thread, if threads are shown) and per frame.
 */
export function layoutFlameGraph(profile: Profile, options: LayoutOptions = {}): FlameLayout {
  const tree = new MergedTree(profile, options.event ?? 0);
  tree.addSamples(options.threads ?? false);
  return arrange(tree, options.minShare ?? 0, options.sort ?? 'name');
}

/** The stacks merged by function. A node is an index; children come after their parents. */
class MergedTree {
  readonly functions: FlameFunction[] = [{ name: 'all', where: '', hue: NEUTRAL }];
  readonly parent = new Int32Column();
  readonly func = new Int32Column();
  readonly self = new Float64Column();
  samples = 0;
  sampleWeight = 0;
  /** Profile function -> index into `functions`, or -1. */
  private readonly flameFunction: Int32Array;
  /** `node * keys + function` -> child; below 2^53 for any profile that fits in memory. */
  private readonly children = new Map<number, number>();

  constructor(
    private readonly profile: Profile,
    private readonly event: number,
  ) {
    this.flameFunction = new Int32Array(profile.functions.length).fill(-1);
    this.append(-1, 0);
  }

  addSamples(threads: boolean): void {
    const { samples, stacks } = this.profile;
    const order = threads ? samplesByThread(this.profile) : undefined;
    /** The node of each stack, valid where `owner` is the current thread. */
    const nodeOf = new Int32Array(stacks.length);
    const owner = new Int32Array(stacks.length).fill(-2);
    let thread = -1;
    let root = 0;
    for (let i = 0; i < samples.length; i++) {
      const sample = order === undefined ? i : order[i];
      if (samples.event[sample] !== this.event) continue;
      if (order !== undefined && samples.thread[sample] !== thread) {
        thread = samples.thread[sample];
        root = this.threadNode(thread);
      }
      const stack = samples.stack[sample];
      const node = stack < 0 ? root : this.resolve(stack, root, nodeOf, owner, thread);
      this.count(node, samples.weight[sample]);
    }
  }

  private count(node: number, weight: number): void {
    if (this.samples++ === 0) this.sampleWeight = weight;
    else if (this.sampleWeight !== weight) this.sampleWeight = 0;
    this.self.data[node] += weight;
  }

  /** The node of `stack` under `root`: up to the nearest frame that is known, and down again. */
  private resolve(
    stack: number,
    root: number,
    nodeOf: Int32Array,
    owner: Int32Array,
    thread: number,
  ): number {
    const { stacks, frames } = this.profile;
    if (owner[stack] === thread) return nodeOf[stack];
    let known = stack;
    for (;;) {
      const above = stacks.parent[known];
      if (above < 0 || owner[above] === thread) break;
      nodeOf[above] = known; // the way back down, in the column that is about to be filled
      known = above;
    }
    for (let at = known; ;) {
      const next = nodeOf[at];
      const above = stacks.parent[at];
      nodeOf[at] = this.child(above < 0 ? root : nodeOf[above], frames.func[stacks.frame[at]]);
      owner[at] = thread;
      if (at === stack) return nodeOf[at];
      at = next;
    }
  }

  private child(node: number, profileFunction: number): number {
    const key = node * this.profile.functions.length + profileFunction;
    let child = this.children.get(key);
    if (child === undefined) {
      child = this.append(node, this.functionIndex(profileFunction));
      this.children.set(key, child);
    }
    return child;
  }

  private append(parent: number, func: number): number {
    this.parent.push(parent);
    this.self.push(0);
    return this.func.push(func);
  }

  private functionIndex(profileFunction: number): number {
    let index = this.flameFunction[profileFunction];
    if (index < 0) {
      const { functions, modules, strings } = this.profile;
      const file = functions.file[profileFunction];
      const module = functions.module[profileFunction];
      const where = file >= 0 ? file : module >= 0 ? modules.path[module] : -1;
      index =
        this.functions.push({
          name: strings[functions.name[profileFunction]],
          where: where >= 0 ? strings[where] : '',
          hue: functions.layer[profileFunction],
        }) - 1;
      this.flameFunction[profileFunction] = index;
    }
    return index;
  }

  private threadNode(thread: number): number {
    const { threads, strings } = this.profile;
    const name = strings[threads.name[thread]] ?? 'thread';
    const pid = threads.pid[thread];
    const tid = threads.tid[thread];
    const where = pid === tid ? `process ${pid}` : `thread ${tid} of process ${pid}`;
    const func = this.functions.push({ name: `${name} ${tid}`, where, hue: NEUTRAL }) - 1;
    return this.append(0, func);
  }
}

/** Sample indexes, those of one thread together, in a stable counting sort. */
function samplesByThread({ samples, threads }: Profile): Int32Array {
  const start = new Int32Array(threads.length + 1);
  for (let i = 0; i < samples.length; i++) start[samples.thread[i] + 1]++;
  for (let thread = 0; thread < threads.length; thread++) start[thread + 1] += start[thread];
  const order = new Int32Array(samples.length);
  for (let i = 0; i < samples.length; i++) order[start[samples.thread[i]]++] = i;
  return order;
}

function arrange(tree: MergedTree, minShare: number, sort: 'name' | 'weight'): FlameLayout {
  const nodes = tree.parent.length;
  const parent = tree.parent.view();
  const func = tree.func.view();
  const self = tree.self.view();
  const weight = self.slice();
  for (let node = nodes - 1; node > 0; node--) weight[parent[node]] += weight[node];
  const hueWeight = new Float64Array(NEUTRAL + 1);
  for (let node = 0; node < nodes; node++) {
    hueWeight[tree.functions[func[node]].hue] += self[node];
  }

  const least = weight[0] * minShare;
  const kept: number[] = [];
  for (let node = 1; node < nodes; node++) if (weight[node] >= least) kept.push(node);
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
