/**
 * Opens the events of a recording, for each task on each CPU: an event that tasks inherit can only write
 * into a ring of one CPU.
 *
 * Those of a command are opened on the calling thread, asleep: the command that it starts inherits them, and
 * each process of its has them woken at its first `exec`.
 */
import { StrataError } from '../../base/errors.js';
import { powerOfTwo } from '../../base/units.js';
import { encodeAttr } from '../../formats/perfdata/attr.js';
import { PerfFormat } from '../../formats/perfdata/spec.js';
import {
  EVERY_TASK,
  THIS_TASK,
  closeEvent,
  disableEvent,
  enableEvent,
  eventId,
  openEvent,
  readCounts,
  redirectEvent,
} from '../../linux/perf-event.js';
import { HangUps } from '../../linux/poll.js';
import type { RingMemory } from '../../linux/ring.js';
import { pageSize } from '../../linux/system.js';
import type { RecordOptions } from '../options.js';
import { isGone, type ResolvedTarget } from '../targets.js';
import { eventFeatures } from './features.js';
import { setFilter } from './filter.js';
import { explainRefusal } from './permission.js';
import { countedOn, planEvents, type EventPlan, type PlannedEvent } from './plan.js';
import { openRings, type Rings } from './rings.js';
import type { RecordedEvent } from './sample-layout.js';

/** How long the rings can take what comes, in seconds, if the draining thread gets no CPU. */
const RING_SECONDS = 0.4;
/** How much of the past a flight recorder keeps, within {@link MAX_RING}. */
const FLIGHT_SECONDS = 30;
const MIN_RING = 512 * 1024;
const MAX_RING = 128 * 1024 * 1024;
/** Of all CPUs together. */
const MAX_RINGS = 512 * 1024 * 1024;
/** How many samples to expect of events that are sampled by a period, which come in bursts. */
const RATE_OF_PERIODS = 2000;
/** Of what tells of processes, where samples have rings of their own. */
const TRACKER_RING = 1024 * 1024;

export interface OpenedEvents {
  readonly events: readonly RecordedEvent[];
  readonly rings: readonly RingMemory[];
  /** Sections of the file without which perf cannot read them. */
  readonly features: ReadonlyMap<number, Uint8Array>;
  /** Samples per second; `undefined` where all events are sampled by periods. */
  readonly frequency: number | undefined;
  /** What differs from what was asked for, in sentences. */
  readonly notes: readonly string[];
  /** Lets the kernel tell of processes: to be called first. */
  track(): void;
  /** Switches sampling on and off. */
  enable(): void;
  disable(): void;
  /** Whether all tasks that were attached to have ended, and all that they started. */
  isOver(): boolean;
  /** Samples that the kernel dropped, by its own count; `undefined` where it has none (before Linux 6.0). */
  lost(): number | undefined;
  close(): void;
}

/** Whether sampling may be off at times while processes go on. */
export function isSwitched(options: RecordOptions): boolean {
  return options.delaySeconds !== undefined || options.control !== undefined;
}

/**
 * Opens the events, all of them asleep.
 * @throws StrataError naming the setting that forbids it, or the event that the machine lacks
 */
export function openEvents(options: RecordOptions, target: ResolvedTarget): OpenedEvents {
  const notes: string[] = [];
  const ofCommand = options.target.kind === 'command';
  const { cpus, systemWide } = target;
  const tasks = systemWide ? [EVERY_TASK] : ofCommand ? [THIS_TASK] : target.tids;
  const plan = planEvents(
    {
      options,
      // A thread that was attached to may end meanwhile; what may be done to it is another question.
      pid: systemWide ? EVERY_TASK : THIS_TASK,
      cpu: cpus[0],
      enableOnExec: ofCommand && !isSwitched(options),
      inherit: ofCommand || (options.inherit && !systemWide),
      tracker: !ofCommand || isSwitched(options) || options.overwrite,
    },
    notes,
  );
  const opening = new Opening(plan, openTargetRings(options, plan, cpus, notes), cpus);
  try {
    for (const task of tasks) opening.open(task);
    if (opening.isEmpty) throw new StrataError('the processes to record have all ended');
  } catch (error) {
    opening.close();
    throw error;
  }
  return {
    events: plan.events.map(({ name, role, attr, kernelAttr }, i) => ({
      name,
      role,
      attr,
      kernelAttr,
      ids: opening.ids[i],
    })),
    features: eventFeatures(plan.events),
    rings: opening.rings,
    frequency: plan.events.some(({ kernelAttr }) => kernelAttr.flags.freq === true)
      ? plan.frequency
      : undefined,
    notes,
    track: () => opening.switch('tracker', enableEvent),
    enable: () => opening.switch('sampler', enableEvent),
    disable: () => opening.switch('sampler', disableEvent),
    isOver: () => opening.isOver(),
    lost: () => opening.lost(),
    close: () => opening.close(),
  };
}

interface TargetRings {
  readonly samples: Rings;
  readonly tracker: Rings;
}

