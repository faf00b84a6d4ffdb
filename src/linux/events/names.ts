/**
 * The events that have names in perf itself: hardware, software and cache events, as perf-list(1) has
 * them and tools/perf/util/evsel.c spells them.
 */
import {
  PerfCountHw,
  PerfCountHwCache,
  PerfCountHwCacheOp,
  PerfCountHwCacheResult,
  PerfCountSw,
  PerfType,
} from '../../formats/perfdata/spec.js';

/** An event that is a number of the kernel's own. */
export interface NamedEvent {
  /** The first name that `perf list` prints. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: number;
  readonly config: bigint;
  /** One line for `strata list`. */
  readonly description: string;
}

function hardware(config: number, names: string, description: string): NamedEvent {
  const [name, ...aliases] = names.split(' ');
  return { name, aliases, type: PerfType.HARDWARE, config: BigInt(config), description };
}

function software(config: number, names: string, description: string): NamedEvent {
  return { ...hardware(config, names, description), type: PerfType.SOFTWARE };
}

export const HARDWARE_EVENTS: readonly NamedEvent[] = [
  hardware(
    PerfCountHw.CPU_CYCLES,
    'cpu-cycles cycles',
    'cycles of the processor, at its present speed',
  ),
  hardware(PerfCountHw.INSTRUCTIONS, 'instructions', 'instructions that were completed'),
  hardware(
    PerfCountHw.CACHE_REFERENCES,
    'cache-references',
    'accesses to the cache, mostly the last level’s',
  ),
  hardware(
    PerfCountHw.CACHE_MISSES,
    'cache-misses',
    'accesses that no cache answered, mostly the last level’s',
  ),
  hardware(
    PerfCountHw.BRANCH_INSTRUCTIONS,
    'branch-instructions branches',
    'branches that were completed',
  ),
  hardware(
    PerfCountHw.BRANCH_MISSES,
    'branch-misses',
    'branches that the processor predicted wrongly',
  ),
  hardware(PerfCountHw.BUS_CYCLES, 'bus-cycles', 'cycles of the bus'),
  hardware(
    PerfCountHw.STALLED_CYCLES_FRONTEND,
    'stalled-cycles-frontend idle-cycles-frontend',
    'cycles in which no instruction could be fetched or decoded',
  ),
  hardware(
    PerfCountHw.STALLED_CYCLES_BACKEND,
    'stalled-cycles-backend idle-cycles-backend',
    'cycles in which no instruction could be completed',
  ),
  hardware(PerfCountHw.REF_CPU_CYCLES, 'ref-cycles', 'cycles at a constant speed'),
];

export const SOFTWARE_EVENTS: readonly NamedEvent[] = [
  software(PerfCountSw.CPU_CLOCK, 'cpu-clock', 'time on a CPU in nanoseconds, by its timer'),
  software(PerfCountSw.TASK_CLOCK, 'task-clock', 'time that tasks run in nanoseconds'),
  software(PerfCountSw.PAGE_FAULTS, 'page-faults faults', 'accesses to memory not mapped yet'),
  software(
    PerfCountSw.PAGE_FAULTS_MIN,
    'minor-faults',
    'page faults that needed no reading from disk',
  ),
  software(PerfCountSw.PAGE_FAULTS_MAJ, 'major-faults', 'page faults that read from disk'),
  software(
    PerfCountSw.CONTEXT_SWITCHES,
    'context-switches cs',
    'times that a CPU turned to another task',
  ),
  software(
    PerfCountSw.CGROUP_SWITCHES,
    'cgroup-switches',
    'context switches to a task of another cgroup (Linux 5.13)',
  ),
  software(
    PerfCountSw.CPU_MIGRATIONS,
    'cpu-migrations migrations',
    'times that a task moved to another CPU',
  ),
  software(
    PerfCountSw.ALIGNMENT_FAULTS,
    'alignment-faults',
    'unaligned accesses that the kernel had to mend (never on x86)',
  ),
  software(
    PerfCountSw.EMULATION_FAULTS,
    'emulation-faults',
    'instructions that the kernel had to emulate',
  ),
  software(PerfCountSw.BPF_OUTPUT, 'bpf-output', 'what BPF programs write as samples'),
  software(PerfCountSw.DUMMY, 'dummy', 'counts nothing: carries mappings and names alone'),
];

const SYMBOLS: ReadonlyMap<string, NamedEvent> = new Map(
  [...HARDWARE_EVENTS, ...SOFTWARE_EVENTS].flatMap((event) =>
    [event.name, ...event.aliases].map((name) => [name, event]),
  ),
);

/** The hardware or software event of a name or alias. */
export function namedEvent(name: string): NamedEvent | undefined {
  return SYMBOLS.get(name);
}

/** A part of a cache event's name: the first spelling is perf's own. */
interface CachePart {
  readonly id: number;
  readonly names: readonly string[];
}

