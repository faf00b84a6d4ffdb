/**
 * `perf script`'s text as a profile: another way to the model than by perf.data, for what people paste
 * into bug reports.
 */
import type { ByteSource } from '../base/source.js';
import { plural } from '../base/units.js';
import { ScriptReader, type ScriptSample } from '../formats/perfscript/reader.js';
import { ProfileBuilder } from '../profile/builder.js';
import { Truncation, type Profile } from '../profile/profile.js';
import { makeNotes } from './notes.js';
import { ScriptStacks } from './script-stacks.js';
import { classifyWaits } from './waits.js';

/** The kernel's two clocks count nanoseconds, and so does time off the CPU. */
const CLOCK_EVENT = /^(?:(?:cpu|task)-clock(?::|$)|offcpu-time$)/;

/**
 * Reads the text that `perf script` printed, of any length: memory grows with the number of samples and
 * of distinct stacks.
 * @throws FormatError where no line is a sample; what is wrong with some is told in the profile's notes
 */
export function profileOfScript(source: ByteSource): Profile {
  const reader = new ScriptReader(source);
  const loading = new ScriptLoading(reader);
  while (reader.next()) loading.add(reader.sample);
  return loading.finish();
}

class ScriptLoading {
  private readonly builder = new ProfileBuilder();
  private readonly stacks: ScriptStacks;
  /** By row of the reader's events. */
  private readonly events: number[] = [];
  private readonly comms: { readonly name: string; readonly text: number }[] = [];
  /** The last sample's thread. */
  private thread = { comm: -1, pid: 0, tid: 0, row: -1 };

  private samples = 0;
  private withoutPeriod = 0;
  private withoutPid = 0;
  private withoutTime = 0;

  constructor(private readonly reader: ScriptReader) {
    this.stacks = new ScriptStacks(this.builder, reader);
  }

  add(sample: ScriptSample): void {
    const { time, period, cpu } = sample;
    const hasPeriod = !Number.isNaN(period);
    this.samples++;
    if (!hasPeriod) this.withoutPeriod++;
    if (sample.pid === -1) this.withoutPid++;
    if (Number.isNaN(time)) this.withoutTime++;
    const thread = this.threadOf(sample);
    const event = this.eventOf(sample.event, hasPeriod);
    this.builder.addSample(
      thread,
      this.comms[sample.comm].text,
      Number.isNaN(time) ? 0 : time,
      this.stacks.stackOf(sample),
      cpu,
      event,
      hasPeriod ? period : 1,
      sample.isCut ? Truncation.TooDeep : Truncation.None,
    );
  }

  finish(): Profile {
    const { builder, reader } = this;
    if (this.samples === 0) throw reader.nothingFound();
    const built = builder.finish({
      command: reader.commandLine,
      hostname: reader.hostname,
      lost: 0,
      lostChunks: 0,
      throttled: 0,
    });
    const profile = classifyWaits(built, new Int32Array(0));
    const notes = makeNotes(profile, {
      lost: 0,
      lostChunks: 0,
      throttled: 0,
      damaged: 0,
      unidentified: 0,
      file: this.textNotes(),
      names: { kernel: undefined, modules: [], options: {} },
    });
    return { ...profile, notes };
  }

  /** What the text does not say. */
  private textNotes(): string[] {
    const { reader, samples } = this;
    const notes: string[] = [];
    const missing = reader.notUnderstood + reader.overlong;
    if (missing > 0) notes.push(`${plural(missing, 'line')} of the text could not be understood`);
    if (this.withoutPeriod === samples) {
      notes.push('the text gives no periods (perf script -F +period): each sample counts 1');
    } else if (this.withoutPeriod > 0) {
      notes.push(`${plural(this.withoutPeriod, 'sample')} without a period: each counts 1`);
    }
    if (this.withoutPid > 0) {
      notes.push(
        'the text gives no process IDs (perf script -F +pid): each thread stands for itself',
      );
    }
    if (this.withoutTime > 0) notes.push('the text gives no times (perf script -F +time)');
    return notes;
  }

  private threadOf({ comm, pid, tid }: ScriptSample): number {
    let { thread } = this;
    if (thread.comm !== comm || thread.pid !== pid || thread.tid !== tid) {
      const { name } = (this.comms[comm] ??= this.commOf(comm, tid));
      const row = this.builder.thread(pid === -1 ? tid : pid, tid, name);
      thread = this.thread = { comm, pid, tid, row };
    }
    return thread.row;
  }

  /** perf calls a thread whose name it does not know by its ID. */
  private commOf(comm: number, tid: number): { readonly name: string; readonly text: number } {
    const name = this.reader.comms.text(comm) || `:${tid}`;
    return { name, text: this.builder.string(name) };
  }

  private eventOf(event: number, hasPeriod: boolean): number {
    let row = this.events[event];
    if (row === undefined) {
      const name = this.reader.events.text(event);
      const isClock = hasPeriod && CLOCK_EVENT.test(name);
      row = this.builder.event(name === '' ? 'samples' : name, isClock ? 'ns' : 'count');
      this.events[event] = row;
    }
    return row;
  }
}
