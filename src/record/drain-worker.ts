/**
 * The draining thread: sleeps until the kernel has enough records, moves them on, and tells the
 * unwinding thread up to which time it has them all.
 */
import { parentPort } from 'node:worker_threads';

import { now } from '../linux/clock.js';
import { libc } from '../linux/libc.js';
import { Ring, type RingMemory } from '../linux/ring.js';
import { BackwardRings } from './draining/backward-rings.js';
import { RecordCopier, drainRing } from './draining/drain.js';
import { StackTops } from './draining/stack-tops.js';
import { QueueWriter, type SharedQueue } from './draining/transfer.js';
import type { RecordedEvent } from './events/sample-layout.js';

export interface DrainSetup {
  readonly rings: readonly RingMemory[];
  readonly events: readonly RecordedEvent[];
  readonly queue: SharedQueue;
  /** An eventfd that becomes readable when the queue has something to ask. */
  readonly wakeFd: number;
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

function main(setup: DrainSetup): void {
  const rings = setup.rings.filter(({ backward }) => !backward).map((memory) => new Ring(memory));
  const overwritten = setup.rings.filter(({ backward }) => backward);
  const flight = overwritten.length > 0 ? new BackwardRings(overwritten) : undefined;
  const queue = new QueueWriter(setup.queue);
  const copier = new RecordCopier(queue, setup.events, new StackTops(setup.stackTops));
  const drainAll = (): number => {
    let drained = 0;
    for (const ring of rings) drained += drainRing(ring, queue, copier);
    return drained;
  };
  const wakes = new Wakes([...rings.map((ring) => ring.fd), setup.wakeFd]);

  let unsettled = false;
  for (let stopping = false; !stopping;) {
    wakes.wait(IDLE_MS);
    stopping = queue.isStopped;
    const switches = queue.takeSwitches();
    const before = now();
    if (flight !== undefined) {
      // What tells of processes waits for the samples that it is to be in order with.
      if (switches > 0 || stopping) flight.snapshot(queue, copier, drainAll);
      else drainAll();
      if (stopping) queue.commitHorizon(Infinity);
    } else {
      const drained = drainAll();
      // After a round with records one more is told of: the last of them were too young for the first.
      if (drained > 0 || unsettled || stopping) {
        queue.commitHorizon(stopping ? Infinity : before - SETTLE_NS);
      }
      unsettled = drained > 0;
    }
    for (let i = 0; i < switches; i++) queue.commitSwitch();
  }
  queue.close();
}

/** Sleeps until one of several descriptors is readable; the last of them is an eventfd, which is read. */
class Wakes {
  // struct pollfd: int fd, short events, short revents
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly count: Uint8Array = new Uint8Array(8);

  constructor(private readonly fds: readonly number[]) {
    this.view = new DataView(new ArrayBuffer(8 * fds.length));
    this.bytes = new Uint8Array(this.view.buffer);
    fds.forEach((fd, i) => {
      this.view.setInt32(i * 8, fd, true);
      this.view.setInt16(i * 8 + 4, POLLIN, true);
    });
  }

  wait(timeoutMs: number): void {
    const { fds, view } = this;
    libc().poll(this.bytes, fds.length, timeoutMs);
    const last = fds.length - 1;
    const asked = (view.getInt16(last * 8 + 6, true) & POLLIN) !== 0;
    if (asked) libc().read(fds[last], this.count, 8);
  }
}

parentPort?.once('message', (setup: DrainSetup) => {
  parentPort?.postMessage('ready');
  main(setup);
});
