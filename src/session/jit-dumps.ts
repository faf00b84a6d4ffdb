/**
 * Jitdumps of the recorded processes: found by the mapping that each writer makes of its dump for that
 * purpose, and played back beside the recording, so that each sample meets the functions of its time.
 */
import { basename } from 'node:path';

import { FormatError, StrataError } from '../base/errors.js';
import { gatherFloat64, latestOfOverlapping, sortedOrder } from '../base/order.js';
import { FileSource } from '../base/source.js';
import type { Nanoseconds } from '../base/units.js';
import type { EventAttr } from '../formats/perfdata/attr.js';
import { PerfSample } from '../formats/perfdata/spec.js';
import type { TimeConversion } from '../formats/perfdata/tool-records.js';
import { readJitDump, type JitDump } from '../formats/jitdump/reader.js';
import type { Mapping, PendingCode } from './address-space.js';
import { findMapFile, type MapFiles } from './generated-files.js';
import { JitFunction } from './jit-function.js';
import type { Process } from './processes.js';

/** What perf looks for, too (`jit_detect` in `tools/perf/util/jitdump.c`). */
const MARKER = /\/jit-\d+\.dump$/;
const CLOCK_MONOTONIC = 1;

/** Whether a mapping of this file only tells where a jitdump is. */
export function isJitDump(path: string): boolean {
  return MARKER.test(path);
}

export class JitDumps {
  /** Facts to be told, one sentence each. */
  readonly notes: string[] = [];
  /** By where they were found: containers may each have one of the same path. */
  private readonly dumps = new Map<string, JitDump | undefined>();
  private readonly sources: FileSource[] = [];
  /** The recording's clock: CLOCK_MONOTONIC, the kernel's own, or another. */
  private readonly clock: 'monotonic' | 'default' | 'other';
  private conversion: TimeConversion | undefined;

  /**
   * @param files where dumps are looked for; nowhere if absent
   * @param attrs of the recording's events
   */
  constructor(
    private readonly files: MapFiles | undefined,
    attrs: readonly EventAttr[],
  ) {
    const hasTime = attrs.every(({ sample_type: fields }) => (fields & PerfSample.TIME) !== 0);
    const clocks = new Set(attrs.map(({ flags, clockid }) => (flags.use_clockid ? clockid : -1)));
    const [clock] = clocks.size === 1 && hasTime ? clocks : [];
    this.clock = clock === CLOCK_MONOTONIC ? 'monotonic' : clock === -1 ? 'default' : 'other';
  }

  /** PERF_RECORD_TIME_CONV. */
  convertsTime(conversion: TimeConversion): void {
    this.conversion = conversion;
  }

  /** A process has mapped a file for execution: where that is a jitdump, its code is to be expected. */
  mapped(process: Process, path: string): void {
    if (this.files === undefined || !isJitDump(path)) return;
    const found = findMapFile(this.files, process.pid, path);
    const key = found ?? path;
    if (!this.dumps.has(key)) this.dumps.set(key, this.open(path, found));
    const dump = this.dumps.get(key);
    if (dump !== undefined) process.space.expect(new Timeline(path, dump, this.timesOf(dump)));
  }

  close(): void {
    for (const source of this.sources) source.close();
  }

  private open(path: string, found: string | undefined): JitDump | undefined {
    if (found === undefined) {
      this.notes.push(`${path} is gone, and with it the names of code that was made at run time`);
      return undefined;
    }
    try {
      const source = new FileSource(found);
      this.sources.push(source);
      if (source.byteLength === 0) {
        this.notes.push(`${found} is empty: the process ended before it wrote it`);
        return undefined;
      }
      const dump = readJitDump(source);
      if (dump.gap !== undefined) this.notes.push(`${found}: ${dump.gap}`);
      this.noteClock(path, dump);
      return dump;
    } catch (error) {
      if (!(error instanceof StrataError)) throw error;
      this.notes.push(error instanceof FormatError ? `${found}: ${error.message}` : error.message);
      return undefined;
    }
  }

  private noteClock(path: string, dump: JitDump): void {
    if (this.timesOf(dump) !== undefined) return;
    this.notes.push(
      `functions in ${basename(path)} are named as they stood at its end: ` +
        'it has another clock than the recording (perf record -k 1 gives them the same)',
    );
  }

  /** The dump's times by the recording's clock; `undefined` where they cannot be compared. */
  private timesOf({ header, times }: JitDump): Float64Array | undefined {
    if (!header.archTimestamps) return this.clock === 'monotonic' ? times : undefined;
    if (this.clock !== 'default' || this.conversion === undefined) return undefined;
    const { shift, multiplier, zero } = this.conversion;
    const start = Number(BigInt.asIntN(64, zero));
    return times.map((cycles) => start + (cycles * multiplier) / 2 ** shift);
  }
}

/** One process's way through a dump. */
class Timeline implements PendingCode {
  /** Rows by time; without times as they stand in the file. */
  private readonly order: Uint32Array;
  private done = 0;

  /** @param times of the rows; without them all code is there from the start */
  constructor(
    readonly name: string,
    private readonly dump: JitDump,
    private readonly times: Float64Array | undefined,
  ) {
    this.order = sortedOrder(times ?? new Float64Array(dump.length));
  }

  get next(): Nanoseconds {
    if (this.done === this.order.length) return Infinity;
    return this.times?.[this.order[this.done]] ?? -Infinity;
  }

  take(time: Nanoseconds): readonly Mapping[] {
    const { dump, order } = this;
    const from = this.done;
    while (this.next <= time) this.done++;
    const rows = order.subarray(from, this.done);
    const starts = gatherFloat64(dump.addresses, rows);
    const sizes = gatherFloat64(dump.sizes, rows);
    return Array.from(latestOfOverlapping(starts, sizes), (i) => {
      const start = starts[i];
      const jit = new JitFunction(dump, rows[i]);
      return { start, end: start + sizes[i], pgoff: 0, path: '[jit]', buildId: undefined, jit };
    });
  }
}
