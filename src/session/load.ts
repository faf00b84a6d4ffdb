/**
 * A recording as a profile: the one way from perf.data to the model.
 */
import { statSync } from 'node:fs';
import { hostname, release } from 'node:os';

import { FormatError } from '../base/errors.js';
import { FileSource, type ByteSource } from '../base/source.js';
import type { Address } from '../base/units.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import { eventUnit } from '../formats/perfdata/events.js';
import { readPerfData, type PerfDataFile } from '../formats/perfdata/reader.js';
import type { RecordReader } from '../formats/perfdata/records.js';
import { SampleView } from '../formats/perfdata/sample.js';
import { readComm, readFork, readLost, readMmap } from '../formats/perfdata/sideband.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { decodeStrataSection, type StrataSection } from '../formats/perfdata/strata-section.js';
import type { ElfImage } from '../formats/elf/image.js';
import { ProfileBuilder } from '../profile/builder.js';
import { Truncation, type Profile } from '../profile/profile.js';
import { readKernelSymbols, type KernelSymbols } from '../symbolize/kernel.js';
import { Symbolizer } from '../symbolize/symbolizer.js';
import { readVdso } from '../symbolize/vdso.js';
import type { Mapping } from './address-space.js';
import { FrameResolver } from './frames.js';
import { GeneratedNames } from './generated-code.js';
import { ModuleCache, type CodeFiles } from './modules.js';
import { makeNotes } from './notes.js';
import { OrderedRecords } from './ordered.js';
import { ProcessTable, type Thread } from './processes.js';
import { StackResolver } from './samples.js';

/** A program's map may be written a little after the recorder closed its file. */
const MAP_SLACK_MS = 2000;

export interface LoadOptions {
  /**
   * The folder that stands for `/` when modules are looked for: a copy of another machine's files. The
   * running kernel's symbols are then not used.
   */
  readonly root?: string;
}

/**
 * Reads a recording (perf's or Strata's) and looks up all its symbols.
 * @param path of a perf.data file
 * @throws StrataError, FormatError where the file cannot be read at all; what is wrong with a part of it
 *   is told in the profile's notes
 */
export function loadProfile(path: string, options: LoadOptions = {}): Profile {
  const source = new FileSource(path);
  try {
    const recordedBefore = statSync(path).mtimeMs + MAP_SLACK_MS;
    return profileOf(source, { ...options, recordedBefore });
  } finally {
    source.close();
  }
}

/** Like {@link loadProfile}, from a source that stays open. */
export function profileOf(
  source: ByteSource,
  options: LoadOptions & {
    /** When the recording ended, in ms since 1970; without it no map outside the file gives names. */
    readonly recordedBefore?: number;
  } = {},
): Profile {
  const file = readPerfData(source);
  const loading = new Loading(file, options);
  try {
    return loading.run(source);
  } finally {
    loading.close();
  }
}

/** A thread in the profile, under the name that it has now. */
interface ThreadRow {
  readonly comm: string;
  readonly thread: number;
  readonly text: number;
}

/** The state of one reading. */
class Loading {
  private readonly builder = new ProfileBuilder();
  private readonly records: RecordReader;
  private readonly symbolizer: Symbolizer;
  private readonly processes: ProcessTable;
  private readonly resolver: FrameResolver;
  private readonly stacks: StackResolver;
  private readonly strata: StrataSection | undefined;
  private readonly view = new SampleView();
  private readonly buildIdOf = new Map<string, string>();
  /** The profile's event of a file's; -1 of events that only carry other records. */
  private readonly eventRows: readonly number[];
  private readonly fileNotes: string[] = [];
  private readonly isOtherMachine: boolean;
  private kernelReference: { readonly name: string; readonly address: Address } | undefined;

  private lost = 0;
  private lostSamples = 0;
  private lostChunks = 0;
  private throttled = 0;
  private damaged = 0;
  private unidentified = 0;

  private readonly threadRows = new Map<Thread, ThreadRow>();

