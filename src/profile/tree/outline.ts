/**
 * The call tree as a Python programmer expects to read it: the programmer's own functions, and of
 * library code only the function that was called; what it calls inside is folded into one entry, under
 * which the programmer's own functions that it calls back stand again.
 *
 *     main                              own
 *     └─ json.loads                     library: the function that was called
 *        └─ [12 frames hidden, json]    folded
 *           └─ hook × 3                 own, called back; it calls itself
 *
 * Only what reaches the limit is grown; the rest is summed, so that the weights of a node's children
 * and its self weight always add up to its own.
 */
import type { CallTree } from '../calltree.js';
import { Fold, type Folding } from './folding.js';

export interface Entry {
  readonly weight: number;
  readonly samples: number;
}

/** One function, or what stands in the place of several. Children are sorted, heaviest first. */
export type OutlineNode = Entry &
  (
    | {
        readonly kind: 'function';
        /** Index into `functions`; -1 for samples without frames. */
        readonly func: number;
        /** Source line where all of its frames agree, else -1. */
        readonly line: number;
        /** Frames of the function one within the other, at most; those are one node. */
        readonly depth: number;
        /** Of samples that end here. */
        readonly self: Entry;
        readonly children: OutlineNode[];
        /** Whether `maxDepth` hides what it calls. */
        readonly cut: boolean;
      }
    | {
        readonly kind: 'folded';
        /** Distinct functions folded. */
        readonly frames: number;
        /** What they are of: Python's first, else by what passes through them, heaviest first. */
        readonly sources: readonly string[];
        readonly children: OutlineNode[];
        readonly cut: boolean;
      }
    /** The node above, itself, where it has other children. */
    | { readonly kind: 'self' }
    /** Functions below the limit. */
    | { readonly kind: 'smaller'; readonly functions: number }
  );

export interface OutlineOptions {
  /** Entries that weigh less than this share of their group are summed: 0 to 1. */
  readonly minShare: number;
  /** Levels of entries. */
  readonly maxDepth: number;
  /** Whether calls of a function by itself are one entry. */
  readonly mergeRecursion: boolean;
  /** Whether stacks were turned around: then no function of a library is called by what stands above it. */
  readonly inverted: boolean;
}

/** A group of the call tree's: of a thread, or of all. */
export interface GroupOutline extends Entry {
  /** Index into the tree's `groups`. */
  readonly group: number;
  readonly roots: OutlineNode[];
}

export interface Outline {
  readonly tree: CallTree;
  readonly folding: Folding;
  /** Heaviest first. */
  readonly groups: readonly GroupOutline[];
  /** The groups that weigh less than the limit's share of the whole. */
  readonly smaller: Entry & { readonly groups: number };
}

/** The outline of each group of a tree. */
export function outline(tree: CallTree, folding: Folding, options: OutlineOptions): Outline {
  const groups = tree.groups.map((_, group) => ({
    group,
    weight: 0,
    samples: 0,
    tops: [] as number[],
  }));
  for (let node = tree.firstRoot; node >= 0; node = tree.nextSibling[node]) {
    const group = groups[tree.group[node]];
    group.weight += tree.total[node];
    group.samples += tree.totalSamples[node];
    group.tops.push(node);
  }
  groups.sort((a, b) => b.weight - a.weight || a.group - b.group);
  const limit = tree.weight * options.minShare;
  const large = groups.filter(({ weight }) => weight >= limit);
  const own = heaviestOwn(tree, folding);
  return {
    tree,
    folding,
    groups: large.map(({ group, weight, samples, tops }) => {
      const minWeight = weight * options.minShare;
      const grower = new Grower(tree, folding, {
        ...options,
        minWeight,
        fold: own[group] >= minWeight,
      });
      return { group, weight, samples, roots: grower.roots(tops) };
    }),
    smaller: groups.slice(large.length).reduce(
      (sum, { weight, samples }) => ({
        groups: sum.groups + 1,
        weight: sum.weight + weight,
        samples: sum.samples + samples,
      }),
      { groups: 0, weight: 0, samples: 0 },
    ),
  };
}

