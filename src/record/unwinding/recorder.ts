/**
 * The unwinding thread's work: records in order of time come in, the file goes out.
 *
 * Samples are unwound against the mappings as they stand at that moment; all other records are applied
 * to the table of processes and written as they are, but for mappings without a file, which are later
 * said to be mapped from the file of names (see code-names). The processes are the recording's, and go on
 * from one file of it to the next.
 */
import { Cursor } from '../../base/cursor.js';
import { plural, type Nanoseconds } from '../../base/units.js';
import type { Architecture } from '../../formats/dwarf/registers.js';
import type { EventTable } from '../../formats/perfdata/events.js';
import { u64At } from '../../formats/perfdata/sample-layout.js';
import { SampleView } from '../../formats/perfdata/sample.js';
import { readComm, readFork, readLost, readMmap } from '../../formats/perfdata/sideband.js';
import { PerfRecord } from '../../formats/perfdata/spec.js';
import { isJitDump } from '../../session/jit-dumps.js';
import { ModuleCache } from '../../session/modules.js';
import { ProcessTable } from '../../session/processes.js';
import type { StackTops } from '../draining/stack-tops.js';
import type { QueueReader } from '../draining/transfer.js';
import {
  SAMPLE_ID_SIZE,
  SampleIdFromEnd,
  SampleOffset,
  isUnwound,
  kernelEvents,
  type RecordedEvent,
} from '../events/sample-layout.js';
import { writeProcesses, type RecordedMapping } from '../output/process-state.js';
import type { RecordingFile } from '../output/recording-file.js';
import { LiveProcesses } from '../processes/live-processes.js';
import { Interpreters } from '../processes/python-notes.js';
import { GroupCounts, readsGroup } from './group-counts.js';
import { OffCpu } from './off-cpu.js';
import { SampleUnwinder, visitKernelChain } from './samples.js';

export interface RecorderContext {
  readonly architecture: Architecture;
  /** The memory in which records are named by their place. */
  readonly queue: Pick<QueueReader, 'bytes' | 'words' | 'pausedAt'>;
  readonly events: readonly RecordedEvent[];
  readonly tops: StackTops;
  /** A process of which nothing is recorded; -1 for none. */
  readonly dropped: number;
  /** Whether of a command only the thread that it begins with is recorded: others inherit its events. */
  readonly alone: boolean;
  /** Threads that ran before and are recorded; empty where the recording's own command is, or all are. */
  readonly tids: readonly number[];
}

export class Recorder {
  /** Where records go; absent where they are to change the state of processes alone. */
  file: RecordingFile | undefined;
  readonly live = new LiveProcesses();
  readonly modules: ModuleCache;
  /** Of each process the one that it was forked from. */
  readonly parents = new Map<number, number>();
  /** Paths of the jitdumps that each process has. */
  readonly jitDumps = new Map<number, Set<string>>();
  readonly interpreters = new Interpreters();
  /** Processes whose mappings of before the recording could not be read, and what they forked. */
  readonly unmapped = new Set<number>();
  private readonly processes: ProcessTable;
  private readonly unwinder: SampleUnwinder;
  private readonly table: EventTable;
  private readonly unwinds: readonly boolean[];
  private readonly view = new SampleView();
  /** Where context switches are recorded. */
  private readonly offCpu: OffCpu | undefined;
  private readonly groups: GroupCounts | undefined;
  private latest = 0;
  /** Threads whose end was told, and that are still in the table: late samples may come. */
  private readonly ended = new Set<number>();
  /** Samples of no known event. */
  private unknown = 0;

  constructor(private readonly context: RecorderContext) {
    const { architecture, events, tops, tids } = context;
    this.modules = new ModuleCache(architecture, this.live);
    this.processes = new ProcessTable(this.modules);
    this.unwinder = new SampleUnwinder(architecture, this.live, tops);
    this.table = kernelEvents(events);
    this.unwinds = events.map(isUnwound);
    if (events.some(({ role }) => role === 'switches')) this.offCpu = new OffCpu(tids);
    if (events.some(readsGroup)) this.groups = new GroupCounts();
  }

  /** Takes the record of `size` bytes at `start` of the queue. */
  readonly record = (start: number, size: number, time: number): void => {
    const { bytes, words } = this.context.queue;
    const type = words[start >> 2];
    if (this.offCpu !== undefined) this.cutAtPause(time);
    this.latest = time;
    if (type === PerfRecord.SAMPLE) this.sample(start, size, time);
    else {
      const misc = words[(start + 4) >> 2] & 0xffff;
      if (this.offCpu !== undefined && this.followSwitches(start + size, type, misc, time)) return;
      this.sideband(bytes, start, size, type, misc);
    }
  };

