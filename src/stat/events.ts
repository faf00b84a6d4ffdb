/** Which events are counted: those that were asked for, or what `perf stat` counts without being asked. */
import { PerfCountHw, PerfType } from '../formats/perfdata/spec.js';
import { machineEvents, parseEvents } from '../linux/events/parse.js';
import type { EventGroup, EventSpec } from '../linux/events/spec.js';
import type { StatOptions } from './options.js';

/** An event that is counted, or could not be. */
export interface CountedEvent {
  /** As it was opened: with `:u` where the kernel's part is forbidden. */
  readonly spec: EventSpec;
  /** Whether user space alone is counted, against what was asked for. */
  readonly narrowed: boolean;
  /** Whether it was asked for by name: then its absence is shown in its place. */
  readonly asked: boolean;
  readonly state: EventState;
}

export type EventState =
  | 'counted'
  /** The machine lacks it. */
  | 'unsupported'
  /** It happens in the kernel only, which this user may not count. */
  | 'forbidden';

export interface WantedGroup extends EventGroup {
  readonly asked: boolean;
  /** What must hold for a tracepoint to be counted. */
  readonly filter?: string;
}

/** perf's, in its order. */
const USUAL =
  'context-switches,cpu-migrations,page-faults,cycles,stalled-cycles-frontend,' +
  'stalled-cycles-backend,instructions,branches,branch-misses';
/** What each `-d` adds. */
const DETAILS = [
  'L1-dcache-loads,L1-dcache-load-misses,LLC-loads,LLC-load-misses',
  'L1-icache-loads,L1-icache-load-misses,dTLB-loads,dTLB-load-misses,iTLB-loads,iTLB-load-misses',
  'L1-dcache-prefetches,L1-dcache-prefetch-misses',
];

/** @throws StrataError with exit code 2 where a name is unknown */
export function wantedEvents(options: StatOptions): WantedGroup[] {
  const { events, filters, detail, target } = options;
  const clock = target.kind === 'system' ? 'cpu-clock' : 'task-clock';
  const usual = events.length > 0 ? [] : [`${clock},${USUAL}`];
  const unasked = [...usual, ...DETAILS.slice(0, detail)];
  const sources = machineEvents();
  return [
    ...events.flatMap((text, i) => {
      const conditions = filters
        .filter(({ after }) => after === i + 1)
        .map((one) => `(${one.text})`);
      const filter = conditions.length === 0 ? {} : { filter: conditions.join(' && ') };
      return parseEvents(text, sources).map((group) => ({ ...group, ...filter, asked: true }));
    }),
    ...unasked.flatMap((text) =>
      parseEvents(text, sources).map((group) => ({ ...group, asked: false })),
    ),
  ];
}

/** Whether nobody misses an event: processors with hardware counters often cannot count stalled cycles. */
export function isRare({ asked, spec: { attr } }: CountedEvent): boolean {
  return (
    !asked &&
    attr.type === PerfType.HARDWARE &&
    (attr.config === BigInt(PerfCountHw.STALLED_CYCLES_FRONTEND) ||
      attr.config === BigInt(PerfCountHw.STALLED_CYCLES_BACKEND))
  );
}
