/**
 * Counts that come with samples (`PERF_SAMPLE_READ`): `struct read_format` of
 * include/uapi/linux/perf_event.h, and what perf makes of them.
 *
 * Of a group that is recorded as `{a,b}:S` only the leader samples, and each sample carries the counts of
 * all members. perf takes it as a sample of every member whose count has grown, with the growth as its
 * period (tools/perf/util/session.c, `deliver_sample_group`).
 */
import type { EventTable } from './events.js';
import type { SampleView } from './sample.js';
import { PerfFormat, PerfSample } from './spec.js';

/** The counts of one sample; columns of which the first {@link length} values hold. */
export class SampleReads {
  length = 0;
  /** Nanoseconds since the event was opened; 0 where not recorded, as the others. */
  timeEnabled = 0;
  /** Nanoseconds of these in which it was counted. */
  timeRunning = 0;
  values = new Float64Array(16);
  ids = new Float64Array(16);
  lost = new Float64Array(16);

  /** Reads the counts of `view`; none where it has none. */
  load(view: SampleView): void {
    const format = view.layout.readFormat;
    const isGroup = (format & PerfFormat.GROUP) !== 0;
    let at = view.read;
    this.length = at === 0 ? 0 : isGroup ? view.number(at) : 1;
    if (this.length > this.values.length) this.grow();
    if (at === 0) return;
    if (isGroup) at = this.loadTimes(view, at + 2);
    for (let i = 0; i < this.length; i++) {
      this.values[i] = view.number(at);
      at += 2;
      // A single count stands before the times, those of a group behind them.
      if (!isGroup) at = this.loadTimes(view, at);
      const hasId = (format & PerfFormat.ID) !== 0;
      this.ids[i] = hasId ? view.number(at) : 0;
      if (hasId) at += 2;
      const hasLost = (format & PerfFormat.LOST) !== 0;
      this.lost[i] = hasLost ? view.number(at) : 0;
      if (hasLost) at += 2;
    }
  }

  private loadTimes(view: SampleView, from: number): number {
    const format = view.layout.readFormat;
    let at = from;
    const hasEnabled = (format & PerfFormat.TOTAL_TIME_ENABLED) !== 0;
    this.timeEnabled = hasEnabled ? view.number(at) : 0;
    if (hasEnabled) at += 2;
    const hasRunning = (format & PerfFormat.TOTAL_TIME_RUNNING) !== 0;
    this.timeRunning = hasRunning ? view.number(at) : 0;
    return hasRunning ? at + 2 : at;
  }

  private grow(): void {
    this.values = new Float64Array(this.length * 2);
    this.ids = new Float64Array(this.length * 2);
    this.lost = new Float64Array(this.length * 2);
  }
}

/** Makes of each sample with counts the samples that it stands for. Samples must come in time order. */
export class GroupReads {
  /** How many samples the last one stands for: the first so many values of the columns hold. */
  length = 0;
  /** Indexes of their events. */
  events = new Int32Array(16);
  periods = new Float64Array(16);
  /** Counts whose ID is of no event. */
  unknownIds = 0;

  private readonly reads = new SampleReads();
  /** Whether an event's samples carry counts. */
  private readonly hasReads: readonly boolean[];
  /** Whether a thread that inherits an event counts for itself (Linux 6.12). */
  private readonly isPerThread: readonly boolean[];
  /** The count before, by ID, or by ID and thread. */
  private readonly last = new Map<number, number>();
  private readonly lastOfThread = new Map<number, Map<number, number>>();

  constructor(private readonly table: EventTable) {
    const { events } = table;
    // Without IDs it is not known whose the counts are.
    this.hasReads = events.map(
      ({ attr }) =>
        (attr.sample_type & PerfSample.READ) !== 0 && (attr.read_format & PerfFormat.ID) !== 0,
    );
    this.isPerThread = events.map(
      ({ attr }) => (attr.sample_type & PerfSample.TID) !== 0 && attr.flags.inherit === true,
    );
  }

  /** Whether samples of any event carry counts: else there is nothing to split. */
  get isNeeded(): boolean {
    return this.hasReads.includes(true);
  }

  /** Finds out what `view` stands for; the sample itself where it carries no counts. */
  split(view: SampleView): void {
    const { reads } = this;
    this.length = 0;
    if (!this.hasReads[view.event]) {
      this.push(view.event, view.period);
      return;
    }
    reads.load(view);
    const last = this.isPerThread[view.event] ? this.ofThread(view.tid) : this.last;
    let known = 0;
    for (let i = 0; i < reads.length; i++) {
      const id = reads.ids[i];
      const event = this.table.indexOfId(id);
      if (event < 0) {
        this.unknownIds++;
        continue;
      }
      known++;
      const value = reads.values[i];
      const before = last.get(id) ?? 0;
      if (value <= before) continue;
      last.set(id, value);
      this.push(event, value - before);
    }
    // Counts of no event say nothing of what the sample stands for: it is not lost for that.
    if (known === 0) this.push(view.event, view.period);
  }

  private ofThread(tid: number): Map<number, number> {
    let last = this.lastOfThread.get(tid);
    if (last === undefined) {
      last = new Map<number, number>();
      this.lastOfThread.set(tid, last);
    }
    return last;
  }

  private push(event: number, period: number): void {
    if (this.length === this.events.length) this.grow();
    this.events[this.length] = event;
    this.periods[this.length++] = period;
  }

  private grow(): void {
    const events = new Int32Array(this.length * 2);
    const periods = new Float64Array(this.length * 2);
    events.set(this.events);
    periods.set(this.periods);
    this.events = events;
    this.periods = periods;
  }
}
