/**
 * Counts once: opens the counters, starts the command, waits, and reads.
 *
 * A command inherits sleeping counters of this thread, which its `exec` wakes: it is counted from its first
 * instruction to its end, with all that it starts, and nothing of ours with it. All others are switched on
 * from here.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Nanoseconds } from '../base/units.js';
import { startCommand, type RunningCommand } from '../linux/command.js';
import { resolveTarget, type ResolvedTarget } from '../record/targets.js';
import { Counters } from './counters.js';
import type { CountedEvent, WantedGroup } from './events.js';
import { ExecClock } from './exec-time.js';
import type { Labelling } from './labels.js';
import type { StatOptions } from './options.js';
import { isAlive, ofNextCommand, ofRunningCommand, placesOf } from './places.js';
import { makeRows, type Row } from './rows.js';
import { childrenTimes, type CpuTimes } from './usage.js';

/** Counts of a stretch of time. */
export interface Interval {
  readonly rows: readonly Row[];
  /** Its end, since counting began. */
  readonly at: Nanoseconds;
  readonly length: Nanoseconds;
}

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
  onStart(command: RunningCommand): void;
  onInterval(interval: Interval): void;
}

/** How often it is looked whether the target has ended: nothing tells us. */
const LOOK_EVERY_MS = 50;

/** @throws StrataError where nothing can be counted, or the command not be started */
export async function countOnce(options: StatOptions, around: Surroundings): Promise<Counted> {
  const { delayMs } = options;
  const isOfCommand = options.target.kind === 'command';
  const wakesAtExec = isOfCommand && delayMs === undefined;
  const timers = new AbortController();
  const cpuBefore = childrenTimes();
  let command: RunningCommand | undefined;
  const execClock = wakesAtExec ? new ExecClock() : undefined;
  let counters: Counters | undefined;
  const start = async (): Promise<void> => {
    if (options.command.length === 0) return;
    command = await startCommand(options.command, process.env, around.descriptors);
    around.onStart(command);
  };
  try {
    if (delayMs !== undefined) await start();
    const target = !isOfCommand
      ? resolveTarget(options.target)
      : wakesAtExec
        ? ofNextCommand()
        : ofRunningCommand(command?.pid ?? 0);
    counters = new Counters(around.groups, placesOf(target), around.labelOf, {
      inherit: options.inherit,
      onExec: wakesAtExec,
    });

    const hasBegun = await wait(delayMs ?? 0, [command?.ended, around.interrupted], timers.signal);
    if (hasBegun) counters.enable();
    let began = now();
    if (delayMs === undefined) await start();
    if (wakesAtExec) began = execClock?.timeOf(command?.pid ?? 0) ?? now();
    execClock?.close();

    const end =
      command?.ended ?? Promise.race([around.interrupted, endOf(target, options, timers)]);
    const watched = new Watch(counters, around, began, hasBegun);
    const timedOut = await watched.until(end, options, timers.signal);
    const { rows, elapsed } = watched.total();
    if (timedOut) command?.signal('SIGTERM');
    const exitCode = (await command?.ended) ?? 0;
    const cpuAfter = childrenTimes();
    return {
      rows,
      events: counters.events,
      elapsed,
      ...(isOfCommand && {
        cpu: {
          user: cpuAfter.user - cpuBefore.user,
          system: cpuAfter.system - cpuBefore.system,
        },
      }),
      exitCode,
      notes: hasBegun
        ? target.notes
        : [...target.notes, 'nothing was counted: the end came before counting was to begin'],
    };
  } catch (error) {
    // It was to be counted, and is not.
    command?.signal('SIGTERM');
    throw error;
  } finally {
    timers.abort();
    counters?.close();
    execClock?.close();
  }
}

/** Reads the counters at each interval's end and the last one's. */
class Watch {
  private before: { readonly reading: Float64Array; readonly at: Nanoseconds } | undefined;
  private latest: { readonly reading: Float64Array; readonly at: Nanoseconds } | undefined;

  constructor(
    private readonly counters: Counters,
    private readonly around: Surroundings,
    private readonly began: Nanoseconds,
    private readonly hasBegun: boolean,
  ) {}

  /** Counts until the end, or as long as was asked for. @returns whether the time was up */
  async until(
    end: Promise<unknown>,
    { intervalMs, intervalCount = Infinity, timeoutMs = Infinity }: StatOptions,
    signal: AbortSignal,
  ): Promise<boolean> {
    const since = (ms: number): number => ms - (now() - this.began) / 1e6;
    for (let n = 1; intervalMs !== undefined && n <= intervalCount; n++) {
      const next = n * intervalMs;
      if (next > timeoutMs || !(await wait(since(next), [end], signal))) break;
      this.read();
      this.tell();
      if (n === intervalCount) return false;
    }
    const timedOut = await wait(since(timeoutMs), [end], signal);
    this.read();
    if (intervalMs !== undefined) this.tell();
    return timedOut;
  }

  total(): { rows: Row[]; elapsed: Nanoseconds } {
    const { reading, at } = this.latest ?? this.read();
    const rows = makeRows(this.counters, reading, undefined, this.hasBegun);
    return { rows, elapsed: at };
  }

  private read(): { reading: Float64Array; at: Nanoseconds } {
    const at = now() - this.began;
    return (this.latest = { reading: this.counters.read(), at });
  }

  /** What was counted since it was last told. */
  private tell(): void {
    const { reading, at } = this.latest ?? this.read();
    const { before } = this;
    const rows = makeRows(this.counters, reading, before?.reading, this.hasBegun);
    this.around.onInterval({ rows, at, length: at - (before?.at ?? 0) });
    this.before = { reading, at };
  }
}

/** `CLOCK_MONOTONIC`. */
function now(): Nanoseconds {
  return Number(process.hrtime.bigint());
}

/** Longer timers of Node.js end at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Waits for a time, or until one of the `ends` comes. @returns whether the time passed */
async function wait(
  ms: number,
  ends: readonly (Promise<unknown> | undefined)[],
  signal: AbortSignal,
): Promise<boolean> {
  const timer = sleep(Math.max(0, Math.min(Math.ceil(ms), LONGEST_TIMER)), true, { signal });
  const ended = ends.flatMap((end) => (end === undefined ? [] : [end.then(() => false)]));
  const passed = await Promise.race([timer.catch(() => false), ...ended]);
  return passed;
}

/** Resolves when nothing of a target runs any more; never of a system. */
async function endOf(
  target: ResolvedTarget,
  options: StatOptions,
  { signal }: AbortController,
): Promise<void> {
  const isWhole = options.target.kind === 'processes';
  while (target.systemWide || isAlive(target, isWhole)) {
    if (signal.aborted) return;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
