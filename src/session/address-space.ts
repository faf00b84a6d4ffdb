/**
 * The executable mappings of one process as they stand at one moment of the recording.
 */
import { lastAtMost } from '../base/search.js';
import type { Address, Bytes, Nanoseconds } from '../base/units.js';
import type { CodeRegion, CodeSpace } from '../unwind/code-space.js';
import type { JitFunction } from './jit-function.js';

/** One executable mapping, as an MMAP or MMAP2 record tells of it. */
export interface Mapping {
  readonly start: Address;
  /** Exclusive. */
  readonly end: Address;
  /** Offset in the file of the byte at `start`. */
  readonly pgoff: Bytes;
  /** Path or pseudo-path: `/usr/lib/libc.so.6`, `//anon`, `[vdso]`. */
  readonly path: string;
  /** Hexadecimal, where the record carries it. */
  readonly buildId: string | undefined;
  /** What tells files of one path apart where there is no build ID: device and inode. */
  readonly inode?: string | undefined;
  /** The process that mapped it: of a child that inherited it, its parent. */
  readonly pid?: number;
  /** The generated function whose code, or a part of it, this is: of a jitdump. */
  readonly jit?: JitFunction | undefined;
}

/** Whether a mapping is of memory without a file: where JIT compilers and trampolines put their code. */
export function isAnonymous(path: string): boolean {
  return (
    path === '' ||
    path.startsWith('//anon') ||
    path.startsWith('/anon_hugepage') ||
    path.startsWith('anon_inode:') ||
    path.startsWith('/dev/zero') ||
    path.startsWith('/memfd:') ||
    path.startsWith('[anon') ||
    path === '[heap]' ||
    path.startsWith('[stack')
  );
}

/** Code that a program made as it ran, known in advance: a jitdump. */
export interface PendingCode {
  readonly name: string;
  /** When the next of it was made; Infinity where no more was. */
  readonly next: Nanoseconds;
  /** What was made up to `time` and not yet handed out: sorted by address, disjoint. */
  take(time: Nanoseconds): readonly Mapping[];
}

/** Makes the regions of a space, each on first use. */
export interface RegionSource {
  /**
   * The code at `address` in `mapping`: a region that covers it and lies within the mapping. Asked
   * once per region; `space` is where the neighbours can be found.
   */
  region(space: AddressSpace, mapping: Mapping, address: Address): CodeRegion;
}

/** Hands out the numbers that tell states of address spaces apart. */
export class Generations {
  private last = 0;

  next(): number {
    this.last = this.last === 0x7fffffff ? 1 : this.last + 1;
    return this.last;
  }
}

/** Sorted, disjoint mappings. Spaces of forked processes share one until either changes. */
interface MappingTable {
  starts: Float64Array;
  mappings: Mapping[];
  /** Regions made so far, by mapping; a mapping cut in two is two mappings. */
  readonly regions: Map<Mapping, CodeRegion[]>;
  generation: number;
  shared: boolean;
  /** Whether some are of a jitdump. */
  hasJit: boolean;
}

const FIRST_CAPACITY = 32;
/** More than this is not spread into arguments. */
const MANY = 1000;

export class AddressSpace implements CodeSpace {
  private lastRegion: CodeRegion | undefined;
  private readonly pending: PendingCode[] = [];
  /** When the first of what is pending was made. */
  private due: Nanoseconds = Infinity;

  /**
   * @param pid the process whose memory this is (a forked child's differs from its parent's)
   * @param source makes regions
   */
  constructor(
    readonly pid: number,
    private readonly source: RegionSource,
    private readonly generations: Generations,
    private table: MappingTable = {
      starts: new Float64Array(FIRST_CAPACITY),
      mappings: [],
      regions: new Map(),
      generation: generations.next(),
      shared: false,
      hasJit: false,
    },
  ) {}

  get generation(): number {
    return this.table.generation;
  }

  /** By address. */
  get mappings(): readonly Mapping[] {
    return this.table.mappings;
  }

  /** The mapping that holds `address`. */
  find(address: Address): Mapping | undefined {
    const { starts, mappings } = this.table;
    const i = lastAtMost(starts, mappings.length, address);
    return i >= 0 && address < mappings[i].end ? mappings[i] : undefined;
  }

  regionAt(address: Address): CodeRegion | undefined {
    const last = this.lastRegion;
    if (last !== undefined && address >= last.start && address < last.end) return last;
    const mapping = this.find(address);
    if (mapping === undefined) return undefined;
    this.lastRegion = this.regionOf(mapping, address);
    return this.lastRegion;
  }

  /**
   * Adds a mapping. What it covers of older ones is gone; what they keep on either side stays:
   *
   *   old  |------------------|         |-----|
   *   new        |------|                 |-----|
   *   now  |-----|------|-----|         |-|-----|
   *
   * But memory without a file goes below the functions of a jitdump: JIT compilers change the protection
   * of their memory as they go, and each time the kernel tells of a mapping.
   */
  map(mapping: Mapping): void {
    if (!(mapping.end > mapping.start)) return;
    const below = this.table.hasJit && isAnonymous(mapping.path) ? this.overlapped(mapping) : [];
    const jit = below.filter((one) => one.jit !== undefined);
    if (jit.length > 0 && covers(below, mapping)) return;
    this.insert([mapping]);
    if (jit.length > 0) this.insert(jit);
  }

