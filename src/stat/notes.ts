/** What a reader must know of the counts, in sentences. */
import { perfEventParanoid } from '../linux/system.js';
import { isRare, type CountedEvent } from './events.js';
import type { StatOptions } from './options.js';
import type { Row } from './rows.js';

export function notesOf(
  { target }: StatOptions,
  events: readonly CountedEvent[],
  rows: readonly Row[],
): string[] {
  return [
    ...missing(events),
    ...narrowed(events),
    ...(target.kind === 'system' ? [] : wholeMachine(events)),
    ...shared(rows),
  ];
}

/** In one sentence what would be a line for each event. */
function missing(events: readonly CountedEvent[]): string[] {
  const lacking = events.filter((event) => event.state === 'unsupported' && !isRare(event));
  if (lacking.length === 0) return [];
  const hasCounters = events.some((event) => event.state === 'counted' && isHardware(event));
  return [
    hasCounters || !lacking.every(isHardware)
      ? `this machine cannot count ${names(lacking)}`
      : `not counted: ${names(lacking)}; this machine has no hardware counters, as many virtual ones`,
  ];
}

function isHardware({ spec }: CountedEvent): boolean {
  return spec.kind === 'hardware' || spec.kind === 'cache';
}

function narrowed(events: readonly CountedEvent[]): string[] {
  if (!events.some((event) => event.narrowed)) return [];
  const forbidden = events.filter(({ state }) => state === 'forbidden');
  const paranoid = perfEventParanoid() ?? 'unreadable';
  return [
    `only user space is counted (:u), as kernel.perf_event_paranoid is ${paranoid}` +
      (forbidden.length > 0 ? `, without ${names(forbidden)}, which happen in the kernel` : '') +
      ' (sudo sysctl kernel.perf_event_paranoid=1 allows the kernel, too)',
  ];
}

/** Some PMUs count for CPUs or sockets as a whole. */
function wholeMachine(events: readonly CountedEvent[]): string[] {
  const whole = events.filter(({ spec, state }) => spec.cpus !== undefined && state === 'counted');
  return whole.length === 0
    ? []
    : [`${names(whole)}: counted for the whole machine, as tasks cannot be told apart`];
}

function shared(rows: readonly Row[]): string[] {
  return rows.some(({ running, enabled }) => running < enabled)
    ? [
        'events took turns on the counters: each count is scaled by the share of time in parentheses',
      ]
    : [];
}

function names(events: readonly CountedEvent[]): string {
  return [...new Set(events.map(({ spec }) => spec.name.replace(/:u$/, '')))].join(', ');
}
