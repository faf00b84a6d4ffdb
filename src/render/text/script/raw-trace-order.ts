/**
 * The order in which perf comes to a file's records (tools/perf/util/ordered-events.c): those without
 * time at once, the others in the order of time, a round after they were read. The session's order
 * differs: there mappings go before samples that hit them, which a dump must not show.
 */
import { Float64Column } from '../../../base/growable.js';
import { sortedOrder } from '../../../base/order.js';
import type { RecordReader } from '../../../formats/perfdata/records.js';
import { PerfRecord } from '../../../formats/perfdata/spec.js';

export class TraceOrder {
  private times = new Float64Column();
  private offsets = new Float64Column();

  constructor(private readonly reader: RecordReader) {}

  /** Calls `visit` with the reader at each record. */
  forEach(visit: () => void): void {
    const { reader } = this;
    let safe = -Infinity;
    let youngest = -Infinity;
    while (reader.next()) {
      const { time, type } = reader;
      if (time > 0) {
        this.times.push(time);
        this.offsets.push(reader.offset);
        youngest = Math.max(youngest, time);
        continue;
      }
      visit();
      if (type === PerfRecord.FINISHED_ROUND) {
        this.handOut(safe, visit);
        safe = youngest;
      }
    }
    this.handOut(Infinity, visit);
  }

  /** Visits, in order, what waits and is no younger than `limit`. */
  private handOut(limit: number, visit: () => void): void {
    const { times, offsets, reader } = this;
    const waitingTimes = new Float64Column();
    const waitingOffsets = new Float64Column();
    for (const row of sortedOrder(times.data, times.length)) {
      if (times.data[row] > limit) {
        waitingTimes.push(times.data[row]);
        waitingOffsets.push(offsets.data[row]);
      } else if (reader.seek(offsets.data[row])) visit();
    }
    this.times = waitingTimes;
    this.offsets = waitingOffsets;
  }
}
