/**
 * The executable mappings of one process as they stand at one moment of the recording.
 */
import { lastAtMost } from '../base/search.js';
import type { Address, Bytes } from '../base/units.js';
import type { CodeRegion, CodeSpace } from '../unwind/code-space.js';

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
  readonly mappings: Mapping[];
  /** Regions made so far, by mapping; a mapping cut in two is two mappings. */
  readonly regions: Map<Mapping, CodeRegion[]>;
  generation: number;
  shared: boolean;
}

const FIRST_CAPACITY = 32;

export class AddressSpace implements CodeSpace {
  private lastRegion: CodeRegion | undefined;

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
   */
  map(mapping: Mapping): void {
    if (!(mapping.end > mapping.start)) return;
    this.own();
    const { mappings } = this.table;
    let first = lastAtMost(this.table.starts, mappings.length, mapping.start);
    if (first < 0 || mappings[first].end <= mapping.start) first++;
    let after = first;
    while (after < mappings.length && mappings[after].start < mapping.end) after++;

    const pieces: Mapping[] = [];
    if (after > first) {
      const head = mappings[first];
      if (head.start < mapping.start) pieces.push({ ...head, end: mapping.start });
    }
    pieces.push(mapping);
    if (after > first) {
      const tail = mappings[after - 1];
      if (tail.end > mapping.end) {
        const pgoff = tail.pgoff + (mapping.end - tail.start);
        pieces.push({ ...tail, start: mapping.end, pgoff });
      }
    }
    for (let i = first; i < after; i++) this.table.regions.delete(mappings[i]);
    mappings.splice(first, after - first, ...pieces);
    this.index(first);
  }

  /** The copy that a forked child starts with; costs nothing until one of the two changes. */
  fork(pid: number): AddressSpace {
    this.table.shared = true;
    return new AddressSpace(pid, this.source, this.generations, this.table);
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
      const { starts, mappings, regions } = this.table;
      this.table = {
        starts: starts.slice(),
        mappings: mappings.slice(),
        regions: new Map(regions),
        generation,
        shared: false,
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