  /** Adds many at once, in one pass. @param mappings sorted by address, disjoint, none empty */
  mapAll(mappings: readonly Mapping[]): void {
    if (mappings.length > 0) this.insert(mappings);
  }

  /** Code that is to be mapped when its time comes: see {@link catchUp}. */
  expect(code: PendingCode): void {
    if (this.pending.some(({ name }) => name === code.name)) return;
    this.pending.push(code);
    this.due = Math.min(this.due, code.next);
  }

  /** Maps what was made up to `time`. Due before a sample's code is looked at, a fork, and a mapping. */
  catchUp(time: Nanoseconds): void {
    if (time < this.due) return;
    for (const code of this.pending) {
      const mappings = code.take(time);
      this.mapAll(mappings);
      if (mappings.length > 0) this.table.hasJit = true;
    }
    this.due = Math.min(...this.pending.map(({ next }) => next));
  }

  /** The copy that a forked child starts with; costs nothing until one of the two changes. */
  fork(pid: number): AddressSpace {
    this.table.shared = true;
    return new AddressSpace(pid, this.source, this.generations, this.table);
  }

  /** The mappings that share addresses with this one. */
  private overlapped({ start, end }: Mapping): Mapping[] {
    const { mappings } = this.table;
    const first = this.firstAfter(start);
    let after = first;
    while (after < mappings.length && mappings[after].start < end) after++;
    return mappings.slice(first, after);
  }

  /** Index of the first mapping that ends behind `address`. */
  private firstAfter(address: Address): number {
    const { starts, mappings } = this.table;
    const i = lastAtMost(starts, mappings.length, address);
    return i >= 0 && mappings[i].end > address ? i : i + 1;
  }

  /** @param incoming sorted, disjoint, at least one */
  private insert(incoming: readonly Mapping[]): void {
    this.own();
    const { table } = this;
    const { mappings, regions } = table;
    const first = this.firstAfter(incoming[0].start);

    const merged: Mapping[] = [];
    let next = first;
    /** What is left of the older mapping at `next`. */
    let old: Mapping | undefined = mappings[next];
    for (const mapping of incoming) {
      for (; old !== undefined && old.end <= mapping.start; old = mappings[++next]) {
        merged.push(old);
      }
      if (old !== undefined && old.start < mapping.start) {
        merged.push(part(old, old.start, mapping.start));
      }
      merged.push(mapping);
      for (; old !== undefined && old.start < mapping.end; old = mappings[++next]) {
        regions.delete(mappings[next]);
        if (old.end <= mapping.end) continue;
        old = part(old, mapping.end, old.end);
        break;
      }
    }
    if (old !== undefined && old !== mappings[next]) {
      merged.push(old);
      next++;
    }
    if (merged.length < MANY) mappings.splice(first, next - first, ...merged);
    else table.mappings = mappings.slice(0, first).concat(merged, mappings.slice(next));
    this.index(first);
  }

  private regionOf(mapping: Mapping, address: Address): CodeRegion {
    let regions = this.table.regions.get(mapping);
    if (regions === undefined) {
      regions = [];
      this.table.regions.set(mapping, regions);
    }
    let region = regions.find(({ start, end }) => address >= start && address < end);
    if (region === undefined) {
      region = this.source.region(this, mapping, address);
      regions.push(region);
    }
    return region;
  }

  /** Makes the table this space's alone, and a new state. */
  private own(): void {
    this.lastRegion = undefined;
    const generation = this.generations.next();
    if (this.table.shared) {
      const { starts, mappings, regions, hasJit } = this.table;
      this.table = {
        starts: starts.slice(),
        mappings: mappings.slice(),
        regions: new Map(regions),
        generation,
        shared: false,
        hasJit,
      };
    } else {
      this.table.generation = generation;
    }
  }

  /** Renews `starts` from the mapping at `from` on. */
  private index(from: number): void {
    const { mappings } = this.table;
    if (mappings.length > this.table.starts.length) {
      const grown = new Float64Array(Math.max(mappings.length, this.table.starts.length * 2));
      grown.set(this.table.starts.subarray(0, from));
      this.table.starts = grown;
    }
    const { starts } = this.table;
    for (let i = from; i < mappings.length; i++) starts[i] = mappings[i].start;
  }
}

function part(mapping: Mapping, start: Address, end: Address): Mapping {
  return { ...mapping, start, end, pgoff: mapping.pgoff + (start - mapping.start) };
}

/** Whether a mapping would change nothing: all of it is there, or is a jitdump's. */
function covers(below: readonly Mapping[], { start, end, path }: Mapping): boolean {
  let at = start;
  for (const one of below) {
    if (one.start > at || (one.jit === undefined && one.path !== path)) return false;
    at = one.end;
  }
  return at >= end;
}
