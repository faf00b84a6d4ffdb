/**
 * Samples as text, in the layout of `perf script` (tools/perf/builtin-script.c, `process_event`).
 *
 * On the same file the lines are those of `perf script --no-inline`, except that
 * - a caller is named by its call; perf looks up the address behind it in recorded chains, which may be
 *   the next function's;
 * - stacks that were copied are unwound to their end, also where perf's unwinders give up (trampolines of
 *   interpreters without frame pointers), and no chain is cut at 127 frames unless `--max-stack` says so;
 * - inlined functions are shown in chains of frame pointers, too;
 * - a thread that no record names has its process's name, in perf its number; an exec takes the old
 *   program's mappings away; a mapping's record stands before samples of the 0.1 ms before it;
 * - only code has names: not the data that page faults hit, nor tables among code; `data_src` and the
 *   fields of hardware traces are not printed;
 * - a list of fields means that list also in pipe mode, where perf adds `ip` and `sym` to it;
 * - control characters in names become `\x1b`.
 */
import { FormatError } from '../../../base/errors.js';
import type { Nanoseconds } from '../../../base/units.js';
import type { RecordReader } from '../../../formats/perfdata/records.js';
import { PerfRecord } from '../../../formats/perfdata/spec.js';
import type { SampleView } from '../../../formats/perfdata/sample.js';
import { parseTracingData, type TracingData } from '../../../formats/tracing/tracing-data.js';
import { RegionTimes } from '../../../profile/regions.js';
import { timeSlices, type TimeChoice } from '../../../profile/selection/time-slices.js';
import type { Thread } from '../../../session/processes.js';
import type { Replay, Visitor } from '../../../session/replay.js';
import { ByteWriter } from './byte-writer.js';
import { EventPrinter, type PrinterContext, type PrinterOptions } from './event-printer.js';
import { fieldsOf, type FieldChoice } from './fields.js';
import { Places } from './frame-lines.js';
import { layoutOf } from './layout.js';
import { recordLine } from './record-line.js';
import { SampleChoice, type SampleFilter } from './sample-choice.js';
import { Times } from './sample-head.js';

export interface ScriptOptions extends PrinterOptions, Omit<SampleFilter, 'times' | 'regions'> {
  readonly fields: readonly FieldChoice[];
  readonly times?: TimeChoice;
  /** Names of regions. */
  readonly regions?: readonly string[];
  /** Index of the only event whose samples are printed. */
  readonly event?: number;
  /** Types of records to print besides samples. */
  readonly records: ReadonlySet<number>;
  /** The version of perf whose layout is used; by default the recorder's. */
  readonly layout?: string;
}

/**
 * Prints a recording.
 * @param replay not yet run
 * @param write takes the text, piece by piece, and is done with each when it returns
 * @throws StrataError where fields or events are asked for that the recording does not have
 */
export function writeScript(
  replay: Replay,
  options: ScriptOptions,
  write: (bytes: Uint8Array) => void,
): void {
  const out = new ByteWriter(write);
  replay.run(new ScriptVisitor(replay, options, out));
  out.flush();
}

class ScriptVisitor implements Visitor {
  private readonly choice: SampleChoice;
  private readonly places: Places;
  private readonly printers: readonly EventPrinter[];
  /** By event: whether its samples are printed. */
  private readonly prints: readonly boolean[];
  private readonly types: ReadonlySet<number>;
  private readonly cgroups = new Map<number, string>();

  constructor(
    private readonly replay: Replay,
    options: ScriptOptions,
    private readonly out: ByteWriter,
  ) {
    const { file, locations } = replay;
    const { events } = file.events;
    this.places = new Places(locations);
    this.types = options.records;
    const { times, regions, ...filter } = options;
    const marked = replay.strata?.info.regions ?? [];
    this.choice = new SampleChoice({
      ...filter,
      ...(times === undefined ? {} : { times: this.spans(times) }),
      ...(regions === undefined ? {} : { regions: new RegionTimes(marked, regions) }),
    });
    const context: PrinterContext = {
      replay,
      places: this.places,
      layout: layoutOf(options.layout ?? file.info.version),
      nameWidth: Math.max(...events.map(({ name }) => Buffer.byteLength(name))),
      times: new Times(options.timeForm),
      tracing: this.tracing(),
      cgroups: this.cgroups,
    };
    const fields = fieldsOf(events, options.fields, options.callGraph);
    this.printers = fields.map((set, i) => new EventPrinter(context, events[i], set, options));
    this.prints = fields.map(
      (set, i) => set.size > 0 && (options.event === undefined || options.event === i),
    );
  }

  sample(view: SampleView, thread: Thread): void {
    const { choice, out } = this;
    if (!this.prints[view.event] || !choice.holds(view, thread)) return;
    const printer = this.printers[view.event];
    if (choice.byPlace && !choice.holdsPlace(printer.placeOf(view, thread.process))) return;
    printer.sample(out, view, thread);
  }

  record(reader: RecordReader): void {
    if (reader.type === PerfRecord.CGROUP) this.addCgroup(reader);
    if (!this.types.has(reader.type) || !this.choice.holdsCpu(reader.cpu)) return;
    try {
      const { pid, tid, text } = recordLine(reader);
      const comm = tid === -1 ? ':-1' : this.replay.processes.thread(pid, tid).comm;
      this.printers.at(reader.event)?.head(this.out, reader, comm);
      this.out.text(text);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error; // a damaged record, which the replay counts
    }
  }

  private addCgroup(reader: RecordReader): void {
    const body = reader.body();
    if (body.remaining < 8) return;
    const id = Number(body.u64big());
    this.cgroups.set(id, body.fixedString(body.remaining));
  }

  private tracing(): TracingData | undefined {
    const { tracingData } = this.replay.file.info;
    try {
      return tracingData && parseTracingData(tracingData);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return undefined;
    }
  }

  private spans(times: TimeChoice) {
    const [first, last] = times.unit === 'share' ? this.bounds() : [0, 0];
    return timeSlices(times, first, last);
  }

  /** Times of the first and last sample. */
  private bounds(): readonly [Nanoseconds, Nanoseconds] {
    const { file } = this.replay;
    if (file.info.sampleTime !== undefined) return file.info.sampleTime;
    let first = Infinity;
    let last = 0;
    for (const reader = file.records(); reader.next();) {
      if (reader.type !== PerfRecord.SAMPLE) continue;
      first = Math.min(first, reader.time);
      last = Math.max(last, reader.time);
    }
    return last === 0 ? [0, 0] : [first, last];
  }
}
