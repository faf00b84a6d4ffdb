/** Which samples are printed; all where nothing is asked for. */
import { formatAddress } from '../../../base/units.js';
import type { SampleView } from '../../../formats/perfdata/sample.js';
import type { RegionTimes, ThreadTimes } from '../../../profile/regions.js';
import { isWithin, type TimeSpan } from '../../../profile/selection/time-slices.js';
import type { Thread } from '../../../session/processes.js';
import type { Place } from './frame-lines.js';

export interface SampleFilter {
  readonly times?: readonly TimeSpan[];
  readonly cpus?: readonly number[];
  readonly pids?: readonly number[];
  readonly tids?: readonly number[];
  readonly comms?: readonly string[];
  /** The times of regions: what their threads did in them. */
  readonly regions?: RegionTimes;
  /** Files that the sample's own address lies in, with or without folders. */
  readonly dsos?: readonly string[];
  /** Functions that it lies in, by name or by `0x` and their address. */
  readonly functions?: readonly string[];
}

export class SampleChoice {
  private readonly cpus: ReadonlySet<number> | undefined;
  private readonly pids: ReadonlySet<number> | undefined;
  private readonly tids: ReadonlySet<number> | undefined;
  private readonly comms: ReadonlySet<string> | undefined;
  private readonly dsos: ReadonlySet<string> | undefined;
  private readonly functions: ReadonlySet<string> | undefined;
  private readonly regions: RegionTimes | undefined;
  /** Of the thread that was asked last. */
  private lastThread: Thread | undefined;
  private lastTimes: ThreadTimes | undefined;
  private readonly times: readonly TimeSpan[] | undefined;

  constructor(filter: SampleFilter) {
    this.cpus = filter.cpus && new Set(filter.cpus);
    this.pids = filter.pids && new Set(filter.pids);
    this.tids = filter.tids && new Set(filter.tids);
    this.comms = filter.comms && new Set(filter.comms);
    this.dsos = filter.dsos && new Set(filter.dsos);
    this.functions = filter.functions && new Set(filter.functions);
    this.regions = filter.regions;
    this.times = filter.times;
  }

  /** By what the sample itself says. A CPU that was not recorded is any. */
  holds(view: SampleView, thread: Thread): boolean {
    const { cpus, pids, tids, comms, times } = this;
    return (
      (times === undefined || isWithin(times, view.time)) &&
      this.holdsCpu(view.cpu, cpus) &&
      (pids === undefined || pids.has(view.pid)) &&
      (tids === undefined || tids.has(view.tid)) &&
      (comms === undefined || comms.has(thread.comm)) &&
      (this.regions === undefined || this.holdsRegion(this.regions, view, thread))
    );
  }

  private holdsRegion(regions: RegionTimes, view: SampleView, thread: Thread): boolean {
    if (this.lastThread !== thread) {
      this.lastThread = thread;
      this.lastTimes = regions.of(view.pid, view.tid);
    }
    return this.lastTimes?.holds(view.time) === true;
  }

  /** Whether records of a CPU are printed. */
  holdsCpu(cpu: number, cpus = this.cpus): boolean {
    return cpus === undefined || cpu < 0 || cpus.has(cpu);
  }

  /** Whether {@link holdsPlace} has to be asked. */
  get byPlace(): boolean {
    return this.dsos !== undefined || this.functions !== undefined;
  }

  /** By where the sample was taken. */
  holdsPlace({ file, name, start }: Place): boolean {
    const { dsos, functions } = this;
    if (dsos !== undefined && !dsos.has(file) && !dsos.has(baseName(file))) return false;
    if (functions === undefined) return true;
    return (
      name !== undefined && (functions.has(name) || functions.has(`0x${formatAddress(start)}`))
    );
  }
}

function baseName(path: string): string {
  return path.startsWith('/') ? path.slice(path.lastIndexOf('/') + 1) : path;
}
