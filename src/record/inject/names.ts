/**
 * The names that call chains need of code that is in no file, gathered as the samples pass: each function
 * that a perf map, a jitdump or the recording itself names goes into one file of names (see code-names), and
 * a mapping of its place there goes before the first sample that needs it.
 *
 *   IN    mmap //anon ──────────── sample ─── sample ──── mmap //anon ─── sample
 *   OUT   mmap //anon ─ mmap NAMES sample ─── sample ──── mmap //anon ─── mmap NAMES sample
 *
 * So what was sampled is named and nothing else, code that moves is followed, and a function that several
 * processes made for themselves is one.
 */
import type { Address, Nanoseconds } from '../../base/units.js';
import { PerfContext } from '../../formats/perfdata/spec.js';
import {
  AddressSpace,
  Generations,
  type Mapping,
  type RegionSource,
} from '../../session/address-space.js';
import { isUserContext, type CallChains } from '../../session/call-chains.js';
import type { Locations } from '../../session/locations.js';
import type { Process } from '../../session/processes.js';
import { PADDING, type KernelFunction } from '../../symbolize/kernel.js';
import { NamesFile } from '../output/code-names.js';

/** One address space of the original, and what readers of the new recording are to see in it. */
interface NamedSpace {
  /** The new recording's mappings, as far as they cover names. */
  readonly shown: AddressSpace;
  /** By mapping of the original: what to show for an address. `undefined` of files, which have names. */
  readonly known: WeakMap<Mapping, Map<Address, Mapping | undefined> | undefined>;
}

/** Nobody unwinds by what is shown. */
const NO_REGIONS: RegionSource = {
  region: () => {
    throw new Error('no code is looked for in these spaces');
  },
};

export class SampledNames {
  readonly file = new NamesFile();
  /** The kernel's functions, by their start. */
  readonly kernel = new Map<Address, KernelFunction>();

  private readonly spaces = new WeakMap<AddressSpace, NamedSpace>();
  private readonly mappedAt = new WeakMap<Mapping, Nanoseconds>();
  private readonly generations = new Generations();
  /** Offsets in the file, by size and name. */
  private readonly offsets = new Map<string, number>();
  private readonly kernelPlaces = new Set<Address>();

  /**
   * @param show called where a mapping of the file of names is to be written, before the sample and no
   *   earlier than `after`
   */
  constructor(
    private readonly locations: Locations,
    private readonly chains: CallChains,
    private readonly show: (process: Process, mapping: Mapping, after: Nanoseconds) => void,
  ) {}

  /** Sees to it that the chain that was read last has its names. */
  see(process: Process): void {
    const { places, contexts } = this.chains;
    const count = this.chains.split();
    for (let i = 0; i < count; i++) {
      if (isUserContext(contexts[i])) this.seeUser(process, places[i]);
      else if (contexts[i] === PerfContext.KERNEL) this.seeKernel(places[i]);
    }
  }

  /** A mapping was written as it was: it may cover what was shown before. */
  mapped(process: Process, mapping: Mapping, time: Nanoseconds): void {
    this.namedSpace(process).shown.map(mapping);
    this.mappedAt.set(mapping, time);
  }

  private seeKernel(place: Address): void {
    if (this.kernelPlaces.has(place)) return;
    this.kernelPlaces.add(place);
    const found = this.locations.kernel(place);
    if (found === undefined) return;
    this.kernel.set(found.start, found);
    // It was interrupted at its first byte: see KernelSymbols.lookup.
    if (place < found.start)
      this.kernel.set(place, { ...found, start: place, name: PADDING + found.name });
  }

  private seeUser(process: Process, place: Address): void {
    const mapping = process.space.find(place);
    if (mapping === undefined) return;
    const { shown, known } = this.namedSpace(process);
    if (!known.has(mapping)) {
      known.set(mapping, this.locations.sources.names.covers(mapping) ? new Map() : undefined);
    }
    const places = known.get(mapping);
    if (places === undefined) return;
    if (!places.has(place)) places.set(place, this.named(process, mapping, place));
    const wanted = places.get(place);
    if (wanted === undefined) return;

    const there = shown.find(place);
    const isThere =
      there?.path === wanted.path && there.pgoff - there.start === wanted.pgoff - wanted.start;
    if (isThere) return;
    shown.map(wanted);
    // A mapping's record may be a little younger than samples of what it maps: it must not cover the names.
    const after = there === undefined ? 0 : (this.mappedAt.get(there) ?? 0);
    this.show(process, wanted, after);
  }

  /** What to show for an address of `mapping`; `undefined` where it has no name. */
  private named(process: Process, mapping: Mapping, place: Address): Mapping | undefined {
    const found = this.locations.user(process, place);
    if (found?.name === undefined) return undefined;
    const size = Math.max(found.size, 1);
    const key = `${size} ${found.name}`;
    let offset = this.offsets.get(key);
    if (offset === undefined) {
      offset = this.file.reserve(size);
      this.file.add(offset, size, found.name);
      this.offsets.set(key, offset);
    }
    // Of a function whose memory was partly used again, what is left.
    const start = Math.max(found.start, mapping.start);
    const end = Math.min(found.start + size, mapping.end);
    const pgoff = offset + (start - found.start);
    return { start, end, pgoff, path: this.file.path, buildId: undefined };
  }

  private namedSpace({ pid, space }: Process): NamedSpace {
    let named = this.spaces.get(space);
    if (named === undefined) {
      named = {
        shown: new AddressSpace(pid, NO_REGIONS, this.generations),
        known: new WeakMap(),
      };
      this.spaces.set(space, named);
    }
    return named;
  }
}
