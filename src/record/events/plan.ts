/**
 * Which events a recording has: what was asked for, tried on this machine. What the kernel of an older
 * version or a user without rights cannot have is left away where the rest is still worth having.
 */
import { StrataError, usageError } from '../../base/errors.js';
import { encodeAttr } from '../../formats/perfdata/attr.js';
import { PerfFormat, PerfSample } from '../../formats/perfdata/spec.js';
import { parseEvents, userOnly } from '../../linux/events/parse.js';
import { unsupportedEvent } from '../../linux/events/refusal.js';
import type { EventGroup, EventSpec } from '../../linux/events/spec.js';
import { SystemCallError, closeEvent, openEvent } from '../../linux/perf-event.js';
import { maxSampleRate } from '../../linux/system.js';
import type { RecordOptions } from '../options.js';
import {
  DEFAULT_FREQUENCY,
  fileAttr,
  offCpuFileAttr,
  samplingAttr,
  switchesAttr,
  trackerAttr,
  type AttrContext,
  type EventAttrInput,
} from './attributes.js';
import { explainRefusal, mayFallBackToUser } from './permission.js';
import type { RecordedEvent } from './sample-layout.js';

/** An event that is to be opened. */
export interface PlannedEvent extends Omit<RecordedEvent, 'ids'> {
  /** Index of the event that leads its group; its own where it is alone. */
  readonly leader: number;
  /** What was asked for; absent of events that the recorder adds. */
  readonly spec?: EventSpec;
  /** What a tracepoint's fields must be. */
  readonly filter?: string;
}

export interface EventPlan {
  readonly events: readonly PlannedEvent[];
  /** Samples per second. */
  readonly frequency: number;
}

/** What the recording's events are opened on, and how. */
export interface PlanContext {
  readonly options: RecordOptions;
  /** A task (0 for the caller, -1 for every one) and CPU on which events are tried. */
  readonly pid: number;
  readonly cpu: number;
  readonly enableOnExec: boolean;
  readonly inherit: boolean;
  /** Whether an event of its own tells of processes, as sampling may be switched off. */
  readonly tracker: boolean;
}

/** Events in the machine's own order of preference, where nobody named one. */
const CLOCKS = ['cycles:P', 'cpu-clock'];
/** Time on the CPU is in the unit of time off it, so that both can be shown together. */
const TIME_CLOCKS = ['cpu-clock'];

/**
 * Plans the events.
 * @param notes gets a sentence for each thing that differs from what was asked for
 * @throws StrataError naming the setting that forbids it, or the event that the machine lacks
 */
export function planEvents(context: PlanContext, notes: string[]): EventPlan {
  const { options } = context;
  const frequency = grantedFrequency(options.frequency ?? DEFAULT_FREQUENCY, notes);
  const planner = new Planner(context, { ...context, frequency });
  if (options.events.length === 0) planner.addClock(options.offCpu ? TIME_CLOCKS : CLOCKS);
  options.events.forEach((text, i) => {
    const filters = options.filters.filter(({ after }) => after === i + 1);
    planner.addEvents(text, filters.map(({ text }) => `(${text})`).join(' && '));
  });
  const twins = planner.twins();
  if (twins.length > 0) {
    notes.push(
      `the kernel cannot tell samples of ${twins.join(' and ')} apart, as both count the same: ` +
        'some stand under the other’s name',
    );
  }
  if (options.offCpu) planner.addSwitches();
  if (context.tracker) planner.addTracker();
  if (planner.narrowed) {
    notes.push(
      'only user space was sampled, kernel functions are missing: ' +
        'kernel.perf_event_paranoid forbids the rest ' +
        '(sudo sysctl kernel.perf_event_paranoid=1 allows it)',
    );
  }
  return { events: planner.events, frequency };
}

function grantedFrequency(asked: number | 'max', notes: string[]): number {
  const most = maxSampleRate();
  if (asked === 'max') return most;
  if (asked <= most) return asked;
  notes.push(
    `${asked} samples per second were asked for; the kernel grants ${most} ` +
      '(kernel.perf_event_max_sample_rate)',
  );
  return most;
}

class Planner {
  readonly events: PlannedEvent[] = [];
  /** Whether the kernel's part of an event had to be left out. */
  narrowed = false;

