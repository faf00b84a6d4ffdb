/**
 * A recording played back: its records in the order of time, and the processes, threads and mappings as
 * they stood at each sample. Reports, `script` and `inject` all stand on it.
 */
import { hostname } from 'node:os';

import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../base/source.js';
import type { Bytes } from '../base/units.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import { readKsymbol } from '../formats/perfdata/kernel-code.js';
import { readPerfData, type PerfDataFile } from '../formats/perfdata/reader.js';
import { GroupReads } from '../formats/perfdata/reads.js';
import type { RecordReader } from '../formats/perfdata/records.js';
import { SampleView } from '../formats/perfdata/sample.js';
import { readComm, readFork, readLost, readMmap } from '../formats/perfdata/sideband.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { decodeStrataSection, type StrataSection } from '../formats/perfdata/strata-section.js';
import { readTimeConversion } from '../formats/perfdata/tool-records.js';
import type { DownloadProgress } from '../symbolize/debuginfod-client.js';
import type { SymbolOptions } from '../symbolize/options.js';
import { Symbolizer } from '../symbolize/symbolizer.js';
import type { Mapping } from './address-space.js';
import { CallChains } from './call-chains.js';
import { ChainPool } from './chain-pool.js';
import { GeneratedNames } from './generated-code.js';
import { haveHardwareDetails } from './hardware.js';
import { JitDumps } from './jit-dumps.js';
import { Locations } from './locations.js';
import { ModuleCache, type CodeFiles } from './modules.js';
import type { ReadingFacts } from './notes.js';
import { OrderedRecords } from './ordered.js';
import { ProcessTable, type Thread } from './processes.js';
import { RecordedKernel } from './recorded-kernel.js';

export interface ReplayOptions {
  /** Where symbols are looked for. */
  readonly symbols?: SymbolOptions | undefined;
  /** When the recording ended, in ms since 1970; without it no map outside the file gives names. */
  readonly recordedBefore?: number;
  /** Bytes of debug information that may be parsed; by default what takes no long time. */
  readonly lineBudget?: Bytes | undefined;
  /** Whether files and lines are wanted, or inlined functions alone; by default they are. */
  readonly lines?: boolean | undefined;
  /** Whether weights and branch stacks of samples are wanted; by default they are not. */
  readonly hardware?: boolean | undefined;
  /** Which samples are visited, by their number among the file's; all where it is absent. */
  readonly only?: (ordinal: number) => boolean;
  /**
   * Size of the recordings from which on other threads help with unwinding; none do where it is absent. Of
   * samples that they unwind the visitor sees what is at the same place in all, and the call chain.
   */
  readonly sharedFrom?: Bytes;
  /** Told while a server of debug information is waited for. */
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
}

