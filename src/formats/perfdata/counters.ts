/**
 * The bodies of the records that tell of counters, sampling and hardware traces
 * (include/uapi/linux/perf_event.h).
 */
import type { Cursor } from '../../base/cursor.js';
import type { Nanoseconds } from '../../base/units.js';
import { PerfFormat } from './spec.js';

/** THROTTLE and UNTHROTTLE: the kernel stopped sampling, which took too long, and went on. */
export interface ThrottleRecord {
  readonly time: Nanoseconds;
  readonly id: number;
  readonly streamId: number;
}

export function readThrottle(body: Cursor): ThrottleRecord {
  return {
    time: Number(body.u64big()),
    id: Number(body.u64big()),
    streamId: Number(body.u64big()),
  };
}

/** READ: an event's count when its thread ended (`perf record -s`). */
export interface ReadRecord {
  readonly pid: number;
  readonly tid: number;
  readonly value: number;
  readonly timeEnabled: Nanoseconds;
  readonly timeRunning: Nanoseconds;
  readonly id: number;
  readonly lost: number;
}

/** @param readFormat of the record's event: which fields there are; the others are 0 */
export function readRead(body: Cursor, readFormat: number): ReadRecord {
  const optional = (bit: number): number => ((readFormat & bit) === 0 ? 0 : Number(body.u64big()));
  return {
    pid: body.i32(),
    tid: body.i32(),
    value: Number(body.u64big()),
    timeEnabled: optional(PerfFormat.TOTAL_TIME_ENABLED),
    timeRunning: optional(PerfFormat.TOTAL_TIME_RUNNING),
    id: optional(PerfFormat.ID),
    lost: optional(PerfFormat.LOST),
  };
}

/** `PERF_AUX_FLAG_*`. */
export const AuxFlag = { TRUNCATED: 1, OVERWRITE: 2, PARTIAL: 4, COLLISION: 8 } as const;

/** AUX: new data in the buffer of a hardware trace. */
export interface AuxRecord {
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** `AuxFlag` bits. */
  readonly flags: number;
}

export function readAux(body: Cursor): AuxRecord {
  return {
    offset: Number(body.u64big()),
    size: Number(body.u64big()),
    flags: Number(body.u64big()),
  };
}

/** ITRACE_START: a thread's hardware trace begins. */
export function readItraceStart(body: Cursor): { readonly pid: number; readonly tid: number } {
  return { pid: body.i32(), tid: body.i32() };
}

/** AUX_OUTPUT_HW_ID: how the hardware calls the event that the `sample_id` names. */
export function readAuxOutputHwId(body: Cursor): bigint {
  return body.u64big();
}
