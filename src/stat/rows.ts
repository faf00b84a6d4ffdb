/** From counters to what is shown: one row for each event and what its counts are added up over. */
import type { Nanoseconds } from '../base/units.js';
import { PER_COUNTER, type Counters } from './counters.js';
import { estimate } from './deviation.js';
import type { CountedEvent } from './events.js';
import type { Label } from './labels.js';

export interface Row {
  readonly event: CountedEvent;
  /** Absent where all is added up. */
  readonly label?: Label;
  /** How many counters are added up. */
  readonly counters: number;
  /** In the kernel's own unit, scaled for the time that was missed; `undefined` where nothing is known. */
  readonly count: number | undefined;
  /** Deviation of the mean of several runs. */
  readonly deviation: number;
  readonly enabled: Nanoseconds;
  /** Less than `enabled` where events had to take turns. */
  readonly running: Nanoseconds;
}

/**
 * Adds up.
 * @param now a reading of the counters
 * @param before an earlier one, to leave out
 * @param hasBegun false where the counters were never switched on
 */
export function makeRows(
  { events, counters }: Counters,
  now: Float64Array,
  before: Float64Array | undefined,
  hasBegun = true,
): Row[] {
  const sums = events.map(() => new Map<Label | undefined, Sum>());
  counters.forEach(({ event, label }, i) => {
    let sum = sums[event].get(label);
    if (sum === undefined) sums[event].set(label, (sum = new Sum()));
    const at = i * PER_COUNTER;
    const since = (k: number): number => now[at + k] - (before?.[at + k] ?? 0);
    sum.add(since(0), since(1), since(2));
  });
  const rows = events.flatMap((event, i) =>
    sums[i].size === 0
      ? [new Sum().row(event, undefined, false)]
      : [...sums[i]].map(([label, sum]) => sum.row(event, label, hasBegun)),
  );
  return byLabel(rows);
}

/** As perf: a core's or socket's rows follow each other; CPUs and threads are compared event by event. */
function byLabel(rows: Row[]): Row[] {
  const places = new Map<Label | undefined, number>();
  for (const { label } of rows) if (!places.has(label)) places.set(label, places.size);
  const place = ({ label }: Row): number =>
    label?.kind === 'core' || label?.kind === 'socket' ? places.get(label)! : -1;
  return rows.sort((a, b) => place(a) - place(b));
}

class Sum {
  private value = 0;
  private enabled = 0;
  private running = 0;
  private counters = 0;

  add(value: number, enabled: Nanoseconds, running: Nanoseconds): void {
    // What was missed while other events had the counter is taken to be like what was seen.
    this.value += running > 0 && running < enabled ? (value * enabled) / running : value;
    this.enabled += enabled;
    this.running += running;
    this.counters++;
  }

  row(event: CountedEvent, label: Label | undefined, hasBegun: boolean): Row {
    // A task that slept all the time was enabled for none: its 0 is true.
    const isKnown = hasBegun && (this.running > 0 || this.enabled === 0);
    return {
      event,
      ...(label === undefined ? {} : { label }),
      counters: this.counters,
      count: isKnown && event.state === 'counted' ? this.value : undefined,
      deviation: 0,
      enabled: this.enabled,
      running: this.running,
    };
  }
}

/** Means of several runs' rows, which are of the same events and labels. */
export function averageRows(runs: readonly (readonly Row[])[]): Row[] {
  if (runs.length === 1) return [...runs[0]];
  return runs[0].map((row, i) => {
    const same = runs.map((rows) => rows[i]);
    const counts = same.flatMap(({ count }) => (count === undefined ? [] : [count]));
    const { mean, deviation } =
      counts.length > 0 ? estimate(counts) : { mean: undefined, deviation: 0 };
    return {
      ...row,
      count: mean,
      deviation,
      enabled: estimate(same.map(({ enabled }) => enabled)).mean,
      running: estimate(same.map(({ running }) => running)).mean,
    };
  });
}