/** What a replay calls, in the order of time. */
export interface Visitor {
  /**
   * A sample; `replay.chains.read(view, thread.process)` gives its call chain.
   * @param ordinal its number among the file's SAMPLE records
   */
  sample(view: SampleView, thread: Thread, ordinal: number): void;
  /** A sample that cannot be read. */
  damaged?(ordinal: number, event: number): void;
  /** Any other record, after what it tells has been applied. */
  record?(reader: RecordReader): void;
  /** Whether a sample that carries counts of a group is visited once, not for each of its events. */
  readonly keepsGroups?: boolean;
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
  private readonly kernel: RecordedKernel;
  private readonly groups: GroupReads;
  /** There is some, and it is asked for. */
  private readonly wantsHardware: boolean;

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
    private readonly options: ReplayOptions,
  ) {
    const file = readPerfData(source);
    const { info, events } = file;
    const { symbols = {}, recordedBefore, onDownload, lineBudget, lines = true } = options;
    const { symfs: root = '', perfMapDir: folder } = symbols;
    this.file = file;
    this.strata = this.readStrata();
    this.records = file.records();
    this.groups = new GroupReads(events);
    this.wantsHardware = options.hardware === true && haveHardwareDetails(events.events);
    for (const { path, buildId } of info.buildIds) this.buildIdOf.set(path, buildId);

    const { names: embedded, info: strataInfo, kernelSymbols } = this.strata ?? {};
    // Another machine's maps are not in this one's /tmp, where the same numbers are other processes.
    const isHere = info.hostname === '' || info.hostname === hostname();
    const mapRoot = root !== '' || isHere ? root : undefined;
    const mapFiles =
      recordedBefore === undefined ? undefined : { root: mapRoot, recordedBefore, folder };
    // Strata's own recordings hold the names that dumps gave.
    this.dumps = new JitDumps(
      embedded === undefined ? mapFiles : undefined,
      events.events.map(({ attr }) => attr),
    );
    const names = new GeneratedNames(
      strataInfo?.namesPath === undefined || embedded === undefined
        ? undefined
        : { path: strataInfo.namesPath, file: embedded },
      mapFiles,
    );
    this.architecture = architectureOf(info.arch);
    this.kernel = new RecordedKernel(info, kernelSymbols, symbols);
    this.symbolizer = new Symbolizer({
      ...symbols,
      ...(onDownload === undefined ? {} : { onDownload }),
      ...(lineBudget === undefined ? {} : { lineBudget }),
      lines,
    });
    const { symbolizer, kernel } = this;
    const modules = new ModuleCache(this.architecture, this.codeFiles(names));
    this.processes = new ProcessTable(modules);
    this.locations = new Locations({ modules, symbolizer, kernel, names });
    this.chains = new CallChains(this.architecture, events.events, strataInfo);
  }

  /** Plays the recording back; once. */
  run(visitor: Visitor): void {
    const { records } = this;
    this.startPool();
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
      file: [
        ...this.notes,
        ...this.fileNotes(),
        ...this.dumps.notes,
        ...this.symbolizer.problems,
        ...(info?.notes ?? []),
      ],
      names: {
        kernel: this.kernel.gap,
        modules: this.symbolizer.gaps(),
        options: this.symbolizer.options,
      },
    };
  }

  /** The recorded command. */
  get command(): string {
    return (this.strata?.info.command ?? this.file.info.commandLine).join(' ');
  }

  /** Lets go of the modules' files and of what was uncompressed. */
  close(): void {
    this.chains.pool?.close();
    this.symbolizer.close();
    this.dumps.close();
    this.file.close();
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
    if (this.symbolizer.lineBudget.refused > 0 && this.options.lineBudget !== 0) {
      notes.push(
        'lines and inlined functions of files with much debug information are left out: --inline shows them',
      );
    }
    return [...notes, ...info.damaged];
  }

  private startPool(): void {
    const { chains, file, options } = this;
    const { size } = file.header.data;
    const { symbols, recordedBefore, sharedFrom = Infinity } = options;
    // Counts of groups lie behind what is read of others' samples.
    if (
      size < sharedFrom ||
      this.groups.isNeeded ||
      !file.events.events.some((_, event) => chains.unwinds(event))
    )
      return;
    chains.pool = ChainPool.start(this.source, { symbols, recordedBefore });
  }

  private visitSample(visitor: Visitor, ordinal: number): void {
    const { records, view, chains, options } = this;
    if (options.only?.(ordinal) === false) return;
    // Of what another thread unwinds the copy of the stack need not be read.
    const isTaken = chains.take(records.event, ordinal);
    if (
      !(isTaken && !this.wantsHardware ? records.sampleHead(view) : records.sample(view)) ||
      chains.isDamaged
    ) {
      if (records.event < 0) this.unidentified++;
      else this.damaged++;
      visitor.damaged?.(ordinal, records.event);
      return;
    }
    const thread = this.processes.thread(view.pid, view.tid);
    thread.process.space.catchUp(view.time);
    const { groups } = this;
    if (!groups.isNeeded || visitor.keepsGroups === true) {
      visitor.sample(view, thread, ordinal);
      return;
    }
    groups.split(view);
    for (let i = 0; i < groups.length; i++) {
      view.event = groups.events[i];
      view.period = groups.periods[i];
      visitor.sample(view, thread, ordinal);
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
      case PerfRecord.KSYMBOL:
        this.kernel.rename(readKsymbol(records.body()));
        break;
      default:
      // The rest does not bear on stacks; a type of a newer perf's is passed over by its size.
    }
  }

  private applyMmap(): void {
    const { records } = this;
    const map = readMmap(records.body(), records.type, records.misc);
    const { path, start, pgoff } = map;
    if (map.pid === -1 || start < 0) {
      this.kernel.map(map);
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

  private codeFiles(names: GeneratedNames): CodeFiles {
    return {
      open: (path, _pid, buildId) => {
        if (path === '[vdso]') return this.kernel.vdso?.source;
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
