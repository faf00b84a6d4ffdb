/** Whom to record. */
import { spawnSync } from 'node:child_process';

import { StrataError } from '../base/errors.js';
import { SystemCallError } from '../linux/perf-event.js';
import { listProcesses, readStatus, threadsOf } from '../linux/proc.js';
import { formatCpuList, onlineCpus } from '../linux/system.js';

export type Target =
  /** The command, and what it starts. */
  | { readonly kind: 'command' }
  /** Running processes, all their threads. */
  | { readonly kind: 'processes'; readonly pids: readonly number[] }
  /** Single threads. */
  | { readonly kind: 'threads'; readonly tids: readonly number[] }
  /** Whatever runs on these CPUs; on all where absent. */
  | { readonly kind: 'system'; readonly cpus?: readonly number[] }
  /** All processes of a user, by name or number. */
  | { readonly kind: 'user'; readonly user: string };

/** What a target is at this moment. */
export interface ResolvedTarget {
  /** Threads that events are opened on; none of a command or a system. */
  readonly tids: readonly number[];
  /** Their processes. */
  readonly pids: readonly number[];
  /** CPUs that events are opened on. */
  readonly cpus: readonly number[];
  /** Whether events are opened on CPUs, for whatever runs there. */
  readonly systemWide: boolean;
  /** What differs from what was asked for, in sentences. */
  readonly notes: readonly string[];
}

/** A process that starts threads without end is taken as it stands after so many looks. */
const MOST_LOOKS = 16;

/**
 * Finds the target's threads and CPUs.
 *
 * A thread that starts later is recorded, too, if one that events are open on starts it: events are
 * inherited. One that starts between this look and the opening is missed, as with perf.
 * @throws StrataError where nothing is left to record, or a CPU or user is not there
 */
export function resolveTarget(target: Target): ResolvedTarget {
  switch (target.kind) {
    case 'command':
      return { tids: [], pids: [], cpus: onlineCpus(), systemWide: false, notes: [] };
    case 'system':
      return { tids: [], pids: [], cpus: chosenCpus(target.cpus), systemWide: true, notes: [] };
    case 'processes':
      return theseOf('process', 'processes', target.pids, allThreads);
    case 'threads':
      return theseOf('thread', 'threads', target.tids, (tid) => [tid]);
    case 'user':
      return processesOf(target.user);
  }
}

/** Whether an event could not be opened because its thread has ended: no failure while others are left. */
export function isGone(error: unknown): boolean {
  return error instanceof SystemCallError && error.code === 'ESRCH';
}

/** @param tidsOf the threads to open events on, of a process or thread that was named */
function theseOf(
  noun: string,
  nouns: string,
  named: readonly number[],
  tidsOf: (named: number) => readonly number[],
): ResolvedTarget {
  const tids = new Set<number>();
  const pids = new Set<number>();
  const missing: number[] = [];
  for (const id of new Set(named)) {
    const status = readStatus(id);
    const found = status === undefined ? [] : tidsOf(id);
    // The threads of a process may outlive their leader.
    const alive = status?.isZombie === true ? found.filter((tid) => tid !== id) : found;
    for (const tid of alive) tids.add(tid);
    if (status === undefined || alive.length === 0) missing.push(id);
    else pids.add(status.pid);
  }
  const lack = `no ${missing.length === 1 ? noun : nouns} ${missing.join(', ')}`;
  if (pids.size === 0) throw new StrataError(lack, whereHidden(missing));
  return {
    tids: [...tids],
    pids: [...pids],
    cpus: onlineCpus(),
    systemWide: false,
    notes:
      missing.length === 0
        ? []
        : [`there ${missing.length === 1 ? 'was' : 'were'} ${lack} any more`],
  };
}

/** Processes of others are not in /proc where it is mounted with `hidepid`; signals tell that they are there. */
function whereHidden(ids: readonly number[]): string | undefined {
  const isHidden = ids.some((id) => {
    try {
      return id > 0 && process.kill(id, 0);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  });
  return isHidden ? 'it runs as another user, and /proc hides it: root sees it' : undefined;
}

/** All threads of a process; new ones may have been started by some that were not seen yet. */
function allThreads(pid: number): number[] {
  let tids = threadsOf(pid);
  for (let looks = 1; looks < MOST_LOOKS; looks++) {
    const again = threadsOf(pid);
    const known = new Set(tids);
    if (again.every((tid) => known.has(tid))) break;
    tids = again;
  }
  return tids;
}

/** The processes that run as a user, but for the recorder itself. */
function processesOf(user: string): ResolvedTarget {
  const uid = userId(user);
  const pids = listProcesses().filter((pid) => {
    const status = pid === process.pid ? undefined : readStatus(pid);
    return status?.uid === uid && !status.isZombie;
  });
  if (pids.length === 0) throw new StrataError(`user ${user} has no processes`);
  return { ...theseOf('process', 'processes', pids, allThreads), notes: [] };
}

/** Asks `id`, which knows users of directories (LDAP), too. */
function userId(user: string): number {
  if (/^\d+$/.test(user)) return Number(user);
  const { stdout } = spawnSync('id', ['-u', '--', user], { encoding: 'utf8' });
  if (!/^\d+\n$/.test(stdout)) throw new StrataError(`no user ${JSON.stringify(user)}`);
  return Number(stdout);
}

function chosenCpus(asked: readonly number[] | undefined): readonly number[] {
  const online = onlineCpus();
  if (asked === undefined) return online;
  const absent = asked.filter((cpu) => !online.includes(cpu));
  if (absent.length > 0 || asked.length === 0) {
    const what =
      asked.length === 0 ? 'no CPU was chosen' : `CPU ${absent.join(', ')} is not online`;
    throw new StrataError(`${what}; these are: ${formatCpuList(online)}`);
  }
  return [...new Set(asked)].sort((a, b) => a - b);
}
