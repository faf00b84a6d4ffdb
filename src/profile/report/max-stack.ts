/** Stacks cut to a number of frames when they are read, as `perf report --max-stack` does. */
import { InternedStacks } from '../interned.js';
import { Layer, type Profile, type SampleTable, type StackTable } from '../profile.js';

/**
 * The profile with at most `count` frames of each stack: the innermost, or with callers first the outermost
 * (`thread__resolve_callchain_sample` of tools/perf/util/machine.c). Of a stack that was copied the user's
 * and the kernel's part have a limit each, and of the user's the innermost are kept in either order, because
 * the limit stops unwinding (`unwind__get_entries` of util/unwind-libunwind-local.c). Inlined functions stand
 * in their caller's frame. A sample ends where it did: with callers first its innermost frame, too, is kept,
 * behind those that call chains show.
 */
export function limitStacks(profile: Profile, count: number, order: 'caller' | 'callee'): Profile {
  const { stacks, events } = profile;
  const depth = frameDepths(profile, stacks, false);
  if (depth.every((frames) => frames <= count)) return profile;

  const added = new InternedStacks(); // behind those that are there
  const recorded = new StackCutter(profile, depth, count, order, false, added);
  const copied = events.some(({ copiedStacks }) => copiedStacks)
    ? new StackCutter(profile, frameDepths(profile, stacks, true), count, order, true, added)
    : recorded;
  const cutterOf = events.map(({ copiedStacks }) => (copiedStacks ? copied : recorded));
  const stack = cutAll(profile.samples, cutterOf);
  return {
    ...profile,
    stacks: joined(stacks, added.table()),
    samples: { ...profile.samples, stack },
  };
}

function joined(stacks: StackTable, added: StackTable): StackTable {
  const length = stacks.length + added.length;
  const parent = new Int32Array(length);
  const frame = new Int32Array(length);
  parent.set(stacks.parent);
  parent.set(added.parent, stacks.length);
  frame.set(stacks.frame);
  frame.set(added.frame, stacks.length);
  return { length, parent, frame };
}

function cutAll(
  { stack, event, length }: SampleTable,
  cutterOf: readonly StackCutter[],
): Int32Array {
  const cut = new Int32Array(length).fill(-1);
  for (let sample = 0; sample < length; sample++) {
    if (stack[sample] >= 0) cut[sample] = cutterOf[event[sample]].cut(stack[sample]);
  }
  return cut;
}

/**
 * Of each stack, or node of a call tree, how many frames it has from the root; inlined functions share their
 * caller's.
 * @param apart whether the kernel's frames are counted from the first of them
 */
export function frameDepths(
  { frames, functions }: Profile,
  { parent, frame, length }: StackTable,
  apart: boolean,
): Int32Array {
  const depth = new Int32Array(length);
  for (let at = 0; at < length; at++) {
    const up = parent[at];
    const isInlined = frame[at] >= 0 && frames.inlineDepth[frame[at]] > 0;
    const isEntry = apart && isKernel(frame[at]) && up >= 0 && !isKernel(frame[up]);
    const above = up < 0 || isEntry ? 0 : depth[up];
    depth[at] = isInlined ? above : above + 1;
  }
  return depth;

  function isKernel(one: number): boolean {
    return one >= 0 && functions.layer[frames.func[one]] === Layer.Kernel;
  }
}

/** Cuts stacks of one kind, each once. */
class StackCutter {
  /** By stack; -1 where it was not yet asked for. */
  private readonly known: Int32Array;
  private readonly path: number[] = [];

  /**
   * @param depth of each stack
   * @param apart whether the kernel's frames were counted apart, in stacks that were copied
   * @param added where stacks go that were not there
   */
  constructor(
    private readonly profile: Profile,
    private readonly depth: Int32Array,
    private readonly count: number,
    private readonly order: 'caller' | 'callee',
    private readonly apart: boolean,
    private readonly added: InternedStacks,
  ) {
    this.known = new Int32Array(depth.length).fill(-1);
  }

  cut(leaf: number): number {
    if (this.known[leaf] < 0) {
      const { stacks } = this.profile;
      let stack = this.gather(leaf);
      for (let i = this.path.length - 1; i >= 0; i--) {
        stack = stacks.length + this.added.intern(stack, this.path[i]);
      }
      this.known[leaf] = stack;
    }
    return this.known[leaf];
  }

  /** Gathers the frames that are kept, innermost first, up to a stack that is kept as it is; returns that, or -1. */
  private gather(leaf: number): number {
    const { path, depth, count, order, apart } = this;
    const { stacks, frames, functions } = this.profile;
    const last = this.withCode(leaf);
    let deepest = depth[leaf];
    let wasKernel = false;
    path.length = 0;
    for (let stack = leaf; stack >= 0; stack = stacks.parent[stack]) {
      const frame = stacks.frame[stack];
      const isKernel = functions.layer[frames.func[frame]] === Layer.Kernel;
      if (apart && wasKernel && !isKernel) deepest = depth[stack];
      wasKernel = isKernel;
      const keepsOuter = order === 'caller' && (isKernel || !apart);
      const isLastPart = !isKernel || !apart;
      if (isLastPart && (keepsOuter ? depth[stack] : deepest) <= count) return stack;
      const isKept = keepsOuter
        ? depth[stack] <= count || stack === last
        : deepest - depth[stack] < count;
      if (isKept) path.push(frame);
      else if (isLastPart && !keepsOuter) return -1;
    }
    return -1;
  }

  /** The stack itself, or where its last frames were inlined, the one they were inlined into. */
  private withCode(leaf: number): number {
    const { stacks, frames } = this.profile;
    let stack = leaf;
    while (frames.inlineDepth[stacks.frame[stack]] > 0 && stacks.parent[stack] >= 0) {
      stack = stacks.parent[stack];
    }
    return stack;
  }
}
