/**
 * Why the kernel refused to sample, and the command that mends it.
 *
 * Who has CAP_PERFMON (or CAP_SYS_ADMIN), and has it outside of any user namespace, may do everything. For
 * others `kernel.perf_event_paranoid` says how much (Documentation/admin-guide/sysctl/kernel.rst), and
 * another task must be one that they may trace (`perf_event_open` in kernel/events/core.c).
 */
import { Cursor } from '../../base/cursor.js';
import { StrataError } from '../../base/errors.js';
import { ATTR_SIZE, decodeAttr } from '../../formats/perfdata/attr.js';
import { PerfType } from '../../formats/perfdata/spec.js';
import { countsInUser } from '../../linux/events/parse.js';
import type { EventSpec } from '../../linux/events/spec.js';
import { OpenError, SystemCallError } from '../../linux/perf-event.js';
import { readStatus } from '../../linux/proc.js';
import {
  Capability,
  hasCapability,
  hasSeccompFilter,
  inUserNamespace,
  namespaceOf,
  perfEventParanoid,
} from '../../linux/system.js';

/** Whether the same event without the kernel's part may be allowed, and is worth having. */
export function mayFallBackToUser(error: SystemCallError, event: EventSpec): boolean {
  return isForbidden(error) && hasKernelPart(event) && countsInUser(event);
}

/** Whether an event is counted in user space and in the kernel. */
export function hasKernelPart({ attr: { flags } }: EventSpec): boolean {
  return flags.exclude_kernel !== true && flags.exclude_user !== true;
}

export function isForbidden(error: SystemCallError): boolean {
  return error.code === 'EACCES' || error.code === 'EPERM';
}

/** What decides about sampling. */
export interface SamplingRights {
  /** `kernel.perf_event_paranoid`; `undefined` where it cannot be read. */
  readonly paranoid: number | undefined;
  /** Whether this process holds `CAP_PERFMON` or `CAP_SYS_ADMIN`, be it in its user namespace alone. */
  readonly capable: boolean;
  readonly inUserNamespace: boolean;
  readonly hasSeccompFilter: boolean;
  readonly isRoot: boolean;
}

function samplingRights(): SamplingRights {
  return {
    paranoid: perfEventParanoid(),
    capable: hasCapability(Capability.PERFMON) || hasCapability(Capability.SYS_ADMIN),
    inUserNamespace: inUserNamespace(),
    hasSeccompFilter: hasSeccompFilter(),
    isRoot: process.geteuid?.() === 0,
  };
}

/** The error for a person; what is no refusal of the kernel's passes through. */
export function explainRefusal(error: unknown, event: string, rights = samplingRights()): unknown {
  if (!(error instanceof SystemCallError)) return error;
  if (error.code === 'ENOSYS') {
    return new StrataError('this kernel has no perf events, or a sandbox hides them (ENOSYS)');
  }
  if (error.code === 'EMFILE') {
    return new StrataError(
      'too many open files: each event takes one for each thread and CPU',
      `ulimit -n ${MORE_FILES} allows more, where the hard limit does`,
    );
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
  return explainForbidden(error, event, rights);
}

const MORE_FILES = 65536;

function explainForbidden(
  error: SystemCallError,
  event: string,
  rights: SamplingRights,
): StrataError {
  const asked = askedOf(error);
  if (rights.capable && !rights.inUserNamespace) return sandboxed(error.code, 'CAP_PERFMON');
  // The kernel's own refusals are EACCES, but for tracepoints; a filter's are mostly EPERM.
  if (rights.hasSeccompFilter && error.code === 'EPERM' && !asked.tracepoint) {
    return new StrataError(
      'a seccomp filter, as containers have, forbids perf_event_open (EPERM)',
      'docker run --cap-add PERFMON, or the like of another tool, allows it',
    );
  }
  const foreign = foreignTask(asked.pid, rights);
  if (foreign !== undefined) return foreign;
  const { what, paranoid: most } = needs(asked, event);
  const is = rights.paranoid ?? 'unreadable';
  // Debian's and Ubuntu's kernels refuse everything from 3 or 4 on.
  const forbids = rights.paranoid === undefined || rights.paranoid > most;
  if (!forbids) return sandboxed(error.code, `kernel.perf_event_paranoid ${is}`);
  return new StrataError(
    `${what} forbidden: kernel.perf_event_paranoid is ${is} and ${withoutCapability(rights)}`,
    `${mend(rights)}sudo sysctl kernel.perf_event_paranoid=${Math.min(most, 1)} allows it until the next boot`,
  );
}

interface Asked {
  /** As perf_event_open(2) takes it. */
  readonly pid: number;
  readonly tracepoint: boolean;
  readonly kernel: boolean;
}

function askedOf(error: SystemCallError): Asked {
  if (!(error instanceof OpenError)) return { pid: 0, tracepoint: false, kernel: false };
  const { type, flags } = decodeAttr(new Cursor(error.attr, 'perf_event_attr'), ATTR_SIZE);
  return {
    pid: error.pid,
    tracepoint: type === PerfType.TRACEPOINT,
    kernel: flags.exclude_kernel !== true,
  };
}

/** @returns the highest `perf_event_paranoid` that allows it to everyone */
function needs(asked: Asked, event: string): { what: string; paranoid: number } {
  if (asked.tracepoint) return { what: `tracing (${event}) is`, paranoid: -1 };
  if (asked.pid < 0) return { what: 'measuring whole CPUs is', paranoid: 0 };
  if (asked.kernel) return { what: `'${event}' in the kernel is`, paranoid: 1 };
  return { what: 'sampling is', paranoid: 2 };
}

/** A refusal that comes of the task, whatever the setting. */
function foreignTask(tid: number, rights: SamplingRights): StrataError | undefined {
  const status = tid > 0 ? readStatus(tid) : undefined;
  // This link can be read on the same terms (PTRACE_MODE_READ).
  if (status === undefined || namespaceOf(tid, 'mnt') !== undefined) return undefined;
  const { pid, uid } = status;
  const whose =
    uid === process.getuid?.()
      ? 'may not be traced: it changed its user or has capabilities'
      : `runs as another user (uid ${uid})`;
  return new StrataError(
    `process ${pid} ${whose}, and ${withoutCapability(rights)}`,
    `${mend(rights)}sudo strata … -p ${pid} may attach to it`,
  );
}

function withoutCapability({ capable, isRoot }: SamplingRights): string {
  if (capable) return 'CAP_PERFMON of a user namespace does not count outside of it';
  return isRoot ? 'this root has no CAP_PERFMON' : 'this process has no CAP_PERFMON';
}

/** Who is root without rights is most likely in a container, where settings cannot be changed. */
function mend({ isRoot }: SamplingRights): string {
  return isRoot ? 'start the container with --cap-add PERFMON; or on the host: ' : '';
}

function sandboxed(code: string, inSpiteOf: string): StrataError {
  return new StrataError(
    `perf events are refused (${code}) in spite of ${inSpiteOf}: ` +
      'a container’s seccomp profile or a security module forbids them',
    'allow perf_event_open in the container, for example with --security-opt seccomp=unconfined',
  );
}
