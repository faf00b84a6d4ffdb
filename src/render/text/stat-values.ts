/** A row of counts in the units that perf prints. */
import { relativeDeviation } from '../../stat/deviation.js';
import { isRare, type CountedEvent } from '../../stat/events.js';
import type { Row } from '../../stat/rows.js';

/** What stands where there is no count. */
export function whyMissing({ state }: CountedEvent): string {
  return state === 'unsupported' ? '<not supported>' : '<not counted>';
}

/** Whether a program is told of an event: perf says of each that it cannot count that it cannot. */
export function isListed(event: CountedEvent): boolean {
  return event.state === 'counted' || !isRare(event);
}

/** The count in the event's unit; `undefined` where there is none. */
export function shownCount({ event: { spec }, count }: Row): number | undefined {
  if (count === undefined) return undefined;
  return spec.clock ? count / 1e6 : count * (spec.scale ?? 1);
}

export function unitOf({ spec }: CountedEvent): string {
  return spec.clock ? 'msec' : (spec.unit ?? '');
}

/** Digits after the point: counts are whole, what was measured is not. */
export function digitsOf({ spec }: CountedEvent): number {
  return spec.clock || (spec.scale !== undefined && spec.scale !== 1) ? 2 : 0;
}

/** The deviation of the mean of several runs in percent; 0 where nothing was counted. */
export function deviationPercent({ count = 0, deviation }: Row): number {
  return relativeDeviation({ mean: count, deviation });
}

/** How much of the time the event was counted, in percent; all of it where there was no time. */
export function runningPercent({ running, enabled }: Row): number {
  return enabled > 0 ? (100 * running) / enabled : 100;
}