  constructor(
    private readonly place: PlanContext,
    private readonly context: AttrContext,
  ) {}

  /** The first of these that there is. */
  addClock(names: readonly string[]): void {
    let refused: StrataError | undefined;
    for (const name of names) {
      const [spec] = parseEvents(name)[0].events;
      const found = this.tryEvent(spec);
      if (!('refusal' in found)) {
        this.add(found.spec, found.attr, this.events.length);
        return;
      }
      refused = unsupportedEvent(spec, found.refusal, found.attr);
    }
    // Every kernel has the last of them: it is what else was asked for that is not there.
    throw refused!;
  }

  /** The events of one `-e`. */
  addEvents(text: string, filter: string): void {
    const groups = parseEvents(text);
    const tracepoints = groups.flatMap(({ events }) => events).filter(isTracepoint);
    if (filter !== '' && tracepoints.length === 0) {
      throw usageError(
        `--filter stands after '${text}', which is no tracepoint`,
        'for example: -e sched:sched_switch --filter "prev_pid != 0"',
      );
    }
    for (const group of groups) this.addGroup(group, filter);
  }

  /**
   * Names of events for which one occurrence makes a sample of each: since Linux 6.2 all of these have the
   * ID of the first (`perf_prepare_sample` keeps what was filled in for it).
   */
  twins(): string[] {
    const key = ({ kernelAttr: { type, config } }: PlannedEvent): string => `${type} ${config}`;
    const alike = (event: PlannedEvent): boolean =>
      this.events.some((other) => other !== event && key(other) === key(event));
    const shared = this.events.filter(
      ({ spec }) => spec?.kind === 'tracepoint' || (spec?.kind === 'software' && !spec.clock),
    );
    return shared.filter(alike).map(({ name }) => name);
  }

  addSwitches(): void {
    const attr = switchesAttr(this.context);
    const found = this.tryAttr(attr);
    if (found instanceof SystemCallError) {
      if (found.code !== 'EACCES' && found.code !== 'EPERM')
        throw explainRefusal(found, 'switches');
      throw new StrataError(
        'waiting cannot be recorded by this user: --off-cpu samples in the kernel, at context switches',
        'sudo sysctl kernel.perf_event_paranoid=1 allows it, as CAP_PERFMON does',
      );
    }
    this.events.push({
      name: 'offcpu-time',
      role: 'switches',
      kernelAttr: found,
      attr: offCpuFileAttr(found),
      leader: this.events.length,
    });
  }

  addTracker(): void {
    const attr = this.tryAttr(trackerAttr(this.context));
    if (attr instanceof SystemCallError) throw explainRefusal(attr, 'dummy');
    const leader = this.events.length;
    this.events.push({ name: 'dummy:u', role: 'tracker', kernelAttr: attr, attr, leader });
  }

  private addGroup({ events, sampleRead, weak }: EventGroup, filter: string): void {
    const leader = this.events.length;
    const found = events.map((asked) => {
      const tried = this.tryEvent(asked);
      if ('refusal' in tried) throw unsupportedEvent(asked, tried.refusal, tried.attr);
      return tried;
    });
    const members = found.map(({ attr }, i) => memberAttr(attr, i === 0, sampleRead));
    const isGroup = events.length > 1 && this.fits(events, members, weak);
    found.forEach(({ spec, attr }, i) => {
      const condition = filter !== '' && isTracepoint(spec) ? { filter } : {};
      if (isGroup) this.add(spec, members[i], leader, condition);
      else this.add(spec, attr, leader + i, condition);
    });
  }

  /** @throws StrataError where events that are to be counted together cannot be */
  private fits(
    events: readonly EventSpec[],
    attrs: readonly EventAttrInput[],
    weak: boolean,
  ): boolean {
    const { pid, cpu } = this.place;
    const fds: number[] = [];
    try {
      for (const attr of attrs) fds.push(openEvent(encodeAttr(attr), pid, cpu, fds[0] ?? -1));
      return true;
    } catch (error) {
      if (!(error instanceof SystemCallError) || !UNSUPPORTED.has(error.code)) throw error;
      if (weak) return false;
      throw new StrataError(
        `the kernel cannot count ${events.map(({ name }) => name).join(' and ')} together (${error.code})`,
        'the modifier W counts them one by one where that is so: {a,b}:W',
      );
    } finally {
      for (const fd of fds) closeEvent(fd);
    }
  }

