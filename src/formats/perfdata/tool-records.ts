/**
 * The bodies of the records that perf itself writes, from type 64 up
 * (tools/lib/perf/include/perf/event.h). Those that describe the recording come first in pipe mode.
 */
import type { Cursor } from '../../base/cursor.js';
import type { Address, Nanoseconds } from '../../base/units.js';
import { decodeAttr } from './attr.js';
import { readIds } from './features/recording.js';
import type { AttrEntry } from './header.js';

/** HEADER_ATTR. @throws FormatError where the body is too short; so do the others below. */
export function readHeaderAttr(body: Cursor): AttrEntry {
  const start = body.position;
  body.skip(4); // type
  // What a size of 0 means, and what is too small, is decodeAttr's to say.
  const size = body.u32() || 64;
  body.seek(start);
  const attr = decodeAttr(body, size);
  return { attr, ids: readIds(body, Math.floor(body.remaining / 8)) };
}

/** HEADER_EVENT_TYPE: the name of a tracepoint, before Linux 3.6. */
export function readEventType(body: Cursor): { readonly config: number; readonly name: string } {
  return { config: Number(body.u64big()), name: body.fixedString(body.remaining) };
}

export interface FeatureRecord {
  readonly feature: number;
  /** The section. */
  readonly content: Cursor;
}

/** HEADER_FEATURE. */
export function readHeaderFeature(body: Cursor): FeatureRecord {
  const feature = body.u64();
  return { feature, content: body.sub(body.remaining) };
}

/** EVENT_UPDATE: what was found out of an event after its attribute was written. */
export type EventUpdateRecord = { readonly id: number } & (
  | { readonly kind: 'unit'; readonly unit: string }
  | { readonly kind: 'scale'; readonly scale: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'cpus'; readonly cpus: readonly number[] }
  | { readonly kind: 'unknown' }
);

export function readEventUpdate(body: Cursor): EventUpdateRecord {
  const type = body.u64();
  const id = Number(body.u64big());
  switch (type) {
    case 0:
      return { id, kind: 'unit', unit: body.fixedString(body.remaining) };
    case 1: {
      body.need(8);
      return { id, kind: 'scale', scale: body.view.getFloat64(body.position, body.littleEndian) };
    }
    case 2:
      return { id, kind: 'name', name: body.fixedString(body.remaining) };
    case 3:
      return { id, kind: 'cpus', cpus: readCpuMap(body) };
    default:
      return { id, kind: 'unknown' };
  }
}

/** `struct perf_record_cpu_map_data`, in any of its three encodings. */
const CpuMapKind = { CPUS: 0, MASK: 1, RANGE: 2 } as const;
/** More than Linux can number. */
const MAX_CPUS = 1 << 16;

/** CPU_MAP: the CPUs, rising; -1 for "any". */
export function readCpuMap(body: Cursor): number[] {
  const kind = body.u16();
  const cpus: number[] = [];
  if (kind === CpuMapKind.CPUS) {
    const count = body.u16();
    for (let i = 0; i < count; i++) cpus.push(body.i16());
  } else if (kind === CpuMapKind.MASK) {
    readCpuMask(body, cpus);
  } else if (kind === CpuMapKind.RANGE) {
    const anyCpu = body.u8();
    body.skip(1);
    const first = body.u16();
    const last = body.u16();
    if (anyCpu !== 0) cpus.push(-1);
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  } else {
    throw body.fault('a kind of CPU map', `${kind}`, 2);
  }
  return cpus;
}

function readCpuMask(body: Cursor, cpus: number[]): void {
  const count = body.u16();
  const wordSize = body.u16();
  if (wordSize === 8) body.skip(4); // the words are aligned
  const bits = Math.min(count * wordSize * 8, MAX_CPUS);
  const bytes = body.take(count * wordSize);
  for (let bit = 0; bit < bits; bit++) {
    const word = Math.floor(bit / (wordSize * 8)) * wordSize;
    const byte = (bit >> 3) % wordSize;
    const at = word + (body.littleEndian ? byte : wordSize - 1 - byte);
    if (((bytes[at] >> (bit & 7)) & 1) !== 0) cpus.push(bit);
  }
}

/** An entry of ID_INDEX: which CPU or thread an event's ID counts. */
export interface IdIndexEntry {
  readonly id: number;
  /** Of the ring buffer. */
  readonly index: number;
  /** -1 where the event counts on any. */
  readonly cpu: number;
  /** -1 where the event counts all. */
  readonly tid: number;
  /** Of the guest's process and virtual CPU, where the file tells of guests. */
  readonly machinePid: number;
  readonly vcpu: number;
}

