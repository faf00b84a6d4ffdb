/**
 * Feature sections that describe the recording: its events, files, clocks and traces
 * (tools/perf/util/header.c, `process_*`).
 */
import type { Cursor } from '../../../base/cursor.js';
import { decodeAttr, type EventAttr } from '../attr.js';
import { PerfMisc, RECORD_HEADER_SIZE } from '../spec.js';
import { readList, readString } from './fields.js';

const BUILD_ID_SIZE = 20;
/** The field that holds it, aligned to 8. */
const BUILD_ID_FIELD = 24;

/** `HEADER_EVENT_DESC`. */
export interface EventDescription {
  readonly name: string;
  readonly ids: Float64Array;
  readonly attr: EventAttr;
}

export function readEventDesc(cursor: Cursor): EventDescription[] {
  const count = cursor.u32();
  const attrSize = cursor.u32();
  const events: EventDescription[] = [];
  for (let i = 0; i < count; i++) {
    const attr = decodeAttr(cursor, attrSize);
    const idCount = cursor.u32();
    const name = readString(cursor);
    events.push({ name, ids: readIds(cursor, idCount), attr });
  }
  return events;
}

/** Event IDs. They count up from 1 in the kernel and so are small: exact as doubles. */
export function readIds(cursor: Cursor, count: number): Float64Array {
  cursor.need(count * 8);
  const ids = new Float64Array(count);
  for (let i = 0; i < count; i++) ids[i] = Number(cursor.u64big());
  return ids;
}

/** A file that samples touched, and its build ID. */
export interface BuildIdEntry {
  readonly path: string;
  /** Hexadecimal. */
  readonly buildId: string;
  /** -1 where the file belongs to every process. */
  readonly pid: number;
  readonly kernel: boolean;
  /** Of a guest's kernel or programs. */
  readonly guest: boolean;
}

/** `HEADER_BUILD_ID`: `struct perf_record_header_build_id`, one after another. */
export function readBuildIds(cursor: Cursor): BuildIdEntry[] {
  const start = cursor.position;
  const entries = readBuildIdEntries(cursor, true);
  // Linux 2.6.33 had no pid before the ID. perf writes the kernel's entry first, whose name is then
  // read four bytes late.
  if (entries.length === 0 || entries[0].path !== 'nel.kallsyms]') return entries;
  cursor.seek(start);
  return readBuildIdEntries(cursor, false);
}

function readBuildIdEntries(cursor: Cursor, hasPid: boolean): BuildIdEntry[] {
  const entries: BuildIdEntry[] = [];
  while (cursor.remaining >= RECORD_HEADER_SIZE) {
    cursor.skip(4); // type: 0 in older files
    const misc = cursor.u16();
    const body = cursor.sub(Math.max(0, cursor.u16() - RECORD_HEADER_SIZE));
    entries.push(readBuildId(body, misc, hasPid));
  }
  return entries;
}

/** One entry behind its header: also the body of a HEADER_BUILD_ID record. */
export function readBuildId(body: Cursor, misc: number, hasPid = true): BuildIdEntry {
  const pid = hasPid ? body.i32() : -1;
  const id = body.take(BUILD_ID_FIELD);
  // Linux 5.10 tells how long the ID is; before, zeros filled a shorter one up to SHA-1's 20 bytes.
  const padding = id.subarray(16, BUILD_ID_SIZE).every((byte) => byte === 0) ? 4 : 0;
  const told = (misc & PerfMisc.BUILD_ID_SIZE) !== 0;
  const size = told ? Math.min(id[20], BUILD_ID_SIZE) : BUILD_ID_SIZE - padding;
  const mode = misc & PerfMisc.CPUMODE_MASK;
  return {
    path: body.fixedString(body.remaining),
    buildId: Buffer.from(id.subarray(0, size)).toString('hex'),
    pid,
    kernel: mode === PerfMisc.KERNEL || mode === PerfMisc.GUEST_KERNEL,
    guest: mode === PerfMisc.GUEST_KERNEL || mode === PerfMisc.GUEST_USER,
  };
}

/** `HEADER_GROUP_DESC`: events that were counted together. */
export interface EventGroup {
  /** Empty where the user gave none. */
  readonly name: string;
  /** Index of the leader among the file's events; the members follow it. */
  readonly leader: number;
  /** With the leader. */
  readonly members: number;
}

/** What perf calls groups without a name. */
export const ANONYMOUS_GROUP = '{anon_group}';

export function readGroupDesc(cursor: Cursor): EventGroup[] {
  return readList(cursor, () => {
    const name = readString(cursor);
    const leader = cursor.u32();
    return { name: name === ANONYMOUS_GROUP ? '' : name, leader, members: cursor.u32() };
  });
}

/** `HEADER_AUXTRACE`: where AUXTRACE records lie. */
export interface AuxTracePlace {
  readonly offset: number;
  readonly size: number;
}

/** `auxtrace_index__process`: a u64 count, then pairs. */
export function readAuxTraceIndex(cursor: Cursor): AuxTracePlace[] {
  const count = cursor.u64();
  cursor.need(count * 16);
  const places: AuxTracePlace[] = [];
  for (let i = 0; i < count; i++) places.push({ offset: cursor.u64(), size: cursor.u64() });
  return places;
}

/** `HEADER_CLOCK_DATA`: wall clock and the recording's clock at one moment, in nanoseconds. */
export interface ClockData {
  /** `CLOCK_*` of the times. */
  readonly id: number;
  readonly wallClock: number;
  readonly time: number;
}

export function readClockData(cursor: Cursor): ClockData {
  cursor.skip(4); // version
  const id = cursor.i32();
  // The wall clock's nanoseconds pass 2^53: rounded to 256 ns, which is finer than anyone sets clocks.
  const wallClock = Number(cursor.u64big());
  return { id, wallClock, time: Number(cursor.u64big()) };
}

/** `HEADER_COMPRESSED`. */
export interface Compression {
  readonly version: number;
  /** 1 is zstd, 0 none. */
  readonly type: number;
  readonly level: number;
  /** Original size by compressed size, rounded. */
  readonly ratio: number;
  /** Bytes of the recorder's buffer for each CPU. */
  readonly bufferSize: number;
}

export function readCompression(cursor: Cursor): Compression {
  return {
    version: cursor.u32(),
    type: cursor.u32(),
    level: cursor.u32(),
    ratio: cursor.u32(),
    bufferSize: cursor.u32(),
  };
}
