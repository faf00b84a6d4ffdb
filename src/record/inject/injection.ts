/**
 * One recording on its way to the injected one: takes samples and records as a replay plays them, and writes
 * the new file.
 */
import { closeSync } from 'node:fs';

import { FormatError, StrataError } from '../../base/errors.js';
import { Int32Column, Uint8Column } from '../../base/growable.js';
import type { ByteSource } from '../../base/source.js';
import { plural, type Nanoseconds } from '../../base/units.js';
import type { RecordReader } from '../../formats/perfdata/records.js';
import type { SampleView } from '../../formats/perfdata/sample.js';
import { readMmap, type MmapRecord } from '../../formats/perfdata/sideband.js';
import {
  PerfRecord,
  PerfSample,
  PerfSampleRegsAbi,
  STRATA_FEATURE,
} from '../../formats/perfdata/spec.js';
import {
  encodeStrataSection,
  hasOrdinal,
  truncationOf,
} from '../../formats/perfdata/strata-section.js';
import type { FileEvent } from '../../formats/perfdata/writer.js';
import { Truncation } from '../../profile/profile.js';
import type { Mapping } from '../../session/address-space.js';
import { isJitDump } from '../../session/jit-dumps.js';
import type { Process, Thread } from '../../session/processes.js';
import type { Replay } from '../../session/replay.js';
import { cacheNames } from '../output/buildid-cache.js';
import { kernelFunctionsText } from '../output/features.js';
import { Output } from '../output/output.js';
import { CopiedFeatures, dumpEvents, injectedEvents } from './header.js';
import { SampledNames } from './names.js';
import { copyRecord, copySample, writeMapping, writeUnwound } from './records.js';

/** What became of a recording. */
export interface InjectResult {
  readonly sizeBefore: number;
  readonly sizeAfter: number;
  readonly samples: number;
  /** Samples whose stack was unwound, and how many of those reach their thread's start. */
  readonly unwound: number;
  readonly whole: number;
  /** Functions of code without a file that have names now. */
  readonly named: number;
  readonly notes: readonly string[];
}

/** A FINISHED_ROUND after so many bytes at most lets perf's own memory stay small. */
const ROUND_BYTES = 4 * 1024 * 1024;

/** What stands in the new file's header and feature sections instead, or has no place in a file. */
const IN_HEADER: ReadonlySet<number> = new Set([
  PerfRecord.HEADER_ATTR,
  PerfRecord.HEADER_EVENT_TYPE,
  PerfRecord.HEADER_TRACING_DATA,
  PerfRecord.HEADER_BUILD_ID,
  PerfRecord.HEADER_FEATURE,
]);
/** Hardware traces: nothing of ours decodes them, and they are most of a file that has them. */
const AUX_TRACE: ReadonlySet<number> = new Set([
  PerfRecord.AUXTRACE_INFO,
  PerfRecord.AUXTRACE,
  PerfRecord.AUXTRACE_ERROR,
]);

export class Injection {
  private readonly events: readonly FileEvent[];
  private readonly dumped: ReadonlySet<number>;
  private readonly features: CopiedFeatures;
  private readonly output: Output;
  private readonly names: SampledNames;

  private samples = 0;
  private unwound: number;
  private whole: number;
  private readonly truncatedOrdinals = new Int32Column();
  private readonly truncationCauses = new Uint8Column();
  private readonly preemptedOrdinals = new Int32Column();
  private hadTraces = false;
  private roundStart: number;
  /** Of the sample being written. */
  private view: SampleView | undefined;

  /**
   * @param fd the new file, which {@link run} closes
   * @param path its name, for errors
   */
  constructor(
    private readonly source: ByteSource,
    private readonly replay: Replay,
    private readonly fd: number,
    private readonly path: string,
  ) {
    const { file, strata } = replay;
    this.events = injectedEvents(file);
    this.dumped = new Set(dumpEvents(file));
    this.features = new CopiedFeatures(source, file);
    this.output = new Output(fd, this.events);
    this.roundStart = this.output.size;
    this.names = new SampledNames(replay.locations, replay.chains, (process, mapping, after) =>
      this.show(process, mapping, after),
    );
    this.unwound = strata?.info.unwound ?? 0;
    this.whole = strata?.info.whole ?? 0;
  }

