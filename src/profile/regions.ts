/**
 * Regions: stretches of a thread's time that the recorded program marked (`with strata.region("load")`).
 * What other threads did meanwhile is not part of one, as they may work for anyone.
 */
import { StrataError } from '../base/errors.js';
import { lastAtMost } from '../base/search.js';
import type { Nanoseconds } from '../base/units.js';
import type { Region } from '../formats/perfdata/strata-section.js';

export type { Region };

/** Names that an error lists at most. */
const LISTED = 20;

/** The times of some regions, by thread. */
export class RegionTimes {
  private readonly byThread = new Map<string, ThreadTimes>();

  /**
   * @param regions of a recording
   * @param names of those that are wanted
   * @throws StrataError where the recording has none of a name
   */
  constructor(regions: readonly Region[], names: readonly string[]) {
    const known = new Set(regions.map(({ name }) => name));
    const unknown = names.find((name) => !known.has(name));
    if (unknown !== undefined) {
      throw new StrataError(`the recording has no region '${unknown}'`, whatThereIs([...known]));
    }
    const wanted = new Set(names);
    const byThread = new Map<string, Region[]>();
    for (const region of regions) {
      if (!wanted.has(region.name)) continue;
      const key = threadKey(region.pid, region.tid);
      const others = byThread.get(key);
      if (others === undefined) byThread.set(key, [region]);
      else others.push(region);
    }
    for (const [key, marked] of byThread) this.byThread.set(key, new ThreadTimes(marked));
  }

  /** The times of a thread; `undefined` where it marked none. */
  of(pid: number, tid: number): ThreadTimes | undefined {
    return this.byThread.get(threadKey(pid, tid));
  }
}

function threadKey(pid: number, tid: number): string {
  return `${pid}/${tid}`;
}

/** Times that do not overlap, rising. */
export class ThreadTimes {
  private readonly starts: Float64Array;
  private readonly ends: Float64Array;
  private length = 0;

  /** @param regions of a thread; they may lie within each other */
  constructor(regions: readonly Region[]) {
    this.starts = new Float64Array(regions.length);
    this.ends = new Float64Array(regions.length);
    for (const { start, end } of regions.toSorted((a, b) => a.start - b.start)) {
      const last = this.length - 1;
      if (last >= 0 && start <= this.ends[last]) {
        this.ends[last] = Math.max(this.ends[last], end);
      } else {
        this.starts[this.length] = start;
        this.ends[this.length++] = end;
      }
    }
  }

  /** Whether they hold a time; start and end belong to a region. */
  holds(time: Nanoseconds): boolean {
    const at = lastAtMost(this.starts, this.length, time);
    return at >= 0 && time <= this.ends[at];
  }
}

function whatThereIs(names: readonly string[]): string {
  if (names.length === 0) {
    return 'it has no regions; a program marks them by: with strata.region("name"): (strata python-helper)';
  }
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return `it has: ${names.slice(0, LISTED).join(', ')}${more}`;
}
