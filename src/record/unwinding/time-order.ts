/**
 * Puts the records of all rings into one order of time. Each ring's own records are in order already, so
 * this is a merge; it stops at the horizon, past which a ring may still have an earlier record to give:
 * a sample must not be unwound before the mapping that it runs in is known.
 */
import { u64At } from '../../formats/perfdata/sample-layout.js';
import { PerfRecord } from '../../formats/perfdata/spec.js';
import { SampleIdFromEnd, SampleOffset } from '../events/sample-layout.js';
import { SegmentKind, type QueueReader, type Segment } from '../draining/transfer.js';

/** A segment that still takes room in the queue. */
interface Held {
  readonly segment: Segment;
  done: boolean;
}

/** Records of one ring that are not handled yet. */
interface RingStream {
  readonly segments: Held[];
  /** Next record in the first segment. */
  position: number;
  /** Its time; Infinity where there is none. */
  time: number;
}

/** Takes records as they come to be in order: `words` from byte `start`, `size` bytes. */
export type RecordHandler = (start: number, size: number, time: number) => void;

export class TimeOrder {
  /** Whether records are being handled before their time, as the queue is full. */
  isPressed = false;
  private readonly streams = new Map<number, RingStream>();
  private streamList: RingStream[] = [];
  /** All segments in the order of their coming: room is given back from the front. */
  private readonly taken: Held[] = [];

  /**
   * @param handle is called with each record in order of time
   * @param switchFile is called where the file is to end: after the records up to the last horizon
   */
  constructor(
    private readonly queue: QueueReader,
    private readonly handle: RecordHandler,
    private readonly switchFile: () => void = () => undefined,
  ) {}

  /** Handles what is in the queue and in order. @returns whether anything was there */
  advance(): boolean {
    let busy = false;
    for (let segment = this.queue.take(); segment !== undefined; segment = this.queue.take()) {
      busy = true;
      const held = { segment, done: segment.end === segment.start };
      this.taken.push(held);
      if (segment.kind === SegmentKind.PADDING) held.done = true;
      else if (!held.done) this.enqueue(held);
      if (segment.kind === SegmentKind.HORIZON) this.handleUntil(segment.horizon);
      if (segment.kind === SegmentKind.SWITCH) this.switchFile();
    }
    // Order gives way to room: better a mapping missed than samples lost.
    if (this.queue.starved) this.makeRoom();
    this.giveBack();
    return busy;
  }

  /** Handles the oldest of what waits for its time. */
  private makeRoom(): void {
    this.isPressed = true;
    const enough = this.queue.capacity / 8;
    for (let released = this.giveBack(); released < enough;) {
      const next = this.earliest();
      if (next === undefined) break;
      this.handleNext(next);
      released += this.giveBack();
    }
    this.isPressed = false;
  }

  private enqueue(held: Held): void {
    const { ring, start } = held.segment;
    let stream = this.streams.get(ring);
    if (stream === undefined) {
      stream = { segments: [], position: 0, time: Infinity };
      this.streams.set(ring, stream);
      this.streamList = [...this.streams.values()];
    }
    stream.segments.push(held);
    if (stream.segments.length === 1) this.moveTo(stream, start);
  }

  private handleUntil(horizon: number): void {
    for (;;) {
      const next = this.earliest();
      if (next === undefined || next.time > horizon) break;
      this.handleNext(next);
    }
    this.giveBack();
  }

  /** The ring with the earliest record. */
  private earliest(): RingStream | undefined {
    let next: RingStream | undefined;
    for (const stream of this.streamList) {
      if (stream.time < (next === undefined ? Infinity : next.time)) next = stream;
    }
    return next;
  }

  private handleNext(stream: RingStream): void {
    const start = stream.position;
    const size = this.queue.words[(start + 4) >> 2] >>> 16;
    this.handle(start, size, stream.time);
    this.moveTo(stream, start + size);
  }

  private moveTo(stream: RingStream, position: number): void {
    const held = stream.segments[0];
    if (position < held.segment.end) {
      stream.position = position;
      stream.time = this.timeAt(position);
      return;
    }
    held.done = true;
    stream.segments.shift();
    if (stream.segments.length === 0) stream.time = Infinity;
    else this.moveTo(stream, stream.segments[0].segment.start);
  }

  private timeAt(position: number): number {
    const { words } = this.queue;
    const at =
      words[position >> 2] === PerfRecord.SAMPLE
        ? position + SampleOffset.TIME
        : position + (words[(position + 4) >> 2] >>> 16) - SampleIdFromEnd.TIME;
    return u64At(words, at >> 2);
  }

  /** @returns the bytes that the writer may use again */
  private giveBack(): number {
    let size = 0;
    let count = 0;
    while (count < this.taken.length && this.taken[count].done)
      size += this.taken[count++].segment.size;
    if (count === 0) return 0;
    this.taken.splice(0, count);
    this.queue.release(size);
    return size;
  }
}
