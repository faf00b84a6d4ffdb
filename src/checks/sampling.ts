/** May this process sample, and what: perf events and the settings that forbid them. */
import { formatBytes, formatCount } from '../base/units.js';
import { Capability, hasCapability } from '../linux/system.js';
import { asRoot, byHand, checksOf, type Check, type Mend } from './check.js';
import type { EventTry, MachineFacts } from './machine-facts.js';

const { ok, warn, fail } = checksOf('machine');

/** What `record` samples at unless told otherwise. */
const DEFAULT_RATE = 999;
/** The smallest buffer of a CPU that `record` begins with, and the page of control beside it. */
const SMALLEST_RING = 132 * 1024;
/** The kernel's own default of `perf_event_mlock_kb`: half a MiB and a page. */
const DEFAULT_RING = 516 * 1024;

export function samplingChecks(facts: MachineFacts): Check[] {
  const works = facts.events.userClock === 'works';
  return [
    samplingCheck(facts),
    ...(works ? [systemWideCheck(facts)] : []),
    sampleRateCheck(facts),
    ringMemoryCheck(facts),
    openFilesCheck(facts),
  ];
}

/** Whether a process holds `CAP_PERFMON`, or `CAP_SYS_ADMIN`, which stood for it before Linux 5.8. */
export function mayMonitor({ capabilities }: MachineFacts): boolean {
  return (
    hasCapability(Capability.PERFMON, capabilities) ||
    hasCapability(Capability.SYS_ADMIN, capabilities)
  );
}

/** A setting of the kernel, until the next boot; from within a container it often cannot be changed. */
export function setting(facts: MachineFacts, name: string, value: number): Mend {
  const command = `sysctl ${name}=${value}`;
  return facts.settingsWritable ? asRoot(command) : byHand(`sudo ${command}`);
}

/** To stand behind a sentence whose mend is a setting. */
export function where({ settingsWritable }: MachineFacts): string {
  return settingsWritable ? '' : '; to be set on the host';
}

function samplingCheck(facts: MachineFacts): Check {
  const { events, paranoid } = facts;
  const refused = events.userClock;
  if (refused === 'works') {
    if (events.clock === 'works') return ok('sampling', 'sampling', 'of user code and the kernel');
    return warn(
      'sampling',
      'sampling',
      `of user code alone, functions of the kernel will be missing: ${paranoidIs(facts)}${where(facts)}`,
      setting(facts, 'kernel.perf_event_paranoid', 1),
    );
  }
  if (refused === 'ENOSYS') {
    return fail(
      'sampling',
      'sampling',
      'this kernel has no perf events, or a sandbox hides them (perf_event_open: ENOSYS)',
      facts.container === undefined ? undefined : UNCONFINED,
    );
  }
  if (!isRefusal(refused)) {
    return fail('sampling', 'sampling', `perf events do not work here (${refused})`);
  }
  // Debian forbids everything from 3 on, Ubuntu from 4 on; kernel.org's kernel never does.
  if (!mayMonitor(facts) && (paranoid ?? 0) > 2) {
    return fail(
      'sampling',
      'sampling',
      `nothing can be sampled without CAP_PERFMON: ${paranoidIs(facts)}${where(facts)}`,
      setting(facts, 'kernel.perf_event_paranoid', 1),
    );
  }
  return fail(
    'sampling',
    'sampling',
    `perf_event_open is refused (${refused}), though ${paranoidIs(facts)}` +
      `${mayMonitor(facts) ? ' and this process has CAP_PERFMON' : ''}: a container’s seccomp ` +
      'profile or a security module forbids it',
    facts.container === undefined ? undefined : UNCONFINED,
  );
}

const UNCONFINED = byHand('docker run --security-opt seccomp=unconfined --cap-add PERFMON …');

function isRefusal(tried: EventTry): boolean {
  return tried === 'EACCES' || tried === 'EPERM';
}

function paranoidIs({ paranoid }: MachineFacts): string {
  return `kernel.perf_event_paranoid is ${paranoid ?? 'not readable'}`;
}

function systemWideCheck(facts: MachineFacts): Check {
  if (facts.events.allTasks === 'works') {
    return ok('system-wide', 'whole system', 'can be sampled (-a)');
  }
  return warn(
    'system-wide',
    'whole system',
    `only own processes can be sampled, not the whole system (-a): ${paranoidIs(facts)} and this ` +
      `process has no CAP_PERFMON${where(facts)}`,
    setting(facts, 'kernel.perf_event_paranoid', 0),
  );
}

function sampleRateCheck(facts: MachineFacts): Check {
  const { maxSampleRate } = facts;
  const most = `${formatCount(maxSampleRate)} samples per second`;
  if (maxSampleRate >= DEFAULT_RATE) return ok('sample-rate', 'sampling rate', `up to ${most}`);
  return warn(
    'sample-rate',
    'sampling rate',
    `the kernel grants ${most} at most, fewer than the usual ${DEFAULT_RATE}: it lowers ` +
      `kernel.perf_event_max_sample_rate where interrupts take long${where(facts)}`,
    setting(facts, 'kernel.perf_event_max_sample_rate', 100_000),
  );
}

/**
 * The kernel lets a user lock `perf_event_mlock_kb` for each CPU, and beyond that what `ulimit -l` grants to
 * a process, of all buffers together (perf_mmap in kernel/events/core.c).
 */
function ringMemoryCheck(facts: MachineFacts): Check {
  const { capabilities, paranoid, mlockKb, lockLimit, cpus } = facts;
  const id = 'ring-memory';
  const title = 'buffers';
  const unlimited =
    hasCapability(Capability.IPC_LOCK, capabilities) || paranoid === -1 || lockLimit === Infinity;
  if (unlimited) return ok(id, title, 'as large as recordings need');
  const perCpu = (mlockKb ?? 0) * 1024 + lockLimit / cpus;
  const granted = `${formatBytes(perCpu)} for each CPU`;
  const mend = setting(facts, 'kernel.perf_event_mlock_kb', 2048);
  if (perCpu >= DEFAULT_RING) return ok(id, title, granted);
  if (perCpu >= SMALLEST_RING) {
    return warn(
      id,
      title,
      `no more than ${granted}: samples with deep stacks may be lost, and are counted${where(facts)}`,
      mend,
    );
  }
  return fail(id, title, `no more than ${granted}, too little to record${where(facts)}`, mend);
}

/** One for each event and CPU, some for each command recorded; `-p` of many threads needs more. */
function openFilesCheck({ openFiles, cpus }: MachineFacts): Check {
  const needed = 64 + 4 * cpus;
  const id = 'open-files';
  if (openFiles >= needed) {
    const limit = openFiles === Infinity ? 'without limit' : `up to ${formatCount(openFiles)}`;
    return ok(id, 'open files', limit);
  }
  return warn(
    id,
    'open files',
    `up to ${openFiles}, of which several events on ${cpus} CPUs need ${needed}`,
    byHand(`ulimit -n ${Math.max(4096, needed)}`),
  );
}
