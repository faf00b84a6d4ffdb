/**
 * The feature sections (tools/perf/util/header.c, `process_*`): what a recording says of itself and of
 * its machine. In files they follow the data; in pipe mode each comes as a HEADER_FEATURE record.
 * Unknown features are passed over; a damaged one is told and passed over too, since the samples do not
 * depend on it.
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import type { Nanoseconds } from '../../base/units.js';
import { readBpfPrograms, readBpfTypes, type BpfProgram, type BpfTypes } from './features/bpf.js';
import { readList, readString } from './features/fields.js';
import {
  readCaches,
  readCpuDomains,
  readCpuPmuCaps,
  readCpuTopology,
  readHybridTopology,
  readMemoryTopology,
  readNumaTopology,
  readPmuCaps,
  readPmuMappings,
  type CacheLevel,
  type CpuDomains,
  type CpuTopology,
  type HybridPmu,
  type MemoryTopology,
  type NumaNode,
  type PmuCapabilities,
  type PmuDescription,
} from './features/machine.js';
import {
  readAuxTraceIndex,
  readBuildIds,
  readClockData,
  readCompression,
  readEventDesc,
  readGroupDesc,
  type AuxTracePlace,
  type BuildIdEntry,
  type ClockData,
  type Compression,
  type EventDescription,
  type EventGroup,
} from './features/recording.js';
import { FORMAT, type FileHeader, type Section } from './header.js';
import { HeaderFeature, STRATA_FEATURE } from './spec.js';

/** Beyond any real section; one that claims more is damaged. */
const MAX_SECTION_SIZE = 1 << 30;

/**
 * What the sections say of the recording. Where a section is absent, text and lists are empty, numbers
 * are 0, and what is optional is `undefined`; {@link features} tells which are there.
 */
export interface FileInfo {
  /** Numbers of the features that the file has (`HeaderFeature`), also of those not known here. */
  features: ReadonlySet<number>;
  hostname: string;
  /** The kernel's release. */
  osRelease: string;
  /** The recorder's own version. */
  version: string;
  /** `x86_64`, `aarch64`. */
  arch: string;
  cpuDescription: string;
  cpuId: string;
  cpusAvailable: number;
  cpusOnline: number;
  /** KiB. */
  totalMemory: number;
  /** Command and arguments of the recorder. */
  commandLine: readonly string[];
  events: readonly EventDescription[];
  buildIds: readonly BuildIdEntry[];
  cpuTopology: CpuTopology | undefined;
  numaNodes: readonly NumaNode[];
  /** Names of `perf_event_attr.type`. */
  pmus: ReadonlyMap<number, string>;
  groups: readonly EventGroup[];
  auxTrace: readonly AuxTracePlace[];
  caches: readonly CacheLevel[];
  /** The first and last sample's time. */
  sampleTime: readonly [Nanoseconds, Nanoseconds] | undefined;
  memory: MemoryTopology | undefined;
  clockResolution: Nanoseconds | undefined;
  clock: ClockData | undefined;
  /** Of `perf record --threads`, which writes a directory. */
  directoryVersion: number | undefined;
  bpfPrograms: readonly BpfProgram[];
  bpfTypes: readonly BpfTypes[];
  compression: Compression | undefined;
  /** Of the PMU `cpu`. */
  cpuPmuCaps: PmuCapabilities;
  hybridPmus: readonly HybridPmu[];
  pmuCaps: readonly PmuDescription[];
  cpuDomains: CpuDomains | undefined;
  /** `EM_*` of the recorded programs, and the ELF flags that go with it. */
  machine: { readonly number: number; readonly flags: number } | undefined;
  /** Bytes. */
  cacheLineSize: number;
  /** Formats of tracepoints (tools/perf/util/trace-event-info.c), undecoded. */
  tracingData: Uint8Array | undefined;
  /** Strata's own section, undecoded. */
  strata: Uint8Array | undefined;
  /** Sections that could not be read, in words. */
  damaged: readonly string[];
}

/** Collects features one by one. */
export class FeatureReader {
  private readonly numbers = new Set<number>();
  private readonly damaged: string[] = [];
  private readonly info: FileInfo = emptyInfo();

  /** Reads a feature's section. Never fails: see {@link FileInfo.damaged}. */
  add(feature: number, cursor: Cursor): void {
    this.numbers.add(feature);
    const read = READERS.get(feature);
    if (read === undefined) return;
    cursor.structure = `feature ${feature}`;
    try {
      read(this.info, cursor);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.damaged.push(error.message);
    }
  }

  done(): FileInfo {
    return { ...this.info, features: this.numbers, damaged: this.damaged };
  }
}

/** Reads the sections that the header names. Never fails: see {@link FileInfo.damaged}. */
export function readFeatures(source: ByteSource, header: FileHeader): FileInfo {
  const reader = new FeatureReader();
  for (const [feature, section] of header.features) {
    reader.add(feature, sectionCursor(source, section, header.littleEndian));
  }
  return reader.done();
}

