/**
 * The ring buffer through which the kernel hands out records (`perf_event_mmap_page`): one page of
 * control fields, then a power of two of data pages.
 *
 *   data_tail ──▶ oldest byte not yet read          data_head ──▶ next byte that the kernel writes
 *   Both only grow; the place in the data is their value modulo its size.
 */
import { mapMemory, viewMapped, type MappedMemory } from './memory.js';

/** Offsets of `data_head` and `data_tail` in `struct perf_event_mmap_page`. */
const DATA_HEAD = 1024;
const DATA_TAIL = 1032;

/** Where a mapped ring lies, in a form that can be sent to another thread of this process. */
export interface RingMemory extends MappedMemory {
  /** The event whose buffer it is. */
  readonly fd: number;
  readonly pageSize: number;
  /** Bytes of data: a power of two. */
  readonly dataSize: number;
  /**
   * Whether the kernel writes downwards and overwrites what is oldest (the event has `write_backward`):
   * `data_head` falls from 0, modulo 2^64, and the newest record begins where it points.
   */
  readonly backward: boolean;
}

/**
 * Maps the ring buffer of an event.
 * @param dataSize bytes, a power of two and a multiple of `pageSize`
 * @param backward whether the kernel overwrites: that is what a mapping that cannot be written to asks for
 * @throws SystemCallError `EPERM` where it is more memory than the user may lock
 */
export function mapRing(
  fd: number,
  dataSize: number,
  pageSize: number,
  backward = false,
): RingMemory {
  const memory = mapMemory(pageSize + dataSize, fd, !backward);
  return { ...memory, fd, pageSize, dataSize, backward };
}

/** A view of a mapped ring for the one thread that reads it. */
export class RingView {
  /** The event whose buffer it is: what tells one ring from another. */
  readonly fd: number;
  /** Bytes of data. */
  readonly size: number;
  /** The data, twice: the same memory. */
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  protected readonly control: BigUint64Array;

  constructor(memory: RingMemory) {
    this.fd = memory.fd;
    this.size = memory.dataSize;
    const buffer = viewMapped(memory);
    this.bytes = new Uint8Array(buffer, memory.pageSize, memory.dataSize);
    this.words = new Int32Array(buffer, memory.pageSize, memory.dataSize / 4);
    this.control = new BigUint64Array(buffer, 0, memory.pageSize / 8);
  }

  /** `data_head`. The load pairs with the kernel's barrier: records up to here are complete. */
  protected get head(): bigint {
    return Atomics.load(this.control, DATA_HEAD / 8);
  }
}

/** A ring from which records are taken as they come. */
export class Ring extends RingView {
  private tail: bigint;

  constructor(memory: RingMemory) {
    super(memory);
    this.tail = this.control[DATA_TAIL / 8];
  }

  /** Where in `bytes` the oldest unread byte lies. */
  get start(): number {
    return Number(this.tail % BigInt(this.size));
  }

  /** Unread bytes. */
  available(): number {
    return Number(this.head - this.tail);
  }

  /** Gives `count` bytes back to the kernel; they must not be read again. */
  consume(count: number): void {
    this.tail += BigInt(count);
    Atomics.store(this.control, DATA_TAIL / 8, this.tail);
  }
}
