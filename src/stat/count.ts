/**
 * Counts once: opens the counters, starts the command, waits, and reads.
 *
 * A command's counters are opened on its process before that becomes the command: they wake at its `exec` or,
 * after a delay, from here, and all that it starts inherits them. So it is counted from its first instruction
 * to its end, nothing of ours with it, and nothing that it starts is missed.
 */
import type { Nanoseconds } from '../base/units.js';
import { now } from '../linux/clock.js';
import { launch, type Launched, type MeasuredRun, type Stdio } from '../measure/launch.js';
import { resolveTarget, type ResolvedTarget } from '../record/targets.js';
import { Counters } from './counters.js';
import type { CountedEvent, WantedGroup } from './events.js';
import type { Labelling } from './labels.js';
import type { StatOptions } from './options.js';
import { isAlive, ofStarting, placesOf } from './places.js';
import type { Row } from './rows.js';
import { Alarm, Watch, type Interval } from './watch.js';

export interface Counted {
  readonly rows: readonly Row[];
  readonly events: readonly CountedEvent[];
  readonly elapsed: Nanoseconds;
  /** The command's, where there is one. */
  readonly run?: MeasuredRun;
  readonly notes: readonly string[];
}

/** What stays the same from run to run. */
export interface Surroundings {
  readonly groups: readonly WantedGroup[];
  readonly labelOf: Labelling;
  readonly stdio: Stdio;
  /** Ends counting where there is no command, whose own end would. */
  readonly interrupted: Promise<unknown>;
  readonly onStart: (command: Launched) => void;
  readonly onInterval: (interval: Interval) => void;
}

/** How often it is looked whether a target has ended: nothing tells us. */
const LOOK_EVERY_MS = 50;

/** @throws StrataError where nothing can be counted, or the command not be started */
export async function countOnce(options: StatOptions, around: Surroundings): Promise<Counted> {
  const { command, delayMs } = options;
  const { stdio, interrupted } = around;
  let opened = undefined as Opened | undefined;
  let running: Launched | undefined;
  let looking: NodeJS.Timeout | undefined;
  const open = (pid?: number): Opened => {
    opened?.counters.close();
    return (opened = openCounters(options, around, pid));
  };
  try {
    if (command.length > 0) {
      running = await launch(command, { stdio, beforeExec: open });
      around.onStart(running);
    }
    const { counters, target, at } = opened ?? open();
    const gone = new Promise<void>((resolve) => {
      if (running !== undefined || target.systemWide) return;
      const isWhole = options.target.kind !== 'threads';
      looking = setInterval(() => isAlive(target, isWhole) || resolve(), LOOK_EVERY_MS);
    });
    const end = new Alarm(running === undefined ? [gone, interrupted] : [running.ended]);

    let began = options.target.kind === 'command' ? (running?.started ?? at) : at;
    let hasBegun = true;
    if (delayMs !== undefined) {
      hasBegun = await end.passes(delayMs);
      if (hasBegun) counters.enable();
      began = now();
    }
    const watch = new Watch(counters, began, hasBegun, around.onInterval);
    const isTimeUp = await watch.until(end, options);
    if (isTimeUp) running?.signal('SIGTERM');
    const run = await running?.ended;
    const { rows, elapsed } = watch.total();
    // We hear of the command's end a little later.
    const commandEnd = running === undefined ? Infinity : running.started + (run?.real ?? 0);
    return {
      rows,
      events: counters.events,
      elapsed: Math.max(0, Math.min(elapsed, commandEnd - began)),
      ...(run !== undefined && { run }),
      notes: [
        ...target.notes,
        ...(hasBegun ? [] : ['nothing was counted: the end came before counting was to begin']),
      ],
    };
  } catch (error) {
    // It was to be counted, and is not.
    running?.signal('SIGTERM');
    throw error;
  } finally {
    clearInterval(looking);
    opened?.counters.close();
  }
}

interface Opened {
  readonly target: ResolvedTarget;
  readonly counters: Counters;
  readonly at: Nanoseconds;
}

/** @param pid of the process that is about to become the command, where there is one */
function openCounters(
  { target, inherit, delayMs }: StatOptions,
  { groups, labelOf }: Surroundings,
  pid = 0,
): Opened {
  const isOfCommand = target.kind === 'command';
  const resolved = isOfCommand ? ofStarting(pid) : resolveTarget(target);
  const onExec = isOfCommand && delayMs === undefined;
  const counters = new Counters(groups, placesOf(resolved), labelOf, { inherit, onExec });
  if (delayMs === undefined) counters.enable();
  return { target: resolved, counters, at: now() };
}
