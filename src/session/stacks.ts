/**
 * From call chains to stacks of the profile: a chain that was seen before costs a hash and a comparison, a
 * new one is looked up frame by frame.
 */
import type { SampleView } from '../formats/perfdata/sample.js';
import { PerfContext } from '../formats/perfdata/spec.js';
import type { ProfileBuilder } from '../profile/builder.js';
import { Truncation } from '../profile/profile.js';
import { isUserContext, type CallChains } from './call-chains.js';
import { ChainCache } from './chain-cache.js';
import { FrameKind, type FrameResolver } from './frames.js';
import type { Process } from './processes.js';

/** Whose addresses these are, by perf's names of their modules. */
const OTHER_PLACES: ReadonlyMap<number, string> = new Map([
  [PerfContext.HV, '[hypervisor]'],
  [PerfContext.GUEST, '[guest]'],
  [PerfContext.GUEST_USER, '[guest]'],
  [PerfContext.GUEST_KERNEL, '[guest.kernel.kallsyms]'],
]);

export class StackResolver {
  /** Of the last sample: its stack, or -1, and why the user part ends early. */
  stack = -1;
  truncation: Truncation = Truncation.None;

  private readonly cache = new ChainCache();
  /**
   * The chain that was built last, outermost first: addresses, their contexts, frames, and the stack up to
   * each. The next one mostly begins the same.
   */
  private readonly places: Float64Array;
  private readonly contexts: Int32Array;
  private readonly frames: Int32Array;
  private readonly stacks: Int32Array;
  private depth = 0;
  private generation = -1;

  constructor(
    private readonly builder: ProfileBuilder,
    private readonly resolver: FrameResolver,
    private readonly chains: CallChains,
  ) {
    const { length } = chains.addresses;
    this.places = new Float64Array(length);
    this.contexts = new Int32Array(length);
    this.frames = new Int32Array(length);
    this.stacks = new Int32Array(length);
  }

  /** Finds the sample's stack in the process as it is now. */
  resolve(view: SampleView, process: Process): void {
    const { chains, cache } = this;
    chains.read(view, process);
    const { words, at, length, truncation } = chains;
    const { generation } = process.space;
    const kind = chains.kind | (truncation << 2);
    if (!cache.find(words, at, length, generation, kind)) {
      cache.add(words, at, length, generation, kind, this.build(process), truncation);
    }
    this.stack = cache.stack;
    this.truncation = cache.truncation as Truncation;
  }

  private build(process: Process): number {
    const { resolver, builder, chains, places, contexts, frames, stacks } = this;
    const count = chains.split();
    const shared = this.sharedWith(count, process.space.generation);
    for (let depth = shared; depth < count; depth++) {
      const place = chains.places[count - 1 - depth];
      const context = chains.contexts[count - 1 - depth];
      places[depth] = place;
      contexts[depth] = context;
      if (isUserContext(context)) frames[depth] = resolver.user(process, place);
      else if (context === PerfContext.KERNEL) frames[depth] = resolver.kernel(place);
      else frames[depth] = resolver.unmapped(place, OTHER_PLACES.get(context));
    }
    this.depth = count;
    this.generation = process.space.generation;
    this.markMachinery(process, shared);
    let stack = shared > 0 ? stacks[shared - 1] : -1;
    for (let depth = shared; depth < count; depth++) {
      stack = builder.stack(stack, frames[depth]);
      // What was inlined there, from the outside in.
      let inner = resolver.innerOf(frames[depth]);
      for (; inner >= 0; inner = resolver.innerOf(inner)) stack = builder.stack(stack, inner);
      stacks[depth] = stack;
    }
    return stack;
  }

  /** How many outermost frames are those of the chain before. */
  private sharedWith(count: number, generation: number): number {
    if (generation !== this.generation) return 0;
    const { places, contexts, chains } = this;
    const most = Math.min(count, this.depth);
    let shared = 0;
    for (let i = count - 1; shared < most; i--, shared++) {
      if (places[shared] !== chains.places[i] || contexts[shared] !== chains.contexts[i]) break;
    }
    // What a frame calls can make it part of the machinery: the last one calls something else.
    return Math.max(0, shared - 1);
  }

  /** See {@link FrameResolver.asMachinery}. */
  private markMachinery(process: Process, from: number): void {
    const { resolver, frames, depth: count, places } = this;
    for (let depth = from; depth < count; depth++) {
      if (resolver.kindOf(frames[depth]) !== FrameKind.InterpreterWork) continue;
      const calledByOne = depth > 0 && resolver.kindOf(frames[depth - 1]) === FrameKind.Trampoline;
      const callsOne =
        depth + 1 < count && resolver.kindOf(frames[depth + 1]) === FrameKind.Trampoline;
      if (calledByOne || callsOne) {
        frames[depth] = resolver.asMachinery(frames[depth], process, places[depth]);
      }
    }
  }
}
