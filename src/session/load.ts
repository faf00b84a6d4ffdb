/**
 * A recording as a profile: the one way from perf.data to the model.
 */
import { Int32Column } from '../base/growable.js';
import type { ByteSource } from '../base/source.js';
import type { Bytes } from '../base/units.js';
import { eventUnit } from '../formats/perfdata/events.js';
import type { SampleView } from '../formats/perfdata/sample.js';
import { PerfSample } from '../formats/perfdata/spec.js';
import { hasOrdinal, truncationOf } from '../formats/perfdata/strata-section.js';
import { ProfileBuilder } from '../profile/builder.js';
import { Truncation, type EventInfo, type Profile } from '../profile/profile.js';
import { CodePlaces } from './code-places.js';
import { FrameResolver, type SourceLookup } from './frames.js';
import { HardwareDetails } from './hardware.js';
import { makeNotes } from './notes.js';
import type { Thread } from './processes.js';
import { Replay, type ReplayOptions } from './replay.js';
import { StackResolver } from './stacks.js';
import { classifyWaits } from './waits.js';

/** Whether what was inlined is shown as frames of its own: `auto` looks it up where that is cheap. */
export type InlineChoice = 'auto' | 'on' | 'off';

export interface LoadOptions extends Pick<ReplayOptions, 'symbols' | 'onDownload' | 'hardware'> {
  /** By default `auto`. */
  readonly inline?: InlineChoice | undefined;
  /** Whether lines are needed, whatever that costs; by default there are none. */
  readonly lines?: boolean | undefined;
  /** Whether the profile tells where its code is ({@link Profile.code}); by default it does not. */
  readonly code?: boolean | undefined;
  /** Told now and then how many samples have been read; `soFar` gives the profile of them, without notes. */
  readonly onProgress?: ((samples: number, soFar: () => Profile) => void) | undefined;
}

/**
 * Reads a recording (perf's or Strata's) and looks up all its symbols.
 * @param source stays open meanwhile
 * @throws StrataError, FormatError where it cannot be read at all; what is wrong with a part of it is told
 *   in the profile's notes
 */
export function profileOf(source: ByteSource, options: ReplayOptions & LoadOptions = {}): Profile {
  const { inline = 'auto', lines = false } = options;
  const replay = new Replay(source, {
    sharedFrom: SHARED_FROM,
    ...options,
    lines,
    lineBudget: lineBudget(inline, lines),
  });
  try {
    const shown = hasCallChains(replay) ? inline : 'off';
    return new Loading(replay, sourceLookup(shown, lines), options).run();
  } finally {
    replay.close();
  }
}

/** Bytes of debug information to parse; `undefined` where it is not to cost more than it gives. */
function lineBudget(inline: InlineChoice, lines: boolean): Bytes | undefined {
  if (inline === 'on' || lines) return Infinity;
  return inline === 'off' ? 0 : undefined;
}

/** Without call chains samples are of one function each, as with perf, whatever was inlined into it. */
function hasCallChains({ file }: Replay): boolean {
  const chains = PerfSample.CALLCHAIN | PerfSample.STACK_USER;
  return file.events.events.some(({ attr }) => (attr.sample_type & chains) !== 0);
}

/** What is shown of what debug information says; `undefined` for nothing. */
function sourceLookup(inline: InlineChoice, lines: boolean): SourceLookup | undefined {
  if (inline !== 'off') return (symbols, vaddr) => symbols.sourceAt(vaddr);
  // The line that runs, whichever function it was inlined from.
  return lines ? (symbols, vaddr) => symbols.sourceAt(vaddr).slice(0, 1) : undefined;
}

/** Below this a thread's start, and the caches that each has of its own, cost more than it saves. */
const SHARED_FROM: Bytes = 1 << 30;

/** Samples between two calls that tell of progress. */
const PROGRESS_STEP = 1 << 14;

/** A thread in the profile, under the name that it has now. */
interface ThreadRow {
  readonly comm: string;
  readonly thread: number;
  readonly text: number;
}

/** The state of one reading. */
class Loading {
  private readonly builder = new ProfileBuilder();
  private readonly stacks: StackResolver;
  /** The profile's event of a file's; -1 of events that only carry other records. */
  private readonly eventRows: readonly number[];
  private readonly threadRows = new Map<Thread, ThreadRow>();
  /** Rows of samples whose threads could have run on. */
  private readonly preempted = new Int32Column();
  private readonly code: CodePlaces | undefined;
  private readonly hardware: HardwareDetails | undefined;
  private readonly onProgress: LoadOptions['onProgress'];

