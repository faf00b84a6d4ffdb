/**
 * `perf_event_open(2)` and what is done with the descriptors that it returns.
 */
import { errnoName, libc } from './libc.js';

const SYS_PERF_EVENT_OPEN = process.arch === 'arm64' ? 241 : 298;

const PERF_FLAG_FD_CLOEXEC = 8;

/** What {@link openEvent} takes for the caller itself, for every task of a CPU, and for whatever CPU. */
export const THIS_TASK = 0;
export const EVERY_TASK = -1;
export const ANY_CPU = -1;

/** `_IO('$', n)` and friends of include/uapi/linux/perf_event.h. */
const PERF_EVENT_IOC_ENABLE = 0x2400;
const PERF_EVENT_IOC_DISABLE = 0x2401;
const PERF_EVENT_IOC_SET_OUTPUT = 0x2405;
const PERF_EVENT_IOC_SET_FILTER = 0x40082406;
const PERF_EVENT_IOC_PAUSE_OUTPUT = 0x40042409;
const PERF_EVENT_IOC_ID = 0x80082407;

/** A call that the kernel refused. */
export class SystemCallError extends Error {
  constructor(
    readonly call: string,
    /** The errno's name: `EACCES`. */
    readonly code: string,
  ) {
    super(`${call}: ${code}`);
  }
}

/** An event that the kernel refused to open, and what was asked. */
export class OpenError extends SystemCallError {
  constructor(
    code: string,
    /** Bytes of the `perf_event_attr`. */
    readonly attr: Uint8Array,
    /** As {@link openEvent} takes it. */
    readonly pid: number,
  ) {
    super('perf_event_open', code);
  }
}

function checked(call: string, result: number): number {
  if (result < 0) throw new SystemCallError(call, errnoName());
  return result;
}

/**
 * Opens one event on one task and CPU.
 * @param attr bytes of a `perf_event_attr`
 * @param pid a task, {@link THIS_TASK} or {@link EVERY_TASK}
 * @param cpu a CPU, or {@link ANY_CPU}
 * @param leader descriptor of the event that leads its group; -1 for none
 * @returns a descriptor, closed on exec
 * @throws OpenError
 */
export function openEvent(attr: Uint8Array, pid: number, cpu: number, leader = -1): number {
  const fd = libc().perfEventOpen(
    SYS_PERF_EVENT_OPEN,
    attr,
    pid,
    cpu,
    leader,
    PERF_FLAG_FD_CLOEXEC,
  );
  if (fd < 0) throw new OpenError(errnoName(), attr, pid);
  return fd;
}

export function enableEvent(fd: number): void {
  checked('ioctl(ENABLE)', libc().ioctl(fd, PERF_EVENT_IOC_ENABLE, 0));
}

/** Stops an event and those that children inherited from it. */
export function disableEvent(fd: number): void {
  checked('ioctl(DISABLE)', libc().ioctl(fd, PERF_EVENT_IOC_DISABLE, 0));
}

/** Lets only those of a tracepoint's events through that fulfil a condition: `prev_pid == 0`. */
export function filterEvent(fd: number, condition: string): void {
  const text = new TextEncoder().encode(`${condition}\0`);
  checked('ioctl(SET_FILTER)', libc().ioctlInto(fd, PERF_EVENT_IOC_SET_FILTER, text));
}

/** Keeps the kernel from writing to an event's ring, or lets it again: for reading one that is overwritten. */
export function pauseOutput(fd: number, paused: boolean): void {
  checked('ioctl(PAUSE_OUTPUT)', libc().ioctl(fd, PERF_EVENT_IOC_PAUSE_OUTPUT, paused ? 1 : 0));
}

/** Sends an event's records to the ring buffer of another event on the same CPU. */
export function redirectEvent(fd: number, ringOwner: number): void {
  checked('ioctl(SET_OUTPUT)', libc().ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ringOwner));
}

/** The ID that an event's records carry. */
export function eventId(fd: number): bigint {
  const bytes = new Uint8Array(8);
  checked('ioctl(ID)', libc().ioctlInto(fd, PERF_EVENT_IOC_ID, bytes));
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

/**
 * What a descriptor counts: with `PERF_FORMAT_LOST` alone the pair (value, lost samples).
 * `undefined` where the kernel has nothing to read.
 */
export function readCounts(fd: number): { value: number; lost: number } | undefined {
  const bytes = new Uint8Array(16);
  if (libc().read(fd, bytes, 16) !== 16) return undefined;
  const view = new DataView(bytes.buffer);
  return {
    value: Number(view.getBigUint64(0, true)),
    lost: Number(view.getBigUint64(8, true)),
  };
}

export function closeEvent(fd: number): void {
  libc().close(fd);
}
