/**
 * Time off the CPU, made of context switches. The kernel gives a sample of each thread that leaves its CPU,
 * then a record that it left, and one when it is back. What the sample held is kept per thread, and becomes
 * a sample of the time in between:
 *
 *     ─ running ─ sample, SWITCH out ┄┄┄┄┄┄ away ┄┄┄┄┄┄ SWITCH in ─ running ─
 *                                    └── period ──┘ └ time
 *
 * A thread that goes from one CPU to another tells so in two rings; records come in order of time.
 */
import { formatDuration, plural, powerOfTwo, type Nanoseconds } from '../../base/units.js';
import { setU64 } from '../../formats/perfdata/sample-layout.js';
import type { SampleView } from '../../formats/perfdata/sample.js';
import { PerfMisc } from '../../formats/perfdata/spec.js';
import { Truncation } from '../../profile/profile.js';
import type { RecordingFile } from '../output/recording-file.js';
import { SampleOffset } from '../events/sample-layout.js';
import { visitKernelChain, type SampleSink } from './samples.js';

/** The thread leaves; it could have run on (Linux 4.17). */
const { SWITCH_OUT, SWITCH_OUT_PREEMPT } = PerfMisc;

/** Most chains fit. */
const FIRST_CAPACITY = 2048;

const State = {
  /** Or nothing is known of it. */
  Running: 0,
  /** Its sample came, not the record that it left. */
  Leaving: 1,
  Away: 2,
  /** As above, of which the sample was dropped: nothing is known of where it waits. */
  Lost: 3,
} as const;
type State = (typeof State)[keyof typeof State];

/** Where samples go. */
export type WaitFile = Pick<
  RecordingFile,
  'seeKernel' | 'copy' | 'unwound' | 'preempted' | 'sampleAdded'
>;

/** A thread and the sample of its last leave; it takes the file's place where that is unwound and written. */
export class ThreadSwitches implements SampleSink {
  state: State = State.Running;
  pid = 0;
  /** When it left. */
  since: Nanoseconds = 0;
  isPreempted = false;
  /** The sum of all gaps when it left. */
  gaps: Nanoseconds = 0;
  /** How the unwound stack ends, as `SampleUnwinder` tells. */
  hadStack = false;
  end: Truncation = Truncation.None;
  words = new Int32Array(0);
  /** The kernel's part of the chain, as in a `SampleView`. */
  callchain = 0;
  callchainLength = 0;
  private bytes = new Uint8Array(0);
  private size = 0;
  private periodWord = 0;

  /** Takes the head of a sample; what follows is put where {@link reserve} says. */
  leaves(view: SampleView, gaps: Nanoseconds): void {
    this.state = State.Leaving;
    this.pid = view.pid;
    this.since = view.time;
    this.gaps = gaps;
    this.isPreempted = false;
    this.hadStack = false;
    this.end = Truncation.None;
    this.periodWord = view.layout.periodWord;
    this.callchain = view.callchain === 0 ? 0 : view.callchain - view.base;
    this.callchainLength = view.callchainLength;
  }

  reserve(size: number): number {
    if (size > this.bytes.byteLength) {
      const capacity = Math.max(FIRST_CAPACITY, powerOfTwo(size));
      this.words = new Int32Array(capacity / 4);
      this.bytes = new Uint8Array(this.words.buffer);
    }
    return 0;
  }

  commit(size: number): number {
    this.size = size;
    return 0;
  }

  /** Keeps a sample as the kernel gave it. */
  copy(from: Uint8Array, start: number, size: number): void {
    this.reserve(size);
    this.bytes.set(from.subarray(start, start + size));
    this.commit(size);
  }

  /** Appends the sample of the time until `time`, of which the thread was away for `period`. */
  write(file: WaitFile, time: Nanoseconds, period: Nanoseconds): void {
    setU64(this.words, SampleOffset.TIME / 4, time);
    setU64(this.words, this.periodWord, period);
    visitKernelChain(this, file.seeKernel);
    file.copy(this.bytes, 0, this.size);
    file.unwound(this.hadStack, this.end);
    if (this.isPreempted) file.preempted();
    file.sampleAdded(this.pid, time);
  }
}

export class OffCpu {
  private readonly threads = new Map<number, ThreadSwitches>();
  /** Threads that were there when recording began, and of which nothing was seen yet. */
  private readonly unseen: Set<number>;
  /** Threads whose end was told; with all CPUs recorded their very last leave is, too. */
  private readonly gone = new Set<number>();
  /** Those that came back from a wait that had begun before. */
  private returned = 0;
  /** Time of the last record of each CPU. */
  private readonly latest: Nanoseconds[] = [];
  /** The sum of the times between the last record before the kernel dropped some and the next. */
  private gaps: Nanoseconds = 0;
  /** Waits of which a part may have been time on the CPU, and such without a stack; and their time. */
  private shortened = 0;
  private shortenedBy: Nanoseconds = 0;
  private stackless = 0;
  private stacklessTime: Nanoseconds = 0;