  constructor(
    private readonly file: PerfDataFile,
    options: LoadOptions & { readonly recordedBefore?: number },
  ) {
    const { info, events } = file;
    const root = options.root ?? '';
    this.isOtherMachine = root !== '';
    this.strata = this.readStrata();
    this.records = file.records();
    for (const { path, buildId } of info.buildIds) this.buildIdOf.set(path, buildId);
    this.eventRows = events.events.map(({ name, attr }) =>
      isDummy(name) ? -1 : this.builder.event(name, eventUnit(attr)),
    );

    const architecture = architectureOf(info.arch);
    const { recordedBefore } = options;
    const namesPath = this.strata?.info.namesPath;
    const namesFile = this.strata?.names;
    const names = new GeneratedNames(
      namesPath === undefined || namesFile === undefined
        ? undefined
        : { path: namesPath, file: namesFile },
      recordedBefore === undefined ? undefined : { root, recordedBefore },
    );
    this.symbolizer = new Symbolizer({ root });
    const vdso = once(() => (this.isThisKernel() ? readVdso() : undefined));
    const modules = new ModuleCache(architecture, this.codeFiles(names, vdso));
    this.processes = new ProcessTable(modules);
    this.resolver = new FrameResolver(this.builder, {
      modules,
      symbolizer: this.symbolizer,
      kernel: () => this.readKernel(),
      names,
      vdso,
    });
    this.stacks = new StackResolver(
      this.builder,
      this.resolver,
      architecture,
      events.events,
      this.strata?.info.callerAddresses ?? 'return',
    );
  }

  run(source: ByteSource): Profile {
    new OrderedRecords(this.records).forEach((ordinal) => this.visit(ordinal));
    const { info, header } = this.file;
    if (header.cut === 'unfinished') {
      this.fileNotes.push('the recorder did not finish the file: it is read to its end');
    } else if (header.cut === 'short') {
      this.fileNotes.push(
        `${source.name} is cut: records at its end are missing, and what stood behind them, ` +
          'such as the names of Python functions',
      );
    }
    const early = this.records.earlyEnd;
    if (early !== undefined) {
      this.fileNotes.push(`nothing could be read from byte ${early.offset} on: ${early.reason}`);
    }
    this.fileNotes.push(...info.damaged, ...(this.strata?.info.notes ?? []));

    const lost = Math.max(this.lost, this.lostSamples, this.strata?.info.lost ?? 0);
    const throttled = Math.max(this.throttled, this.strata?.info.throttled ?? 0);
    const profile = this.builder.finish({
      command: (this.strata?.info.command ?? info.commandLine).join(' '),
      hostname: info.hostname,
      lost,
      lostChunks: this.lostChunks,
      throttled,
    });
    const notes = makeNotes(profile, {
      lost,
      lostChunks: this.lostChunks,
      throttled,
      damaged: this.damaged,
      unidentified: this.unidentified,
      file: this.fileNotes,
      kernelGap: this.resolver.kernelGap,
      moduleGaps: new Map(this.symbolizer.gaps().map(({ path, detail }) => [path, detail])),
    });
    return { ...profile, notes };
  }

  close(): void {
    this.symbolizer.close();
  }

  private visit(ordinal: number): void {
    if (this.records.type === PerfRecord.SAMPLE) {
      this.addSample(ordinal);
      return;
    }
    try {
      this.apply();
    } catch (error) {
      // A damaged record of the file's: what it told is not known, the rest is.
      if (!(error instanceof FormatError)) throw error;
      this.damaged++;
    }
  }

  /** Follows processes, threads and mappings. */
  private apply(): void {
    const { records, processes } = this;
    switch (records.type) {
      case PerfRecord.COMM: {
        const { pid, tid, comm, exec } = readComm(records.body(), records.misc);
        processes.comm(pid, tid, comm, exec);
        break;
      }
      case PerfRecord.FORK: {
        const fork = readFork(records.body(), records.misc);
        const { pid, tid, parentPid, parentTid, synthesized } = fork;
        processes.fork(pid, tid, parentPid, parentTid, !synthesized);
        break;
      }
      case PerfRecord.MMAP:
      case PerfRecord.MMAP2:
        this.applyMmap();
        break;
      case PerfRecord.LOST:
        this.lost += readLost(records.body(), records.type);
        this.lostChunks++;
        break;
      case PerfRecord.LOST_SAMPLES:
        this.lostSamples += readLost(records.body(), records.type);
        break;
      case PerfRecord.THROTTLE:
        this.throttled++;
        break;
      default:
      // The rest does not bear on stacks; a type of a newer perf's is passed over by its size.
    }
  }

