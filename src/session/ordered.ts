/**
 * Records in the order of time. A recorder empties one CPU's buffer after another, so that the file is
 * ordered within a buffer's visit only. After all buffers were visited it writes FINISHED_ROUND: what a
 * later round brings is younger than the youngest record that stood in the file when the round before
 * ended (tools/perf/util/ordered-events.c, `perf_event__process_finished_round`).
 *
 *   file   cpu0: 1 4 6 │ cpu1: 2 3 7 │ ROUND │ cpu0: 8 9 │ cpu1: 8 │ ROUND
 *   safe                               -                             up to 7
 *
 * What waits is a column of times and places, not records: a record is read again when its turn comes.
 */
import { Float64Column, Int32Column, Uint8Column } from '../base/growable.js';
import { sortedOrder } from '../base/order.js';
import type { Nanoseconds } from '../base/units.js';
import type { RecordReader } from '../formats/perfdata/records.js';
import { PerfRecord } from '../formats/perfdata/spec.js';

/** Without rounds no more than this many records wait; then the older half goes, as in perf. */
const MAX_WAITING = 1 << 20;

/**
 * A mapping may be run before its record: the kernel tells of it after making it, and clocks of CPUs
 * differ a little. So a mapping's record goes before samples that are older by no more than this.
 */
const MAPPING_SLACK: Nanoseconds = 100_000;

/** Up to so many waiting records are sorted in place. */
const FEW = 64;

/** Called with the reader at a record. */
export type RecordVisitor = (ordinal: number) => void;

export class OrderedRecords {
  /** Records that came after younger ones had been handed out. */
  late = 0;

  private times = new Float64Column();
  private offsets = new Float64Column();
  private types = new Uint8Column();
  private ordinals = new Int32Column();
  private readonly order = new Uint32Array(FEW);
  private youngest: Nanoseconds = -Infinity;
  private safe: Nanoseconds = -Infinity;
  private handedOut: Nanoseconds = -Infinity;

  constructor(
    private readonly reader: RecordReader,
    private readonly maxWaiting = MAX_WAITING,
  ) {}

  /**
   * Visits every record. Those without time (made up by perf for what was there before) come when they
   * are read.
   * @param visit gets the record's number among the file's samples (SAMPLE records), else -1
   */
  forEach(visit: RecordVisitor): void {
    const { reader } = this;
    let samples = 0;
    while (reader.next()) {
      const { type } = reader;
      const ordinal = type === PerfRecord.SAMPLE ? samples++ : -1;
      if (type === PerfRecord.FINISHED_ROUND) {
        this.handOut(this.safe, visit);
        this.safe = this.youngest;
        continue;
      }
      const { time } = reader;
      if (time === 0) {
        visit(ordinal);
        continue;
      }
      this.times.push(time);
      this.offsets.push(reader.offset);
      this.types.push(type);
      this.ordinals.push(ordinal);
      if (time > this.youngest) this.youngest = time;
      if (time < this.handedOut) this.late++;
      if (this.times.length >= this.maxWaiting) this.handOutHalf(visit);
    }
    this.handOut(Infinity, visit);
  }

  private handOutHalf(visit: RecordVisitor): void {
    const sorted = this.times.view().slice().sort();
    this.handOut(sorted[sorted.length >> 1], visit);
  }

  /** Visits, in order, what waits and is no younger than `limit`. */
  private handOut(limit: Nanoseconds, visit: RecordVisitor): void {
    const { times, offsets, ordinals } = this;
    const order = this.sorted();
    let count = times.length;
    while (count > 0 && times.data[order[count - 1]] > limit) count--;
    this.mappingsFirst(order, count);
    for (let i = 0; i < count; i++) {
      const row = order[i];
      if (this.reader.seek(offsets.data[row])) visit(ordinals.data[row]);
    }
    if (count > 0) this.handedOut = times.data[order[count - 1]];
    this.dropUpTo(limit);
  }

  /** The rows that wait, by time; equal times keep their order. Holds until the next call. */
  private sorted(): Uint32Array {
    const { data, length } = this.times;
    if (length > FEW) return sortedOrder(data, length);
    // A busy recorder ends its rounds some thousand times a second: what they need is not made anew.
    const { order } = this;
    for (let i = 0; i < length; i++) {
      const time = data[i];
      let to = i;
      for (; to > 0 && data[order[to - 1]] > time; to--) order[to] = order[to - 1];
      order[to] = i;
    }
    return order;
  }

  /** See {@link MAPPING_SLACK}. A mapping does not pass records that change processes. */
  private mappingsFirst(order: Uint32Array, count: number): void {
    const { times, types } = this;
    for (let i = 1; i < count; i++) {
      const row = order[i];
      const type = types.data[row];
      if (type !== PerfRecord.MMAP2 && type !== PerfRecord.MMAP) continue;
      const earliest = times.data[row] - MAPPING_SLACK;
      let to = i;
      while (to > 0 && types.data[order[to - 1]] === PerfRecord.SAMPLE) {
        if (times.data[order[to - 1]] < earliest) break;
        order[to] = order[to - 1];
        to--;
      }
      order[to] = row;
    }
  }

  /** Leaves only what is younger waiting, in the order in which it came. */
  private dropUpTo(limit: Nanoseconds): void {
    const { times, offsets, types, ordinals } = this;
    let kept = 0;
    for (let row = 0; row < times.length; row++) {
      if (times.data[row] <= limit) continue;
      times.data[kept] = times.data[row];
      offsets.data[kept] = offsets.data[row];
      types.data[kept] = types.data[row];
      ordinals.data[kept] = ordinals.data[row];
      kept++;
    }
    for (const column of [times, offsets, types, ordinals]) column.length = kept;
  }
}
