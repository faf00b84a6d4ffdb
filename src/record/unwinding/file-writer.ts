/**
 * Writes the files of a recording one after another: begins each with what is known of processes by then,
 * sees when it is to end, completes and names it.
 */
import { StrataError } from '../../base/errors.js';
import type { Nanoseconds } from '../../base/units.js';
import type { KernelFunctions } from '../../formats/kallsyms.js';
import type { SwitchOutput } from '../options.js';
import { uncacheNames, type CachedNames } from '../output/buildid-cache.js';
import { FileSeries } from '../output/file-series.js';
import { runningKernelSymbols } from '../output/kernel-maps.js';
import { Output } from '../output/output.js';
import { RecordingFile, noCounts, type Counts } from '../output/recording-file.js';
import { removePerfMap } from '../processes/perf-maps.js';
import { completeFile, type FileFacts } from './complete-file.js';
import type { Recorder } from './recorder.js';
import { RegionMarks } from './region-marks.js';

/** A FINISHED_ROUND after so many bytes at most lets perf's own memory stay small. */
const ROUND_BYTES = 4 * 1024 * 1024;
/** How long to wait before a file is created anew, where that failed. */
const RETRY_MS = 1000;
/** A recorder that is killed leaves all but the samples of so long before. */
const FLUSH_MS = 1000;

export interface FileWriterSetup extends FileFacts {
  readonly output: {
    /** The first file, open for writing. */
    readonly fd: number;
    /** Where it is or will be. */
    readonly path: string;
  };
  /** When files end by themselves, and whether they are named by the moment of their end. */
  readonly switchOutput?: SwitchOutput | undefined;
  /** Perf maps that the recording did not cause. `undefined` where it causes none. */
  readonly mapsBefore: ReadonlySet<string> | undefined;
}

/** How the whole recording ends. */
export interface RecordingEnd {
  /** When events were disabled: threads waited until then. */
  readonly time: Nanoseconds;
  /** Samples that the kernel counts as dropped; `undefined` where it has no such count. */
  readonly lost: number | undefined;
}

/** A file that is complete. */
export interface FileResult {
  readonly path: string;
  readonly samples: number;
  readonly lost: number;
  readonly size: number;
  /** Why not everything could be written. */
  readonly failure: string | undefined;
}

/** What the recording came to: counts are of all files. */
export interface RecordingResult extends Counts {
  /** Of all files that are left. */
  readonly fileSize: number;
  /** Why not everything could be written. */
  readonly failure: string | undefined;
  readonly notes: readonly string[];
  /** Those that are left, oldest first. */
  readonly files: readonly FileResult[];
  /** See `Recorder.livingForks`. */
  readonly forks: ReadonlyMap<number, readonly number[]>;
}

export class FileWriter {
  /** What the program marked. */
  readonly regions = new RegionMarks();
  private readonly series: FileSeries;
  /** The descriptor of the file that is to begin. */
  private nextFd: number | undefined;
  private file: RecordingFile | undefined;
  private begun = 0;
  /** Whether the next file could not be created: until it is tried again nothing is written. */
  private isBlocked = false;
  private failure: string | undefined;
  private roundStart = 0;
  private flushed = 0;
  private readonly sizeLimit: number;
  private readonly timeLimit: number;
  private readonly totals = noCounts();
  private readonly notes = new Set<string>();
  private readonly files: FileResult[] = [];
  /** What perf's build-ID cache has of each file. */
  private readonly cached = new Map<string, CachedNames>();
  private kernel: KernelFunctions | undefined;

  constructor(
    private readonly setup: FileWriterSetup,
    private readonly recorder: Recorder,
  ) {
    const { output, switchOutput } = setup;
    const on = switchOutput?.on ?? 'signal';
    this.series = new FileSeries(output.path, output.fd, switchOutput?.maxFiles);
    this.nextFd = output.fd;
    this.sizeLimit = on !== 'signal' && 'bytes' in on ? on.bytes : Infinity;
    this.timeLimit = on !== 'signal' && 'seconds' in on ? on.seconds * 1000 : Infinity;
  }

  /** Samples of all files so far, and how many the kernel told to be lost. */
  get samples(): number {
    return this.totals.samples + (this.file?.counts.samples ?? 0);
  }
  get lost(): number {
    return this.totals.lost + (this.file?.counts.lost ?? 0);
  }

  get isOpen(): boolean {
    return this.file !== undefined;
  }

  /** Whether the file has become as large as a file may. */
  get isFull(): boolean {
    return this.file !== undefined && this.file.output.size >= this.sizeLimit;
  }

