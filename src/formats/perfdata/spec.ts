/**
 * The numbers of perf.data, under the names of their sources: the kernel's
 * `include/uapi/linux/perf_event.h` (records, samples, attributes) and `tools/perf/util/header.h`,
 * `tools/lib/perf/include/perf/event.h` (header, features, records from 64 up). The text of
 * `tools/perf/Documentation/perf.data-file-format.txt` stops at Linux 4.7; the headers do not.
 */

/** `PERFILE2` as bytes on disk; a big-endian writer leaves it reversed. */
export const MAGIC2 = 'PERFILE2';
export const MAGIC2_SWAPPED = '2ELIFREP';
/** The first version of the format: the same bytes whatever the writer's byte order. */
export const MAGIC1 = 'PERFFILE';

/** `struct perf_file_header`: magic, size, attr_size, three sections, 256 feature bits. */
export const FILE_HEADER_SIZE = 104;
/** The same without feature bits, as Linux 2.6.31 wrote it. */
export const FIRST_HEADER_SIZE = 72;
/** `struct perf_pipe_file_header`: magic, size. */
export const PIPE_HEADER_SIZE = 16;
/** `struct perf_event_header`: type u32, misc u16, size u16. */
export const RECORD_HEADER_SIZE = 8;
/** What a record's size can hold. */
export const MAX_RECORD_SIZE = 65535;

/** `perf_event_attr.type`. */
export const PerfType = {
  HARDWARE: 0,
  SOFTWARE: 1,
  TRACEPOINT: 2,
  HW_CACHE: 3,
  RAW: 4,
  BREAKPOINT: 5,
} as const;

/** `config` of `PERF_TYPE_HARDWARE` (low 32 bits; the high ones name a PMU on hybrid machines). */
export const PerfCountHw = {
  CPU_CYCLES: 0,
  INSTRUCTIONS: 1,
  CACHE_REFERENCES: 2,
  CACHE_MISSES: 3,
  BRANCH_INSTRUCTIONS: 4,
  BRANCH_MISSES: 5,
  BUS_CYCLES: 6,
  STALLED_CYCLES_FRONTEND: 7,
  STALLED_CYCLES_BACKEND: 8,
  REF_CPU_CYCLES: 9,
} as const;

/** `config` of `PERF_TYPE_SOFTWARE`. The two clocks count nanoseconds. */
export const PerfCountSw = {
  CPU_CLOCK: 0,
  TASK_CLOCK: 1,
  PAGE_FAULTS: 2,
  CONTEXT_SWITCHES: 3,
  CPU_MIGRATIONS: 4,
  PAGE_FAULTS_MIN: 5,
  PAGE_FAULTS_MAJ: 6,
  ALIGNMENT_FAULTS: 7,
  EMULATION_FAULTS: 8,
  DUMMY: 9,
  BPF_OUTPUT: 10,
  CGROUP_SWITCHES: 11,
} as const;

/** `config` of `PERF_TYPE_HW_CACHE` is `id | op << 8 | result << 16`. */
export const PerfCountHwCache = {
  L1D: 0,
  L1I: 1,
  LL: 2,
  DTLB: 3,
  ITLB: 4,
  BPU: 5,
  NODE: 6,
} as const;
export const PerfCountHwCacheOp = { READ: 0, WRITE: 1, PREFETCH: 2 } as const;
export const PerfCountHwCacheResult = { ACCESS: 0, MISS: 1 } as const;

/** `perf_event_attr.sample_type`, bits. */
export const PerfSample = {
  IP: 1 << 0,
  TID: 1 << 1,
  TIME: 1 << 2,
  ADDR: 1 << 3,
  READ: 1 << 4,
  CALLCHAIN: 1 << 5,
  ID: 1 << 6,
  CPU: 1 << 7,
  PERIOD: 1 << 8,
  STREAM_ID: 1 << 9,
  RAW: 1 << 10,
  BRANCH_STACK: 1 << 11,
  REGS_USER: 1 << 12,
  STACK_USER: 1 << 13,
  WEIGHT: 1 << 14,
  DATA_SRC: 1 << 15,
  IDENTIFIER: 1 << 16,
  TRANSACTION: 1 << 17,
  REGS_INTR: 1 << 18,
  PHYS_ADDR: 1 << 19,
  AUX: 1 << 20,
  CGROUP: 1 << 21,
  DATA_PAGE_SIZE: 1 << 22,
  CODE_PAGE_SIZE: 1 << 23,
  WEIGHT_STRUCT: 1 << 24,
} as const;

/** `perf_event_attr.branch_sample_type`: the one bit that changes a sample's layout. */
export const PERF_SAMPLE_BRANCH_CALL_STACK = 1 << 11;
export const PERF_SAMPLE_BRANCH_HW_INDEX = 1 << 17;
/** As above (Linux 6.8): a u64 of counters follows each entry's block. */
export const PERF_SAMPLE_BRANCH_COUNTERS = 1 << 19;

/** `perf_event_attr.read_format`, bits. */
export const PerfFormat = {
  TOTAL_TIME_ENABLED: 1 << 0,
  TOTAL_TIME_RUNNING: 1 << 1,
  ID: 1 << 2,
  GROUP: 1 << 3,
  LOST: 1 << 4,
} as const;

/** The word before a sample's registers. */
export const PerfSampleRegsAbi = { NONE: 0, ABI_32: 1, ABI_64: 2 } as const;

