/**
 * A recording while it runs: its events, the threads that take what these record, and whether they record at
 * this moment.
 */
import { StrataError } from '../base/errors.js';
import { plural } from '../base/units.js';
import { now } from '../linux/clock.js';
import {
  disablePerfSupport,
  enablePerfSupport,
  ProcessEnded,
  type PerfSupport,
} from '../python/remote/perf-support.js';
import type { Controlled } from './control-commands.js';
import { tellPause } from './draining/transfer.js';
import { openEvents, type OpenedEvents } from './events/open.js';
import type { RecordOptions } from './options.js';
import { createOutput, type NewOutput } from './output/output.js';
import { existingPerfMaps } from './processes/perf-maps.js';
import type { NamesAsked } from './processes/python-notes.js';
import { say } from './say.js';
import { resolveTarget, type ResolvedTarget } from './targets.js';
import { startThreads, type RecorderThreads, type RecordingSetup } from './threads.js';
import type { FileResult, RecordingResult } from './unwinding/file-writer.js';

export class Recording implements Omit<Controlled, 'stop'> {
  /** Whether it records at this moment. */
  private isSampling = false;
  /** By process. */
  private readonly perfSupports = new Map<number, PerfSupport>();

  private constructor(
    private readonly options: RecordOptions,
    private readonly program: string,
    readonly target: ResolvedTarget,
    readonly threads: RecorderThreads,
    readonly opened: OpenedEvents,
    readonly output: NewOutput,
  ) {}

  /**
   * Opens the events, all of them asleep, and the file.
   * @throws StrataError
   */
  static open(options: RecordOptions, program: string): Recording {
    const target = resolveTarget(options.target);
    // Before the events: threads inherit those of the one that starts them.
    const threads = startThreads();
    let opened: OpenedEvents | undefined;
    try {
      opened = openEvents(options, target);
      const output = createOutput(options.output);
      return new Recording(options, program, target, threads, opened, output);
    } catch (error) {
      opened?.close();
      void threads.abandon();
      throw error;
    }
  }

  /** Begins to follow the target's processes, and to sample them unless that is to come later. */
  async begin(): Promise<void> {
    const { options, opened } = this;
    opened.track();
    await this.threads.begin(this.setup());
    if (options.python === 'attach') await this.attachPython();
    // A command's `exec` switches its events on, where nothing else is to.
    const isLater = options.delaySeconds !== undefined;
    if (!isLater && (options.target.kind !== 'command' || options.control !== undefined))
      this.enable();
  }

  enable(): void {
    if (!this.isSampling) this.opened.enable();
    this.isSampling = true;
  }

  disable(): void {
    if (!this.isSampling) return;
    this.opened.disable();
    tellPause(this.threads.queue, now());
    this.isSampling = false;
  }

  toggle(): void {
    if (this.isSampling) this.disable();
    else this.enable();
  }

  mark(line: string): void {
    this.threads.mark(line);
  }

  /** Writes what there is, and begins another file. */
  snapshot(): void {
    this.threads.switchOutput().catch(() => undefined); // A thread that failed is told of elsewhere.
  }

  listEvents(): void {
    for (const { name, role } of this.opened.events) {
      if (role !== 'tracker') say(name);
    }
  }

  /** Ends it, and completes its file. */
  async stop(): Promise<RecordingResult> {
    const { opened, threads } = this;
    try {
      opened.disable();
      const result = await threads.stop({ time: now(), lost: opened.lost() });
      const undone = await this.detachPython(result.forks);
      return { ...result, notes: [...result.notes, ...undone] };
    } finally {
      await this.close();
    }
  }

  /** Ends it without a file. */
  async abandon(): Promise<void> {
    await this.detachPython(new Map());
    await this.close();
    this.output.discard();
  }

  private async close(): Promise<void> {
    await this.threads.abandon();
    this.opened.close();
  }

  private setup(): RecordingSetup {
    const { options, opened, target, output } = this;
    const { kind } = options.target;
    const asked = namesAsked(options);
    // Of processes that run already no map is ours.
    const causesMaps = asked === 'at start' && process.env.PYTHONPERFSUPPORT === undefined;
    const existing = target.systemWide ? 'all' : kind === 'command' ? undefined : target.pids;
    return {
      rings: opened.rings,
      events: opened.events,
      output: { fd: output.fd, path: options.output },
      dropOwn: !target.systemWide,
      alone: kind === 'command' && !options.inherit,
      existing,
      tids: target.tids,
      switchOutput: options.switchOutput,
      commandLine: ['strata', 'record', ...process.argv.slice(3)],
      command: options.command,
      program: this.program,
      buildIdCache: options.buildIdCache,
      namesAsked: asked,
      mapsBefore: causesMaps ? existingPerfMaps() : undefined,
      notes: [...target.notes, ...opened.notes],
      features: opened.features,
      onFile: (file) => this.tellFile(file),
    };
  }

  private tellFile({ path, samples }: FileResult): void {
    if (this.options.verbosity >= 0) say(`${path}: ${plural(samples, 'sample')}`);
  }

  /** @throws StrataError where no process of the target can be asked for names */
  private async attachPython(): Promise<void> {
    const refusals: StrataError[] = [];
    for (const pid of this.target.pids) {
      try {
        this.perfSupports.set(pid, await enablePerfSupport(pid));
      } catch (error) {
        if (error instanceof ProcessEnded) continue;
        if (!(error instanceof StrataError)) throw error;
        refusals.push(error);
      }
    }
    if (this.perfSupports.size === 0 && refusals.length > 0) throw refusals[0];
    for (const { message } of refusals) say(message);
  }

  /**
   * Puts interpreters back as they were, and those that were forked from them meanwhile.
   * @returns what could not be undone
   */
  private async detachPython(forks: RecordingResult['forks']): Promise<string[]> {
    const supports = new Map(this.perfSupports);
    this.perfSupports.clear();
    const heirs = [...forks].filter(
      ([pid, ancestors]) =>
        !supports.has(pid) && ancestors.some((one) => supports.get(one)?.wasActive === false),
    );
    const undone = await Promise.all([
      ...[...supports.values()].map((support) => support.disable()),
      ...heirs.map(([pid]) => disablePerfSupport(pid, { ownMap: true })),
    ]);
    return undone.filter((sentence) => sentence !== undefined);
  }
}

function namesAsked({ python, target }: RecordOptions): NamesAsked {
  if (target.kind !== 'command') return python === 'attach' ? 'running' : 'not of running';
  return python === 'off' ? 'off' : 'at start';
}
