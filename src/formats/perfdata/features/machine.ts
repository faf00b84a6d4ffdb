/**
 * Feature sections that describe the machine (tools/perf/util/header.c, `process_*`).
 */
import type { Cursor } from '../../../base/cursor.js';
import { readCounted, readList, readString } from './fields.js';

/** `HEADER_CPU_TOPOLOGY`. CPU lists are written as `0-3,8`. */
export interface CpuTopology {
  /** CPUs that share a socket (with dies: a die's package). */
  readonly siblingCores: readonly string[];
  /** CPUs that share a die; empty before Linux 5.4 and where there is one die a socket. */
  readonly siblingDies: readonly string[];
  /** CPUs that share a core. */
  readonly siblingThreads: readonly string[];
  /** By CPU; empty before Linux 4.1. `die` is absent where {@link siblingDies} is empty. */
  readonly cpus: readonly {
    readonly core: number;
    readonly socket: number;
    readonly die?: number;
  }[];
}

/** @param cpusAvailable of `HEADER_NRCPUS`, which comes before: how many CPUs the list is of */
export function readCpuTopology(cursor: Cursor, cpusAvailable: number): CpuTopology {
  const siblingCores = readList(cursor, readString);
  const siblingThreads = readList(cursor, readString);
  if (cursor.remaining === 0) return { siblingCores, siblingDies: [], siblingThreads, cpus: [] };
  const cpus = readCounted(cursor, cpusAvailable, () => ({
    core: cursor.i32(),
    socket: cursor.i32(),
  }));
  if (cursor.remaining === 0) return { siblingCores, siblingDies: [], siblingThreads, cpus };
  const siblingDies = readList(cursor, readString);
  const dies = readCounted(cursor, cpusAvailable, () => cursor.i32());
  return {
    siblingCores,
    siblingDies,
    siblingThreads,
    cpus: cpus.map((cpu, i) => ({ ...cpu, die: dies[i] })),
  };
}

/** `HEADER_NUMA_TOPOLOGY`. */
export interface NumaNode {
  readonly node: number;
  /** KiB. */
  readonly memoryTotal: number;
  /** KiB. */
  readonly memoryFree: number;
  /** `0-3,8`. */
  readonly cpus: string;
}

export function readNumaTopology(cursor: Cursor): NumaNode[] {
  return readList(cursor, () => ({
    node: cursor.u32(),
    memoryTotal: cursor.u64(),
    memoryFree: cursor.u64(),
    cpus: readString(cursor),
  }));
}

/** `HEADER_CACHE`. */
export interface CacheLevel {
  readonly level: number;
  readonly lineSize: number;
  readonly sets: number;
  readonly ways: number;
  /** `Data`, `Instruction`, `Unified`. */
  readonly type: string;
  /** `32K`. */
  readonly size: string;
  /** The CPUs that share it: `0-1`. */
  readonly cpus: string;
}

export function readCaches(cursor: Cursor): CacheLevel[] {
  needVersion1(cursor, cursor.u32(), 4);
  return readList(cursor, () => ({
    level: cursor.u32(),
    lineSize: cursor.u32(),
    sets: cursor.u32(),
    ways: cursor.u32(),
    type: readString(cursor),
    size: readString(cursor),
    cpus: readString(cursor),
  }));
}

/** `HEADER_MEM_TOPOLOGY`: which blocks of physical memory belong to which node. */
export interface MemoryTopology {
  /** Bytes. */
  readonly blockSize: number;
  readonly nodes: readonly {
    readonly node: number;
    /** Bits of the bitmap. */
    readonly size: number;
    /** A bit per block, lowest first. */
    readonly blocks: readonly bigint[];
  }[];
}

export function readMemoryTopology(cursor: Cursor): MemoryTopology {
  needVersion1(cursor, cursor.u64(), 8);
  const blockSize = cursor.u64();
  const nodes = readCounted(cursor, cursor.u64(), () => {
    const node = cursor.u64();
    cursor.skip(8); // the size once more
    const size = cursor.u64();
    const blocks = readCounted(cursor, Math.ceil(size / 64), () => cursor.u64big());
    return { node, size, blocks };
  });
  return { blockSize, nodes };
}

function needVersion1(cursor: Cursor, version: number, size: number): void {
  if (version !== 1) throw cursor.fault('version 1', `${version}`, size);
}

/** `HEADER_PMU_MAPPINGS`: names of `perf_event_attr.type`. */
export function readPmuMappings(cursor: Cursor): Map<number, string> {
  return new Map(readList(cursor, () => [cursor.u32(), readString(cursor)] as const));
}

/** What a PMU can do: `branches` → `32`. */
export type PmuCapabilities = readonly (readonly [name: string, value: string])[];

/** `HEADER_CPU_PMU_CAPS`: of the PMU `cpu`. */
export function readCpuPmuCaps(cursor: Cursor): PmuCapabilities {
  return readList(cursor, () => [readString(cursor), readString(cursor)] as const);
}

/** `HEADER_PMU_CAPS`. */
export interface PmuDescription {
  readonly pmu: string;
  readonly capabilities: PmuCapabilities;
}

export function readPmuCaps(cursor: Cursor): PmuDescription[] {
  return readList(cursor, () => {
    const capabilities = readCpuPmuCaps(cursor);
    return { pmu: readString(cursor), capabilities };
  });
}

/** `HEADER_HYBRID_TOPOLOGY`: a kind of CPU has a PMU of its own, such as `cpu_core`. */
export interface HybridPmu {
  readonly pmu: string;
  /** `0-15`. */
  readonly cpus: string;
}

export function readHybridTopology(cursor: Cursor): HybridPmu[] {
  return readList(cursor, () => ({ pmu: readString(cursor), cpus: readString(cursor) }));
}

/** `HEADER_CPU_DOMAIN_INFO`: the scheduler's domains, which `perf sched stats` records. */
export interface CpuDomains {
  readonly schedstatVersion: number;
  readonly maxDomains: number;
  readonly cpus: readonly {
    readonly cpu: number;
    readonly domains: readonly {
      readonly domain: number;
      /** From schedstat's version 17 on. */
      readonly name: string | undefined;
      readonly cpuMask: string;
      readonly cpuList: string;
    }[];
  }[];
}

/** @param cpusOnline of `HEADER_NRCPUS`, which comes before: how many CPUs the list is of */
export function readCpuDomains(cursor: Cursor, cpusOnline: number): CpuDomains {
  const schedstatVersion = cursor.u32();
  const maxDomains = cursor.u32();
  const cpus = readCounted(cursor, cpusOnline, () => {
    const cpu = cursor.u32();
    const domains = readList(cursor, () => ({
      domain: cursor.u32(),
      name: schedstatVersion >= 17 ? readString(cursor) : undefined,
      cpuMask: readString(cursor),
      cpuList: readString(cursor),
    }));
    return { cpu, domains };
  });
  return { schedstatVersion, maxDomains, cpus };
}