  /** @param tids threads that are recorded from now on, as far as they are known */
  constructor(tids: readonly number[]) {
    this.unseen = new Set(tids);
  }

  /** A thread leaves its CPU. @returns where its sample goes; `undefined` where it will not come back */
  leaves(view: SampleView): ThreadSwitches | undefined {
    if (this.gone.has(view.tid)) return undefined;
    const thread = this.thread(view.tid);
    thread.leaves(view, this.gaps);
    return thread;
  }

  /** A SWITCH or SWITCH_CPU_WIDE record. */
  switched(tid: number, misc: number, time: Nanoseconds, file: WaitFile | undefined): void {
    if (this.gone.has(tid)) return;
    if ((misc & SWITCH_OUT) === 0 && !this.threads.has(tid)) this.returned++;
    const thread = this.thread(tid);
    if ((misc & SWITCH_OUT) !== 0) {
      if (thread.state !== State.Leaving) thread.gaps = this.gaps;
      thread.state = thread.state === State.Leaving ? State.Away : State.Lost;
      thread.since = time;
      thread.isPreempted = (misc & SWITCH_OUT_PREEMPT) !== 0;
    } else {
      if (file !== undefined) this.write(thread, time, file);
      thread.state = State.Running;
    }
  }

  /** A thread was seen running: a record of its coming back was lost, where it seems to be away. */
  ran(tid: number): void {
    this.thread(tid).state = State.Running;
  }

  /** A thread begins, or another program in it, under a number that others may have had. */
  began(tid: number): void {
    this.gone.delete(tid);
    this.threads.set(tid, new ThreadSwitches());
  }

  /** A thread ends. */
  ended(tid: number): void {
    this.gone.add(tid);
    this.threads.delete(tid);
    this.unseen.delete(tid);
  }

  /** A record of a CPU came. */
  saw(cpu: number, time: Nanoseconds): void {
    this.latest[cpu] = time;
  }

  /** The kernel dropped records of a CPU before this one. */
  lost(cpu: number, time: Nanoseconds): void {
    this.gaps += Math.max(0, time - (this.latest[cpu] ?? time));
  }

  /**
   * Writes the time of those who are away until `time`.
   * @param goesOn whether the rest of it will be written later
   */
  cut(time: Nanoseconds, file: WaitFile | undefined, goesOn: boolean): void {
    for (const thread of this.threads.values()) {
      if (file !== undefined) this.write(thread, time, file);
      thread.since = Math.max(thread.since, time);
      thread.gaps = this.gaps;
      if (!goesOn) thread.state = State.Running;
    }
  }

  /** What is to be known since it was last asked for, in sentences. */
  takeNotes(): string[] {
    const { shortened, stackless } = this;
    const notes: string[] = [];
    const unknown = this.returned + this.unseen.size;
    if (unknown > 0) {
      notes.push(
        `${plural(unknown, 'thread')} waited already when recording began: for what is not known, nor is ` +
          'that wait in the recording',
      );
    }
    if (stackless > 0) {
      notes.push(
        `${formatDuration(this.stacklessTime)} of waiting, in ${plural(stackless, 'wait')}, left out: ` +
          'the kernel dropped the stacks',
      );
    }
    if (shortened > 0) {
      notes.push(
        `${plural(shortened, 'wait')} counted shorter, by ${formatDuration(this.shortenedBy)} in all: ` +
          'the kernel dropped records meanwhile, and the thread may have run',
      );
    }
    this.shortened = this.shortenedBy = 0;
    this.stackless = this.stacklessTime = 0;
    this.returned = 0;
    this.unseen.clear();
    return notes;
  }

  private write(thread: ThreadSwitches, time: Nanoseconds, file: WaitFile): void {
    const away = time - thread.since;
    if (thread.state === State.Running || away <= 0) return;
    // A thread may have run and left again in each gap, but no longer than that.
    const gaps = Math.min(away, this.gaps - thread.gaps);
    if (thread.state === State.Lost) {
      this.stackless++;
      this.stacklessTime += away - gaps;
      return;
    }
    if (gaps > 0) {
      this.shortened++;
      this.shortenedBy += gaps;
    }
    if (away > gaps) thread.write(file, time, away - gaps);
  }

  private thread(tid: number): ThreadSwitches {
    let thread = this.threads.get(tid);
    if (thread === undefined) {
      this.threads.set(tid, (thread = new ThreadSwitches()));
      this.unseen.delete(tid);
    }
    return thread;
  }
}