function openTargetRings(
  options: RecordOptions,
  plan: EventPlan,
  cpus: readonly number[],
  notes: string[],
): TargetRings {
  const size =
    askedSize(options.bufferSize) ??
    ringSizeFor(plan, cpus.length, options.overwrite ? FLIGHT_SECONDS : RING_SECONDS);
  const samples = openRings(cpus, size, options.overwrite, notes);
  if (!options.overwrite) return { samples, tracker: samples };
  try {
    return { samples, tracker: openRings(cpus, TRACKER_RING, false, notes) };
  } catch (error) {
    samples.close();
    throw error;
  }
}

/** A power of two of pages that holds what was asked for. */
function askedSize(asked: RecordOptions['bufferSize']): number | undefined {
  if (asked === undefined) return undefined;
  const page = pageSize();
  const wanted = 'pages' in asked ? asked.pages * page : asked.bytes;
  return Math.max(page, powerOfTwo(wanted));
}

/** A power of two that holds so many seconds of samples, within what is reasonable to lock. */
function ringSizeFor({ events, frequency }: EventPlan, cpus: number, seconds: number): number {
  const bytes = Math.max(...events.map(({ kernelAttr }) => kernelAttr.sample_stack_user ?? 0));
  const perSecond = Math.max(
    frequency,
    ...events.map(({ role, kernelAttr }) =>
      role === 'tracker' || kernelAttr.flags.freq === true ? 0 : RATE_OF_PERIODS,
    ),
  );
  const wanted = Math.min(perSecond * (bytes + 1024) * seconds, MAX_RING, MAX_RINGS / cpus);
  return Math.max(MIN_RING, powerOfTwo(wanted));
}

/** The descriptors of a recording's events. */
class Opening {
  readonly rings: RingMemory[];
  /** Of each event. */
  readonly ids: bigint[][];
  /** Of each event. */
  private readonly fds: number[][];
  private readonly hangUps = new HangUps();

  constructor(
    private readonly plan: EventPlan,
    private readonly targetRings: TargetRings,
    private readonly cpus: readonly number[],
  ) {
    const { samples, tracker } = targetRings;
    this.rings =
      samples === tracker ? [...samples.memories] : [...tracker.memories, ...samples.memories];
    this.ids = plan.events.map(() => []);
    this.fds = plan.events.map(() => []);
  }

  get isEmpty(): boolean {
    return this.fds.every((list) => list.length === 0);
  }

  /** Opens all events on a task; on none that has ended. */
  open(task: number): void {
    for (const cpu of this.cpus) {
      /** By event; without those that this CPU does not count. */
      const opened = new Map<number, number>();
      try {
        this.plan.events.forEach((event, i) => {
          const cpus = event.spec === undefined ? undefined : countedOn(event.spec);
          if (cpus?.includes(cpu) === false) return;
          const group = event.leader === i ? -1 : opened.get(event.leader)!;
          opened.set(i, this.openOne(event, task, cpu, group));
        });
      } catch (error) {
        for (const fd of opened.values()) closeEvent(fd);
        if (isGone(error)) return;
        throw error;
      }
      for (const [i, fd] of opened) {
        this.fds[i].push(fd);
        this.ids[i].push(eventId(fd));
      }
    }
  }

  private openOne(
    { name, kernelAttr, filter, role }: PlannedEvent,
    task: number,
    cpu: number,
    group: number,
  ): number {
    let fd = -1;
    try {
      fd = openEvent(encodeAttr(kernelAttr), task, cpu, group);
      const { tracker, samples } = this.targetRings;
      redirectEvent(fd, (role === 'tracker' ? tracker : samples).ownerOf(cpu));
      if (filter !== undefined) setFilter(fd, name, filter);
      return fd;
    } catch (error) {
      if (fd >= 0) closeEvent(fd);
      throw isGone(error) ? error : explainRefusal(error, name);
    }
  }

  switch(which: 'tracker' | 'sampler', change: (fd: number) => void): void {
    this.plan.events.forEach(({ role, leader }, i) => {
      // The leader of a group takes the others along.
      if ((role === 'tracker') !== (which === 'tracker') || leader !== i) return;
      for (const fd of this.fds[i]) change(fd);
    });
  }

  isOver(): boolean {
    // All events of a task end with it: the tracker tells, which is on every CPU.
    return this.hangUps.all(this.fds[this.fds.length - 1]);
  }

  lost(): number | undefined {
    let lost: number | undefined;
    for (const [i, { kernelAttr }] of this.plan.events.entries()) {
      if (kernelAttr.read_format !== PerfFormat.LOST) continue;
      for (const fd of this.fds[i]) {
        const counts = readCounts(fd);
        if (counts !== undefined) lost = (lost ?? 0) + counts.lost;
      }
    }
    return lost;
  }

  close(): void {
    for (const fd of this.fds.flat()) closeEvent(fd);
    for (const list of [...this.fds, ...this.ids]) list.length = 0;
    const { samples, tracker } = this.targetRings;
    samples.close();
    if (tracker !== samples) tracker.close();
  }
}
