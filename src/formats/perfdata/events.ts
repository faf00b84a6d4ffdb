/**
 * The events of a recording: finding a record's event by its ID, and naming events that the file does
 * not name.
 */
import type { EventAttr } from './attr.js';
import type { EventDescription } from './features.js';
import type { AttrEntry } from './header.js';
import { SampleLayout } from './sample.js';
import { PerfCountSw, PerfType } from './spec.js';

export interface RecordedEvent {
  readonly attr: EventAttr;
  /** As `perf report` shows it: `cycles:u`. */
  readonly name: string;
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
    descriptions: readonly EventDescription[],
    readonly littleEndian: boolean,
  ) {
    const names = new Map<number, string>();
    for (const { name, ids } of descriptions) for (const id of ids) names.set(id, name);
    this.events = attrs.map(({ attr, ids }, i) => {
      for (const id of ids) this.byId.set(id, i);
      // A file with one event needs no IDs; its description then has none either.
      const described = ids.length > 0 ? names.get(ids[0]) : descriptions[i]?.name;
      return { attr, name: described ?? eventName(attr) };
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

/** perf's name of an event that was opened without one: `cycles:u`, `raw 0x1b7`. */
export function eventName(attr: EventAttr): string {
  const { exclude_user, exclude_kernel, exclude_hv } = attr.flags;
  const restricted = exclude_user === true || exclude_kernel === true;
  const modifiers =
    (restricted && exclude_user !== true ? 'u' : '') +
    (restricted && exclude_kernel !== true ? 'k' : '') +
    (restricted && exclude_hv !== true ? 'h' : '') +
    'p'.repeat(attr.precise_ip);
  return baseName(attr) + (modifiers === '' ? '' : `:${modifiers}`);
}

function baseName({ type, config }: EventAttr): string {
  const low = Number(config & 0xffffffffn);
  if (type === PerfType.HARDWARE) return HARDWARE_NAMES[low] ?? `unknown-hardware-${low}`;
  if (type === PerfType.SOFTWARE) return SOFTWARE_NAMES[low] ?? `unknown-software-${low}`;
  if (type === PerfType.TRACEPOINT) return `tracepoint ${low}`;
  if (type === PerfType.BREAKPOINT) return 'breakpoint';
  if (type === PerfType.HW_CACHE) {
    const cache = CACHE_NAMES[low & 0xff];
    const operation = CACHE_OPERATIONS[(low >> 8) & 0xff];
    if (cache !== undefined && operation !== undefined) {
      return `${cache}-${operation}${((low >> 16) & 0xff) === 1 ? '-misses' : 's'}`;
    }
  }
  return `raw 0x${config.toString(16)}`;
}

/** What an event's periods count. The kernel's two clocks count nanoseconds. */
export function eventUnit({ type, config }: EventAttr): 'ns' | 'count' {
  const clock =
    type === PerfType.SOFTWARE &&
    (Number(config) === PerfCountSw.CPU_CLOCK || Number(config) === PerfCountSw.TASK_CLOCK);
  return clock ? 'ns' : 'count';
}
