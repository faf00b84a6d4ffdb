/**
 * A recording played back: its records in the order of time, and the processes, threads and mappings as
 * they stood at each sample. Reports, `script` and `inject` all stand on it.
 */
import { hostname, release } from 'node:os';

import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../base/source.js';
import type { Address } from '../base/units.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import type { ElfImage } from '../formats/elf/image.js';
import { readPerfData, type PerfDataFile } from '../formats/perfdata/reader.js';
import type { RecordReader } from '../formats/perfdata/records.js';
import { SampleView } from '../formats/perfdata/sample.js';
import {
  readComm,
  readFork,
  readLost,
  readMmap,
  readTimeConversion,
} from '../formats/perfdata/sideband.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { decodeStrataSection, type StrataSection } from '../formats/perfdata/strata-section.js';
import { readKernelSymbols, type KernelSymbols } from '../symbolize/kernel.js';
import { Symbolizer } from '../symbolize/symbolizer.js';
import { readVdso } from '../symbolize/vdso.js';
import type { Mapping } from './address-space.js';
import { CallChains } from './call-chains.js';
import { GeneratedNames } from './generated-code.js';
import { JitDumps } from './jit-dumps.js';
import { Locations } from './locations.js';
import { ModuleCache, type CodeFiles } from './modules.js';
import type { ReadingFacts } from './notes.js';
import { OrderedRecords } from './ordered.js';
import { ProcessTable, type Thread } from './processes.js';

export interface ReplayOptions {
  /**
   * The folder that stands for `/` when modules are looked for: a copy of another machine's files. The
   * running kernel's symbols are then not used.
   */
  readonly root?: string;
  /** When the recording ended, in ms since 1970; without it no map outside the file gives names. */
  readonly recordedBefore?: number;
  /** A folder that perf maps and jitdumps were copied to. */
  readonly perfMapDir?: string | undefined;
}

/** What a replay calls, in the order of time. */
export interface Visitor {
  /**
   * A sample; `replay.chains.read(view, thread.process)` gives its call chain.
   * @param ordinal its number among the file's SAMPLE records
   */
  sample(view: SampleView, thread: Thread, ordinal: number): void;
  /** Any other record, after what it tells has been applied. */
  record?(reader: RecordReader): void;
}

export class Replay {
  readonly file: PerfDataFile;
  readonly architecture: Architecture;
  readonly processes: ProcessTable;
  readonly locations: Locations;
  readonly chains: CallChains;
  /** What Strata's own recorder has put in; `undefined` in other recordings. */
  readonly strata: StrataSection | undefined;

  private readonly records: RecordReader;
  private readonly symbolizer: Symbolizer;
  private readonly dumps: JitDumps;
  private readonly view = new SampleView();
  private readonly buildIdOf = new Map<string, string>();
  private readonly notes: string[] = [];
  private readonly isOtherMachine: boolean;
  private kernelReference: { readonly name: string; readonly address: Address } | undefined;

  private lost = 0;
  private lostSamples = 0;
  private lostChunks = 0;
  private throttled = 0;
  private damaged = 0;
  private unidentified = 0;

  /**
   * @param source stays open until {@link close}
   * @throws StrataError, FormatError where it cannot be read at all; what is wrong with a part of it is
   *   among the {@link facts}
   */
  constructor(
    private readonly source: ByteSource,
    options: ReplayOptions,
  ) {
    const file = readPerfData(source);
    const { info, events } = file;
    const { root = '', recordedBefore, perfMapDir: folder } = options;
    this.file = file;
    this.isOtherMachine = root !== '';
    this.strata = this.readStrata();
    this.records = file.records();
    for (const { path, buildId } of info.buildIds) this.buildIdOf.set(path, buildId);

    const { names: embedded, info: strataInfo } = this.strata ?? {};
    const mapFiles = recordedBefore === undefined ? undefined : { root, recordedBefore, folder };
    this.dumps = new JitDumps(
      mapFiles,
      events.events.map(({ attr }) => attr),
    );
    const names = new GeneratedNames(
      strataInfo?.namesPath === undefined || embedded === undefined
        ? undefined
        : { path: strataInfo.namesPath, file: embedded },
      mapFiles,
    );
    this.architecture = architectureOf(info.arch);
    this.symbolizer = new Symbolizer({ root });
    const vdso = once(() => (this.isThisKernel() ? readVdso() : undefined));
    const modules = new ModuleCache(this.architecture, this.codeFiles(names, vdso));
    this.processes = new ProcessTable(modules);
    this.locations = new Locations({
      modules,
      symbolizer: this.symbolizer,
      kernel: () => this.readKernel(),
      names,
      vdso,
    });
    this.chains = new CallChains(this.architecture, events.events, strataInfo);
  }

