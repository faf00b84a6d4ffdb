/**
 * The events of a recording: finding a record's event by its ID, and naming events that the file does
 * not name.
 */
import type { EventAttr } from './attr.js';
import type { EventDescription } from './features/recording.js';
import type { AttrEntry } from './header.js';
import { SampleLayout } from './sample-layout.js';
import { PerfCountSw, PerfType } from './spec.js';

export interface RecordedEvent {
  readonly attr: EventAttr;
  /** As `perf report` shows it: `cycles:u`. */
  readonly name: string;
  readonly ids: Float64Array;
  /** What a count is in, and the factor from counts to it, where the recorder told: `Joules`. */
  readonly unit: string | undefined;
  readonly scale: number | undefined;
}

/** What a file says of its events beside their attributes. */
export interface EventNames {
  readonly descriptions?: readonly EventDescription[];
  /** Names of tracepoints by `config`. */
  readonly eventTypes?: ReadonlyMap<number, string>;
  /** Names of `perf_event_attr.type`. */
  readonly pmus?: ReadonlyMap<number, string>;
  /** By ID. */
  readonly updates?: ReadonlyMap<number, EventUpdate>;
}

/** What EVENT_UPDATE records said of one event. */
export interface EventUpdate {
  name?: string;
  unit?: string;
  scale?: number;
}

export class EventTable {
  readonly events: readonly RecordedEvent[];
  readonly layouts: readonly SampleLayout[];
  /** Where a sample's ID lies, in words from the record's start; -1 where no sample carries one. */
  readonly idWord: number;
  /** Where other records' ID lies, in bytes from the end; -1 where they carry none. */
  readonly idFromEnd: number;

  private readonly byId = new Map<number, number>();
  private lastId = -1;
  private lastEvent = 0;

  constructor(
    attrs: readonly AttrEntry[],
    readonly littleEndian: boolean,
    { descriptions = [], eventTypes, pmus, updates }: EventNames = {},
  ) {
    const described = new Map<number, string>();
    for (const { name, ids } of descriptions) for (const id of ids) described.set(id, name);
    this.events = attrs.map(({ attr, ids }, i) => {
      for (const id of ids) this.byId.set(id, i);
      // A file with one event needs no IDs; its description then has none either.
      const description = ids.length > 0 ? described.get(ids[0]) : descriptions[i]?.name;
      const type = attr.type === PerfType.TRACEPOINT ? Number(attr.config) : -1;
      const update = updates?.get(ids[0]);
      const name = update?.name ?? description ?? eventTypes?.get(type) ?? eventName(attr, pmus);
      return { attr, name, ids, unit: update?.unit, scale: update?.scale };
    });
    this.layouts = attrs.map(({ attr }) => new SampleLayout(attr, littleEndian));
    // Before an event is known its layout is not: the ID must lie at one place in all (perf checks the
    // same in `evlist__valid_sample_type`, and IDENTIFIER exists so that it does).
    this.idWord = agreed(this.layouts.map(({ idWord }) => idWord));
    this.idFromEnd = agreed(this.layouts.map(({ idFromEnd }) => idFromEnd));
  }

  get length(): number {
    return this.events.length;
  }

  /** -1 where no event has the ID. Records that perf made up carry 0, which stands for the first. */
  indexOfId(id: number): number {
    if (id === this.lastId) return this.lastEvent;
    this.lastId = id;
    this.lastEvent = this.byId.get(id) ?? (id === 0 ? 0 : -1);
    return this.lastEvent;
  }
}

function agreed(places: readonly number[]): number {
  return places.every((place) => place === places[0]) ? places[0] : -1;
}

const HARDWARE_NAMES = [
  'cycles',
  'instructions',
  'cache-references',
  'cache-misses',
  'branches',
  'branch-misses',
  'bus-cycles',
  'stalled-cycles-frontend',
  'stalled-cycles-backend',
  'ref-cycles',
];
const SOFTWARE_NAMES = [
  'cpu-clock',
  'task-clock',
  'page-faults',
  'context-switches',
  'cpu-migrations',
  'minor-faults',
  'major-faults',
  'alignment-faults',
  'emulation-faults',
  'dummy',
  'bpf-output',
  'cgroup-switches',
];
const CACHE_NAMES = ['L1-dcache', 'L1-icache', 'LLC', 'dTLB', 'iTLB', 'branch', 'node'];
const CACHE_OPERATIONS = ['load', 'store', 'prefetch'];

/**
 * perf's name of an event that was opened without one: `cycles:u`, `cpu_core/cycles/`, `raw 0x1b7`.
 * @param pmus names of `attr.type`
 */
export function eventName(attr: EventAttr, pmus?: ReadonlyMap<number, string>): string {
  const { exclude_user, exclude_kernel, exclude_hv } = attr.flags;
  const restricted = exclude_user === true || exclude_kernel === true;
  const modifiers =
    (restricted && exclude_user !== true ? 'u' : '') +
    (restricted && exclude_kernel !== true ? 'k' : '') +
    (restricted && exclude_hv !== true ? 'h' : '') +
    'p'.repeat(attr.precise_ip);
  const name = baseName(attr, pmus);
  if (name.endsWith('/')) return name + modifiers;
  return name + (modifiers === '' ? '' : `:${modifiers}`);
}

function baseName({ type, config }: EventAttr, pmus?: ReadonlyMap<number, string>): string {
  const low = Number(config & 0xffffffffn);
  if (type === PerfType.HARDWARE || type === PerfType.HW_CACHE) {
    const name = type === PerfType.HARDWARE ? hardwareName(low) : cacheName(low);
    // On machines with two kinds of CPU the upper half says whose PMU counts.
    const pmu = pmus?.get(Number(config >> 32n));
    return config >> 32n !== 0n && pmu !== undefined ? `${pmu}/${name}/` : name;
  }
  if (type === PerfType.SOFTWARE) return SOFTWARE_NAMES[low] ?? `unknown-software-${low}`;
  if (type === PerfType.TRACEPOINT) return `tracepoint ${low}`;
  if (type === PerfType.BREAKPOINT) return 'breakpoint';
  const pmu = type === PerfType.RAW ? undefined : pmus?.get(type);
  const raw = `0x${config.toString(16)}`;
  return pmu === undefined ? `raw ${raw}` : `${pmu}/config=${raw}/`;
}

function hardwareName(event: number): string {
  return HARDWARE_NAMES[event] ?? `unknown-hardware-${event}`;
}

function cacheName(config: number): string {
  const cache = CACHE_NAMES[config & 0xff];
  const operation = CACHE_OPERATIONS[(config >> 8) & 0xff];
  if (cache === undefined || operation === undefined) return `raw 0x${config.toString(16)}`;
  return `${cache}-${operation}${((config >> 16) & 0xff) === 1 ? '-misses' : 's'}`;
}

/** perf's event of time off the CPU, whose samples a recorder makes (`perf record --off-cpu`). */
const OFF_CPU_EVENT = 'offcpu-time';

/** What an event's periods count. The kernel's two clocks count nanoseconds, and so does time off the CPU. */
export function eventUnit({
  name,
  attr: { type, config },
}: Pick<RecordedEvent, 'name' | 'attr'>): 'ns' | 'count' {
  if (type !== PerfType.SOFTWARE) return 'count';
  const event = Number(config);
  const isClock = event === PerfCountSw.CPU_CLOCK || event === PerfCountSw.TASK_CLOCK;
  return isClock || (event === PerfCountSw.BPF_OUTPUT && name === OFF_CPU_EVENT) ? 'ns' : 'count';
}
