/** Regions that the recorded program marks while it runs: `region-begin NAME PID TID TIME`, `region-end …`. */
import type { Region } from '../profile/regions.js';

/** More than any program marks on purpose: a region is kept in memory until the recording ends. */
const MOST_REGIONS = 1_000_000;

const MARK = /^region-(begin|end) (\S{1,1024}) (\d{1,10}) (\d{1,10}) (\d{1,16})$/;

export class RegionMarks {
  private readonly closed: Region[] = [];
  /** Regions that have not ended, the innermost last, by thread and name. */
  private readonly open = new Map<string, Omit<Region, 'end'>[]>();
  private count = 0;
  /** Marks beyond what is kept. */
  dropped = 0;

  /** Takes a line. @returns whether it was a mark */
  take(line: string): boolean {
    const match = MARK.exec(line);
    if (match === null) return false;
    const [, kind, encoded, pid, tid, time] = match;
    const name = decodeName(encoded);
    const key = `${pid} ${tid} ${name}`;
    const waiting = this.open.get(key);
    if (kind === 'end') {
      const region = waiting?.pop();
      if (region !== undefined) this.closed.push({ ...region, end: Number(time) });
      if (waiting?.length === 0) this.open.delete(key);
    } else if (this.count >= MOST_REGIONS) {
      this.dropped++;
    } else {
      this.count++;
      const region = { name, pid: Number(pid), tid: Number(tid), start: Number(time) };
      if (waiting === undefined) this.open.set(key, [region]);
      else waiting.push(region);
    }
    return true;
  }

  /** All of them; those that never ended, as their program was killed, end `now`. */
  finish(now: number): { regions: Region[]; unfinished: number } {
    const unfinished = [...this.open.values()].flat();
    const regions = [...this.closed, ...unfinished.map((region) => ({ ...region, end: now }))];
    return { regions: regions.sort((a, b) => a.start - b.start), unfinished: unfinished.length };
  }
}

/** Names come percent-encoded, to be one word. */
function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
