/**
 * The way from the thread that drains the kernel's buffers to the one that unwinds: a queue of bytes
 * in shared memory, of fixed size. One thread writes, one reads.
 *
 *   segment = 32-byte head, then records of one ring, one after another, each whole
 *
 * Positions count bytes modulo 2^32 and the capacity divides 2^32, so that they may wrap. What the
 * reader has not given back is never overwritten: a writer without room waits, and meanwhile the
 * kernel's own buffers fill and it counts what it drops.
 */

import { mapMemory, viewMapped, type MappedMemory } from '../../linux/memory.js';

/** Words of the control block. */
const Control = {
  /** Written so far, in bytes. */
  HEAD: 0,
  /** Given back so far. */
  TAIL: 1,
  /** The writer waits for room: the reader must give back all that it can. */
  STARVED: 2,
  /** The writer is done. */
  CLOSED: 3,
  /** What the reader tells the main thread. */
  SAMPLES: 8,
  LOST: 9,
  /** What the main thread asks of the writer: to end, and how many files to end before. */
  STOP: 10,
  SWITCHES: 11,
  /** When sampling was last switched off: a double. */
  PAUSED: 12,
  WORDS: 16,
} as const;

/** Words of a segment's head. */
const Head = { SIZE: 0, KIND: 1, RING: 2, HORIZON: 4, WORDS: 8 } as const;
const HEAD_BYTES = Head.WORDS * 4;

export const SegmentKind = {
  /** Records of one ring in order of time. */
  RECORDS: 1,
  /** Every record up to the time in the head has been handed over, whatever its ring. */
  HORIZON: 2,
  /** Fills the queue's end. */
  PADDING: 3,
  /** Here one file of the recording is asked to end. */
  SWITCH: 4,
} as const;

export interface SharedQueue {
  readonly control: SharedArrayBuffer;
  readonly data: MappedMemory;
}

/** @param capacity bytes: a power of two */
export function createQueue(capacity: number): SharedQueue {
  return { control: new SharedArrayBuffer(Control.WORDS * 4), data: mapMemory(capacity) };
}

/** Asks the writer to hand over what there is and to end. It must be woken to see that. */
export function askToStop(queue: SharedQueue): void {
  Atomics.store(new Int32Array(queue.control), Control.STOP, 1);
}

/** Asks the writer to have the reader end the file with what there is now. It must be woken to see that. */
export function askToSwitch(queue: SharedQueue): void {
  Atomics.add(new Int32Array(queue.control), Control.SWITCHES, 1);
}

/** Tells the reader since when (`CLOCK_MONOTONIC`) nothing is sampled. */
export function tellPause(queue: SharedQueue, time: number): void {
  new Float64Array(queue.control)[Control.PAUSED / 2] = time;
}

/** Numbers for the line of progress, readable by any thread at any time. */
export function queueProgress(queue: SharedQueue): { samples: number; lost: number } {
  const control = new Int32Array(queue.control);
  return {
    samples: Atomics.load(control, Control.SAMPLES) >>> 0,
    lost: Atomics.load(control, Control.LOST) >>> 0,
  };
}

/** What both ends of a queue see. */
class QueueEnd {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  protected readonly control: Int32Array;
  /** The data as doubles: times in segments' heads. */
  protected readonly doubles: Float64Array;
  readonly capacity: number;

  constructor(queue: SharedQueue) {
    this.control = new Int32Array(queue.control);
    const data = viewMapped(queue.data);
    this.bytes = new Uint8Array(data);
    this.words = new Int32Array(data);
    this.doubles = new Float64Array(data);
    this.capacity = queue.data.size;
  }
}

/** The draining thread's end. */
export class QueueWriter extends QueueEnd {
  private head = 0;
  private switches = 0;

  /** Whether it was asked to end. */
  get isStopped(): boolean {
    return Atomics.load(this.control, Control.STOP) === 1;
  }

  /** How many files it was asked to end since it was asked last. */
  takeSwitches(): number {
    const asked = Atomics.load(this.control, Control.SWITCHES);
    const more = asked - this.switches;
    this.switches = asked;
    return more;
  }

  /**
   * Waits for room for a segment of up to `size` bytes of records.
   * @returns where in `bytes` its records go
   */
  reserve(size: number): number {
    const needed = HEAD_BYTES + size;
    let at = this.head % this.capacity;
    const rest = this.capacity - at;
    if (rest < needed) {
      this.waitForRoom(rest);
      this.publish(at, rest, SegmentKind.PADDING, 0, 0);
      at = 0;
    }
    this.waitForRoom(needed);
    return at + HEAD_BYTES;
  }

