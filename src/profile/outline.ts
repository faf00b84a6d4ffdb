/**
 * The call tree as a Python programmer expects to read it: the programmer's own functions, and of
 * library code only the function that was called; what it calls inside is folded into one entry, under
 * which the programmer's own functions that it calls back stand again.
 *
 *     main                              own
 *     └─ json.loads                     library: the function that was called
 *        └─ [12 frames of json]         folded
 *           └─ hook                     own, called back
 *
 * Only what reaches the limit is grown; the rest is summed, so that the weights of a node's children
 * and its self weight always add up to its own.
 */
import type { CallTree } from './calltree.js';
import { libraries, OWN, type Libraries } from './libraries.js';

interface Entry {
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
        /** Weight of samples that end here. */
        readonly self: number;
        readonly children: OutlineNode[];
        /** Whether `maxDepth` hides what it calls. */
        readonly cut: boolean;
      }
    | {
        readonly kind: 'folded';
        /** Distinct functions folded. */
        readonly frames: number;
        /** Their libraries, by self weight, heaviest first. */
        readonly libraries: readonly string[];
        readonly children: OutlineNode[];
      }
    /** The node above, itself, where it has other children. */
    | { readonly kind: 'self' }
    /** Functions below the limit. */
    | { readonly kind: 'smaller'; readonly functions: number }
  );

export interface OutlineOptions {
  /** Entries lighter than this are summed. */
  readonly minWeight: number;
  /** Levels of entries. */
  readonly maxDepth: number;
  /** Fold no libraries. */
  readonly all: boolean;
}

/** The outline of one group of the tree. */
export function outline(tree: CallTree, group: number, options: OutlineOptions): OutlineNode[] {
  const roots: number[] = [];
  for (let node = tree.firstRoot; node >= 0; node = tree.nextSibling[node]) {
    if (tree.group[node] === group) roots.push(node);
  }
  const fold = hasOwnCode(tree, group, options.minWeight);
  return new Outliner(tree, options, fold).roots(roots);
}

/**
 * Without any code of the programmer's own that would be shown, as in `python -m http.server`, folding
 * would fold everything: then nothing is. (Libraries have some lines without a file, too: of `namedtuple`.)
 */
function hasOwnCode(tree: CallTree, group: number, minWeight: number): boolean {
  const { of } = libraries(tree.profile);
  for (let node = 0; node < tree.length; node++) {
    const func = tree.func[node];
    if (tree.group[node] !== group || func < 0 || of[func] !== OWN) continue;
    if (tree.total[node] >= minWeight) return true;
  }
  return false;
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

class Outliner {
  private readonly libraries: Libraries;
  private readonly pending: Pending[] = [];

  constructor(
    private readonly tree: CallTree,
    private readonly options: OutlineOptions,
    private readonly fold: boolean,
  ) {
    this.libraries = libraries(tree.profile);
  }

  /** Works through a list instead of recursing: stacks may be thousands of frames deep. */
  roots(nodes: number[]): OutlineNode[] {
    const roots: OutlineNode[] = [];
    this.pending.push({ nodes, inside: false, depth: 1, into: roots, self: undefined });
    for (let next; (next = this.pending.pop()) !== undefined;) this.grow(next);
    return roots;
  }

  private isLibrary(node: number): boolean {
    const func = this.tree.func[node];
    return this.fold && !this.options.all && (func < 0 || this.libraries.of[func] >= 0);
  }

  private grow({ nodes, inside, depth, into, self }: Pending): void {
    const hidden = inside ? nodes.filter((node) => this.isLibrary(node)) : [];
    const shown = inside ? nodes.filter((node) => !this.isLibrary(node)) : nodes;
    let smallFunctions = 0;
    let smallWeight = 0;
    let smallSamples = 0;
    for (const bundle of this.byFunction(shown)) {
      const sum = this.sum(bundle);
      if (sum.weight >= this.options.minWeight) {
        into.push(this.functionNode(bundle, sum, depth));
      } else {
        smallFunctions++;
        smallWeight += sum.weight;
        smallSamples += sum.samples;
      }
    }
    if (hidden.length > 0) {
      const sum = this.sum(hidden);
      if (sum.weight >= this.options.minWeight) into.push(this.foldedNode(hidden, sum, depth));
      else {
        smallFunctions += this.byFunction(hidden).length;
        smallWeight += sum.weight;
        smallSamples += sum.samples;
      }
    }
    if (self !== undefined && into.length > 0 && self.weight >= this.options.minWeight) {
      into.push({ kind: 'self', ...self });
    }
    into.sort((a, b) => b.weight - a.weight);
    // Sums below the limit are left out too: they would be most of the lines.
    if (smallFunctions > 0 && smallWeight >= this.options.minWeight && smallWeight > 0) {
      into.push({
        kind: 'smaller',
        functions: smallFunctions,
        weight: smallWeight,
        samples: smallSamples,
      });
    }
  }

  private functionNode(bundle: number[], sum: Entry, depth: number): OutlineNode {
    const { tree } = this;
    const self = { weight: 0, samples: 0 };
    let line = tree.line[bundle[0]];
    for (const node of bundle) {
      self.weight += tree.self[node];
      self.samples += tree.selfSamples[node];
      if (tree.line[node] !== line) line = -1;
    }
    const below = this.childrenOf(bundle);
    const cut = depth >= this.options.maxDepth && below.length > 0;
    const children: OutlineNode[] = [];
    if (!cut && below.length > 0) {
      const inside = this.isLibrary(bundle[0]);
      this.pending.push({
        nodes: below,
        inside,
        depth: depth + 1,
        into: children,
        self: self.samples > 0 ? self : undefined,
      });
    }
    const func = tree.func[bundle[0]];
    return { kind: 'function', func, line, ...sum, self: self.weight, children, cut };
  }

  /** Folds library code, the top of which is `tops`; a single function is no work to read, and shown. */
  private foldedNode(tops: number[], sum: Entry, depth: number): OutlineNode {
    const { tree } = this;
    const region = [...tops];
    const exits: number[] = [];
    const functions = new Set<number>();
    const selfOf = new Map<number, number>();
    for (let node; (node = region.pop()) !== undefined;) {
      const func = tree.func[node];
      functions.add(func);
      const library = func < 0 ? -1 : this.libraries.of[func];
      selfOf.set(library, (selfOf.get(library) ?? 0) + tree.self[node]);
      for (let child = tree.firstChild[node]; child >= 0; child = tree.nextSibling[child]) {
        (this.isLibrary(child) ? region : exits).push(child);
      }
    }
    if (functions.size === 1) return this.functionNode(tops, sum, depth);
    const names = [...selfOf]
      .sort((a, b) => b[1] - a[1])
      .map(([library]) => (library < 0 ? '[unknown]' : this.libraries.names[library]));
    const children: OutlineNode[] = [];
    if (exits.length > 0 && depth < this.options.maxDepth) {
      this.pending.push({
        nodes: exits,
        inside: false,
        depth: depth + 1,
        into: children,
        self: undefined,
      });
    }
    return { kind: 'folded', ...sum, frames: functions.size, libraries: names, children };
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

  private childrenOf(nodes: readonly number[]): number[] {
    const { firstChild, nextSibling } = this.tree;
    const children: number[] = [];
    for (const node of nodes) {
      for (let child = firstChild[node]; child >= 0; child = nextSibling[child]) {
        children.push(child);
      }
    }
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
