/** What stands above the rows of `perf report --stdio`. */
import { describeWaits, type WaitTotal } from '../../profile/waits.js';
import type { Profile } from '../../profile/profile.js';
import type { EventReport } from '../../profile/report/report.js';
import { safe, type Sink } from './text.js';

/**
 * The event's name, and how much of it there is.
 * @param waits what threads waited for; empty of other events
 */
export function writeEventHeader(
  profile: Profile,
  report: EventReport,
  waits: readonly WaitTotal[],
  sink: Sink,
): void {
  const { events, totals } = report;
  const samples = totals.reduce((sum, total) => sum + total.samples, 0);
  const weight = totals.reduce((sum, total) => sum + total.weight, 0);
  const noun = events.length > 1 ? 'events' : 'event';
  const name = safe(nameOfEvents(profile, events));
  sink(`# Samples: ${approximate(samples)} of ${noun} '${name}'\n`);
  sink(`# Event count (approx.): ${weight}\n`);
  if (waits.length > 0) sink(`# Waiting: ${describeWaits(waits)}\n`);
  sink('#\n');
}

/** `cycles`, or of several `anon group { cycles, instructions }`. */
function nameOfEvents({ events: infos }: Profile, events: readonly number[]): string {
  const names = events.map((event) => infos[event].name).join(', ');
  if (events.length === 1) return names;
  return `${infos[events[0]].groupName ?? 'anon group'} { ${names} }`;
}

/** perf's `convert_unit`: `1703` is `1K`, `852` is `852 ` (the unit is a blank). */
function approximate(count: number): string {
  const units = [' ', 'K', 'M', 'G'];
  let unit = 0;
  while (count > 1000 && unit < units.length - 1) {
    count = Math.floor(count / 1000);
    unit++;
  }
  return `${count}${units[unit]}`;
}
