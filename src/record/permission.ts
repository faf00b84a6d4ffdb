/**
 * Why the kernel refused to sample, and the command that mends it.
 */
import { StrataError } from '../base/errors.js';
import type { EventSpec } from '../linux/events.js';
import { SystemCallError } from '../linux/perf-event.js';
import { Capability, hasCapability, perfEventParanoid } from '../linux/system.js';

/** Whether the same event without the kernel's part may be allowed. */
export function mayFallBackToUser(error: SystemCallError, event: EventSpec): boolean {
  const { flags } = event.attr;
  return isForbidden(error) && flags.exclude_kernel !== true && flags.exclude_user !== true;
}

function isForbidden(error: SystemCallError): boolean {
  return error.code === 'EACCES' || error.code === 'EPERM';
}

/** What decides about sampling. */
export interface SamplingRights {
  /** `kernel.perf_event_paranoid`; `undefined` where it cannot be read. */
  readonly paranoid: number | undefined;
  /** Whether this process holds `CAP_PERFMON` or `CAP_SYS_ADMIN`. */
  readonly privileged: boolean;
}

function samplingRights(): SamplingRights {
  return {
    paranoid: perfEventParanoid(),
    privileged: hasCapability(Capability.PERFMON) || hasCapability(Capability.SYS_ADMIN),
  };
}

/** The error for a person; what is no refusal of the kernel's passes through. */
export function explainRefusal(error: unknown, event: string, rights = samplingRights()): unknown {
  if (!(error instanceof SystemCallError)) return error;
  if (error.code === 'ENOSYS') {
    return new StrataError('this kernel has no perf events, or a sandbox hides them (ENOSYS)');
  }
  if (error.code === 'EMFILE') {
    return new StrataError('too many open files for one event a CPU', 'ulimit -n 4096 allows more');
  }
  if (!isForbidden(error)) {
    return new StrataError(`the kernel refuses to count '${event}': ${error.call}: ${error.code}`);
  }
  if (error.call === 'mmap') {
    return new StrataError(
      'the kernel grants this user no memory for the recording buffers',
      'ulimit -l or sudo sysctl kernel.perf_event_mlock_kb=2048 grants more',
    );
  }
  if (rights.privileged) {
    return new StrataError(
      `perf events are refused (${error.code}) in spite of CAP_PERFMON: ` +
        'a container’s seccomp profile or a security module forbids them',
      'allow perf_event_open in the container, for example with --security-opt seccomp=unconfined',
    );
  }
  return new StrataError(
    `sampling is forbidden: kernel.perf_event_paranoid is ${rights.paranoid ?? 'unreadable'} ` +
      'and this process has no CAP_PERFMON',
    'sudo sysctl kernel.perf_event_paranoid=1 allows it until the next boot',
  );
}
