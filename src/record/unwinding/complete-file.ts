/**
 * Completes a file of the recording: puts in what would vanish with the processes and the machine (names,
 * build IDs, facts), so that it can be read by itself.
 */
import type { KernelFunctions } from '../../formats/kallsyms.js';
import { HeaderFeature, STRATA_FEATURE } from '../../formats/perfdata/spec.js';
import { encodeStrataSection, type RecordingInfo } from '../../formats/perfdata/strata-section.js';
import type { GeneratedFunctions } from '../../formats/perfmap.js';
import { isUnwound, type RecordedEvent } from '../events/sample-layout.js';
import type { Region } from '../../profile/regions.js';
import { cacheNames, type CachedNames } from '../output/buildid-cache.js';
import { buildIdFeature, kernelSymbolsText, machineFeatures } from '../output/features.js';
import { keepForeignFiles } from '../output/foreign-files.js';
import type { Counts, RecordingFile } from '../output/recording-file.js';
import { readDump, readPerfMap } from '../processes/perf-maps.js';
import type { NamesAsked } from '../processes/python-notes.js';
import type { Recorder } from './recorder.js';

/** What is the same of all files of a recording. */
export interface FileFacts {
  readonly events: readonly RecordedEvent[];
  readonly commandLine: readonly string[];
  /** The recorded program and its arguments; empty where none was started. */
  readonly command: readonly string[];
  readonly program: string;
  readonly buildIdCache: boolean;
  readonly namesAsked: NamesAsked;
  readonly notes: readonly string[];
  /** Feature sections beside those that every file has. */
  readonly features?: ReadonlyMap<number, Uint8Array>;
}

/** What is known of one file when it ends. */
export interface FileEnd {
  /** Samples that the kernel counts as dropped in it; `undefined` where it has no such count. */
  readonly lost: number | undefined;
  readonly notes: readonly string[];
  /** Those that the program marked in its time. */
  readonly regions: readonly Region[];
}

/** What a file came to. */
export interface CompletedFile extends Counts {
  readonly size: number;
  /** Why not everything could be written. */
  readonly failure: string | undefined;
  readonly notes: readonly string[];
  /** What was put into perf's build-ID cache. */
  readonly cached: CachedNames | undefined;
}

/** Writes the end of a file, and closes it. */
export function completeFile(
  facts: FileFacts,
  recorder: Recorder,
  file: RecordingFile,
  kernel: KernelFunctions,
  end: FileEnd,
): CompletedFile {
  const { counts, names, output } = file;
  file.kernelMaps.complete(kernel);
  const notes = [...facts.notes, ...recorder.takeNotes()];
  const built = names.build(codeMaps(recorder));
  for (const { recordAt, fileOffset } of built?.named ?? []) {
    file.renameMapping(recordAt, names.path, fileOffset);
  }
  const arenas = {
    all: names.ranges.map(({ pid }) => pid),
    named: (built?.named ?? []).map(({ pid }) => pid),
  };
  const modules = [...recorder.modules.modules];
  notes.push(
    ...recorder.interpreters.notes(file.sampled, arenas, modules, facts.namesAsked),
    ...unmappedNotes([...recorder.unmapped].filter((pid) => file.sampled.has(pid))),
    ...end.notes,
  );
  output.flush();
  const { failure } = output;
  const cut =
    failure === undefined ? [] : [`the recording is cut, as it could not be written: ${failure}`];
  const lost = Math.max(counts.lost, end.lost ?? 0);
  const features = machineFeatures(
    facts.commandLine,
    facts.events,
    facts.program,
    counts.firstTime,
    counts.lastTime,
  );
  for (const [number, bytes] of facts.features ?? []) features.set(number, bytes);
  features.set(
    HeaderFeature.BUILD_ID,
    buildIdFeature(modules, built === undefined ? undefined : names),
  );
  const isCached = built !== undefined && facts.buildIdCache;
  const uncached = isCached ? cacheNames(names, built.file) : undefined;
  if (uncached !== undefined) notes.push(uncached);
  if (facts.buildIdCache) notes.push(...keepForeignFiles(modules));
  features.set(
    STRATA_FEATURE,
    encodeStrataSection({
      info: {
        version: 1,
        program: facts.program,
        command: facts.command,
        ...addressKinds(facts.events),
        ...(built === undefined ? {} : { namesPath: names.path }),
        samples: counts.samples,
        unwound: counts.unwound,
        whole: counts.whole,
        lost,
        throttled: counts.throttled,
        notes: [...notes, ...cut],
        regions: end.regions,
      },
      names: built?.file,
      kernelSymbols: kernelSymbolsText(kernel, file.kernelAddresses),
      truncated: {
        ordinals: Uint32Array.from(file.truncatedOrdinals.view()),
        causes: file.truncationCauses.view(),
      },
      preempted: Uint32Array.from(file.preemptedOrdinals.view()),
    }),
  );
  output.finish(features);
  const cached = isCached ? { path: names.path, buildId: names.buildId } : undefined;
  return { ...counts, lost, size: output.fileSize, failure: output.failure, notes, cached };
}

/** How many processes a sentence names. */
const MOST_NAMED = 5;

function unmappedNotes(pids: readonly number[]): string[] {
  if (pids.length === 0) return [];
  const rest = pids.length - MOST_NAMED;
  const named = `${pids.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return [
    `this user may not read the mappings of ${pids.length === 1 ? 'process' : 'processes'} ${named}: ` +
      'functions there have no names, and stacks are cut short (their own user may, as CAP_SYS_PTRACE does)',
  ];
}

/** Which callers' addresses are those of calls: of stacks that were unwound. */
function addressKinds(
  events: readonly RecordedEvent[],
): Pick<RecordingInfo, 'callerAddresses' | 'unwoundEvents'> {
  const unwound = events.flatMap((event, i) => (isUnwound(event) ? [i] : []));
  return { callerAddresses: 'return', ...(unwound.length > 0 ? { unwoundEvents: unwound } : {}) };
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