function emptyInfo(): FileInfo {
  return {
    features: new Set(),
    hostname: '',
    osRelease: '',
    version: '',
    arch: '',
    cpuDescription: '',
    cpuId: '',
    cpusAvailable: 0,
    cpusOnline: 0,
    totalMemory: 0,
    commandLine: [],
    events: [],
    buildIds: [],
    cpuTopology: undefined,
    numaNodes: [],
    pmus: new Map(),
    groups: [],
    auxTrace: [],
    caches: [],
    sampleTime: undefined,
    memory: undefined,
    clockResolution: undefined,
    clock: undefined,
    directoryVersion: undefined,
    bpfPrograms: [],
    bpfTypes: [],
    compression: undefined,
    cpuPmuCaps: [],
    hybridPmus: [],
    pmuCaps: [],
    cpuDomains: undefined,
    machine: undefined,
    cacheLineSize: 0,
    tracingData: undefined,
    strata: undefined,
    damaged: [],
  };
}

function sectionCursor(source: ByteSource, section: Section, littleEndian: boolean): Cursor {
  const size = Math.min(section.size, MAX_SECTION_SIZE);
  return new Cursor(source.read(section.offset, size), FORMAT, littleEndian, section.offset);
}

/** BRANCH_STACK and STAT have no content: that they are there says it all. */
const READERS: ReadonlyMap<number, (info: FileInfo, cursor: Cursor) => void> = new Map([
  [HeaderFeature.TRACING_DATA, (info, at) => void (info.tracingData = at.take(at.remaining))],
  [HeaderFeature.BUILD_ID, (info, at) => void (info.buildIds = readBuildIds(at))],
  [HeaderFeature.HOSTNAME, (info, at) => void (info.hostname = readString(at))],
  [HeaderFeature.OSRELEASE, (info, at) => void (info.osRelease = readString(at))],
  [HeaderFeature.VERSION, (info, at) => void (info.version = readString(at))],
  [HeaderFeature.ARCH, (info, at) => void (info.arch = readString(at))],
  [HeaderFeature.NRCPUS, readCpuCounts],
  [HeaderFeature.CPUDESC, (info, at) => void (info.cpuDescription = readString(at))],
  [HeaderFeature.CPUID, (info, at) => void (info.cpuId = readString(at))],
  [HeaderFeature.TOTAL_MEM, (info, at) => void (info.totalMemory = at.u64())],
  [HeaderFeature.CMDLINE, (info, at) => void (info.commandLine = readList(at, readString))],
  [HeaderFeature.EVENT_DESC, (info, at) => void (info.events = readEventDesc(at))],
  [
    HeaderFeature.CPU_TOPOLOGY,
    (info, at) => void (info.cpuTopology = readCpuTopology(at, info.cpusAvailable)),
  ],
  [HeaderFeature.NUMA_TOPOLOGY, (info, at) => void (info.numaNodes = readNumaTopology(at))],
  [HeaderFeature.PMU_MAPPINGS, (info, at) => void (info.pmus = readPmuMappings(at))],
  [HeaderFeature.GROUP_DESC, (info, at) => void (info.groups = readGroupDesc(at))],
  [HeaderFeature.AUXTRACE, (info, at) => void (info.auxTrace = readAuxTraceIndex(at))],
  [HeaderFeature.CACHE, (info, at) => void (info.caches = readCaches(at))],
  [
    HeaderFeature.SAMPLE_TIME,
    (info, at) => void (info.sampleTime = [Number(at.u64big()), Number(at.u64big())]),
  ],
  [HeaderFeature.MEM_TOPOLOGY, (info, at) => void (info.memory = readMemoryTopology(at))],
  [HeaderFeature.CLOCKID, (info, at) => void (info.clockResolution = at.u64())],
  [HeaderFeature.DIR_FORMAT, (info, at) => void (info.directoryVersion = at.u64())],
  [HeaderFeature.BPF_PROG_INFO, (info, at) => void (info.bpfPrograms = readBpfPrograms(at))],
  [HeaderFeature.BPF_BTF, (info, at) => void (info.bpfTypes = readBpfTypes(at))],
  [HeaderFeature.COMPRESSED, (info, at) => void (info.compression = readCompression(at))],
  [HeaderFeature.CPU_PMU_CAPS, (info, at) => void (info.cpuPmuCaps = readCpuPmuCaps(at))],
  [HeaderFeature.CLOCK_DATA, (info, at) => void (info.clock = readClockData(at))],
  [HeaderFeature.HYBRID_TOPOLOGY, (info, at) => void (info.hybridPmus = readHybridTopology(at))],
  [HeaderFeature.PMU_CAPS, (info, at) => void (info.pmuCaps = readPmuCaps(at))],
  [
    HeaderFeature.CPU_DOMAIN_INFO,
    (info, at) => void (info.cpuDomains = readCpuDomains(at, info.cpusOnline)),
  ],
  [HeaderFeature.E_MACHINE, readMachine],
  [HeaderFeature.CLN_SIZE, (info, at) => void (info.cacheLineSize = at.u32())],
  [STRATA_FEATURE, (info, at) => void (info.strata = at.take(at.remaining))],
]);

function readCpuCounts(info: FileInfo, cursor: Cursor): void {
  info.cpusAvailable = cursor.u32();
  info.cpusOnline = cursor.u32();
}

function readMachine(info: FileInfo, cursor: Cursor): void {
  info.machine = { number: cursor.u32(), flags: cursor.remaining >= 4 ? cursor.u32() : 0 };
}