  constructor(
    private readonly replay: Replay,
    sourceOf: SourceLookup | undefined,
    { code = false, hardware = false, onProgress }: LoadOptions,
  ) {
    const { builder } = this;
    const { locations, chains, file } = replay;
    this.code = code ? new CodePlaces() : undefined;
    this.onProgress = onProgress;
    const frames = new FrameResolver(builder, locations, sourceOf, this.code);
    this.hardware = hardware ? HardwareDetails.of(file.events.events, frames) : undefined;
    this.stacks = new StackResolver(builder, frames, chains);
    this.eventRows = file.events.events.map((event) =>
      isDummy(event.name) ? -1 : builder.event(event.name, eventUnit(event)),
    );
  }

  run(): Profile {
    const { replay } = this;
    replay.run({ sample: (view, thread, ordinal) => this.addSample(view, thread, ordinal) });
    const profile = this.soFar();
    return {
      ...profile,
      ...(this.code === undefined ? {} : { code: this.code.table() }),
      notes: makeNotes(profile, replay.facts),
    };
  }

  /** The profile of the samples that were read. */
  private soFar(): Profile {
    const { replay, builder } = this;
    const { facts, command, file } = replay;
    const { lost, lostChunks, throttled } = facts;
    const { hostname } = file.info;
    const built = builder.finish({ command, hostname, lost, lostChunks, throttled });
    const known = this.hardware?.addTo(built) ?? built;
    const profile = classifyWaits(known, this.preempted.view());
    const regions = replay.strata?.info.regions;
    return {
      ...profile,
      events: this.describeEvents(profile.events),
      ...(regions === undefined ? {} : { regions }),
    };
  }

  /** The events with how their stacks were recorded, and the groups that they were recorded in. */
  private describeEvents(events: readonly EventInfo[]): EventInfo[] {
    const described = [...events];
    const { info, events: recorded } = this.replay.file;
    recorded.events.forEach(({ attr }, event) => {
      const row = this.eventRows[event];
      if (row < 0 || (attr.sample_type & PerfSample.STACK_USER) === 0) return;
      described[row] = { ...described[row], copiedStacks: true };
    });
    for (const { name, leader: first, members } of info.groups) {
      const rows = this.eventRows.slice(first, first + members).filter((row) => row >= 0);
      for (const row of rows) {
        const group = name === '' ? {} : { groupName: name };
        described[row] = { ...described[row], leader: rows[0], ...group };
      }
    }
    return described;
  }

  private addSample(view: SampleView, thread: Thread, ordinal: number): void {
    const { builder, stacks } = this;
    const event = this.eventRows[view.event];
    if (event < 0) return;
    if (ordinal % PROGRESS_STEP === PROGRESS_STEP - 1) {
      this.onProgress?.(ordinal + 1, () => this.soFar());
    }
    let row = this.threadRows.get(thread);
    if (row?.comm !== thread.comm) {
      const { comm } = thread;
      row = { comm, thread: builder.thread(view.pid, view.tid, comm), text: builder.string(comm) };
      this.threadRows.set(thread, row);
    }
    stacks.resolve(view, thread.process);
    const sample = builder.addSample(
      row.thread,
      row.text,
      view.time,
      stacks.stack,
      view.cpu,
      event,
      view.period,
      this.truncationOf(ordinal, stacks.truncation),
    );
    this.hardware?.add(view, thread.process);
    const { preempted } = this.replay.strata ?? {};
    if (preempted !== undefined && hasOrdinal(preempted, ordinal)) this.preempted.push(sample);
  }

  /** Of stacks that Strata unwound while recording, the recording says how they end. */
  private truncationOf(ordinal: number, found: Truncation): Truncation {
    const { truncated } = this.replay.strata ?? {};
    if (truncated === undefined || found !== Truncation.None) return found;
    return truncationOf(truncated, ordinal) as Truncation;
  }
}

/** perf's own event that carries mappings and the like, and counts nothing. */
function isDummy(name: string): boolean {
  return /^dummy(?::|$)/.test(name);
}