  private add(spec: EventSpec, attr: EventAttrInput, leader: number, more = {}): void {
    const { keepStacks } = this.place.options;
    this.events.push({
      name: spec.name,
      spec,
      role: 'samples',
      kernelAttr: attr,
      attr: fileAttr(attr, keepStacks),
      leader,
      ...more,
    });
  }

  /** @returns the event, or its user part where that alone is allowed; else why there is none */
  private tryEvent(asked: EventSpec): TriedEvent | RefusedEvent {
    const carriesSideBand = this.events.length === 0 && !this.place.tracker;
    // `P`: as precise as the processor can, which is found by trying.
    let precise = asked.attr.precise_ip;
    let spec = asked;
    for (;;) {
      const attr = samplingAttr(spec, this.context, carriesSideBand);
      const found = this.tryAttr({ ...attr, precise_ip: precise }, countedOn(spec));
      if (!(found instanceof SystemCallError)) return { spec, attr: found };
      if (mayFallBackToUser(found, spec)) {
        spec = userOnly(spec);
        this.narrowed = true;
      } else if (asked.highestPrecision === true && precise > 0 && UNSUPPORTED.has(found.code)) {
        precise--;
      } else if (UNSUPPORTED.has(found.code)) {
        return { refusal: found.code, attr };
      } else {
        throw explainRefusal(found, spec.name);
      }
    }
  }

  /** Tries an attribute, then with less and less of what older kernels refuse. */
  private tryAttr(
    attr: EventAttrInput,
    cpus?: readonly number[],
  ): EventAttrInput | SystemCallError {
    const { pid, cpu } = this.place;
    let refusal: SystemCallError | undefined;
    for (const older of [attr, ...olderForms(attr)]) {
      try {
        closeEvent(openEvent(encodeAttr(older), pid, cpus?.[0] ?? cpu));
        return older;
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error;
        if (error.code !== 'EINVAL') return error;
        refusal ??= error;
      }
    }
    return refusal!;
  }
}

/** Errors that are not about who asks: the machine does not count this event, or not so. */
const UNSUPPORTED = new Set(
  'ENOENT EOPNOTSUPP ENODEV EINVAL EBUSY ENOSPC E2BIG ENODATA'.split(' '),
);

interface TriedEvent {
  readonly spec: EventSpec;
  readonly attr: EventAttrInput;
}

interface RefusedEvent {
  /** The kernel's error: `ENOENT`. */
  readonly refusal: string;
  readonly attr: EventAttrInput;
}

/** CPUs that an event is counted on, where these are not all: of a chip, or of one kind of core. */
export function countedOn({ cpus, coreCpus }: EventSpec): readonly number[] | undefined {
  return cpus ?? coreCpus;
}

function isTracepoint({ kind }: EventSpec): boolean {
  return kind === 'tracepoint';
}

/** Of an event in a group, whose leader switches the others on and off. */
function memberAttr(attr: EventAttrInput, leads: boolean, sampleRead: boolean): EventAttrInput {
  const member = sampleRead ? readingAttr(attr, leads) : attr;
  if (leads) return member;
  return { ...member, flags: { ...member.flags, disabled: false, enable_on_exec: false } };
}

/** Of a group of which the first event samples and tells the counts of all. */
function readingAttr(attr: EventAttrInput, leads: boolean): EventAttrInput {
  return {
    ...attr,
    ...(leads ? {} : { sample_period: 0 }),
    sample_type: attr.sample_type | PerfSample.READ,
    read_format: PerfFormat.GROUP | PerfFormat.ID,
    flags: { ...attr.flags, freq: leads && attr.flags.freq === true },
  };
}

/** Without the count of lost samples (Linux 6.0), structured weights (5.12), build IDs in mappings (5.12). */
function olderForms(attr: EventAttrInput): EventAttrInput[] {
  const uncounted = { ...attr, read_format: 0 };
  const weight = PerfSample.WEIGHT_STRUCT;
  const simple =
    (attr.sample_type & weight) === 0
      ? uncounted
      : { ...uncounted, sample_type: (attr.sample_type & ~weight) | PerfSample.WEIGHT };
  return [uncounted, { ...simple, flags: { ...simple.flags, build_id: false } }];
}