  /** Takes a record that the recorder made of what ran before. */
  readonly synthesized = (record: Uint8Array): void => {
    const { buffer, byteOffset, byteLength } = record;
    const view = new DataView(buffer, byteOffset, byteLength);
    this.sideband(record, 0, byteLength, view.getUint32(0, true), view.getUint16(4, true));
  };

  /** Begins a file: what is known of processes goes first. */
  begin(file: RecordingFile): void {
    this.file = file;
    writeProcesses(this.processes, file);
  }

  /** While sampling was switched off nothing was told: waits end there. @param time of the next record */
  private cutAtPause(time: Nanoseconds): void {
    const { pausedAt } = this.context.queue;
    if (pausedAt > this.latest && pausedAt <= time) this.offCpu!.cut(pausedAt, this.file, false);
  }

  /**
   * Appends what is known of waits that are not over.
   * @param until the recording's end; where it goes on, they are written up to the latest record
   */
  cutWaits(until?: Nanoseconds): void {
    this.offCpu?.cut(until ?? this.latest, this.file, until === undefined);
  }

  /**
   * Ends the file: records go nowhere until the next begins, and processes that have ended are forgotten.
   * @param forgotten is called with each of them
   */
  end(forgotten: (pid: number) => void): void {
    this.file = undefined;
    const gone = this.processes.forget(this.ended);
    this.ended.clear();
    const needed = new Set<number>();
    for (const { pid } of this.processes.all) {
      for (let at: number | undefined = pid; at !== undefined && !needed.has(at);) {
        needed.add(at);
        at = this.parents.get(at);
      }
    }
    // A child's perf map lacks what it inherited, so that its ancestors' are still read.
    for (const pid of [...this.parents.keys(), ...gone]) {
      if (needed.has(pid)) continue;
      forgotten(pid);
      this.parents.delete(pid);
      this.jitDumps.delete(pid);
      this.interpreters.forget(pid);
      this.unmapped.delete(pid);
      this.live.forget(pid);
    }
  }

  /** Processes that have not ended, as far as is known, each with its ancestors, the nearest first. */
  livingForks(): Map<number, readonly number[]> {
    const forks = new Map<number, readonly number[]>();
    for (const pid of this.parents.keys()) {
      if (!this.live.runs(pid)) continue;
      const ancestors = new Set<number>();
      let at = this.parents.get(pid);
      for (; at !== undefined && !ancestors.has(at); at = this.parents.get(at)) ancestors.add(at);
      forks.set(pid, [...ancestors]);
    }
    return forks;
  }

  /** What is to be known of the samples since it was last asked for, in sentences. */
  takeNotes(): string[] {
    const { deep, completedLive } = this.unwinder;
    const notes: string[] = this.offCpu?.takeNotes() ?? [];
    if (deep.continued > 0) {
      notes.push(
        `${plural(deep.continued, 'stack')} deeper than the copied bytes: the outermost frames are ` +
          'those of the same thread’s sample before, with which the inner ones agree',
      );
    }
    if (completedLive > 0) {
      notes.push(
        `${plural(completedLive, 'stack')} deeper than the copied bytes: the outermost frames were ` +
          'read from the process a moment after the sample',
      );
    }
    if (this.unknown > 0)
      notes.push(`${plural(this.unknown, 'sample')} of no known event left out`);
    deep.continued = 0;
    this.unwinder.completedLive = 0;
    this.unknown = 0;
    return notes;
  }

  private sample(start: number, size: number, time: number): void {
    const { file, table, view } = this;
    const { words, bytes } = this.context.queue;
    const base = start >> 2;
    const pid = words[base + SampleOffset.PID / 4];
    if (file === undefined || pid === this.context.dropped) return;
    if (this.context.alone && words[base + SampleOffset.TID / 4] !== this.live.command) return;
    const event = table.indexOfId(u64At(words, base + SampleOffset.IDENTIFIER / 4));
    if (event < 0 || !table.layouts[event].decode(words, base, size, view)) {
      this.unknown++;
      return;
    }
    this.groups?.addUp(view);
    this.offCpu?.saw(view.cpu, time);
    if (this.context.events[event].role === 'switches') {
      if (view.tid !== 0) this.leaves(event, start, size);
      return;
    }
    this.offCpu?.ran(view.tid);
    visitKernelChain(view, file.seeKernel);
    if (this.unwinds[event]) {
      const { unwinder } = this;
      unwinder.write(view, this.processes.process(pid).space, file.output);
      file.unwound(unwinder.hadStack, unwinder.end);
    } else {
      file.copy(bytes, start, size);
    }
    file.sampleAdded(pid, time);
  }

