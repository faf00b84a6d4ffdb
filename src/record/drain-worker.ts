/**
 * The draining thread: sleeps until the kernel has enough records, moves them on, and tells the
 * unwinding thread up to which time it has them all.
 */
import { workerData } from 'node:worker_threads';

import { libc } from '../linux/libc.js';
import { Ring, type RingMemory } from '../linux/ring.js';
import { drainRing } from './drain.js';
import { recordedRegisters } from './sample-layout.js';
import { StackTops } from './stack-tops.js';
import { QueueWriter, type SharedQueue } from './transfer.js';

export interface DrainWorkerData {
  readonly rings: readonly RingMemory[];
  readonly queue: SharedQueue;
  /** An eventfd that becomes readable when recording ends. */
  readonly stopFd: number;
  /** Whether samples carry copies of the stack. */
  readonly dumps: boolean;
  readonly stackTops: SharedArrayBuffer;
}

const POLLIN = 1;
/** How long records may lie in the kernel's buffers: what is read from a process should be of its time. */
const IDLE_MS = 20;
/**
 * Records may become visible this much later than their own time says: a sample is stamped first and
 * its stack is copied then.
 */
const SETTLE_NS = 1_000_000;

function main(data: DrainWorkerData): void {
  const rings = data.rings.map((memory) => new Ring(memory));
  const queue = new QueueWriter(data.queue);
  const { dwarf, stackPointer } = recordedRegisters(process.arch);
  const dump = data.dumps
    ? { registers: dwarf.length, stackPointer, tops: new StackTops(data.stackTops) }
    : undefined;
  // struct pollfd: int fd, short events, short revents
  const pollFds = new DataView(new ArrayBuffer(8 * (rings.length + 1)));
  [...rings.map((ring) => ring.fd), data.stopFd].forEach((fd, i) => {
    pollFds.setInt32(i * 8, fd, true);
    pollFds.setInt16(i * 8 + 4, POLLIN, true);
  });
  const pollBytes = new Uint8Array(pollFds.buffer);

  let stopping = false;
  let unsettled = false;
  while (!stopping) {
    libc().poll(pollBytes, rings.length + 1, IDLE_MS);
    stopping = (pollFds.getInt16(rings.length * 8 + 6, true) & POLLIN) !== 0;
    const now = Number(process.hrtime.bigint());
    let drained = 0;
    for (const ring of rings) drained += drainRing(ring, queue, dump);
    // After a round with records one more is told of: the last of them were too young for the first.
    if (drained > 0 || unsettled || stopping) {
      queue.commitHorizon(stopping ? Infinity : now - SETTLE_NS);
    }
    unsettled = drained > 0;
  }
  queue.close();
}

main(workerData as DrainWorkerData);
