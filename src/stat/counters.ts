/**
 * Opens the counters: each event on each task or CPU, groups together.
 */
import { encodeAttr } from '../formats/perfdata/attr.js';
import { PerfFormat } from '../formats/perfdata/spec.js';
import type { EventSpec } from '../linux/events/spec.js';
import { countsInUser, userOnly } from '../linux/events/parse.js';
import { libc } from '../linux/libc.js';
import { SystemCallError, closeEvent, enableEvent, openEvent } from '../linux/perf-event.js';
import { setFilter } from '../record/events/filter.js';
import { explainRefusal, hasKernelPart, isForbidden } from '../record/events/permission.js';
import { isGone } from '../record/targets.js';
import type { CountedEvent, EventState, WantedGroup } from './events.js';
import type { Label, Labelling } from './labels.js';
import { ANY_TASK, type Place } from './places.js';

export interface CounterOptions {
  readonly inherit: boolean;
  /** Whether tasks' counters wake when these call `exec`; else by `enable`. */
  readonly onExec: boolean;
}

/** One event at one place. */
export interface Counter {
  /** Index into the events. */
  readonly event: number;
  /** Whose counts it gives, by the name that this had when it was opened. */
  readonly label: Label | undefined;
  /** -1 where the event cannot be counted. */
  readonly fd: number;
}

/** Numbers of a reading for each counter: value, and the nanoseconds that it was enabled and running. */
export const PER_COUNTER = 3;
const READ_BYTES = PER_COUNTER * 8;

/** What the kernel answers where a machine or its PMU lacks an event. */
const LACKING: ReadonlySet<string> = new Set([
  'ENOENT',
  'EOPNOTSUPP',
  'ENODEV',
  'ENXIO',
  'EINVAL',
  'EBUSY',
  'ENOSPC', // breakpoints: all of the processor's are in use
]);

export class Counters {
  readonly events: CountedEvent[] = [];
  readonly counters: Counter[] = [];
  /** Those that are to be enabled from here, and their groups with them. */
  private readonly leaders: number[] = [];

  /**
   * @param placesOf where an event is counted
   * @param labelOf whose a place's counts are
   * @throws StrataError where the kernel refuses for another reason than that it lacks the event
   */
  constructor(
    groups: readonly WantedGroup[],
    placesOf: (spec: EventSpec) => readonly Place[],
    private readonly labelOf: Labelling,
    private readonly options: CounterOptions,
  ) {
    try {
      for (const group of groups.flatMap(divided)) {
        this.openGroup(group, placesOf(group.events[0]));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  enable(): void {
    for (const fd of this.leaders) enableEvent(fd);
  }

  /** What has been counted so far: {@link PER_COUNTER} numbers each. */
  read(): Float64Array {
    const numbers = new Float64Array(this.counters.length * PER_COUNTER);
    const bytes = new Uint8Array(READ_BYTES);
    const view = new DataView(bytes.buffer);
    this.counters.forEach(({ fd }, i) => {
      if (fd < 0) return;
      const at = i * PER_COUNTER;
      if (libc().read(fd, bytes, READ_BYTES) !== READ_BYTES) {
        // A pinned event that found no counter reads as empty: for how long it was enabled is not known.
        numbers[at + 1] = NaN;
        return;
      }
      for (let k = 0; k < PER_COUNTER; k++) {
        numbers[at + k] = Number(view.getBigUint64(k * 8, true));
      }
    });
    return numbers;
  }

  close(): void {
    this.closeFrom(0);
  }

  private closeFrom(first: number): void {
    for (const { fd } of this.counters.splice(first)) if (fd >= 0) closeEvent(fd);
  }

  private openGroup(group: WantedGroup, places: readonly Place[]): void {
    const first = {
      event: this.events.length,
      counter: this.counters.length,
      leader: this.leaders.length,
    };
    const members = group.events.map((spec) => new Member(spec, group.filter));
    for (const place of places) {
      let leader = -1;
      for (const [i, member] of members.entries()) {
        const fd = member.open(place, leader, this.options);
        if (fd === undefined) continue;
        this.counters.push({ event: first.event + i, label: this.labelOf(place), fd });
        if (leader < 0 && fd >= 0) {
          leader = fd;
          if (!wakesAtExec(place, this.options)) this.leaders.push(fd);
        }
      }
    }
    const doesNotFit = group.weak && members.some(({ state }) => state === 'unsupported');
    if (doesNotFit && group.events.length > 1) {
      this.closeFrom(first.counter);
      this.leaders.length = first.leader;
      for (const spec of group.events) this.openGroup({ ...group, events: [spec] }, places);
      return;
    }
    for (const { spec, narrowed, state } of members) {
      this.events.push({ spec, narrowed, asked: group.asked, state });
    }
  }
}

/** What is counted on CPUs alone cannot be of one group with what is counted of tasks. */
function divided(group: WantedGroup): readonly WantedGroup[] {
  const ofCpus = group.events.filter(({ cpus }) => cpus !== undefined);
  if (ofCpus.length === 0 || ofCpus.length === group.events.length) return [group];
  return group.events.map((event) => ({ ...group, events: [event] }));
}

/** An event of a group while it is being opened: the first place that is there decides how. */
class Member {
  state: EventState = 'counted';
  narrowed = false;
  private isDecided = false;

  constructor(
    public spec: EventSpec,
    private readonly filter: string | undefined,
  ) {}

  /** @returns a descriptor; -1 where the event cannot be counted, `undefined` where the task has gone */
  open(place: Place, leader: number, options: CounterOptions): number | undefined {
    while (this.state !== 'unsupported') {
      try {
        const fd = this.openAt(place, leader, options);
        this.isDecided = true;
        return fd;
      } catch (error) {
        if (isGone(error)) return undefined;
        if (!this.adapt(error)) throw explainRefusal(error, this.spec.name);
      }
    }
    return -1;
  }

  private openAt(place: Place, leader: number, options: CounterOptions): number {
    const { spec } = this;
    const attr = encodeAttr({
      ...spec.attr,
      // Precision is of samples: the kernel refuses it where there are none.
      precise_ip: 0,
      read_format: PerfFormat.TOTAL_TIME_ENABLED | PerfFormat.TOTAL_TIME_RUNNING,
      flags: {
        ...spec.attr.flags,
        // A group sleeps and wakes with its leader.
        disabled: leader < 0,
        enable_on_exec: leader < 0 && wakesAtExec(place, options),
        inherit: spec.sampling.inherit ?? options.inherit,
      },
    });
    const fd = openEvent(attr, place.pid, place.cpu, leader);
    if (this.filter === undefined || spec.kind !== 'tracepoint') return fd;
    try {
      setFilter(fd, spec.name, this.filter);
    } catch (error) {
      closeEvent(fd);
      throw error;
    }
    return fd;
  }

  /** Asks for less. @returns whether that may help */
  private adapt(error: unknown): boolean {
    if (this.isDecided || !(error instanceof SystemCallError)) return false;
    if (isForbidden(error) && hasKernelPart(this.spec)) {
      if (!countsInUser(this.spec)) this.state = 'forbidden';
      this.spec = userOnly(this.spec);
      this.narrowed = true;
      return true;
    }
    if (!LACKING.has(error.code)) return false;
    this.state = 'unsupported';
    return true;
  }
}

function wakesAtExec(place: Place, { onExec }: CounterOptions): boolean {
  return onExec && place.pid !== ANY_TASK;
}
