/** Where each event is counted: on which tasks, or on which CPUs. */
import type { EventSpec } from '../linux/events/spec.js';
import { readStatus, threadsOf } from '../linux/proc.js';
import { onlineCpus } from '../linux/system.js';
import type { ResolvedTarget } from '../record/targets.js';

/** A task on any CPU, or (`pid` -1) whatever runs on one CPU: as perf_event_open(2) has it. */
export interface Place {
  readonly pid: number;
  readonly cpu: number;
}

/** The `pid` of perf_event_open(2) for every task of a CPU. */
export const ANY_TASK = -1;
const ANY_CPU = -1;

/** @returns the places of an event; none where its PMU has no CPU among the target's */
export function placesOf(target: ResolvedTarget): (spec: EventSpec) => readonly Place[] {
  const onCpus = (cpus: readonly number[]): Place[] => cpus.map((cpu) => ({ pid: ANY_TASK, cpu }));
  if (target.systemWide) {
    const chosen = new Set(target.cpus);
    const all = onCpus(target.cpus);
    return ({ cpus, coreCpus }) => {
      const few = cpus ?? coreCpus;
      return few === undefined ? all : onCpus(few.filter((cpu) => chosen.has(cpu)));
    };
  }
  const online = new Set(onlineCpus());
  const tasks = target.tids.map((pid) => ({ pid, cpu: ANY_CPU }));
  return ({ cpus }) => (cpus === undefined ? tasks : onCpus(cpus.filter((cpu) => online.has(cpu))));
}

/** A process that has not begun yet to become the command. */
export function ofStarting(pid: number): ResolvedTarget {
  return { tids: [pid], pids: [pid], cpus: [], systemWide: false, notes: [] };
}

/** Whether anything of a target that was found running runs still: a thread of its processes. */
export function isAlive({ tids, pids }: ResolvedTarget, whole: boolean): boolean {
  const runs = (tid: number): boolean => readStatus(tid)?.isZombie === false;
  return whole ? pids.some((pid) => threadsOf(pid).some(runs)) : tids.some(runs);
}
