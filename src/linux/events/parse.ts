/**
 * Events as `perf record -e` takes them (perf-list(1), perf-record(1)):
 *
 *   events   = item { "," item }
 *   item     = event | [ name ] "{" event { "," event } "}" [ ":" modifiers ]
 *   event    = word [ ":" modifiers ] | word "/" terms "/" [ modifiers ]
 *   word     = name | "r" hex | type ":" config | system ":" tracepoint | PMU
 *            | "mem:" address [ "/" length ] [ ":" access ]
 */
import { orUndefined } from '../../base/errors.js';
import { PerfCountSw, PerfType } from '../../formats/perfdata/spec.js';
import { parseBreakpoint } from './breakpoint.js';
import { didYouMean, usage } from './errors.js';
import { checkModifiers, modify } from './modifiers.js';
import { CACHE_EVENTS, EVENT_NAMES } from './names.js';
import { isNumbered, numberedEvents, typedEvent } from './numbered-event.js';
import { Pmus } from './pmu.js';
import { bareEvents, pmuEvents } from './pmu-event.js';
import type { EventGroup, EventSpec, Unmodified } from './spec.js';
import { splitEvents, type EventText } from './split.js';
import { readEventTerms, splitTerms } from './terms.js';
import { tracepointEvents } from './tracepoint-event.js';
import { Tracefs } from './tracepoints.js';

/** Where the machine describes what it counts. */
export interface EventSources {
  readonly pmus: Pmus;
  readonly tracefs: Tracefs;
}

/** The running machine. Remembers what it read: one for each use. */
export function machineEvents(): EventSources {
  return { pmus: new Pmus(), tracefs: new Tracefs() };
}

/**
 * Reads a list of events. A name that stands for several (`sched:*`, a PMU of which a machine has more
 * than one) becomes as many groups of one; within braces all of them are of the group.
 * @throws StrataError with exit code 2 where the text is wrong or names what is not there; with 1 where
 *   tracefs cannot be read
 */
export function parseEvents(text: string, sources: EventSources = machineEvents()): EventGroup[] {
  return splitEvents(text).flatMap(({ events, modifiers, braced }): EventGroup[] => {
    const group = modifiers ?? '';
    if (modifiers !== undefined) checkModifiers(modifiers, text);
    const read = events.map((event) => readEvent(event, sources));
    if (!braced) {
      return read.flatMap(({ unmodified, own }) =>
        unmodified.map((event) => ({
          events: [finish(event, own, group, true)],
          sampleRead: own.includes('S'),
          weak: own.includes('W'),
        })),
      );
    }
    const all = read.flatMap(({ unmodified, own }) => unmodified.map((event) => ({ event, own })));
    const own = all.map((member) => member.own).join('');
    return [
      {
        events: all.map((member, i) => finish(member.event, member.own, group, i === 0)),
        sampleRead: (group + own).includes('S'),
        weak: (group + all[0].own).includes('W'),
      },
    ];
  });
}

/** Reads what is one event. @throws StrataError as {@link parseEvents}, or where it stands for several */
export function parseEvent(text: string, sources: EventSources = machineEvents()): EventSpec {
  const specs = parseEvents(text, sources).flatMap((group) => group.events);
  if (specs.length !== 1) throw usage(`'${text}' is ${specs.length} events, where one is meant`);
  return specs[0];
}

/** What happens within the kernel alone: with `:u` the count stays 0, without a word. */
const KERNEL_ONLY = [
  PerfCountSw.CONTEXT_SWITCHES,
  PerfCountSw.CPU_MIGRATIONS,
  PerfCountSw.CGROUP_SWITCHES,
].map(BigInt);

/** Whether {@link userOnly} leaves anything of an event. */
export function countsInUser({ kind, attr }: EventSpec): boolean {
  return kind !== 'tracepoint' && !(kind === 'software' && KERNEL_ONLY.includes(attr.config));
}

/** The same event without the kernel's and a hypervisor's part, as `:u` has it. */
export function userOnly(event: EventSpec): EventSpec {
  const levels = { exclude_user: false, exclude_kernel: true, exclude_hv: true };
  const machines = event.attr.flags.exclude_host === true ? {} : { exclude_guest: true };
  const flags = { ...event.attr.flags, ...levels, ...machines };
  return { ...event, name: userName(event.name), attr: { ...event.attr, flags } };
}

