/**
 * The events of this machine: every one that has a name, tried by opening it.
 */
import { StrataError } from '../../base/errors.js';
import type { Pmu } from './pmu.js';
import { CACHE_EVENTS, HARDWARE_EVENTS, SOFTWARE_EVENTS } from './names.js';
import { isNumbered } from './numbered-event.js';
import { countsInUser, parseEvents, userOnly, type EventSources } from './parse.js';
import { circumstances, whyUnsupported, type Circumstances } from './refusal.js';
import type { EventKind, EventSpec } from './spec.js';
import { tryToCount } from './try.js';

/** An event, or a way of writing events, and whether it is counted here. */
export interface TriedEvent {
  /** As `-e` takes it; of a way of writing events its form: `mem:ADDRESS[/LENGTH][:ACCESS]`. */
  readonly name: string;
  readonly kind: EventKind;
  readonly aliases: readonly string[];
  readonly description?: string;
  /** What is counted, where that is not times: `Joules`. */
  readonly unit?: string;
  /** Of a form: one event that is written so. */
  readonly example?: string;
  /** Only what happens in user space may be counted by this user. */
  readonly userOnly?: true;
  /** Why it is not counted; absent where it is. */
  readonly refusal?: { readonly code: string; readonly reason: string };
}

export interface Catalogue {
  readonly events: readonly TriedEvent[];
  /** What could not be looked at, and why. */
  readonly notes: readonly string[];
}

type Candidate = Omit<TriedEvent, 'userOnly' | 'refusal'>;

/**
 * Tries every named event but tracepoints, of which one stands for all: to close a tracepoint's event, the
 * kernel waits for all CPUs, 35 ms for each of some 2,000. It makes the file `id`, by which they are found
 * here, for those alone that perf can open (`event_callback` of kernel/trace/trace_events.c).
 * @param kinds what to look at; every kind where absent
 */
export function tryEvents(sources: EventSources, kinds?: ReadonlySet<EventKind>): Catalogue {
  const wanted = (kind: EventKind): boolean => kinds === undefined || kinds.has(kind);
  const here = circumstances(sources.pmus);
  const attempt = (candidate: Candidate): TriedEvent => tryCandidate(candidate, sources, here);
  const named = [
    ...HARDWARE_EVENTS.map((event) => ({ ...event, kind: 'hardware' as const })),
    ...SOFTWARE_EVENTS.map((event) => ({ ...event, kind: 'software' as const })),
    ...CACHE_EVENTS.map((event) => ({ ...event, kind: 'cache' as const })),
  ];
  const events = named
    .filter(({ kind }) => wanted(kind))
    .map(({ name, kind, aliases, description }) => attempt({ name, kind, aliases, description }));
  if (wanted('pmu')) {
    for (const [name, pmu] of distinctPmus(sources.pmus.all)) {
      const { eventNames } = pmu;
      const tried = eventNames.map((event) => attempt(pmuCandidate(name, pmu, event)));
      events.push(...tried);
      const open = eventNames[tried.findIndex((event) => event.refusal === undefined)];
      const example = open === undefined ? undefined : pmu.event(open);
      if (example !== undefined) events.push(attempt(pmuForm(name, pmu, example.terms)));
    }
  }
  events.push(...FORMS.filter(({ kind }) => wanted(kind)).map(attempt));
  if (!wanted('tracepoint')) return { events, notes: [] };
  try {
    return { events: [...events, ...triedTracepoints(sources, here)], notes: [] };
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    return { events, notes: [`${error.message} (${error.hint})`] };
  }
}

/** Events that are written, not named. */
const FORMS: readonly Candidate[] = [
  {
    name: 'rNNN',
    kind: 'raw',
    aliases: [],
    example: 'r0',
    description: 'an event by the processor’s own number, in hexadecimal',
  },
  {
    name: 'mem:ADDRESS[/LENGTH][:ACCESS]',
    kind: 'breakpoint',
    aliases: [],
    example: 'mem:0x1000:rw',
    description: 'accesses to an address: r, w, rw or x',
  },
];

/** PMUs by the name that stands for all that differ in their last number: `uncore_imc` for `uncore_imc_0`. */
function distinctPmus(pmus: readonly Pmu[]): Map<string, Pmu> {
  const stem = ({ name }: Pmu): string => name.replace(/_\d+$/, '');
  const several = (pmu: Pmu): boolean => pmus.some((o) => o !== pmu && stem(o) === stem(pmu));
  return new Map(pmus.map((pmu) => [several(pmu) ? stem(pmu) : pmu.name, pmu]));
}

function pmuCandidate(pmuName: string, pmu: Pmu, event: string): Candidate {
  const { terms = '', unit } = pmu.event(event) ?? {};
  return {
    name: `${pmuName}/${event}/`,
    kind: 'pmu',
    // By itself such a name is the kernel's event before it is the PMU's.
    aliases: isNumbered(event) ? [] : [event],
    description: terms,
    ...(unit === undefined ? {} : { unit }),
  };
}

/** The PMU's terms, of which any event of it can be made. */
function pmuForm(pmuName: string, pmu: Pmu, example: string): Candidate {
  const terms = pmu.terms.map((term) => `${term} (${pmu.format(term)?.text ?? 'unknown'})`);
  return {
    name: `${pmuName}/TERM=VALUE,…/`,
    kind: 'pmu',
    aliases: [],
    example: `${pmuName}/${example}/`,
    description: `terms: ${terms.join(', ')}`,
  };
}

function triedTracepoints(sources: EventSources, here: Circumstances): TriedEvent[] {
  if (sources.tracefs.systems.length === 0) return [];
  const specs = parseEvents('*:*', sources).flatMap((group) => group.events);
  const verdict = (spec: EventSpec): Pick<TriedEvent, 'refusal'> => refusalOf([spec], here) ?? {};
  // ftrace's own is under rules of its own; any other is like the rest.
  const [common] = specs.filter((spec) => spec.tracepoint?.system !== 'ftrace');
  const shared = common === undefined ? {} : verdict(common);
  return specs.map((spec) => ({
    name: spec.name,
    kind: 'tracepoint',
    aliases: [],
    ...(spec.tracepoint?.system === 'ftrace' ? verdict(spec) : shared),
  }));
}

function tryCandidate(
  candidate: Candidate,
  sources: EventSources,
  here: Circumstances,
): TriedEvent {
  let specs: EventSpec[];
  try {
    const groups = parseEvents(candidate.example ?? candidate.name, sources);
    specs = groups.flatMap((group) => group.events);
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    return { ...candidate, refusal: { code: 'EINVAL', reason: error.message } };
  }
  return { ...candidate, ...(refusalOf(specs, here) ?? {}) };
}

/** Why one of the events is not counted, or that it is in user space alone; `undefined` where all are. */
function refusalOf(
  specs: readonly EventSpec[],
  here: Circumstances,
): Pick<TriedEvent, 'refusal' | 'userOnly'> | undefined {
  for (const spec of specs) {
    const code = tryToCount(spec);
    if (code === undefined) continue;
    const forbidden = code === 'EACCES' || code === 'EPERM';
    if (forbidden && countsInUser(spec) && tryToCount(userOnly(spec)) === undefined) {
      return { userOnly: true };
    }
    const { reason } = whyUnsupported(spec, code, spec.attr, here);
    return { refusal: { code, reason } };
  }
  return undefined;
}