  /** Hands over the `size` bytes that were put where {@link reserve} said. */
  commitRecords(start: number, size: number, ring: number): void {
    this.publish(start - HEAD_BYTES, HEAD_BYTES + size, SegmentKind.RECORDS, ring, 0);
  }

  /** Tells the reader that it has every record up to `time`. */
  commitHorizon(time: number): void {
    const start = this.reserve(0);
    this.publish(start - HEAD_BYTES, HEAD_BYTES, SegmentKind.HORIZON, 0, time);
  }

  /** Has the reader end its file here. */
  commitSwitch(): void {
    const start = this.reserve(0);
    this.publish(start - HEAD_BYTES, HEAD_BYTES, SegmentKind.SWITCH, 0, 0);
  }

  close(): void {
    Atomics.store(this.control, Control.CLOSED, 1);
    Atomics.notify(this.control, Control.HEAD);
  }

  private publish(at: number, size: number, kind: number, ring: number, horizon: number): void {
    const word = at >> 2;
    this.words[word + Head.SIZE] = size;
    this.words[word + Head.KIND] = kind;
    this.words[word + Head.RING] = ring;
    this.doubles[(word + Head.HORIZON) >> 1] = horizon;
    this.head = (this.head + size) >>> 0;
    Atomics.store(this.control, Control.HEAD, this.head | 0);
    // Waking a thread is dear, and before a horizon the reader could do nothing with what it got.
    if (kind === SegmentKind.HORIZON || kind === SegmentKind.SWITCH)
      Atomics.notify(this.control, Control.HEAD);
  }

  private waitForRoom(size: number): void {
    for (;;) {
      const tail = Atomics.load(this.control, Control.TAIL);
      const used = (this.head - (tail >>> 0)) >>> 0;
      if (this.capacity - used >= size) return;
      Atomics.store(this.control, Control.STARVED, 1);
      Atomics.notify(this.control, Control.HEAD);
      Atomics.wait(this.control, Control.TAIL, tail, 100);
    }
  }
}

/** A segment in the reader's hands. */
export interface Segment {
  readonly kind: number;
  /** What tells its ring from others, of RECORDS. */
  readonly ring: number;
  /** Up to where everything is here, of a HORIZON. */
  readonly horizon: number;
  /** Where its records begin and end in the queue's data. */
  readonly start: number;
  readonly end: number;
  /** Bytes that it takes in the queue, its head included. */
  readonly size: number;
}

/** The unwinding thread's end. */
export class QueueReader extends QueueEnd {
  /** Taken so far, in bytes; given back is what TAIL says. */
  private taken = 0;
  private readonly times: Float64Array;

  constructor(queue: SharedQueue) {
    super(queue);
    this.times = new Float64Array(queue.control);
  }

  /** When sampling was last switched off; 0 for never. */
  get pausedAt(): number {
    return this.times[Control.PAUSED / 2];
  }

  /** The next segment, if one is there. */
  take(): Segment | undefined {
    if (Atomics.load(this.control, Control.HEAD) >>> 0 === this.taken) return undefined;
    const at = this.taken % this.capacity;
    const word = at >> 2;
    const size = this.words[word + Head.SIZE];
    this.taken = (this.taken + size) >>> 0;
    return {
      kind: this.words[word + Head.KIND],
      ring: this.words[word + Head.RING],
      horizon: this.doubles[(word + Head.HORIZON) >> 1],
      start: at + HEAD_BYTES,
      end: at + size,
      size,
    };
  }

  /** Sleeps until there may be another segment, at most `timeoutMs`. */
  wait(timeoutMs: number): void {
    Atomics.wait(this.control, Control.HEAD, this.taken | 0, timeoutMs);
  }

  /** Gives back the oldest `size` bytes that were taken. */
  release(size: number): void {
    Atomics.add(this.control, Control.TAIL, size);
    Atomics.store(this.control, Control.STARVED, 0);
    Atomics.notify(this.control, Control.TAIL);
  }

  /** Whether the writer waits for room. */
  get starved(): boolean {
    return Atomics.load(this.control, Control.STARVED) === 1;
  }

  get closed(): boolean {
    return Atomics.load(this.control, Control.CLOSED) === 1;
  }

  report(samples: number, lost: number): void {
    Atomics.store(this.control, Control.SAMPLES, samples | 0);
    Atomics.store(this.control, Control.LOST, lost | 0);
  }
}
