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
  /** The chain being resolved, innermost first. */
  private readonly frames: Int32Array;

  constructor(
    private readonly builder: ProfileBuilder,
    private readonly resolver: FrameResolver,
    private readonly chains: CallChains,
  ) {
    this.frames = new Int32Array(chains.addresses.length);
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
    const { resolver, frames, builder } = this;
    const { places, contexts } = this.chains;
    const count = this.chains.split();
    for (let i = 0; i < count; i++) {
      if (isUserContext(contexts[i])) frames[i] = resolver.user(process, places[i]);
      else if (contexts[i] === PerfContext.KERNEL) frames[i] = resolver.kernel(places[i]);
      else frames[i] = resolver.unmapped(places[i], OTHER_PLACES.get(contexts[i]));
    }
    this.markMachinery(process, count);
    let stack = -1;
    for (let i = count - 1; i >= 0; i--) {
      stack = builder.stack(stack, frames[i]);
      // What was inlined there, from the outside in.
      for (let inner = resolver.innerOf(frames[i]); inner >= 0; inner = resolver.innerOf(inner)) {
        stack = builder.stack(stack, inner);
      }
    }
    return stack;
  }

  /** See {@link FrameResolver.asMachinery}. */
  private markMachinery(process: Process, count: number): void {
    const { resolver, frames } = this;
    for (let i = 0; i < count; i++) {
      if (resolver.kindOf(frames[i]) !== FrameKind.InterpreterWork) continue;
      const calledByOne = i + 1 < count && resolver.kindOf(frames[i + 1]) === FrameKind.Trampoline;
      const callsOne = i > 0 && resolver.kindOf(frames[i - 1]) === FrameKind.Trampoline;
      if (calledByOne || callsOne) {
        frames[i] = resolver.asMachinery(frames[i], process, this.chains.places[i]);
      }
    }
  }
}