  private applyMmap(): void {
    const { records } = this;
    const map = readMmap(records.body(), records.type, records.misc);
    const { path, start, pgoff } = map;
    // The kernel's own mapping belongs to no process; its page offset is the address of a symbol.
    if (map.pid === -1 || start < 0) {
      const match = /^\[kernel\.kallsyms\](_text|_stext)$/.exec(path);
      if (match !== null) this.kernelReference = { name: match[1], address: pgoff };
      return;
    }
    if (!map.executable || !(map.length > 0)) return;
    const end = start + map.length;
    const buildId = map.buildId ?? this.buildIdOf.get(path);
    this.processes.map(map.pid, { start, end, pgoff, path, buildId, inode: map.inode });
  }

  private addSample(ordinal: number): void {
    const { records, view, builder, stacks } = this;
    if (!records.sample(view)) {
      if (records.event < 0) this.unidentified++;
      else this.damaged++;
      return;
    }
    const event = this.eventRows[view.event];
    if (event < 0) return;
    const thread = this.processes.thread(view.pid, view.tid);
    let row = this.threadRows.get(thread);
    if (row?.comm !== thread.comm) {
      const { comm } = thread;
      row = { comm, thread: builder.thread(view.pid, view.tid, comm), text: builder.string(comm) };
      this.threadRows.set(thread, row);
    }
    stacks.resolve(view, thread.process);
    builder.addSample(
      row.thread,
      row.text,
      view.time,
      stacks.stack,
      view.cpu,
      event,
      view.period,
      this.truncationOf(ordinal, stacks.truncation),
    );
  }

  /** Of stacks that Strata unwound while recording, the recording says how they end. */
  private truncationOf(ordinal: number, found: Truncation): Truncation {
    const truncated = this.strata?.truncated;
    if (truncated === undefined || found !== Truncation.None) return found;
    const { ordinals, causes } = truncated;
    let low = 0;
    let high = ordinals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ordinals[middle] < ordinal) low = middle + 1;
      else high = middle;
    }
    return ordinals[low] === ordinal ? (causes[low] as Truncation) : Truncation.None;
  }

  private readStrata(): StrataSection | undefined {
    const { strata } = this.file.info;
    if (strata === undefined) return undefined;
    try {
      return decodeStrataSection(strata);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.fileNotes.push(`${error.message}: names and truncation marks may be missing`);
      return undefined;
    }
  }

  private readKernel(): KernelSymbols {
    const reference = this.kernelReference;
    const text =
      this.strata?.kernelSymbols ?? (this.isThisKernel() ? undefined : new Uint8Array(0));
    return readKernelSymbols({
      ...(text === undefined ? {} : { text }),
      ...(reference === undefined || this.strata?.kernelSymbols !== undefined ? {} : { reference }),
    });
  }

  /** Whether the kernel that was recorded is the one that runs. */
  private isThisKernel(): boolean {
    const { osRelease, hostname: host } = this.file.info;
    if (this.isOtherMachine) return false;
    const sameRelease = osRelease === '' || osRelease === release();
    return sameRelease && (host === '' || host === hostname());
  }

  private codeFiles(names: GeneratedNames, vdso: () => ElfImage | undefined): CodeFiles {
    return {
      open: (path, _pid, buildId) => {
        if (path === '[vdso]') return vdso()?.source;
        return this.symbolizer.module({ path, buildId }).image?.source;
      },
      generatedCode: (pid, mapping: Mapping, address) => {
        if (!names.covers(mapping)) return undefined;
        const name = names.nameAt(this.processes.process(pid), mapping, address);
        if (name === undefined) return undefined;
        return name.startsWith('py::') ? 'trampoline' : 'other';
      },
    };
  }
}

/** perf's own event that carries mappings and the like, and counts nothing. */
function isDummy(name: string): boolean {
  return /^dummy(?::|$)/.test(name);
}

/** Of an unknown architecture stacks are not unwound anyway; its files' chains are read all the same. */
function architectureOf(arch: string): Architecture {
  if (arch === '') return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return arch === 'aarch64' || arch === 'arm64' ? 'aarch64' : 'x86_64';
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