  /** Plays the recording back; once. */
  run(visitor: Visitor): void {
    const { records } = this;
    new OrderedRecords(records).forEach((ordinal) => {
      if (records.type === PerfRecord.SAMPLE) {
        this.visitSample(visitor, ordinal);
        return;
      }
      try {
        this.apply();
      } catch (error) {
        // A damaged record of the file's: what it told is not known, the rest is.
        if (!(error instanceof FormatError)) throw error;
        this.damaged++;
      }
      visitor.record?.(records);
    });
  }

  /** The raw data of the sample that is being visited, sharing memory. */
  raw(view: SampleView): Uint8Array {
    return this.records.raw(view);
  }

  /** What the reading found out, once it is done. */
  get facts(): ReadingFacts {
    const { info } = this.strata ?? {};
    return {
      lost: Math.max(this.lost, this.lostSamples, info?.lost ?? 0),
      lostChunks: this.lostChunks,
      throttled: Math.max(this.throttled, info?.throttled ?? 0),
      damaged: this.damaged,
      unidentified: this.unidentified,
      file: [...this.notes, ...this.fileNotes(), ...this.dumps.notes, ...(info?.notes ?? [])],
      kernelGap: this.locations.kernelGap,
      moduleGaps: new Map(this.symbolizer.gaps().map(({ path, detail }) => [path, detail])),
    };
  }

  /** The recorded command. */
  get command(): string {
    return (this.strata?.info.command ?? this.file.info.commandLine).join(' ');
  }

  /** Closes the modules' files. */
  close(): void {
    this.symbolizer.close();
    this.dumps.close();
  }

  private fileNotes(): string[] {
    const { header, info } = this.file;
    const notes: string[] = [];
    if (header.cut === 'unfinished') {
      notes.push('the recorder did not finish the file: it is read to its end');
    } else if (header.cut === 'short') {
      notes.push(
        `${this.source.name} is cut: records at its end are missing, and what stood behind them, ` +
          'such as the names of Python functions',
      );
    }
    const early = this.records.earlyEnd;
    if (early !== undefined) {
      notes.push(`nothing could be read from byte ${early.offset} on: ${early.reason}`);
    }
    return [...notes, ...info.damaged];
  }

  private visitSample(visitor: Visitor, ordinal: number): void {
    const { records, view } = this;
    if (!records.sample(view)) {
      if (records.event < 0) this.unidentified++;
      else this.damaged++;
      return;
    }
    const thread = this.processes.thread(view.pid, view.tid);
    thread.process.space.catchUp(view.time);
    visitor.sample(view, thread, ordinal);
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
        processes.process(parentPid).space.catchUp(records.time);
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
      case PerfRecord.TIME_CONV:
        this.dumps.convertsTime(readTimeConversion(records.body()));
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
    const { pid, inode } = map;
    const process = this.processes.process(pid);
    process.space.catchUp(records.time);
    process.space.map({ start, end, pgoff, path, buildId, inode, pid });
    this.dumps.mapped(process, path);
  }

  private readStrata(): StrataSection | undefined {
    const { strata } = this.file.info;
    if (strata === undefined) return undefined;
    try {
      return decodeStrataSection(strata);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.notes.push(`${error.message}: names and truncation marks may be missing`);
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

/** Of an unknown architecture stacks are not unwound anyway; its files' chains are read all the same. */
function architectureOf(arch: string): Architecture {
  if (arch === '') return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return arch === 'aarch64' || arch === 'arm64' ? 'aarch64' : 'x86_64';
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
