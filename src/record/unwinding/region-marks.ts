/**
 * Regions that the recorded program marks while it runs: `region-begin NAME PID TID TIME`, `region-end …`.
 * The main thread hears them, the unwinding thread keeps them until the file ends that has their time.
 */
import { plural, type Nanoseconds } from '../../base/units.js';
import type { Region } from '../../profile/regions.js';

/** More than any program marks on purpose: the oldest go then. */
const MOST_REGIONS = 1_000_000;

const MARK = /^region-(begin|end) (\S{1,1024}) (\d{1,10}) (\d{1,10}) (\d{1,16})$/;

/** Whether a line may be a mark. */
export function isMark(line: string): boolean {
  return line.startsWith('region-') && line.length < 2048;
}

export class RegionMarks {
  /** In the order of their end. */
  private closed: Region[] = [];
  /** Regions that have not ended, the innermost last, by thread and name. */
  private readonly open = new Map<string, Omit<Region, 'end'>[]>();
  private openCount = 0;
  private dropped = 0;

  constructor(private readonly most = MOST_REGIONS) {}

  /** Takes a line; what is no mark does nothing. */
  take(line: string): void {
    const match = MARK.exec(line);
    if (match === null) return;
    const [, kind, encoded, pid, tid, time] = match;
    const name = decodeName(encoded);
    const key = `${pid} ${tid} ${name}`;
    const waiting = this.open.get(key);
    if (kind === 'end') {
      const region = waiting?.pop();
      if (region === undefined) return;
      this.openCount--;
      this.closed.push({ ...region, end: Number(time) });
      if (waiting?.length === 0) this.open.delete(key);
    } else if (this.hasRoom()) {
      const region = { name, pid: Number(pid), tid: Number(tid), start: Number(time) };
      if (waiting === undefined) this.open.set(key, [region]);
      else waiting.push(region);
      this.openCount++;
    }
  }

  /**
   * The regions of a file that ends, in the order of their beginning. Those that go on end with it, and are
   * of the next file, too.
   * @param from when the file began
   * @param to when it ends: what has ended by then is forgotten
   */
  between(from: Nanoseconds, to: Nanoseconds): readonly Region[] {
    const goingOn = [...this.open.values()].flat().map((region) => ({ ...region, end: to }));
    const regions = [...this.closed, ...goingOn].filter(
      ({ start, end }) => start <= to && end >= from,
    );
    this.closed = this.closed.filter(({ end }) => end > to);
    return regions.sort((a, b) => a.start - b.start);
  }

  /** What is to be said when the recording ends, in sentences. */
  notes(): string[] {
    const notes: string[] = [];
    if (this.openCount > 0) {
      // Their program was killed, or recording ended first.
      notes.push(`${plural(this.openCount, 'region')} had not ended when the recording did`);
    }
    if (this.dropped > 0) {
      notes.push(`${plural(this.dropped, 'region')} of the program were too many to keep`);
    }
    return notes;
  }

  /** Makes room for one more. @returns whether there is */
  private hasRoom(): boolean {
    if (this.openCount + this.closed.length < this.most) return true;
    const leaving = Math.ceil(this.closed.length / 2);
    this.closed = this.closed.slice(leaving);
    this.dropped += Math.max(1, leaving);
    return leaving > 0;
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
