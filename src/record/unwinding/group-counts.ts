/**
 * Counts of a group (`{a,b}:S`) as every reader understands them. Since Linux 6.12 each thread that inherits
 * a group counts for itself, and a sample carries the counts of its thread; perf before 6.12 takes the growth
 * from one sample of an event to its next as what happened meanwhile, whatever the threads. So the counts of
 * all threads are added up, and a file says that its events are not inherited.
 */
import type { SampleView } from '../../formats/perfdata/sample.js';
import { setU64, u64At } from '../../formats/perfdata/sample-layout.js';
import { PerfFormat, PerfSample } from '../../formats/perfdata/spec.js';
import type { RecordedEvent } from '../events/sample-layout.js';

/** Whether samples of an event carry the counts of its group. */
export function readsGroup({ kernelAttr }: RecordedEvent): boolean {
  const isGroup = kernelAttr.read_format === (PerfFormat.GROUP | PerfFormat.ID);
  return (kernelAttr.sample_type & PerfSample.READ) !== 0 && isGroup;
}

/** Words of `value` and `id` in `struct read_format` of a group, behind the number of events. */
const FIRST = 2;
const ENTRY = 4;

export class GroupCounts {
  /** Of all threads, by event ID. */
  private readonly totals = new Map<number, number>();
  /** By thread, then by event ID. */
  private readonly threads = new Map<number, Map<number, number>>();

  /** Puts the counts of all threads in the place of those of the sample's own. */
  addUp(view: SampleView): void {
    if (view.read === 0) return;
    const { words, tid } = view;
    let counts = this.threads.get(tid);
    if (counts === undefined) this.threads.set(tid, (counts = new Map<number, number>()));
    const events = words[view.read];
    for (let i = 0; i < events; i++) {
      const at = view.read + FIRST + i * ENTRY;
      const value = u64At(words, at);
      const id = u64At(words, at + 2);
      const before = counts.get(id) ?? 0;
      counts.set(id, value);
      // Of a thread whose end was lost the next of its number begins at 0, too.
      const total = (this.totals.get(id) ?? 0) + (value < before ? value : value - before);
      this.totals.set(id, total);
      setU64(words, at, total);
    }
  }

  /** A thread has ended: the next of its number counts from 0. */
  ended(tid: number): void {
    this.threads.delete(tid);
  }
}
