/**
 * Counts once: opens the counters, starts the command, waits, and reads.
 *
 * A command inherits sleeping counters of this thread, which its `exec` wakes: it is counted from its first
 * instruction to its end, with all that it starts, and nothing of ours with it. All others are switched on
 * from here.
 */
import type { Nanoseconds } from '../base/units.js';
import { startCommand, type RunningCommand } from '../linux/command.js';
import { resolveTarget, type ResolvedTarget } from '../record/targets.js';
import { Counters } from './counters.js';
import type { CountedEvent, WantedGroup } from './events.js';
import { ExecClock } from './exec-time.js';
import type { Labelling } from './labels.js';
import type { StatOptions } from './options.js';
import { isAlive, ofNextCommand, ofRunningCommand, placesOf } from './places.js';
import type { Row } from './rows.js';
import { childrenTimes, type CpuTimes } from './usage.js';
import { Alarm, Watch, now, type Interval } from './watch.js';

export interface Counted {
  readonly rows: readonly Row[];
  readonly events: readonly CountedEvent[];
  readonly elapsed: Nanoseconds;
  /** Of the command, where it alone is counted. */
  readonly cpu?: CpuTimes;
  /** The command's, 128 + the signal that ended it; 0 without one. */
  readonly exitCode: number;
  readonly notes: readonly string[];
}

/** What stays the same from run to run. */
export interface Surroundings {
  readonly groups: readonly WantedGroup[];
  readonly labelOf: Labelling;
  /** What a command gets besides standard input, output and error. */
  readonly descriptors: readonly number[];
  /** Ends counting where there is no command, whose own end would. */
  readonly interrupted: Promise<unknown>;
  readonly onStart: (command: RunningCommand) => void;
  readonly onInterval: (interval: Interval) => void;
}

/** How often it is looked whether a target has ended: nothing tells us. */
const LOOK_EVERY_MS = 50;

/** @throws StrataError where nothing can be counted, or the command not be started */
export async function countOnce(options: StatOptions, around: Surroundings): Promise<Counted> {
  const { delayMs } = options;
  const isOfCommand = options.target.kind === 'command';
  const wakesAtExec = isOfCommand && delayMs === undefined;
  const cpuBefore = childrenTimes();
  const execClock = wakesAtExec ? new ExecClock() : undefined;
  let command: RunningCommand | undefined;
  let counters: Counters | undefined;
  let looking: NodeJS.Timeout | undefined;
  const start = async (): Promise<void> => {
    if (options.command.length === 0) return;
    command = await startCommand(options.command, process.env, around.descriptors);
    around.onStart(command);
  };
  try {
    if (delayMs !== undefined) await start();
    const target = targetOf(options, wakesAtExec, command);
    counters = new Counters(around.groups, placesOf(target), around.labelOf, {
      inherit: options.inherit,
      onExec: wakesAtExec,
    });
    const hasBegun =
      delayMs === undefined ||
      (await new Alarm([command?.ended, around.interrupted]).passes(delayMs));

    if (hasBegun) counters.enable();
    let began = now();
    if (delayMs === undefined) await start();
    if (wakesAtExec) began = execClock?.timeOf(command?.pid ?? 0) ?? now();
    execClock?.close();

    const watch = new Watch(counters, began, hasBegun, around.onInterval);
    const gone = new Promise<void>((resolve) => {
      if (command !== undefined || target.systemWide) return;
      const isWhole = options.target.kind !== 'threads';
      looking = setInterval(() => isAlive(target, isWhole) || resolve(), LOOK_EVERY_MS);
    });
    const ends = command === undefined ? [gone, around.interrupted] : [command.ended];
    const isTimeUp = await watch.until(new Alarm(ends), options);
    if (isTimeUp) command?.signal('SIGTERM');
    const exitCode = (await command?.ended) ?? 0;
    return {
      ...watch.total(),
      events: counters.events,
      ...(isOfCommand && { cpu: timesSince(cpuBefore) }),
      exitCode,
      notes: [
        ...target.notes,
        ...(hasBegun ? [] : ['nothing was counted: the end came before counting was to begin']),
      ],
    };
  } catch (error) {
    // It was to be counted, and is not.
    command?.signal('SIGTERM');
    throw error;
  } finally {
    clearInterval(looking);
    counters?.close();
    execClock?.close();
  }
}

function targetOf(
  { target }: StatOptions,
  wakesAtExec: boolean,
  command: RunningCommand | undefined,
): ResolvedTarget {
  if (target.kind !== 'command') return resolveTarget(target);
  return wakesAtExec ? ofNextCommand() : ofRunningCommand(command?.pid ?? 0);
}

function timesSince(before: CpuTimes): CpuTimes {
  const after = childrenTimes();
  return { user: after.user - before.user, system: after.system - before.system };
}