/** `cycles:kpp` is `cycles:ppu`, `cpu/event=1/k` is `cpu/event=1/u`. */
function userName(name: string): string {
  const match = /^(.*[:/])([ukhHGpPSDeIWb]*)$/s.exec(name);
  // What follows the last colon may be a tracepoint's name or a breakpoint's access.
  if (match === null || (match[2] === '' && !name.endsWith('/'))) return `${name}:u`;
  return `${match[1]}${match[2].replace(/[ukh]/g, '')}u`;
}

function finish(
  { countsAll, ...event }: Unmodified,
  own: string,
  group: string,
  leads: boolean,
): EventSpec {
  const { highestPrecision, ...attr } =
    countsAll === true && own === '' && group === ''
      ? { precise_ip: 0, flags: {} }
      : modify(own, group, leads, event.name);
  const { type, config } = event.attr;
  return {
    ...event,
    attr: { ...event.attr, ...attr },
    clock:
      type === PerfType.SOFTWARE &&
      (config === BigInt(PerfCountSw.CPU_CLOCK) || config === BigInt(PerfCountSw.TASK_CLOCK)),
    ...(highestPrecision === undefined ? {} : { highestPrecision }),
  };
}

interface ReadEvent {
  readonly unmodified: readonly Unmodified[];
  /** Its own modifiers; empty for none. */
  readonly own: string;
}

function readEvent(event: EventText, sources: EventSources): ReadEvent {
  const { text, word } = event;
  if (word.startsWith('mem:')) {
    const { event: breakpoint, modifiers } = parseBreakpoint(text);
    return { unmodified: [breakpoint], own: checked(modifiers, text) };
  }
  const slashes = event.terms !== undefined;
  const terms = readEventTerms(splitTerms(event.terms ?? '', text), text);
  const [first, second, ...more] = word.split(':');
  // Modifiers stand behind the slashes, or behind a colon: a name's first, a tracepoint's second.
  const own = (rest: readonly string[]): string => {
    if (!slashes) return checked(rest.length === 0 ? undefined : rest.join(':'), text);
    if (rest.length > 0) throw usage(`event '${text}': modifiers stand after the slashes`);
    return checked(event.modifiers === '' ? undefined : event.modifiers, text);
  };
  const rest = second === undefined ? [] : [second, ...more];
  if (isNumbered(first)) {
    const modifiers = own(rest);
    return {
      unmodified: numberedEvents(first, modifiers, terms, text, sources.pmus),
      own: modifiers,
    };
  }
  if (!slashes) {
    const unmodified = bareEvents(first, text, sources.pmus);
    if (unmodified !== undefined) return { unmodified, own: own(rest) };
  } else if (second === undefined) {
    return { unmodified: pmuEvents(first, terms, text, sources.pmus), own: own(rest) };
  }
  if (second === undefined) throw unknownEvent(text, sources);
  const typed = typedEvent(first, second, terms, text);
  return {
    own: own(more),
    unmodified:
      typed === undefined ? tracepointEvents(first, second, terms, text, sources.tracefs) : [typed],
  };
}

function checked(modifiers: string | undefined, event: string): string {
  if (modifiers !== undefined) checkModifiers(modifiers, event);
  return modifiers ?? '';
}

function unknownEvent(text: string, { pmus, tracefs }: EventSources): Error {
  const list = 'strata list shows what this machine counts';
  if (pmus.get(text) !== undefined) {
    return usage(`'${text}' is a PMU; its events have terms`, `${text}/event=…/ or ${text}/NAME/`);
  }
  if (/^\w+\.\w+/.test(text)) {
    return usage(
      `unknown event '${text}'`,
      `names of the processor’s maker are in perf’s tables alone: give its numbers, cpu/event=…,umask=…/; ${list}`,
    );
  }
  const system = orUndefined(() =>
    tracefs.systems.find((one) => tracefs.id(one, text) !== undefined),
  );
  if (system !== undefined) {
    return usage(`unknown event '${text}'`, `did you mean the tracepoint '${system}:${text}'?`);
  }
  const names = [
    ...EVENT_NAMES,
    ...CACHE_EVENTS.map((event) => event.name),
    ...pmus.all.flatMap((pmu) => pmu.eventNames),
  ];
  return usage(`unknown event '${text}'`, `${didYouMean(text, names)}${list}`);
}