interface Cache extends CachePart {
  /** What is cached, for descriptions. */
  readonly what: string;
  /** `PerfCountHwCacheOp` that the kernel has numbers for (`evsel__hw_cache_stat`). */
  readonly ops: readonly number[];
}

const { READ, WRITE, PREFETCH } = PerfCountHwCacheOp;

const CACHES: readonly Cache[] = [
  {
    id: PerfCountHwCache.L1D,
    names: ['L1-dcache', 'l1-d', 'l1d', 'L1-data'],
    what: 'first level of data cache',
    ops: [READ, WRITE, PREFETCH],
  },
  {
    id: PerfCountHwCache.L1I,
    names: ['L1-icache', 'l1-i', 'l1i', 'L1-instruction'],
    what: 'first level of instruction cache',
    ops: [READ, PREFETCH],
  },
  {
    id: PerfCountHwCache.LL,
    names: ['LLC', 'L2'],
    what: 'last level of cache',
    ops: [READ, WRITE, PREFETCH],
  },
  {
    id: PerfCountHwCache.DTLB,
    names: ['dTLB', 'd-tlb', 'Data-TLB'],
    what: 'address translations of data',
    ops: [READ, WRITE, PREFETCH],
  },
  {
    id: PerfCountHwCache.ITLB,
    names: ['iTLB', 'i-tlb', 'Instruction-TLB'],
    what: 'address translations of instructions',
    ops: [READ],
  },
  {
    id: PerfCountHwCache.BPU,
    names: ['branch', 'branches', 'bpu', 'btb', 'bpc'],
    what: 'branch prediction',
    ops: [READ],
  },
  {
    id: PerfCountHwCache.NODE,
    names: ['node'],
    what: 'memory of the CPU’s own NUMA node',
    ops: [READ, WRITE, PREFETCH],
  },
];

const OPS: readonly CachePart[] = [
  { id: READ, names: ['load', 'loads', 'read'] },
  { id: WRITE, names: ['store', 'stores', 'write'] },
  { id: PREFETCH, names: ['prefetch', 'prefetches', 'speculative-read', 'speculative-load'] },
];

const RESULTS: readonly CachePart[] = [
  { id: PerfCountHwCacheResult.ACCESS, names: ['refs', 'Reference', 'ops', 'access'] },
  { id: PerfCountHwCacheResult.MISS, names: ['misses', 'miss'] },
];

/** `PERF_TYPE_HW_CACHE`'s config: the cache, what is done, what came of it. */
function cacheConfig(cache: number, op: number, result: number): bigint {
  return BigInt(cache | (op << 8) | (result << 16));
}

/** Every cache event that the kernel has a number for, by the name that `perf list` prints. */
export const CACHE_EVENTS: readonly NamedEvent[] = CACHES.flatMap((cache) =>
  cache.ops.flatMap((op) => {
    const [verb, plural] = OPS[op].names;
    const event = (name: string, result: number, description: string): NamedEvent => ({
      name: `${cache.names[0]}-${name}`,
      aliases: [],
      type: PerfType.HW_CACHE,
      config: cacheConfig(cache.id, op, result),
      description,
    });
    return [
      event(plural, PerfCountHwCacheResult.ACCESS, `${cache.what}: ${plural}`),
      event(`${verb}-misses`, PerfCountHwCacheResult.MISS, `${cache.what}: ${plural} that missed`),
    ];
  }),
);

/** Every spelling of a cache event that perf takes: cache[-op][-result] and cache[-result][-op]. */
const CACHE_NAMES: ReadonlyMap<string, bigint> = new Map(
  CACHES.flatMap((cache) => {
    const ops = OPS.filter((op) => cache.ops.includes(op.id));
    // Without an operation it is reads, without a result accesses.
    const tails: (readonly [tail: string, op: number, result: number])[] = [['', READ, 0]];
    for (const op of ops) for (const name of op.names) tails.push([`-${name}`, op.id, 0]);
    for (const result of RESULTS) {
      for (const name of result.names) {
        tails.push([`-${name}`, READ, result.id]);
        for (const op of ops) {
          for (const verb of op.names) {
            tails.push(
              [`-${verb}-${name}`, op.id, result.id],
              [`-${name}-${verb}`, op.id, result.id],
            );
          }
        }
      }
    }
    return cache.names.flatMap((name) =>
      tails.map(([tail, op, result]) => [name + tail, cacheConfig(cache.id, op, result)] as const),
    );
  }),
);

/** The config of a cache event in any of its spellings. */
export function cacheEvent(name: string): bigint | undefined {
  return CACHE_NAMES.get(name);
}

/** Every name and alias of a hardware or software event, for suggestions. */
export const EVENT_NAMES: readonly string[] = [...SYMBOLS.keys()];