/**
 * By group, the weight of its heaviest node of own code, -1 where there is none. Without any that would be
 * shown, as in `python -m http.server`, folding would fold everything: then no library is folded.
 * (Libraries have some lines without a file, too: of `namedtuple`.)
 */
function heaviestOwn(
  { groups, length, func, group, total }: CallTree,
  { own }: Folding,
): Float64Array {
  const heaviest = new Float64Array(groups.length).fill(-1);
  for (let node = 0; node < length; node++) {
    if (func[node] < 0 || own[func[node]] === 0) continue;
    if (total[node] > heaviest[group[node]]) heaviest[group[node]] = total[node];
  }
  return heaviest;
}

/** A list of entries still to be grown. */
interface Pending {
  /** Nodes of the call tree, of any functions. */
  readonly nodes: number[];
  /** Whether they are inside a library, of which the entered function is already shown. */
  readonly inside: boolean;
  readonly depth: number;
  readonly into: OutlineNode[];
  /** The node above, where its self weight is to be shown. */
  readonly self: Entry | undefined;
}

interface GrowOptions extends OutlineOptions {
  /** Entries lighter than this are summed. */
  readonly minWeight: number;
  /** Whether libraries are folded. */
  readonly fold: boolean;
}

class Grower {
  private readonly pending: Pending[] = [];

  constructor(
    private readonly tree: CallTree,
    private readonly folding: Folding,
    private readonly options: GrowOptions,
  ) {}

  /** Works through a list instead of recursing: stacks may be thousands of frames deep. */
  roots(nodes: number[]): OutlineNode[] {
    const roots: OutlineNode[] = [];
    this.pending.push({ nodes, inside: false, depth: 1, into: roots, self: undefined });
    for (let next; (next = this.pending.pop()) !== undefined;) this.grow(next);
    return roots;
  }

  private foldOf(node: number): Fold {
    const func = this.tree.func[node];
    const fold = func < 0 ? Fold.Library : (this.folding.fold[func] as Fold);
    return fold === Fold.Library && !this.options.fold ? Fold.Shown : fold;
  }

  /** Whether a node is folded, inside a library or not. */
  private isHidden(node: number, inside: boolean): boolean {
    const fold = this.foldOf(node);
    return fold === Fold.Folded || (inside && fold === Fold.Library);
  }

  private grow({ nodes, inside, depth, into, self }: Pending): void {
    const { minWeight } = this.options;
    const hidden = nodes.filter((node) => this.isHidden(node, inside));
    const shown =
      hidden.length === 0 ? nodes : nodes.filter((node) => !this.isHidden(node, inside));
    const small = { functions: 0, weight: 0, samples: 0 };
    const leaveOut = (functions: number, { weight, samples }: Entry): void => {
      small.functions += functions;
      small.weight += weight;
      small.samples += samples;
    };
    for (const bundle of this.byFunction(shown)) {
      const sum = this.sum(bundle);
      if (sum.weight >= minWeight) into.push(this.functionNode(bundle, sum, depth));
      else leaveOut(1, sum);
    }
    if (hidden.length > 0) {
      const sum = this.sum(hidden);
      if (sum.weight >= minWeight) into.push(this.foldedNode(hidden, sum, depth));
      else leaveOut(this.byFunction(hidden).length, sum);
    }
    if (self !== undefined && into.length > 0 && self.weight >= minWeight) {
      into.push({ kind: 'self', ...self });
    }
    into.sort((a, b) => b.weight - a.weight);
    // Sums below the limit are left out too: they would be most of the lines.
    if (small.functions > 0 && small.weight >= minWeight && small.weight > 0) {
      into.push({ kind: 'smaller', ...small });
    }
  }