/** ID_INDEX. */
export function readIdIndex(body: Cursor): IdIndexEntry[] {
  const count = body.u64();
  body.need(count * 32);
  const entries: Omit<IdIndexEntry, 'machinePid' | 'vcpu'>[] = [];
  for (let i = 0; i < count; i++) {
    const id = Number(body.u64big());
    const index = Number(body.u64big());
    entries.push({ id, index, cpu: body.address(), tid: body.address() });
  }
  // Since Linux 6.0 as many pairs may follow.
  const hasGuests = body.remaining >= count * 16;
  return entries.map((entry) => ({
    ...entry,
    machinePid: hasGuests ? Number(body.u64big()) : 0,
    vcpu: hasGuests ? Number(body.u64big()) : 0,
  }));
}

export interface ThreadMapEntry {
  readonly tid: number;
  readonly comm: string;
}

/** THREAD_MAP. */
export function readThreadMap(body: Cursor): ThreadMapEntry[] {
  const count = body.u64();
  body.need(count * 24);
  return Array.from({ length: count }, () => ({ tid: body.address(), comm: body.fixedString(16) }));
}

/** STAT_CONFIG: pairs of a term (0 aggregation mode, 1 interval, 2 scale) and its value. */
export function readStatConfig(body: Cursor): Map<number, number> {
  const count = body.u64();
  body.need(count * 16);
  const terms = new Map<number, number>();
  for (let i = 0; i < count; i++) terms.set(Number(body.u64big()), Number(body.u64big()));
  return terms;
}

/** STAT: a count of `perf stat record`. */
export interface StatRecord {
  readonly id: number;
  readonly cpu: number;
  /** Index in the thread map. */
  readonly thread: number;
  readonly value: number;
  readonly timeEnabled: Nanoseconds;
  readonly timeRunning: Nanoseconds;
}

export function readStat(body: Cursor): StatRecord {
  return {
    id: Number(body.u64big()),
    cpu: body.i32(),
    thread: body.i32(),
    value: Number(body.u64big()),
    timeEnabled: Number(body.u64big()),
    timeRunning: Number(body.u64big()),
  };
}

/** STAT_ROUND: an interval's end, or (final) the recording's. */
export function readStatRound(body: Cursor): {
  readonly final: boolean;
  readonly time: Nanoseconds;
} {
  return { final: body.u64() === 1, time: Number(body.u64big()) };
}

/** TIME_CONV: how hardware traces' time stamps become the recording's time. */
export interface TimeConversion {
  readonly shift: number;
  readonly multiplier: number;
  readonly zero: bigint;
  /** Linux 5.10; 0 before. */
  readonly cycles: bigint;
  readonly mask: bigint;
}

export function readTimeConversion(body: Cursor): TimeConversion {
  const shift = body.u64();
  const multiplier = body.u64();
  const zero = body.u64big();
  const hasCycles = body.remaining >= 16;
  return {
    shift,
    multiplier,
    zero,
    cycles: hasCycles ? body.u64big() : 0n,
    mask: hasCycles ? body.u64big() : 0n,
  };
}

/** AUXTRACE_INFO: which hardware trace (`PERF_AUXTRACE_*`), and what its decoder needs to know. */
export function readAuxTraceInfo(body: Cursor): {
  readonly type: number;
  readonly values: readonly bigint[];
} {
  const type = body.u32();
  body.skip(4);
  const values: bigint[] = [];
  while (body.remaining >= 8) values.push(body.u64big());
  return { type, values };
}

/** AUXTRACE: a piece of a hardware trace, which follows the record. */
export interface AuxTraceRecord {
  /** Bytes. */
  readonly size: number;
  readonly offset: number;
  readonly reference: bigint;
  readonly index: number;
  readonly tid: number;
  readonly cpu: number;
}

export function readAuxTrace(body: Cursor): AuxTraceRecord {
  return {
    size: Number(body.u64big()),
    offset: Number(body.u64big()),
    reference: body.u64big(),
    index: body.u32(),
    tid: body.i32(),
    cpu: body.i32(),
  };
}

/** AUXTRACE_ERROR. */
export interface AuxTraceError {
  readonly type: number;
  readonly code: number;
  readonly cpu: number;
  readonly pid: number;
  readonly tid: number;
  readonly ip: Address;
  readonly time: Nanoseconds;
  readonly message: string;
}

export function readAuxTraceError(body: Cursor): AuxTraceError {
  const type = body.u32();
  const code = body.u32();
  const cpu = body.i32();
  const pid = body.i32();
  const tid = body.i32();
  const format = body.u32();
  const ip = body.address();
  // The time came later, and its format's number with it.
  const time = format === 0 ? 0 : Number(body.u64big());
  const message = body.fixedString(Math.min(64, body.remaining));
  return { type, code, cpu, pid, tid, ip, time, message };
}

/** BPF_METADATA: what a BPF program says of itself, such as its version. */
export interface BpfMetadata {
  readonly program: string;
  readonly entries: readonly (readonly [key: string, value: string])[];
}

export function readBpfMetadata(body: Cursor): BpfMetadata {
  const program = body.fixedString(256); // KSYM_NAME_LEN, when the record came
  const count = body.u64();
  body.need(count * 320);
  const entries = Array.from(
    { length: count },
    () => [body.fixedString(64), body.fixedString(256)] as const,
  );
  return { program, entries };
}