  /** Whether the file has lasted as long as a file may. */
  get isOver(): boolean {
    return performance.now() - this.begun >= this.timeLimit;
  }

  /** Begins a file, where none has begun. */
  begin(): void {
    if (this.file !== undefined || this.isBlocked) return;
    try {
      const fd = this.nextFd ?? this.series.next();
      this.nextFd = undefined;
      this.file = new RecordingFile(new Output(fd, this.setup.events));
    } catch (error) {
      if (!(error instanceof StrataError)) throw error;
      this.isBlocked = true;
      this.failure ??= error.message;
    }
    this.begun = this.flushed = performance.now();
    if (this.file === undefined) return;
    this.recorder.begin(this.file);
    this.roundStart = this.file.output.size;
  }

  /** To be called now and then: lets readers of the file, and perf's memory, be content. */
  tidy(): void {
    if (this.isBlocked && performance.now() - this.begun > RETRY_MS) this.isBlocked = false;
    if (this.file === undefined) return;
    const { output } = this.file;
    if (output.size - this.roundStart > ROUND_BYTES) {
      output.finishRound();
      this.roundStart = output.size;
    }
    if (performance.now() - this.flushed > FLUSH_MS) this.flush();
  }

  flush(): void {
    this.file?.output.flush();
    this.flushed = performance.now();
  }

  /** Completes the file and names it. @returns `undefined` where there was none that could be written */
  switchFile(): FileResult | undefined {
    this.isBlocked = false;
    this.begin();
    return this.complete(undefined, [], true);
  }

  /** Completes the last file. @param notes what else is to be said of it, in sentences */
  finish(end: RecordingEnd, notes: readonly string[]): RecordingResult {
    const { recorder, totals, setup, series } = this;
    // What the kernel counts is of the whole recording, what was told of so far of the files before.
    const lost = end.lost === undefined ? undefined : Math.max(0, end.lost - totals.lost);
    const isNamed = setup.switchOutput !== undefined || series.hasNamed;
    if (this.files.length === 0) this.begin();
    this.complete({ ...end, lost }, [...this.regions.notes(), ...notes], isNamed);
    if (setup.mapsBefore !== undefined) {
      for (const process of recorder.live.all) removePerfMap(process, setup.mapsBefore);
    }
    recorder.live.close();
    return {
      ...totals,
      fileSize: this.files.reduce((sum, { size }) => sum + size, 0),
      failure: this.failure,
      notes: [...this.notes],
      files: this.files,
      forks: recorder.livingForks(),
    };
  }

  /** @param end absent where another file comes after it */
  private complete(
    end: RecordingEnd | undefined,
    said: readonly string[],
    isNamed: boolean,
  ): FileResult | undefined {
    const { recorder, setup, file } = this;
    if (file === undefined) return undefined;
    this.kernel ??= runningKernelSymbols();
    recorder.cutWaits(end?.time);
    const { firstTime, lastTime } = file.counts;
    const began = this.files.length === 0 ? 0 : firstTime;
    const regions = this.regions.between(began, end?.time ?? lastTime);
    const fileEnd = { lost: end?.lost, notes: said, regions };
    const completed = completeFile(setup, recorder, file, this.kernel, fileEnd);
    this.file = undefined;
    recorder.end((pid) => {
      if (setup.mapsBefore !== undefined) removePerfMap(recorder.live.see(pid), setup.mapsBefore);
    });
    const { series } = this;
    const { path, problem, removed = [] } = isNamed ? series.name(new Date()) : series.leave();
    for (const note of completed.notes) this.notes.add(note);
    if (problem !== undefined) this.notes.add(problem);
    this.addCounts(completed);
    const { samples, lost, size, failure } = completed;
    const result = { path, samples, lost, size, failure };
    this.failure ??= failure;
    this.files.push(result);
    if (completed.cached !== undefined) this.cached.set(path, completed.cached);
    for (const old of removed) this.forget(old);
    return result;
  }

  /** A file was removed: so is what was put elsewhere for it. */
  private forget(path: string): void {
    const cached = this.cached.get(path);
    if (cached !== undefined) uncacheNames(cached);
    this.cached.delete(path);
    this.files.splice(
      this.files.findIndex((file) => file.path === path),
      1,
    );
  }

  private addCounts(counts: Counts): void {
    const { totals } = this;
    if (counts.samples > 0) {
      if (totals.samples === 0) totals.firstTime = counts.firstTime;
      totals.lastTime = counts.lastTime;
    }
    totals.samples += counts.samples;
    totals.unwound += counts.unwound;
    totals.whole += counts.whole;
    totals.lost += counts.lost;
    totals.throttled += counts.throttled;
  }
}
