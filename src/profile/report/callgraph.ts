/**
 * The call chains of one row of a flat profile, as `perf report -g caller` and `-g callee` gather them
 * (tools/perf/util/callchain.c, `hist_iter_cumulative` in tools/perf/util/hist.c):
 *
 *   caller, --children      samples that end in the row: the whole path, root first;
 *                           others: the path from the row's outermost place down to the leaf
 *   caller, --no-children   the whole path, root first
 *   callee, --children      the path from the row's innermost place up to the root
 *   callee, --no-children   the path from the leaf up to the root
 *
 * Chains are merged from their first frame on. The merged tree is grown from the top and only where it
 * reaches the limit, so the cost follows what is shown, not what was recorded.
 */
import { chainPlaces, type ChainKey, type ChainPlaces } from './chain-places.js';
import { CalleeSteps, CallerSteps, type Bundle, type Steps } from './chain-steps.js';
import type { FlatProfile, FlatRow } from './flat.js';

export type { ChainKey } from './chain-places.js';
export type ChainOrder = 'caller' | 'callee';

/** Deepest nesting of branches that is grown: perf reads no more frames of a stack, if not told to. */
export const MAX_CHAIN_DEPTH = 127;
/** Most frames of a path that are grown, where `maxStack` does not ask for more. */
export const MAX_CHAIN_FRAMES = 1024;

/** A run of frames that all chains through it share, and where they part. */
export interface ChainNode {
  /** The frames' functions, at least one: indexes into `functions` (-1: samples without frames). */
  readonly funcs: readonly number[];
  /** Of each frame a node of the call tree, which has its line and address, too. */
  readonly nodes: readonly number[];
  /** Weight of all chains through the run, and how many samples they are. */
  readonly weight: number;
  readonly samples: number;
  /** Of the chains that end with the run. */
  readonly ended: number;
  readonly endedSamples: number;
  /** Heaviest first; those below the limit are left out. */
  readonly children: readonly ChainNode[];
  /** Whether {@link MAX_CHAIN_DEPTH} or {@link MAX_CHAIN_FRAMES} hides what follows. */
  readonly cut: boolean;
}

/** A whole chain, from its first frame on, of the samples that have exactly this one. */
export type Chain = Omit<ChainNode, 'children'>;

export interface ChainOptions {
  readonly order: ChainOrder;
  readonly children: boolean;
  /** What makes frames the same, `function` where absent; the tree must tell them apart (`NODE_KEYS`). */
  readonly key?: ChainKey | undefined;
  /** Branches lighter than this are left out. */
  readonly minWeight: number;
  /** Instead: branches below this share (0 to 1) of what parts where they do are left out, as in perf's `fractal`. */
  readonly minShare?: number | undefined;
  /** The most frames that stacks were cut to (`limitStacks`). */
  readonly maxStack?: number | undefined;
}

/** Merged chains of each row of one flat profile; what rows share is computed once. */
export class CallGraph {
  private readonly places: ChainPlaces;
  private readonly steps: Steps;
  private readonly maxFrames: number;

  constructor(
    readonly flat: FlatProfile,
    readonly options: ChainOptions,
  ) {
    const { order, children, key, maxStack } = options;
    this.places = chainPlaces(flat.tree, key ?? 'function');
    this.steps =
      order === 'caller'
        ? new CallerSteps(flat, this.places, children, maxStack)
        : new CalleeSteps(flat, this.places, children);
    this.maxFrames = Math.max(MAX_CHAIN_FRAMES, maxStack ?? 0);
  }

  /** The row's chains, merged where they begin alike; their weights sum to the row's, less what the limit hides. */
  chains(row: FlatRow): ChainNode[] {
    const first = this.steps.first(row);
    const parting = first.reduce((sum, { weight }) => sum + weight, 0);
    return this.grow(first, this.limit(parting), 1, 0);
  }

  /** The row's chains one by one, those with most samples of their own first; none below the limit. */
  list(row: FlatRow): Chain[] {
    const { func } = this.flat.tree;
    const chains: Chain[] = [];
    const gather = (branches: readonly ChainNode[], before: readonly number[]): void => {
      const inOrder = [...branches].sort((a, b) => this.places.compare(a.nodes[0], b.nodes[0]));
      for (const { children, ...chain } of inOrder) {
        const nodes = [...before, ...chain.nodes];
        gather(children, nodes);
        // What is hidden below a chain that is cut counts as the chain's.
        const { cut, weight, samples } = chain;
        const own = cut ? { ended: weight, endedSamples: samples } : {};
        chains.push({ ...chain, ...own, nodes, funcs: nodes.map((node) => func[node]) });
      }
    };
    gather(this.chains(row), []);
    const { minWeight } = this.options;
    return chains
      .filter(({ ended }) => ended > 0 && ended >= minWeight)
      .sort((a, b) => b.ended - a.ended);
  }

  /** The least weight of branches that part where `parting` goes on. */
  private limit(parting: number): number {
    const { minWeight, minShare } = this.options;
    return minShare === undefined ? minWeight : Math.ceil(parting * minShare);
  }

  private grow(bundles: Bundle[], limit: number, depth: number, frames: number): ChainNode[] {
    const branches: ChainNode[] = [];
    bundles.sort((a, b) => b.weight - a.weight || this.places.compare(a.node, b.node));
    for (const bundle of bundles) {
      if (bundle.weight < limit) break;
      const { weight, samples } = bundle;
      const nodes = [bundle.node];
      // A run goes on while no chain ends and none parts, whatever the limit will hide.
      let last = bundle;
      let next = this.steps.next(last);
      while (last.ended === 0 && next.length === 1 && frames + nodes.length < this.maxFrames) {
        last = next[0];
        nodes.push(last.node);
        next = this.steps.next(last);
      }
      const funcs = nodes.map((node) => this.flat.tree.func[node]);
      const { ended, endedSamples } = last;
      const below = this.limit(weight - ended);
      const reach = frames + nodes.length;
      const full = depth >= MAX_CHAIN_DEPTH || reach >= this.maxFrames;
      const children = full ? [] : this.grow(next, below, depth + 1, reach);
      const cut = full && next.some((child) => child.weight >= below);
      branches.push({ funcs, nodes, weight, samples, ended, endedSamples, children, cut });
    }
    return branches;
  }
}