  /** A thread leaves its CPU: its sample is written when it is known how long it was away. */
  private leaves(event: number, start: number, size: number): void {
    const { view, unwinder } = this;
    const thread = this.offCpu!.leaves(view);
    if (thread === undefined) return;
    if (this.unwinds[event]) {
      unwinder.write(view, this.processes.process(view.pid).space, thread);
      thread.hadStack = unwinder.hadStack;
      thread.end = unwinder.end;
    } else {
      thread.copy(this.context.queue.bytes, start, size);
    }
  }

  /** @param end where the record of another type than SAMPLE ends. @returns whether it is for nobody else */
  private followSwitches(end: number, type: number, misc: number, time: Nanoseconds): boolean {
    const { words } = this.context.queue;
    const offCpu = this.offCpu!;
    const cpu = words[(end - SampleIdFromEnd.CPU) >> 2];
    if (type === PerfRecord.LOST) offCpu.lost(cpu, time);
    offCpu.saw(cpu, time);
    if (type !== PerfRecord.SWITCH && type !== PerfRecord.SWITCH_CPU_WIDE) return false;
    const pid = words[(end - SampleIdFromEnd.PID) >> 2];
    const tid = words[(end - SampleIdFromEnd.TID) >> 2];
    // Of the CPUs' idle threads nobody wants to know.
    if (tid !== 0 && pid !== this.context.dropped) offCpu.switched(tid, misc, time, this.file);
    return true;
  }

  private sideband(
    bytes: Uint8Array,
    start: number,
    size: number,
    type: number,
    misc: number,
  ): void {
    const { file } = this;
    const { dropped } = this.context;
    const body = new Cursor(bytes.subarray(start + 8, start + size - SAMPLE_ID_SIZE), 'ring');
    switch (type) {
      case PerfRecord.MMAP:
      case PerfRecord.MMAP2: {
        const map = readMmap(body, type, misc);
        const { pid } = map;
        if (pid === dropped) return;
        if (!map.executable) break;
        this.live.see(pid);
        this.interpreters.mapped(pid, map.path);
        if (isJitDump(map.path)) {
          this.jitDumps.set(pid, (this.jitDumps.get(pid) ?? new Set()).add(map.path));
        }
        const record = bytes.slice(start, start + size);
        const mapping: RecordedMapping = { ...map, end: map.start + map.length, record };
        this.processes.map(pid, mapping);
        file?.copyMapping(bytes, start, size, pid, mapping);
        return;
      }
      case PerfRecord.COMM: {
        const { pid, tid, comm, exec } = readComm(body, misc);
        if (pid === dropped) return;
        if (exec) {
          this.offCpu?.began(tid);
          this.live.seeAgain(pid);
          this.unmapped.delete(pid);
          this.interpreters.forget(pid);
          this.jitDumps.delete(pid);
        }
        this.processes.comm(pid, tid, comm, exec);
        break;
      }
      case PerfRecord.FORK: {
        const { pid, tid, parentPid, parentTid, synthesized } = readFork(body, misc);
        if (pid === dropped) return;
        if (pid !== parentPid) {
          // The recorder itself has no generated code to inherit.
          if (parentPid !== process.pid) this.parents.set(pid, parentPid);
          if (synthesized) this.live.attach(pid);
          else this.live.see(pid, parentPid);
          this.interpreters.forked(pid, parentPid);
          if (this.unmapped.has(parentPid)) this.unmapped.add(pid);
          else this.unmapped.delete(pid);
        }
        this.ended.delete(tid);
        if (!synthesized) this.offCpu?.began(tid);
        this.processes.fork(pid, tid, parentPid, parentTid, !synthesized);
        break;
      }
      case PerfRecord.EXIT: {
        const { pid, tid } = readFork(body, misc);
        if (pid === dropped) return;
        if (pid === tid) this.live.ended(pid);
        this.ended.add(tid);
        this.offCpu?.ended(tid);
        this.groups?.ended(tid);
        break;
      }
      case PerfRecord.LOST:
      case PerfRecord.LOST_SAMPLES:
        if (file !== undefined) file.counts.lost += readLost(body, type);
        break;
      case PerfRecord.THROTTLE:
        if (file !== undefined) file.counts.throttled++;
        break;
    }
    file?.copy(bytes, start, size);
  }
}
