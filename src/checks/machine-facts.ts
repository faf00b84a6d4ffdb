/** What a machine lets this process do: facts, without judgement. */
import { existsSync } from 'node:fs';
import { release } from 'node:os';

import { StrataError } from '../base/errors.js';
import type { Bytes } from '../base/units.js';
import { encodeAttr, type EventAttr } from '../formats/perfdata/attr.js';
import { PerfCountHw, PerfCountSw, PerfSample, PerfType } from '../formats/perfdata/spec.js';
import { Tracefs } from '../linux/events/tracepoints.js';
import { closeEvent, openEvent, SystemCallError } from '../linux/perf-event.js';
import {
  effectiveCapabilities,
  maxSampleRate,
  onlineCpus,
  perfEventParanoid,
  readNumber,
  readStart,
  readText,
} from '../linux/system.js';
import { mountOptions, mounts } from './folder-facts.js';

/** `works`, the name of the error that `perf_event_open` failed with, or what became of its description. */
export type EventTry = 'works' | 'no tracefs' | 'closed tracefs' | (string & {});

export interface EventTries {
  /** A software clock in user space: the least that sampling needs. */
  readonly userClock: EventTry;
  /** The same in the kernel, too. */
  readonly clock: EventTry;
  /** On every task of a CPU: `-a`. */
  readonly allTasks: EventTry;
  readonly cycles: EventTry;
  /** `sched:sched_switch`. */
  readonly tracepoint: EventTry;
  readonly breakpoint: EventTry;
}

export interface MachineFacts {
  /** `6.18.44-generic`. */
  readonly kernel: string;
  readonly root: boolean;
  /** Effective ones, a bit each. */
  readonly capabilities: bigint;
  /** Settings; `undefined` where the kernel has none such. */
  readonly paranoid: number | undefined;
  readonly kptrRestrict: number | undefined;
  readonly ptraceScope: number | undefined;
  readonly maxSampleRate: number;
  /** `kernel.perf_event_mlock_kb`. */
  readonly mlockKb: number | undefined;
  /** `ulimit -l`. */
  readonly lockLimit: Bytes;
  /** `ulimit -n`. */
  readonly openFiles: number;
  readonly cpus: number;
  /** What kind of container this is, where it is one: `docker`. */
  readonly container: string | undefined;
  /** Whether settings of the kernel can be changed from here, given root: containers often may not. */
  readonly settingsWritable: boolean;
  /** Whether a seccomp filter stands before system calls. */
  readonly seccomp: boolean;
  readonly events: EventTries;
  readonly kernelSymbols: 'readable' | 'hidden' | 'absent';
}

export function gatherMachineFacts(): MachineFacts {
  const status = readText('/proc/self/status') ?? '';
  return {
    kernel: release(),
    root: process.geteuid?.() === 0,
    capabilities: effectiveCapabilities(),
    paranoid: perfEventParanoid(),
    kptrRestrict: readNumber('/proc/sys/kernel/kptr_restrict'),
    ptraceScope: readNumber('/proc/sys/kernel/yama/ptrace_scope'),
    maxSampleRate: maxSampleRate(),
    mlockKb: readNumber('/proc/sys/kernel/perf_event_mlock_kb'),
    lockLimit: softLimit('locked memory'),
    openFiles: softLimit('open files'),
    cpus: onlineCpus().length,
    container: containerKind(),
    settingsWritable: !mountOptions('/proc/sys/kernel', mounts()).includes('ro'),
    seccomp: /^Seccomp:\s+2$/m.test(status),
    events: tryEvents(),
    kernelSymbols: kernelSymbols(),
  };
}

/** A soft limit of this process, of /proc/self/limits; infinity where there is none. */
function softLimit(what: string): number {
  const limits = readText('/proc/self/limits') ?? '';
  const match = new RegExp(`^Max ${what}\\s+(\\d+)`, 'm').exec(limits);
  return match === null ? Infinity : Number(match[1]);
}

/** By the marks that container managers leave (systemd's Container Interface, Docker, Podman). */
function containerKind(): string | undefined {
  const named = process.env['container'];
  if (named) return named;
  if (existsSync('/.dockerenv')) return 'docker';
  if (existsSync('/run/.containerenv')) return 'podman';
  return process.env['KUBERNETES_SERVICE_HOST'] === undefined ? undefined : 'kubernetes';
}

/** Addresses that may not be seen read as zeros (kallsyms_show_value in the kernel). */
function kernelSymbols(): MachineFacts['kernelSymbols'] {
  const [line] = readStart('/proc/kallsyms', 64).split('\n', 1);
  const address = /^([0-9a-f]+) /.exec(line)?.[1];
  if (address === undefined) return 'absent';
  return /^0+$/.test(address) ? 'hidden' : 'readable';
}

const THIS_PROCESS = 0;
const EVERY_TASK = -1;
const HW_BREAKPOINT_RW = 3;

function tryEvents(): EventTries {
  const clock = { type: PerfType.SOFTWARE, config: BigInt(PerfCountSw.CPU_CLOCK) };
  const cycles = { type: PerfType.HARDWARE, config: BigInt(PerfCountHw.CPU_CYCLES) };
  const [cpu] = onlineCpus();
  const breakpoint = {
    type: PerfType.BREAKPOINT,
    bp_type: HW_BREAKPOINT_RW,
    config1: 4096n, // address: of nothing that is ever there
    config2: 4n, // length
  };
  return {
    userClock: tryEvent({ ...clock, flags: { exclude_kernel: true, exclude_hv: true } }),
    clock: tryEvent(clock),
    allTasks: tryEvent(clock, EVERY_TASK, cpu),
    cycles: tryEvent({ ...cycles, flags: { exclude_kernel: true, exclude_hv: true } }),
    tracepoint: tryTracepoint(),
    breakpoint: tryEvent({ ...breakpoint, flags: { exclude_kernel: true, exclude_hv: true } }),
  };
}

function tryTracepoint(): EventTry {
  let id: number | undefined;
  try {
    id = new Tracefs().id('sched', 'sched_switch');
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    return mounts().includes(' - tracefs ') ? 'closed tracefs' : 'no tracefs';
  }
  if (id === undefined) return 'ENOENT';
  // What a tracepoint carries may be forbidden where counting it is not.
  return tryEvent({ type: PerfType.TRACEPOINT, config: BigInt(id), sample_type: PerfSample.RAW });
}

/** Opens an event, asleep, and closes it. */
function tryEvent(attr: Partial<EventAttr>, pid = THIS_PROCESS, cpu = -1): EventTry {
  const flags = { ...attr.flags, disabled: true };
  try {
    closeEvent(openEvent(encodeAttr({ ...attr, sample_period: 1_000_000, flags }), pid, cpu));
    return 'works';
  } catch (error) {
    if (error instanceof SystemCallError) return error.code;
    throw error;
  }
}