  private functionNode(bundle: number[], sum: Entry, depth: number): OutlineNode {
    const { tree, options } = this;
    const func = tree.func[bundle[0]];
    const { frames, below, levels } = this.recursion(bundle);
    const self = { weight: 0, samples: 0 };
    let line = tree.line[bundle[0]];
    for (const node of frames) {
      self.weight += tree.self[node];
      self.samples += tree.selfSamples[node];
      if (tree.line[node] !== line) line = -1;
    }
    const cut = depth >= options.maxDepth && below.length > 0;
    const children: OutlineNode[] = [];
    if (!cut && below.length > 0) {
      this.pending.push({
        nodes: below,
        inside: options.inverted || this.foldOf(bundle[0]) !== Fold.Shown,
        depth: depth + 1,
        into: children,
        self: self.samples > 0 ? self : undefined,
      });
    }
    return { kind: 'function', func, line, depth: levels, ...sum, self, children, cut };
  }

  /** The nodes of one function and, where calls by itself are one with it, those; and what all of them call. */
  private recursion(bundle: number[]): { frames: number[]; below: number[]; levels: number } {
    const func = this.tree.func[bundle[0]];
    const frames = [...bundle];
    const below: number[] = [];
    let levels = 0;
    for (let from = 0; from < frames.length; levels++) {
      const end = frames.length;
      for (; from < end; from++) {
        for (const child of this.childrenOf(frames[from])) {
          const isSame = this.options.mergeRecursion && this.tree.func[child] === func;
          (isSame ? frames : below).push(child);
        }
      }
    }
    return { frames, below, levels };
  }

  /** Folds the code whose top is `tops`; a single function of a library is no work to read, and shown. */
  private foldedNode(tops: number[], sum: Entry, depth: number): OutlineNode {
    const { tree, folding } = this;
    const region = [...tops];
    const exits: number[] = [];
    const functions = new Set<number>();
    const weightOf = new Map<number, number>();
    const python = new Set<number>();
    for (let node; (node = region.pop()) !== undefined;) {
      const func = tree.func[node];
      functions.add(func);
      const source = func < 0 ? -1 : folding.source[func];
      weightOf.set(source, (weightOf.get(source) ?? 0) + tree.total[node]);
      if (func >= 0 && folding.python[func] === 1) python.add(source);
      for (const child of this.childrenOf(node)) {
        (this.isHidden(child, true) ? region : exits).push(child);
      }
    }
    if (functions.size === 1 && this.foldOf(tops[0]) === Fold.Library) {
      return this.functionNode(tops, sum, depth);
    }
    const sources = [...weightOf]
      .sort((a, b) => Number(python.has(b[0])) - Number(python.has(a[0])) || b[1] - a[1])
      .map(([source]) => (source < 0 ? '[unknown]' : folding.names[source]));
    const cut = depth >= this.options.maxDepth && exits.length > 0;
    const children: OutlineNode[] = [];
    if (!cut && exits.length > 0) {
      this.pending.push({
        nodes: exits,
        inside: this.options.inverted,
        depth: depth + 1,
        into: children,
        self: undefined,
      });
    }
    return { kind: 'folded', ...sum, frames: functions.size, sources, children, cut };
  }

  private byFunction(nodes: readonly number[]): number[][] {
    const bundles = new Map<number, number[]>();
    for (const node of nodes) {
      const func = this.tree.func[node];
      const bundle = bundles.get(func);
      if (bundle === undefined) bundles.set(func, [node]);
      else bundle.push(node);
    }
    return [...bundles.values()];
  }

  private childrenOf(node: number): number[] {
    const { firstChild, nextSibling } = this.tree;
    const children: number[] = [];
    for (let child = firstChild[node]; child >= 0; child = nextSibling[child]) children.push(child);
    return children;
  }

  private sum(nodes: readonly number[]): Entry {
    let weight = 0;
    let samples = 0;
    for (const node of nodes) {
      weight += this.tree.total[node];
      samples += this.tree.totalSamples[node];
    }
    return { weight, samples };
  }
}
