/**
 * Processes and threads as COMM, FORK and MMAP records tell of them. EXIT changes nothing: late samples
 * may still come, and a number that is given anew arrives with a FORK.
 */
import { AddressSpace, Generations, type Mapping, type RegionSource } from './address-space.js';

export interface Process {
  readonly pid: number;
  space: AddressSpace;
  /** The process that forked this one, where the recording tells. */
  readonly parent: Process | undefined;
}

export interface Thread {
  readonly tid: number;
  readonly process: Process;
  /** Its name now: `comm`. */
  comm: string;
}

/** What is known at the moment of the recording that events have been applied up to. */
export class ProcessTable {
  private readonly processes = new Map<number, Process>();
  private readonly threads = new Map<number, Thread>();
  private readonly generations = new Generations();
  private lastThread: Thread | undefined;

  /** @param regions makes the regions of code that the spaces hand to the unwinder */
  constructor(private readonly regions: RegionSource) {}

  /** All processes, and all threads, that records told of and that were not forgotten. */
  get all(): Iterable<Process> {
    return this.processes.values();
  }
  get allThreads(): Iterable<Thread> {
    return this.threads.values();
  }

  /** The process; made without parent and mappings where no record told of it. */
  process(pid: number): Process {
    return this.processes.get(pid) ?? this.newProcess(pid, undefined, this.newSpace(pid));
  }

  /** The thread; made where no record told of it, then named as `perf` does: `:TID`. */
  thread(pid: number, tid: number): Thread {
    const last = this.lastThread;
    if (last !== undefined && last.tid === tid && last.process.pid === pid) return last;
    let thread = this.threads.get(tid);
    if (thread === undefined || thread.process.pid !== pid) {
      // Tasks 0 are the CPUs' idle threads, which no record names.
      const comm = tid === 0 ? 'swapper' : (this.threads.get(pid)?.comm ?? `:${tid}`);
      thread = this.newThread(this.process(pid), tid, comm);
    }
    this.lastThread = thread;
    return thread;
  }

  /** COMM: a thread's name. With `exec` the process began another program, and its mappings are gone. */
  comm(pid: number, tid: number, comm: string, exec: boolean): void {
    const thread = this.thread(pid, tid);
    thread.comm = comm;
    if (exec) thread.process.space = this.newSpace(pid);
  }

  /**
   * FORK: a new thread of the same process, or a new process.
   * @param inherits whether the child starts with its parent's mappings (perf's synthesized records,
   *   marked FORK_EXEC, list every process's mappings themselves)
   */
  fork(pid: number, tid: number, parentPid: number, parentTid: number, inherits = true): void {
    const parentComm = this.thread(parentPid, parentTid).comm;
    // A name that was made up of the parent's number is not the child's.
    const comm = parentComm === `:${parentTid}` ? `:${tid}` : parentComm;
    if (pid === parentPid) {
      this.newThread(this.process(pid), tid, comm);
      return;
    }
    const parent = this.process(parentPid);
    const space = inherits ? parent.space.fork(pid) : this.newSpace(pid);
    this.newThread(this.newProcess(pid, parent, space), tid, comm);
  }

  /** MMAP, MMAP2. */
  map(pid: number, mapping: Mapping): void {
    this.process(pid).space.map(mapping);
  }

  /** Forgets threads, and processes with their last one. @returns the numbers of those processes */
  forget(tids: Iterable<number>): number[] {
    const left = new Set<Process>();
    for (const tid of tids) {
      const thread = this.threads.get(tid);
      if (thread !== undefined) left.add(thread.process);
      this.threads.delete(tid);
    }
    this.lastThread = undefined;
    for (const { process } of this.threads.values()) left.delete(process);
    const gone = [...left].filter((process) => this.processes.get(process.pid) === process);
    for (const { pid } of gone) this.processes.delete(pid);
    return gone.map(({ pid }) => pid);
  }

  private newSpace(pid: number): AddressSpace {
    return new AddressSpace(pid, this.regions, this.generations);
  }

  private newProcess(pid: number, parent: Process | undefined, space: AddressSpace): Process {
    const process = { pid, parent, space };
    this.processes.set(pid, process);
    return process;
  }

  private newThread(process: Process, tid: number, comm: string): Thread {
    const thread = { tid, process, comm };
    this.threads.set(tid, thread);
    this.lastThread = undefined;
    return thread;
  }
}
