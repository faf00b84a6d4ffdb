/** The machine: kernel, privileges, events. */
import { openingTracefs } from '../linux/events/tracepoints.js';
import { Capability, hasCapability } from '../linux/system.js';
import { asRoot, byHand, checksOf, type Check, type Mend } from './check.js';
import type { MachineFacts } from './machine-facts.js';
import { mayMonitor, samplingChecks, setting, where } from './sampling.js';
import { isAtLeast } from './versions.js';

const { ok, warn } = checksOf('machine');

export function machineChecks(facts: MachineFacts): Check[] {
  return [
    kernelCheck(facts),
    capabilitiesCheck(facts),
    ...samplingChecks(facts),
    kernelSymbolsCheck(facts),
    ptraceCheck(facts),
    countersCheck(facts),
    tracepointsCheck(facts),
    breakpointsCheck(facts),
  ];
}

function kernelCheck({ kernel, container }: MachineFacts): Check {
  const version = kernel.split('.', 2).map(Number);
  const inside = container === undefined ? '' : `, in a container (${container})`;
  const text = `Linux ${kernel}${inside}`;
  if (!isAtLeast(version, 5, 12)) {
    return warn(
      'kernel',
      'kernel',
      `${text}: before 5.12 recordings carry no build IDs of the files that ran, so a report can be ` +
        'wrong where a file was replaced since',
    );
  }
  return ok(
    'kernel',
    'kernel',
    isAtLeast(version, 6, 0) ? text : `${text}; lost samples are told from 6.0 on`,
  );
}

/** Those that a profiler has use for. */
const USEFUL = ['PERFMON', 'SYS_ADMIN', 'SYS_PTRACE', 'SYSLOG'] as const;

function capabilitiesCheck(facts: MachineFacts): Check {
  const held = USEFUL.filter((name) => hasCapability(Capability[name], facts.capabilities));
  const list = held.map((name) => `CAP_${name}`).join(', ');
  if (facts.root && !mayMonitor(facts)) {
    return warn(
      'capabilities',
      'capabilities',
      `root, but without CAP_PERFMON${list === '' ? '' : `; it has ${list}`}`,
      facts.container === undefined
        ? undefined
        : byHand('docker run --cap-add PERFMON --cap-add SYS_PTRACE --cap-add SYSLOG …'),
    );
  }
  return ok('capabilities', 'capabilities', list === '' ? 'none: an ordinary user' : list);
}

function kernelSymbolsCheck(facts: MachineFacts): Check {
  const { kernelSymbols, kptrRestrict, events } = facts;
  const id = 'kernel-symbols';
  const title = 'kernel symbols';
  if (kernelSymbols === 'readable') return ok(id, title, 'readable');
  if (events.clock !== 'works') return ok(id, title, 'not needed: the kernel cannot be sampled');
  if (kernelSymbols === 'absent') {
    return warn(id, title, 'there is no /proc/kallsyms: kernel functions will be addresses');
  }
  const isRestricted = kptrRestrict !== undefined && kptrRestrict > 0;
  const name = isRestricted ? 'kernel.kptr_restrict' : 'kernel.perf_event_paranoid';
  const value = isRestricted ? kptrRestrict : facts.paranoid;
  return warn(
    id,
    title,
    `hidden, as ${name} is ${value ?? 'not readable'}: kernel functions will be addresses${where(facts)}`,
    setting(facts, name, isRestricted ? 0 : 1),
  );
}

/** Yama (Documentation/admin-guide/LSM/Yama.rst). Sampling (`-p`) needs no more than the same user. */
function ptraceCheck(facts: MachineFacts): Check {
  const { ptraceScope: scope, capabilities } = facts;
  const id = 'ptrace';
  const title = 'ptrace';
  const may = hasCapability(Capability.SYS_PTRACE, capabilities);
  if (scope === undefined || scope === 0 || (may && scope < 3)) {
    return ok(id, title, 'memory of other processes can be read');
  }
  const mend = setting(facts, 'kernel.yama.ptrace_scope', 0);
  const lost = 'their very deep stacks are cut short, and --python attach is refused';
  const is = `kernel.yama.ptrace_scope is ${scope}`;
  if (scope === 1) {
    return warn(
      id,
      title,
      `${is}: -p cannot read the memory of processes that Strata did not start: ${lost}${where(facts)}`,
      mend,
    );
  }
  const text = `${is}: no process’s memory can be read: ${lost}`;
  // 3 stays until the next boot.
  return scope === 2 ? warn(id, title, text + where(facts), mend) : warn(id, title, text);
}

function countersCheck({ events: { cycles, userClock } }: MachineFacts): Check {
  const id = 'hardware-counters';
  const title = 'hardware';
  if (cycles === 'works') return ok(id, title, 'cycles are counted and sampled');
  if (userClock !== 'works' && (cycles === 'EACCES' || cycles === 'EPERM' || cycles === 'ENOSYS')) {
    return warn(id, title, 'hardware counters are refused as sampling is');
  }
  return warn(
    id,
    title,
    'no hardware counters, as in most virtual machines: record samples by the clock, stat counts ' +
      'software events',
  );
}

function tracepointsCheck(facts: MachineFacts): Check {
  const { tracepoint } = facts.events;
  const id = 'tracepoints';
  if (tracepoint === 'works') return ok(id, id, 'work');
  const lost = '--off-cpu and events such as sched:sched_switch are not to be had';
  const mendIt = (command: string): Mend | undefined =>
    facts.container === undefined ? asRoot(command) : undefined;
  if (tracepoint === 'no tracefs') {
    const mend = mendIt('mount -t tracefs tracefs /sys/kernel/tracing');
    return warn(id, id, `tracefs is not mounted: ${lost}`, mend);
  }
  if (tracepoint === 'closed tracefs') {
    return warn(id, id, `this user may not read tracefs: ${lost}`, mendIt(openingTracefs()));
  }
  return warn(
    id,
    id,
    `refused (${tracepoint}), as this process has no CAP_PERFMON: ${lost}${where(facts)}`,
    setting(facts, 'kernel.perf_event_paranoid', -1),
  );
}

function breakpointsCheck({ events: { breakpoint } }: MachineFacts): Check {
  const id = 'breakpoints';
  if (breakpoint === 'works') return ok(id, id, 'work (-e mem:)');
  return warn(id, id, `are refused (${breakpoint}): events such as mem:ADDRESS are not to be had`);
}
