/**
 * Empties the kernel's ring buffers into the queue. The one copy that a record makes on its way is
 * made here; of a stack dump only the bytes that hold stack are taken along.
 */
import { addressFrom } from '../../base/units.js';
import type { EventTable } from '../../formats/perfdata/events.js';
import { SampleView } from '../../formats/perfdata/sample.js';
import { u64At } from '../../formats/perfdata/sample-layout.js';
import { PerfRecord } from '../../formats/perfdata/spec.js';
import type { Ring, RingView } from '../../linux/ring.js';
import {
  SampleOffset,
  copiesStack,
  kernelEvents,
  recordedRegisters,
  type RecordedEvent,
} from '../events/sample-layout.js';
import type { StackTops } from './stack-tops.js';
import type { QueueWriter } from './transfer.js';

/** A record's size is a u16. */
const MAX_RECORD = 65536;
/** What is reserved at once: several records, so that heads cost little, and few bytes at the end are wasted. */
export const SEGMENT = 8 * MAX_RECORD;

/** The data of a ring: `words` and `bytes` are the same memory, `size` bytes, a power of two. */
type RingData = Pick<RingView, 'bytes' | 'words' | 'size'>;

/** Copies records out of rings; of samples with a stack only what holds stack. */
export class RecordCopier {
  private readonly table: EventTable;
  /** By event: whether its samples carry a stack. */
  private readonly hasStack: readonly boolean[];
  /** The event whose layout all samples have; -1 where they differ. */
  private readonly only: number;
  private readonly trims: boolean;
  private readonly view = new SampleView();
  private readonly stackPointer = recordedRegisters(process.arch).stackPointer;
  /** A record that lies across the ring's end, in one piece. */
  private readonly joined = new Uint8Array(MAX_RECORD);
  private readonly joinedWords = new Int32Array(this.joined.buffer);

  /** @param tops above which there is no stack to take */
  constructor(
    private readonly queue: Pick<QueueWriter, 'bytes' | 'words'>,
    events: readonly RecordedEvent[],
    private readonly tops: StackTops,
  ) {
    this.table = kernelEvents(events);
    this.hasStack = events.map(({ kernelAttr }) => copiesStack(kernelAttr));
    this.trims = this.hasStack.includes(true);
    const sampling = events.filter(({ role }) => role !== 'tracker');
    const layouts = new Set(sampling.map(layoutKey));
    this.only = layouts.size === 1 ? events.indexOf(sampling[0]) : -1;
  }

  /**
   * Copies the record of `size` bytes at byte `position` of a ring to `at` in the queue.
   * @returns the bytes that it takes there
   */
  copy(ring: RingData, position: number, size: number, at: number): number {
    let { bytes, words } = ring;
    let start = position;
    const before = ring.size - position;
    if (before < size) {
      bytes = this.joined;
      words = this.joinedWords;
      bytes.set(ring.bytes.subarray(position), 0);
      bytes.set(ring.bytes.subarray(0, size - before), before);
      start = 0;
    }
    if (this.trims && words[start >> 2] === PerfRecord.SAMPLE) {
      const trimmed = this.copyTrimmed(bytes, words, start, size, at);
      if (trimmed > 0) return trimmed;
    }
    this.queue.bytes.set(bytes.subarray(start, start + size), at);
    return size;
  }

  /** @returns 0 where the sample has no stack to leave anything out of */
  private copyTrimmed(
    bytes: Uint8Array,
    words: Int32Array,
    start: number,
    size: number,
    at: number,
  ): number {
    const { view, table, queue } = this;
    const base = start >> 2;
    const event =
      this.only >= 0
        ? this.only
        : table.indexOfId(u64At(words, base + SampleOffset.IDENTIFIER / 4));
    if (event < 0 || !this.hasStack[event]) return 0;
    // Without user memory (a kernel thread, an exiting one) there is no stack.
    if (!table.layouts[event].decode(words, base, size, view) || view.stack === 0) return 0;
    let filled = view.stackBytes & ~7;
    const top = this.tops.get(words[base + SampleOffset.TID / 4]);
    if (top !== 0 && view.regsAbi !== 0) {
      const sp = view.regs + this.stackPointer * 2;
      const above = top - addressFrom(words[sp], words[sp + 1]);
      if (above > 0 && above < filled) filled = above & ~7;
    }
    const stackAt = (view.stack - base) * 4;
    let end = stackAt + filled;
    queue.bytes.set(bytes.subarray(start, start + end), at);
    queue.words[(at + stackAt - 8) >> 2] = filled;
    if (filled !== 0) {
      queue.words[(at + end) >> 2] = filled;
      queue.words[(at + end + 4) >> 2] = 0;
      end += 8;
    }
    const rest = (view.end - view.restWord) * 4;
    if (rest > 0) queue.bytes.set(bytes.subarray(start + size - rest, start + size), at + end);
    end += rest;
    queue.words[(at + 4) >> 2] = (words[base + 1] & 0xffff) | (end << 16);
    return end;
  }
}

/** The same for events whose samples have the same fields. */
function layoutKey({ kernelAttr }: RecordedEvent): string {
  const { sample_type, read_format, branch_sample_type, sample_regs_user, sample_regs_intr } =
    kernelAttr;
  return [sample_type, read_format, branch_sample_type, sample_regs_user, sample_regs_intr].join();
}

/**
 * Hands over all complete records of one ring.
 * @returns how many bytes the ring held
 */
export function drainRing(ring: Ring, queue: QueueWriter, copier: RecordCopier): number {
  const total = ring.available();
  let available = total;
  while (available > 0) {
    const start = queue.reserve(Math.min(SEGMENT, available));
    const limit = start + Math.min(SEGMENT, available);
    let at = start;
    let consumed = 0;
    let position = ring.start;
    while (consumed < available) {
      const head = ring.words[((position + 4) & (ring.size - 1)) >> 2];
      const size = head >>> 16;
      // The kernel writes whole records of at least a header; anything else would be a torn page.
      if (size < 8 || size > available - consumed) throw new Error(`torn ring: record of ${size}`);
      if (at + size > limit) break;
      at += copier.copy(ring, position, size, at);
      consumed += size;
      position = (position + size) & (ring.size - 1);
    }
    queue.commitRecords(start, at - start, ring.fd);
    ring.consume(consumed);
    available -= consumed;
  }
  return total;
}
