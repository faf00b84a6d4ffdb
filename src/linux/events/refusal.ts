/**
 * Why the kernel does not open an event, in words: what `perf_event_open(2)`'s error means for the event
 * that was asked for. What it means for the person who asks (EACCES, EPERM) is for `record/events/permission.ts`.
 */
import { StrataError } from '../../base/errors.js';
import type { EventAttr } from '../../formats/perfdata/attr.js';
import { PerfSample } from '../../formats/perfdata/spec.js';
import { Capability, hasCapability, readStart } from '../system.js';
import { Pmus } from './pmu.js';
import type { EventSpec } from './spec.js';

export interface Refusal {
  /** What cannot be done, where it is something beside the event that was asked for: `record branches`. */
  readonly what?: string;
  /** Why, as what follows a colon: `this virtual machine has no hardware counters`. */
  readonly reason: string;
  /** What else to do. */
  readonly hint?: string;
}

/** What was asked of an event beside counting; what is absent was not. */
export type Asked = Partial<
  Pick<EventAttr, 'sample_period' | 'sample_type' | 'precise_ip' | 'flags'>
>;

/** What the kernel's answers depend on; given by tests. */
export interface Circumstances {
  /** Whether a PMU counts what cores run. */
  readonly hardware: boolean;
  /** Whether the machine is a virtual one. */
  readonly virtual: boolean;
  /** Whether this process holds `CAP_PERFMON` or `CAP_SYS_ADMIN`. */
  readonly privileged: boolean;
}

export function circumstances(pmus = new Pmus()): Circumstances {
  return {
    hardware: pmus.all.some((pmu) => pmu.isCore),
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(readStart('/proc/cpuinfo', 16384)),
    privileged: hasCapability(Capability.PERFMON) || hasCapability(Capability.SYS_ADMIN),
  };
}

/**
 * @param code the error's name: `ENOENT`
 * @param asked the attribute that was refused
 */
export function whyUnsupported(
  spec: EventSpec,
  code: string,
  asked: Asked = {},
  here: Circumstances = circumstances(),
): Refusal {
  const { kind } = spec;
  if (needsCores(spec) && !here.hardware) return noCounters(here);
  switch (code) {
    case 'ENOENT':
      return missing(spec);
    case 'ENODEV':
      return {
        reason:
          spec.cpus === undefined && spec.coreCpus === undefined
            ? 'the processor does not have it'
            : 'it is counted on other CPUs than the ones asked for',
        ...(spec.coreCpus === undefined ? {} : { hint: `-C ${cpuText(spec.coreCpus)} has them` }),
      };
    case 'EOPNOTSUPP':
      return notSupported(spec, asked);
    case 'EINVAL':
      return invalid(spec, asked);
    case 'EBUSY':
      return {
        reason: 'the counters are taken by another program, as by the kernel’s NMI watchdog',
        hint: 'sudo sysctl kernel.nmi_watchdog=0 frees one of them',
      };
    case 'ENOSPC':
      return kind === 'breakpoint'
        ? {
            reason: 'all debug registers are in use (x86-64 has four)',
            hint: 'fewer breakpoints at once, or no debugger beside',
          }
        : { reason: 'the kernel has no room for another event' };
    case 'E2BIG':
      return {
        reason: 'this kernel is too old for what was asked',
        hint: 'config3= needs Linux 6.3',
      };
    case 'EACCES':
    case 'EPERM':
      return forbidden(spec, asked, here);
    case 'ENODATA':
      return {
        reason: 'load latency needs an auxiliary event before it on this processor',
        hint: '{mem-loads-aux,mem-loads}:S',
      };
    case 'ENOSYS':
      return { reason: 'this kernel has no perf events, or a sandbox hides them' };
    case 'EMFILE':
      return { reason: 'too many open files', hint: 'ulimit -n 4096 allows more' };
    default:
      return { reason: `the kernel says ${code}` };
  }
}

/** The same as an error to be thrown. */
export function unsupportedEvent(spec: EventSpec, code: string, asked?: Asked): StrataError {
  const {
    what = `count '${spec.name}'`,
    reason,
    hint = 'strata list shows what this machine counts',
  } = whyUnsupported(spec, code, asked);
  return new StrataError(`this machine cannot ${what}: ${reason}`, hint);
}

