/**
 * Events as `perf record -e` takes them (perf-list(1), perf-record(1)):
 *
 *   events   = item { "," item }
 *   item     = event | [ name ] "{" event { "," event } "}" [ ":" modifiers ]
 *   event    = word [ ":" modifiers ] | word "/" terms "/" [ modifiers ]
 *   word     = name | "r" hex | type ":" config | system ":" tracepoint | PMU
 *            | "mem:" address [ "/" length ] [ ":" access ]
 */
import { PerfCountSw, PerfType } from '../../formats/perfdata/spec.js';
import { parseBreakpoint } from './breakpoint.js';
import { didYouMean, usage } from './errors.js';
import { checkModifiers, modify } from './modifiers.js';
import { CACHE_EVENTS, cacheEvent, EVENT_NAMES, namedEvent } from './names.js';
import { Pmus } from './pmu.js';
import { bareEvents, isPmu, pmuEvents } from './pmu-event.js';
import type { EventGroup, EventKind, EventSpec } from './spec.js';
import { splitEvents, type EventText } from './split.js';
import { parseWord, readEventTerms, splitTerms, wholeTerm, type EventTerms } from './terms.js';
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

/** An event before its modifiers: what its words and terms say. */
export type Unmodified = Omit<EventSpec, 'attr' | 'clock' | 'highestPrecision'> & {
  readonly attr: Omit<EventSpec['attr'], 'precise_ip' | 'flags'>;
  /** Of a unit that counts for all: it refuses to leave anything out, the guest too. */
  readonly countsAll?: boolean;
};

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
    if (modifiers !== undefined) checkModifiers(modifiers, text);
    return { unmodified: [breakpoint], own: modifiers ?? '' };
  }
  const terms = readEventTerms(splitTerms(event.terms ?? '', text), text);
  const named = { ...event, name: terms.name ?? text };

  // With slashes modifiers follow them; a word's colons are a tracepoint's, or come before modifiers.
  const colon = word.indexOf(':');
  const head = colon < 0 ? word : word.slice(0, colon);
  const tail = colon < 0 ? undefined : word.slice(colon + 1);
  if (event.terms !== undefined) {
    if (event.modifiers !== '') checkModifiers(event.modifiers, text);
    const numbered =
      tail === undefined ? numberedEvent(head, terms, named.name, text, sources) : undefined;
    const unmodified =
      numbered ??
      (tail === undefined
        ? pmuEvents(head, terms, named.name, text, sources.pmus)
        : (typedEvent(word, terms, named.name, text) ??
          tracepointEvents(head, tail, terms, text, sources.tracefs)));
    return { unmodified, own: event.modifiers };
  }
  const known =
    numberedEvent(head, terms, text, text, sources) ?? bareEvents(head, text, sources.pmus);
  if (known !== undefined) {
    if (tail !== undefined) checkModifiers(tail, text);
    return { unmodified: known, own: tail ?? '' };
  }
  if (tail === undefined) throw unknownEvent(text, sources);
  const [second, ...more] = tail.split(':');
  const own = more.length === 0 ? undefined : more.join(':');
  if (own !== undefined) checkModifiers(own, text);
  const unmodified =
    typedEvent(`${head}:${second}`, terms, text, text) ??
    tracepointEvents(head, second, terms, text, sources.tracefs);
  return { unmodified, own: own ?? '' };
}

/** A hardware, software, cache or raw event; on machines with several kinds of cores one for each kind. */
function numberedEvent(
  word: string,
  terms: EventTerms,
  name: string,
  text: string,
  { pmus }: EventSources,
): Unmodified[] | undefined {
  const symbol = namedEvent(word);
  const cache = symbol === undefined ? cacheEvent(word) : undefined;
  const raw = /^r([0-9a-fA-F]{1,16})$/.exec(word);
  let attr: Unmodified['attr'];
  if (symbol !== undefined) attr = { type: symbol.type, config: symbol.config };
  else if (cache !== undefined) attr = { type: PerfType.HW_CACHE, config: cache };
  else if (raw !== null) attr = { type: PerfType.RAW, config: BigInt(`0x${raw[1]}`) };
  else return undefined;
  const event = withConfigTerms(
    { name, kind: kindOf(attr.type), attr, sampling: terms.sampling },
    terms,
    text,
  );
  if (attr.type !== PerfType.HARDWARE && attr.type !== PerfType.HW_CACHE) return [event];
  const { hybrid } = pmus;
  if (hybrid.length === 0) return [event];
  return hybrid.map((pmu) => ({
    ...event,
    name:
      terms.name ??
      `${pmu.name}/${word}/${text.slice(text.lastIndexOf(text.includes('/') ? '/' : ':') + 1)}`,
    // Since Linux 5.13 the upper half names the PMU (PERF_PMU_TYPE_SHIFT).
    attr: { ...event.attr, config: event.attr.config | (BigInt(pmu.type) << 32n) },
    ...(pmu.cores === undefined ? {} : { coreCpus: pmu.cores }),
  }));
}

/** `1:2`: type and config as numbers. */
function typedEvent(
  word: string,
  terms: EventTerms,
  name: string,
  text: string,
): Unmodified[] | undefined {
  const [type, config] = word.split(':').map(parseWord);
  if (type === undefined || config === undefined) return undefined;
  if (type >> 32n !== 0n) throw usage(`the type of event '${text}' is no number of 32 bits`);
  const attr = { type: Number(type), config };
  return [
    withConfigTerms({ name, kind: kindOf(attr.type), attr, sampling: terms.sampling }, terms, text),
  ];
}

/** Of terms that are a PMU's, what has no PMU takes only whole words: `config1=`. */
function withConfigTerms(event: Unmodified, { rest }: EventTerms, text: string): Unmodified {
  let attr = event.attr;
  for (const term of rest) {
    if (!/^config[123]?$/.test(term.name)) {
      throw usage(
        `event '${text}' has an unknown term '${term.name}'`,
        'terms are period, freq, name, call-graph, stack-size, max-stack, time, inherit, config, config1 to 3',
      );
    }
    attr = { ...attr, [term.name]: wholeTerm(term, text) };
  }
  return { ...event, attr };
}

const KINDS: ReadonlyMap<number, EventKind> = new Map([
  [PerfType.HARDWARE, 'hardware'],
  [PerfType.SOFTWARE, 'software'],
  [PerfType.TRACEPOINT, 'tracepoint'],
  [PerfType.HW_CACHE, 'cache'],
  [PerfType.RAW, 'raw'],
  [PerfType.BREAKPOINT, 'breakpoint'],
]);

function kindOf(type: number): EventKind {
  return KINDS.get(type) ?? 'pmu';
}

function unknownEvent(text: string, { pmus }: EventSources): Error {
  if (isPmu(text, pmus)) {
    return usage(`'${text}' is a PMU; its events have terms`, `${text}/event=…/ or ${text}/NAME/`);
  }
  const names = [
    ...EVENT_NAMES,
    ...CACHE_EVENTS.map((event) => event.name),
    ...pmus.all.flatMap((pmu) => pmu.eventNames),
  ];
  return usage(
    `unknown event '${text}'`,
    `${didYouMean(text, names)}strata list shows what this machine counts`,
  );
}
