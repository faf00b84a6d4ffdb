/**
 * The feature sections that Strata understands (tools/perf/util/header.c, `process_*`). Sections of
 * other features are passed over; a damaged one is told and passed over too, since the samples do not
 * depend on it.
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import { decodeAttr } from './attr.js';
import { FORMAT, type FileHeader, type Section } from './header.js';
import { HeaderFeature, PerfMisc, RECORD_HEADER_SIZE, STRATA_FEATURE } from './spec.js';

/** Beyond any real section; one that claims more is damaged. */
const MAX_SECTION_SIZE = 1 << 30;
const BUILD_ID_SIZE = 20;

/** A file that samples touched, and its build ID. */
export interface BuildIdEntry {
  readonly path: string;
  /** Hexadecimal. */
  readonly buildId: string;
  /** -1 where the file belongs to every process. */
  readonly pid: number;
  readonly kernel: boolean;
}

export interface EventDescription {
  readonly name: string;
  readonly ids: Float64Array;
}

/** What the sections say of the recording; text is empty and numbers 0 where a section is absent. */
export interface FileInfo {
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
  buildIds: readonly BuildIdEntry[];
  events: readonly EventDescription[];
  /** The first and last sample's time. */
  sampleTime: readonly [number, number] | undefined;
  /** `CLOCK_*` of the times and its value at one moment of wall-clock time, in nanoseconds. */
  clock: { readonly id: number; readonly wallClock: number; readonly time: number } | undefined;
  /** Strata's own section, undecoded. */
  strata: Uint8Array | undefined;
  /** Sections that could not be read, in words. */
  damaged: readonly string[];
}

/** Reads the sections that the header names. Never fails: see {@link FileInfo.damaged}. */
export function readFeatures(source: ByteSource, header: FileHeader): FileInfo {
  const info = emptyInfo();
  const damaged: string[] = [];
  for (const [feature, section] of header.features) {
    const read = READERS.get(feature);
    if (read === undefined) continue;
    try {
      read(info, sectionCursor(source, section, feature, header.littleEndian));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      damaged.push(error.message);
    }
  }
  return { ...info, damaged };
}

function emptyInfo(): FileInfo {
  return {
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
    buildIds: [],
    events: [],
    sampleTime: undefined,
    clock: undefined,
    strata: undefined,
    damaged: [],
  };
}

function sectionCursor(
  source: ByteSource,
  section: Section,
  feature: number,
  littleEndian: boolean,
): Cursor {
  const size = Math.min(section.size, MAX_SECTION_SIZE);
  const bytes = source.read(section.offset, size);
  const cursor = new Cursor(bytes, FORMAT, littleEndian, section.offset);
  cursor.structure = `feature ${feature}`;
  return cursor;
}

type FeatureReader = (info: FileInfo, cursor: Cursor) => void;

const READERS: ReadonlyMap<number, FeatureReader> = new Map<number, FeatureReader>([
  [HeaderFeature.HOSTNAME, (info, cursor) => void (info.hostname = readString(cursor))],
  [HeaderFeature.OSRELEASE, (info, cursor) => void (info.osRelease = readString(cursor))],
  [HeaderFeature.VERSION, (info, cursor) => void (info.version = readString(cursor))],
  [HeaderFeature.ARCH, (info, cursor) => void (info.arch = readString(cursor))],
  [HeaderFeature.CPUDESC, (info, cursor) => void (info.cpuDescription = readString(cursor))],
  [HeaderFeature.CPUID, (info, cursor) => void (info.cpuId = readString(cursor))],
  [HeaderFeature.TOTAL_MEM, (info, cursor) => void (info.totalMemory = cursor.u64())],
  [HeaderFeature.NRCPUS, readCpuCounts],
  [HeaderFeature.CMDLINE, (info, cursor) => void (info.commandLine = readStrings(cursor))],
  [HeaderFeature.BUILD_ID, (info, cursor) => void (info.buildIds = readBuildIds(cursor))],
  [HeaderFeature.EVENT_DESC, (info, cursor) => void (info.events = readEventDesc(cursor))],
  [HeaderFeature.SAMPLE_TIME, readSampleTime],
  [HeaderFeature.CLOCK_DATA, readClockData],
  [STRATA_FEATURE, (info, cursor) => void (info.strata = cursor.take(cursor.remaining))],
]);

/** `struct perf_header_string`: a length that counts the padding, then text that NULs fill up. */
function readString(cursor: Cursor): string {
  return cursor.fixedString(cursor.u32());
}

function readStrings(cursor: Cursor): string[] {
  const count = cursor.u32();
  const strings: string[] = [];
  for (let i = 0; i < count; i++) strings.push(readString(cursor));
  return strings;
}

function readCpuCounts(info: FileInfo, cursor: Cursor): void {
  info.cpusAvailable = cursor.u32();
  info.cpusOnline = cursor.u32();
}

function readSampleTime(info: FileInfo, cursor: Cursor): void {
  info.sampleTime = [cursor.u64(), cursor.u64()];
}

function readClockData(info: FileInfo, cursor: Cursor): void {
  cursor.skip(4); // version
  const id = cursor.i32();
  // The wall clock's nanoseconds pass 2^53: rounded to 256 ns, which is finer than anyone sets clocks.
  const wallClock = Number(cursor.u64big());
  info.clock = { id, wallClock, time: Number(cursor.u64big()) };
}

/** `struct perf_record_header_build_id`, one after another; each opens with a record's header. */
function readBuildIds(cursor: Cursor): BuildIdEntry[] {
  const entries: BuildIdEntry[] = [];
  while (cursor.remaining >= RECORD_HEADER_SIZE) {
    cursor.skip(4); // type: 0 in older files
    const misc = cursor.u16();
    const body = cursor.sub(Math.max(0, cursor.u16() - RECORD_HEADER_SIZE));
    const pid = body.i32();
    const id = body.take(24);
    // Linux 5.10 tells how long the ID is; before, zeros filled a shorter one up to SHA-1's 20 bytes.
    const padding = id.subarray(16, BUILD_ID_SIZE).every((byte) => byte === 0) ? 4 : 0;
    const told = (misc & PerfMisc.BUILD_ID_SIZE) !== 0;
    const size = told ? Math.min(id[20], BUILD_ID_SIZE) : BUILD_ID_SIZE - padding;
    entries.push({
      path: body.fixedString(body.remaining),
      buildId: Buffer.from(id.subarray(0, size)).toString('hex'),
      pid,
      kernel: (misc & PerfMisc.CPUMODE_MASK) === PerfMisc.KERNEL,
    });
  }
  return entries;
}

function readEventDesc(cursor: Cursor): EventDescription[] {
  const count = cursor.u32();
  const attrSize = cursor.u32();
  const events: EventDescription[] = [];
  for (let i = 0; i < count; i++) {
    decodeAttr(cursor, attrSize); // the same as in the header
    const idCount = cursor.u32();
    const name = readString(cursor);
    cursor.need(idCount * 8);
    const ids = new Float64Array(idCount);
    for (let j = 0; j < idCount; j++) ids[j] = cursor.u64();
    events.push({ name, ids });
  }
  return events;
}
