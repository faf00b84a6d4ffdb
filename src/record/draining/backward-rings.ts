/**
 * Rings of a flight recorder: the kernel writes them downwards and overwrites what is oldest, for as long
 * as nobody reads them.
 *
 *   position in the ring, modulo its size      data_head
 *                                              ▼
 *   … older records, cut somewhere  |          | newest | … | older | oldest that is whole |
 *                                   ◀── the kernel goes on here
 *
 * To be read, a ring is paused. From `data_head` upwards stand whole records, until a whole ring has been
 * gone through, or what was never written (zeros), or what a reader has had before.
 */
import { Float64Column, Int32Column } from '../../base/growable.js';
import { u64At } from '../../formats/perfdata/sample-layout.js';
import { PerfRecord } from '../../formats/perfdata/spec.js';
import { now } from '../../linux/clock.js';
import { pauseOutput } from '../../linux/perf-event.js';
import { RingView, type RingMemory } from '../../linux/ring.js';
import { SampleIdFromEnd, SampleOffset } from '../events/sample-layout.js';
import { SEGMENT, type RecordCopier } from './drain.js';
import type { QueueWriter } from './transfer.js';

/** A record that was begun when its ring was paused is complete after so long. */
const SETTLE_MS = 2;
/** How much is handed over before the reader is told that it is all up to there. */
const HORIZON_BYTES = 1024 * 1024;

/** The rings of all CPUs. */
export class BackwardRings {
  private readonly rings: readonly BackwardRing[];
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4));

  constructor(memories: readonly RingMemory[]) {
    this.rings = memories.map((memory) => new BackwardRing(memory));
  }

  /**
   * Hands over what the rings hold and was not handed over before, in order of time.
   * @param before is called while the rings are paused: hands over all else of up to now
   */
  snapshot(queue: QueueWriter, copier: RecordCopier, before: () => void): void {
    for (const { fd } of this.rings) pauseOutput(fd, true);
    try {
      const paused = now();
      Atomics.wait(this.sleeper, 0, 0, SETTLE_MS);
      before();
      for (const ring of this.rings) ring.find();
      this.merge(queue, copier);
      queue.commitHorizon(paused);
    } finally {
      for (const { fd } of this.rings) pauseOutput(fd, false);
    }
  }

  private merge(queue: QueueWriter, copier: RecordCopier): void {
    let untold = 0;
    for (;;) {
      let first: BackwardRing | undefined;
      let limit = Infinity;
      for (const ring of this.rings) {
        if (first === undefined || ring.nextTime < first.nextTime) {
          limit = first?.nextTime ?? Infinity;
          first = ring;
        } else if (ring.nextTime < limit) limit = ring.nextTime;
      }
      if (first === undefined || first.nextTime === Infinity) return;
      untold += first.handOver(limit, queue, copier);
      if (untold > HORIZON_BYTES) {
        // What stands next is not older than what was handed over.
        queue.commitHorizon(first.lastTime);
        untold = 0;
      }
    }
  }
}

/** One ring, and the records that were found in it. */
class BackwardRing extends RingView {
  /** Of the records that are still to be handed over, the oldest; Infinity where there is none. */
  nextTime = Infinity;
  /** Of the record that was handed over last. */
  lastTime = 0;
  /** Bytes that the kernel had written when the ring was read last: they were handed over. */
  private taken = 0;
  /** Places and times of the records that were found, newest first. */
  private positions = new Int32Column();
  private times = new Float64Column();

  /** Finds the whole records that are new; the ring must be paused. */
  find(): void {
    const { size, words, positions, times, head } = this;
    const mask = size - 1;
    positions.length = times.length = 0;
    // `data_head` falls from 0: the bytes that were written are what is missing to 2^64.
    const written = Number(BigInt.asUintN(64, -head));
    const start = Number(head & BigInt(mask));
    const room = Math.min(written - this.taken, size);
    for (let passed = 0; passed < room;) {
      const position = (start + passed) & mask;
      const recordSize = words[((position + 4) & mask) >> 2] >>> 16;
      if (recordSize < 8 || recordSize % 8 !== 0 || passed + recordSize > room) break;
      positions.push(position);
      times.push(this.timeAt(position, recordSize));
      passed += recordSize;
    }
    this.taken = written;
    this.peek();
  }

  /**
   * Hands over the oldest records, up to a time, as far as they fit in a segment.
   * @returns bytes
   */
  handOver(limit: number, queue: QueueWriter, copier: RecordCopier): number {
    const { positions, times, words } = this;
    const mask = this.size - 1;
    const start = queue.reserve(SEGMENT);
    let at = start;
    while (positions.length > 0 && this.nextTime <= limit) {
      const last = positions.length - 1;
      const position = positions.data[last];
      const size = words[((position + 4) & mask) >> 2] >>> 16;
      if (at + size > start + SEGMENT) break;
      at += copier.copy(this, position, size, at);
      this.lastTime = this.nextTime;
      positions.length = times.length = last;
      this.peek();
    }
    queue.commitRecords(start, at - start, this.fd);
    return at - start;
  }

  private peek(): void {
    const { length, data } = this.times;
    this.nextTime = length === 0 ? Infinity : data[length - 1];
  }

  private timeAt(position: number, size: number): number {
    const { words } = this;
    const mask = this.size - 1;
    const at =
      words[position >> 2] === PerfRecord.SAMPLE
        ? position + SampleOffset.TIME
        : position + size - SampleIdFromEnd.TIME;
    // Fields lie at multiples of 8, so that none lies across the ring's end.
    return u64At(words, (at & mask) >> 2);
  }
}