function needsCores({ kind }: EventSpec): boolean {
  return kind === 'hardware' || kind === 'cache' || kind === 'raw';
}

function noCounters({ virtual }: Circumstances): Refusal {
  return {
    reason: virtual
      ? 'this virtual machine has no hardware counters'
      : 'the kernel knows no hardware counters of this processor',
    hint: 'cpu-clock and task-clock work everywhere; strata list shows what this machine counts',
  };
}

function missing({ kind, attr }: EventSpec): Refusal {
  switch (kind) {
    case 'tracepoint':
      return { reason: 'the kernel has no such tracepoint, or its module is gone' };
    case 'software':
      return { reason: 'this kernel does not count it', hint: 'cgroup-switches needs Linux 5.13' };
    case 'breakpoint':
      return { reason: 'this kernel has no hardware breakpoints' };
    case 'pmu':
      return { reason: `the PMU of type ${attr.type} does not have it` };
    default:
      return { reason: 'the processor does not have it' };
  }
}

function notSupported(spec: EventSpec, asked: Asked): Refusal {
  const type = asked.sample_type ?? 0;
  if ((type & PerfSample.BRANCH_STACK) !== 0) {
    return {
      what: 'record branches',
      reason: 'the processor does not, or a virtual machine hides it',
      hint: 'leave out -b, -j and --call-graph lbr',
    };
  }
  if ((asked.precise_ip ?? 0) > 0) {
    return {
      reason: 'the processor cannot tell the instruction as precisely',
      hint: 'fewer p after the colon, or P for as precise as it can',
    };
  }
  if ((asked.sample_period ?? 0) > 0) {
    return { reason: 'it can be counted but not sampled', hint: `strata stat -e ${spec.name}` };
  }
  return { reason: 'the processor or its driver does not support it' };
}

function invalid(spec: EventSpec, asked: Asked): Refusal {
  const { flags = spec.attr.flags } = asked;
  if (spec.kind === 'breakpoint') {
    return {
      reason: 'the processor takes no such breakpoint',
      hint: 'lengths are 1, 2, 4 or 8 and addresses multiples of them; x86-64 knows rw, w and x',
    };
  }
  if (spec.cpus !== undefined || (spec.kind === 'pmu' && spec.coreCpus === undefined)) {
    if (
      flags.exclude_user === true ||
      flags.exclude_kernel === true ||
      flags.exclude_idle === true
    ) {
      return {
        reason: 'its unit counts for all, and cannot leave user or kernel out',
        hint: 'leave the modifiers out',
      };
    }
    if ((asked.sample_period ?? 0) > 0) {
      return {
        reason: 'its unit can be counted but not sampled',
        hint: `strata stat -e ${spec.name}`,
      };
    }
    if (spec.cpus !== undefined) {
      return {
        reason: 'its unit is counted for the whole system, not for a program',
        hint: `strata stat -a -e ${spec.name}`,
      };
    }
    return { reason: 'its unit takes no such event' };
  }
  const branches = ((asked.sample_type ?? 0) & PerfSample.BRANCH_STACK) !== 0;
  if (branches || (asked.precise_ip ?? 0) > 0) return notSupported(spec, asked);
  return { reason: 'the kernel takes no such event' };
}

function forbidden({ kind }: EventSpec, asked: Asked, { privileged }: Circumstances): Refusal {
  if (privileged)
    return { reason: 'the kernel or a security module forbids it, even with CAP_PERFMON' };
  if (kind === 'tracepoint' && ((asked.sample_type ?? 0) & PerfSample.RAW) !== 0) {
    return {
      reason: 'only CAP_PERFMON may record what tracepoints carry',
      hint: 'sudo sysctl kernel.perf_event_paranoid=-1 allows it until the next boot',
    };
  }
  return {
    reason: 'this user may not count it',
    hint: 'sudo sysctl kernel.perf_event_paranoid=-1 allows it until the next boot',
  };
}

/** As the kernel lists CPUs: `0-7,16`. */
function cpuText(cpus: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const cpu of cpus) {
    const run = runs.at(-1);
    if (run?.[1] === cpu - 1) run[1] = cpu;
    else runs.push([cpu, cpu]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
