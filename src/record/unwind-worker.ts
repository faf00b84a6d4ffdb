/**
 * The unwinding thread: takes records from the queue until the draining thread is done, then completes
 * the file.
 */
import { parentPort, workerData } from 'node:worker_threads';

import { plural } from '../base/units.js';
import type { FileEvent } from '../formats/perfdata/writer.js';
import { encodeStrataSection } from '../formats/perfdata/strata-section.js';
import { PerfSample, STRATA_FEATURE, HeaderFeature } from '../formats/perfdata/spec.js';
import type { GeneratedFunctions } from '../formats/perfmap.js';
import { cacheNames } from './buildid-cache.js';
import { buildIdFeature, kernelSymbolsText, machineFeatures } from './features.js';
import { KernelMaps, runningKernelSymbols } from './kernel-maps.js';
import { Output } from './output.js';
import { readDump, readPerfMap, removePerfMap } from './perf-maps.js';
import { Recorder, type Counts } from './recorder.js';
import { SAMPLE_ID_SIZE } from './sample-layout.js';
import { StackTops } from './stack-tops.js';
import { TimeOrder } from './time-order.js';
import { QueueReader, type SharedQueue } from './transfer.js';

export interface UnwindWorkerData {
  readonly queue: SharedQueue;
  readonly outputFd: number;
  readonly events: readonly FileEvent[];
  /** Whether samples come with stacks that are to be unwound now. */
  readonly dumps: boolean;
  readonly stackTops: SharedArrayBuffer;
  readonly commandLine: readonly string[];
  /** The recorded program and its arguments. */
  readonly command: readonly string[];
  readonly program: string;
  readonly buildIdCache: boolean;
  /** Whether the command's interpreters were asked for their functions' names. */
  readonly asksPython: boolean;
  /** Perf maps that the recording did not cause. `undefined` where it causes none. */
  readonly mapsBefore: ReadonlySet<string> | undefined;
  readonly notes: readonly string[];
}

/** What the recording came to. */
export interface RecordingResult extends Counts {
  readonly fileSize: number;
  /** Why not everything could be written. */
  readonly failure: string | undefined;
  readonly notes: readonly string[];
}

/** How long to sleep when nothing comes: the end of the recording may be such a moment. */
const IDLE_MS = 50;
/** A FINISHED_ROUND after so many bytes at most lets perf's own memory stay small. */
const ROUND_BYTES = 4 * 1024 * 1024;
/** A recorder that is killed leaves all but the samples of so long before. */
const FLUSH_MS = 1000;

function main(data: UnwindWorkerData): RecordingResult {
  const queue = new QueueReader(data.queue);
  const output = new Output(data.outputFd, data.events);
  const sampleType = data.events[0].attr.sample_type ?? 0;
  const recorder = new Recorder(
    process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    queue.bytes,
    queue.words,
    output,
    data.dumps,
    (sampleType & PerfSample.CALLCHAIN) !== 0,
    new StackTops(data.stackTops),
  );
  const kernelMaps = new KernelMaps(output, SAMPLE_ID_SIZE);
  parentPort?.postMessage('ready');

  const order = new TimeOrder(queue, recorder.record);
  let roundStart = output.size;
  let flushed = performance.now();
  for (;;) {
    const closed = queue.closed;
    const busy = order.advance();
    queue.report(recorder.counts.samples, recorder.counts.lost);
    if (output.size - roundStart > ROUND_BYTES) {
      output.finishRound();
      roundStart = output.size;
    }
    if (performance.now() - flushed > FLUSH_MS) {
      output.flush();
      flushed = performance.now();
    }
    if (!busy && closed) break;
    if (!busy) queue.wait(IDLE_MS);
  }
  return finish(data, recorder, output, kernelMaps, queue.kernelLost);
}

function finish(
  data: UnwindWorkerData,
  recorder: Recorder,
  output: Output,
  kernelMaps: KernelMaps,
  kernelLost: number | undefined,
): RecordingResult {
  const { counts, names } = recorder;
  const kernel = runningKernelSymbols();
  kernelMaps.complete(kernel);
  const notes = [...data.notes, ...recorder.notes()];
  const built = names.build(codeMaps(recorder));
  for (const { recordAt, fileOffset } of built?.named ?? []) {
    recorder.renameMapping(recordAt, names.path, fileOffset);
  }
  const arenas = {
    all: names.ranges.map(({ pid }) => pid),
    named: (built?.named ?? []).map(({ pid }) => pid),
  };
  const { modules } = recorder.modules;
  notes.push(
    ...recorder.interpreters.notes(recorder.sampled, arenas, modules, data.asksPython),
    ...survivorNotes(recorder),
  );
  output.flush();
  const { failure } = output;
  const cut =
    failure === undefined ? [] : [`the recording is cut, as it could not be written: ${failure}`];
  const lost = Math.max(counts.lost, kernelLost ?? 0);
  const features = machineFeatures(
    data.commandLine,
    data.events,
    data.program,
    counts.firstTime,
    counts.lastTime,
  );
  features.set(
    HeaderFeature.BUILD_ID,
    buildIdFeature(modules, built === undefined ? undefined : names),
  );
  const uncached =
    built !== undefined && data.buildIdCache ? cacheNames(names, built.file) : undefined;
  if (uncached !== undefined) notes.push(uncached);
  features.set(
    STRATA_FEATURE,
    encodeStrataSection({
      info: {
        version: 1,
        program: data.program,
        command: data.command,
        callerAddresses: data.dumps ? 'call' : 'return',
        ...(built === undefined ? {} : { namesPath: names.path }),
        samples: counts.samples,
        unwound: counts.unwound,
        whole: counts.whole,
        lost,
        throttled: counts.throttled,
        notes: [...notes, ...cut],
      },
      names: built?.file,
      kernelSymbols: kernelSymbolsText(kernel, recorder.kernelAddresses),
      truncated: {
        ordinals: Uint32Array.from(recorder.truncatedOrdinals.view()),
        causes: recorder.truncationCauses.view(),
      },
    }),
  );
  output.finish(features);
  if (data.mapsBefore !== undefined) {
    for (const process of recorder.live.all) removePerfMap(process, data.mapsBefore);
  }
  recorder.live.close();
  return { ...counts, lost, fileSize: output.fileSize, failure: output.failure, notes };
}

/** Says that processes outlive the command, as daemons do. */
function survivorNotes({ live }: Recorder): string[] {
  const survivors = live.survivors();
  if (survivors === 0) return [];
  const processes = `${plural(survivors, 'process', 'processes')} that the command started`;
  return [`${processes} still ran when it ended; recording ended with the command`];
}

/** What a process tells of its generated code, then what its ancestors do. Each file is read once. */
function codeMaps(recorder: Recorder): (pid: number) => readonly GeneratedFunctions[] {
  const read = new Map<number, readonly GeneratedFunctions[]>();
  const mapsOf = (pid: number): readonly GeneratedFunctions[] => {
    const process = recorder.live.see(pid);
    const dumps = recorder.jitDumps.get(pid) ?? [];
    const maps = [...[...dumps].map((path) => readDump(process, path)), readPerfMap(process)];
    return maps.filter((map) => map !== undefined);
  };
  return (pid) => {
    const maps: GeneratedFunctions[] = [];
    const passed = new Set<number>();
    for (let at: number | undefined = pid; at !== undefined && !passed.has(at);) {
      passed.add(at);
      const own = read.get(at) ?? mapsOf(at);
      read.set(at, own);
      maps.push(...own);
      at = recorder.parents.get(at);
    }
    return maps;
  };
}

parentPort?.postMessage(main(workerData as UnwindWorkerData));