/** `perf_event_header.type`: the kernel's records below 64, the tool's own from there. */
export const PerfRecord = {
  MMAP: 1,
  LOST: 2,
  COMM: 3,
  EXIT: 4,
  THROTTLE: 5,
  UNTHROTTLE: 6,
  FORK: 7,
  READ: 8,
  SAMPLE: 9,
  MMAP2: 10,
  AUX: 11,
  ITRACE_START: 12,
  LOST_SAMPLES: 13,
  SWITCH: 14,
  SWITCH_CPU_WIDE: 15,
  NAMESPACES: 16,
  KSYMBOL: 17,
  BPF_EVENT: 18,
  CGROUP: 19,
  TEXT_POKE: 20,
  AUX_OUTPUT_HW_ID: 21,
  CALLCHAIN_DEFERRED: 22,

  HEADER_ATTR: 64,
  HEADER_EVENT_TYPE: 65,
  HEADER_TRACING_DATA: 66,
  HEADER_BUILD_ID: 67,
  FINISHED_ROUND: 68,
  ID_INDEX: 69,
  AUXTRACE_INFO: 70,
  AUXTRACE: 71,
  AUXTRACE_ERROR: 72,
  THREAD_MAP: 73,
  CPU_MAP: 74,
  STAT_CONFIG: 75,
  STAT: 76,
  STAT_ROUND: 77,
  EVENT_UPDATE: 78,
  TIME_CONV: 79,
  HEADER_FEATURE: 80,
  COMPRESSED: 81,
  FINISHED_INIT: 82,
  COMPRESSED2: 83,
  BPF_METADATA: 84,
  SCHEDSTAT_CPU: 85,
  SCHEDSTAT_DOMAIN: 86,
} as const;

const RECORD_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PerfRecord).map(([name, type]) => [type, name]),
);

/** `SAMPLE`; of types that are not known `UNKNOWN`, as perf names them. */
export function recordName(type: number): string {
  return RECORD_NAMES.get(type) ?? 'UNKNOWN';
}

/** The first type that the tool, not the kernel, writes. */
export const PERF_RECORD_USER_TYPE_START = 64;

/** `perf_event_header.misc`, bits. Several share a bit: their meaning goes by the record's type. */
export const PerfMisc = {
  CPUMODE_MASK: 7,
  CPUMODE_UNKNOWN: 0,
  KERNEL: 1,
  USER: 2,
  HYPERVISOR: 3,
  GUEST_KERNEL: 4,
  GUEST_USER: 5,
  PROC_MAP_PARSE_TIMEOUT: 1 << 12,
  MMAP_DATA: 1 << 13,
  COMM_EXEC: 1 << 13,
  FORK_EXEC: 1 << 13,
  SWITCH_OUT: 1 << 13,
  EXACT_IP: 1 << 14,
  SWITCH_OUT_PREEMPT: 1 << 14,
  MMAP_BUILD_ID: 1 << 14,
  /** perf's own, of LOST_SAMPLES: a BPF filter dropped them, which the user asked for. */
  LOST_SAMPLES_BPF: 1 << 15,
  EXT_RESERVED: 1 << 15,
  /** perf's own, in build ID events: the ID's length is in its 21st byte. */
  BUILD_ID_SIZE: 1 << 15,
} as const;

/**
 * `PERF_CONTEXT_*`: marks between a callchain's addresses that say whose addresses follow. As u64 they
 * lie at the very top: as signed doubles (see `Address`) they are these. All are at or above
 * `PERF_CONTEXT_MAX`.
 */
export const PerfContext = {
  HV: -32,
  KERNEL: -128,
  USER: -512,
  USER_DEFERRED: -640,
  GUEST: -2048,
  GUEST_KERNEL: -2176,
  GUEST_USER: -2560,
  MAX: -4095,
} as const;

/** `mmap`'s bits as MMAP2 carries them. */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;

/** Bits of `perf_file_header.features`: which sections follow the data, in rising order. */
export const HeaderFeature = {
  TRACING_DATA: 1,
  BUILD_ID: 2,
  HOSTNAME: 3,
  OSRELEASE: 4,
  VERSION: 5,
  ARCH: 6,
  NRCPUS: 7,
  CPUDESC: 8,
  CPUID: 9,
  TOTAL_MEM: 10,
  CMDLINE: 11,
  EVENT_DESC: 12,
  CPU_TOPOLOGY: 13,
  NUMA_TOPOLOGY: 14,
  BRANCH_STACK: 15,
  PMU_MAPPINGS: 16,
  GROUP_DESC: 17,
  AUXTRACE: 18,
  STAT: 19,
  CACHE: 20,
  SAMPLE_TIME: 21,
  MEM_TOPOLOGY: 22,
  CLOCKID: 23,
  DIR_FORMAT: 24,
  BPF_PROG_INFO: 25,
  BPF_BTF: 26,
  COMPRESSED: 27,
  CPU_PMU_CAPS: 28,
  CLOCK_DATA: 29,
  HYBRID_TOPOLOGY: 30,
  PMU_CAPS: 31,
  CPU_DOMAIN_INFO: 32,
  E_MACHINE: 33,
  CLN_SIZE: 34,
} as const;

/**
 * Strata's own section. perf walks the features that it knows by number and passes over the rest, so
 * that a high bit is safe for years.
 */
export const STRATA_FEATURE = 200;