  /**
   * @param program what is said to have made the file
   * @param caches whether names go into perf's build-ID cache
   * @throws StrataError where the file cannot be written
   */
  run(program: string, caches: boolean): InjectResult {
    try {
      this.replay.run({
        sample: (view, thread, ordinal) => this.sample(view, thread, ordinal),
        record: (reader) => this.record(reader),
        keepsGroups: true,
      });
      this.output.flush();
      this.checkWritten();
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
    return this.finish(program, caches);
  }

  private sample(view: SampleView, { process }: Thread, ordinal: number): void {
    const { replay, output } = this;
    const { chains, strata } = replay;
    this.view = view;
    chains.read(view, process);
    this.names.see(process);
    let cause: number = chains.truncation;
    if (this.dumped.has(view.event)) {
      const { attr } = replay.file.events.events[view.event];
      const hasChain = (attr.sample_type & PerfSample.CALLCHAIN) !== 0;
      const fits = writeUnwound(view, chains, hasChain, output);
      if (!fits) cause = Truncation.TooDeep;
      if (view.regsAbi === PerfSampleRegsAbi.ABI_64) {
        this.unwound++;
        if (cause === Truncation.None) this.whole++;
      }
    } else {
      copySample(view, output);
      if (strata !== undefined) cause = truncationOf(strata.truncated, ordinal);
    }
    if (cause !== Truncation.None) {
      this.truncatedOrdinals.push(this.samples);
      this.truncationCauses.push(cause);
    }
    if (strata?.preempted !== undefined && hasOrdinal(strata.preempted, ordinal)) {
      this.preemptedOrdinals.push(this.samples);
    }
    this.samples++;
    this.finishRound();
  }

  private record(reader: RecordReader): void {
    const { type } = reader;
    if (type === PerfRecord.HEADER_FEATURE) {
      const body = reader.body();
      // One without content says that all have come.
      if (body.remaining > 8) this.features.add(body.u64(), body.take(body.remaining));
    }
    if (AUX_TRACE.has(type)) this.hadTraces = true;
    if (IN_HEADER.has(type) || AUX_TRACE.has(type)) return;
    if (type === PerfRecord.MMAP || type === PerfRecord.MMAP2) {
      const map = mappingOf(reader);
      // The mapping that tells where a jitdump is: its names are inside now.
      if (map !== undefined && isJitDump(map.path)) return;
      if (map !== undefined) this.mapped(map, reader.time);
    }
    copyRecord(reader.bytes.subarray(reader.at, reader.at + reader.size), this.output);
    this.finishRound();
  }

  private mapped(map: MmapRecord, time: Nanoseconds): void {
    const { pid, start, length, pgoff, path, buildId } = map;
    const mapping = { start, end: start + length, pgoff, path, buildId };
    this.names.mapped(this.replay.processes.process(pid), mapping, time);
  }

  /** Writes a mapping of the file of names, for the sample that comes next. */
  private show({ pid }: Process, mapping: Mapping, after: Nanoseconds): void {
    const { view, replay } = this;
    if (view === undefined) return;
    const { events, header } = replay.file;
    const time = Math.max(view.time, after);
    const id = header.attrs[view.event].ids[0] ?? 0;
    const sampleId = { pid, time, cpu: Math.max(view.cpu, 0), id };
    writeMapping(mapping, sampleId, events.events[view.event].attr, this.output);
  }

  private finishRound(): void {
    const { output } = this;
    if (output.size - this.roundStart <= ROUND_BYTES) return;
    output.finishRound();
    this.roundStart = output.size;
    this.checkWritten();
  }

  private checkWritten(): void {
    const { failure } = this.output;
    if (failure !== undefined) {
      throw new StrataError(`cannot write ${this.path}: ${failure}`);
    }
  }

  /** Writes what follows the records. */
  private finish(program: string, caches: boolean): InjectResult {
    const { replay, output, names, events, samples, unwound, whole } = this;
    const { file, facts, strata, locations } = replay;
    const named = names.file.length;
    const namesFile = named > 0 ? names.file.encode(replay.architecture) : undefined;
    const uncached = namesFile && caches ? cacheNames(names.file, namesFile) : undefined;
    const notes = [...this.notes(), ...(uncached === undefined ? [] : [uncached])];
    const features = this.features.complete(
      file,
      events,
      locations.sources.modules.modules,
      namesFile && names.file,
    );
    const { kernel } = names;
    features.set(
      STRATA_FEATURE,
      encodeStrataSection({
        info: {
          version: 1,
          program,
          command: strata?.info.command ?? file.info.commandLine,
          callerAddresses: strata?.info.callerAddresses ?? 'return',
          unwoundEvents: [...(strata?.info.unwoundEvents ?? []), ...this.dumped],
          ...(namesFile === undefined ? {} : { namesPath: names.file.path }),
          samples,
          unwound,
          whole,
          lost: facts.lost,
          throttled: facts.throttled,
          notes,
          ...(strata?.info.regions === undefined ? {} : { regions: strata.info.regions }),
        },
        names: namesFile,
        kernelSymbols: kernel.size > 0 ? kernelFunctionsText([...kernel.values()]) : undefined,
        truncated: {
          ordinals: Uint32Array.from(this.truncatedOrdinals.view()),
          causes: this.truncationCauses.view(),
        },
        preempted: Uint32Array.from(this.preemptedOrdinals.view()),
      }),
    );
    output.finish(features);
    this.checkWritten();
    return {
      sizeBefore: this.source.byteLength,
      sizeAfter: output.fileSize,
      samples,
      unwound,
      whole,
      named,
      notes,
    };
  }

  /** What a reader of the new recording must be told of the original. */
  private notes(): string[] {
    const { file, damaged, unidentified } = this.replay.facts;
    const notes = [...file];
    if (damaged > 0)
      notes.push(`${plural(damaged, 'damaged record')} of the original could not be read`);
    if (unidentified > 0) {
      notes.push(`${plural(unidentified, 'sample')} of no known event were left out`);
    }
    if (this.hadTraces) notes.push('hardware traces of the original were left out');
    return notes;
  }
}

/** The mapping that a record tells of; `undefined` of the kernel's, of data, and of damaged ones. */
function mappingOf(reader: RecordReader): MmapRecord | undefined {
  try {
    const map = readMmap(reader.body(), reader.type, reader.misc);
    return map.pid !== -1 && map.start >= 0 && map.executable ? map : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
