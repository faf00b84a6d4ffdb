/**
 * Empties the kernel's ring buffers into the queue. The one copy that a record makes on its way is
 * made here; of a stack dump only the bytes that hold stack are taken along.
 */
import { addressFrom } from '../base/units.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import type { Ring } from '../linux/ring.js';
import { SampleOffset } from './sample-layout.js';
import type { StackTops } from './stack-tops.js';
import type { QueueWriter } from './transfer.js';

/** A record's size is a u16. */
const MAX_RECORD = 65536;
/** What is reserved at once: several records, so that heads cost little, and few bytes at the end are wasted. */
const SEGMENT = 8 * MAX_RECORD;

/** What samples that carry a copy of the stack look like. */
export interface SampleDump {
  /** How many registers stand before the stack, and which of them is the stack pointer. */
  readonly registers: number;
  readonly stackPointer: number;
  readonly tops: StackTops;
}

/**
 * Hands over all complete records of one ring.
 * @param dump absent where samples carry no stack
 * @returns how many bytes the ring held
 */
export function drainRing(ring: Ring, queue: QueueWriter, dump?: SampleDump): number {
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
      at += copyRecord(ring, position, size, queue, at, dump);
      consumed += size;
      position = (position + size) & (ring.size - 1);
    }
    queue.commitRecords(start, at - start, ring.cpu);
    ring.consume(consumed);
    available -= consumed;
  }
  return total;
}

/** Copies one record to `at` in the queue; returns the bytes that it takes there. */
function copyRecord(
  ring: Ring,
  position: number,
  size: number,
  queue: QueueWriter,
  at: number,
  dump: SampleDump | undefined,
): number {
  const mask = ring.size - 1;
  const words = ring.words;
  if (dump === undefined || words[position >> 2] !== PerfRecord.SAMPLE) {
    copyBytes(ring, position, size, queue.bytes, at);
    return size;
  }
  const chainLength = words[((position + SampleOffset.CHAIN_LENGTH) & mask) >> 2];
  let field = SampleOffset.CHAIN + chainLength * 8;
  const abi = words[((position + field) & mask) >> 2];
  const registers = field + 8;
  field = abi === 0 ? registers : registers + dump.registers * 8;
  const dumped = words[((position + field) & mask) >> 2];
  // Without user memory (a kernel thread, an exiting one) the size is 0 and nothing follows it.
  let filled = dumped === 0 ? 0 : words[((position + size - 8) & mask) >> 2] & ~7;
  const top = dump.tops.get(words[((position + SampleOffset.TID) & mask) >> 2]);
  if (top !== 0 && abi !== 0) {
    const at = (position + registers + dump.stackPointer * 8) & mask;
    const above = top - addressFrom(words[at >> 2], words[(at + 4) >> 2]);
    if (above > 0 && above < filled) filled = above & ~7;
  }
  const kept = field + 8 + filled;
  copyBytes(ring, position, kept, queue.bytes, at);
  queue.words[(at + field) >> 2] = filled;
  let end = kept;
  if (filled !== 0) {
    queue.words[(at + end) >> 2] = filled;
    queue.words[(at + end + 4) >> 2] = 0;
    end += 8;
  }
  queue.words[(at + 4) >> 2] = (words[((position + 4) & mask) >> 2] & 0xffff) | (end << 16);
  return end;
}

/** Copies across the ring's end where need be. */
function copyBytes(
  ring: Ring,
  position: number,
  size: number,
  target: Uint8Array,
  at: number,
): void {
  const first = Math.min(size, ring.size - position);
  target.set(ring.bytes.subarray(position, position + first), at);
  if (first < size) target.set(ring.bytes.subarray(0, size - first), at + first);
}
