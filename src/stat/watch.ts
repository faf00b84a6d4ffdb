/** Waits while counters count, and reads them. */
import type { Nanoseconds } from '../base/units.js';
import { now } from '../linux/clock.js';
import type { Counters } from './counters.js';
import type { StatOptions } from './options.js';
import { makeRows, type Row } from './rows.js';

/** Counts of a stretch of time. */
export interface Interval {
  readonly rows: readonly Row[];
  /** Its end, since counting began. */
  readonly at: Nanoseconds;
  readonly length: Nanoseconds;
}

/** Longer timers of Node.js end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Waits, again and again, for a time or the first of some ends, whichever comes first. */
export class Alarm {
  private hasEnded = false;
  private wake: (() => void) | undefined;

  constructor(ends: readonly (Promise<unknown> | undefined)[]) {
    for (const end of ends) {
      void end?.then(() => {
        this.hasEnded = true;
        this.wake?.();
      });
    }
  }

  /** @returns whether the time passed, and none of the ends came before */
  async passes(ms: number): Promise<boolean> {
    const until = now() + ms * 1e6;
    for (let left = ms; left > 0 && !this.hasEnded; left = (until - now()) / 1e6) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(Math.ceil(left), LONGEST_TIMER_MS));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return !this.hasEnded;
  }
}

interface Reading {
  readonly numbers: Float64Array;
  /** Since counting began. */
  readonly at: Nanoseconds;
}

/** Reads the counters at each interval's end and at the last. */
export class Watch {
  private latest: Reading | undefined;

  constructor(
    private readonly counters: Counters,
    private readonly began: Nanoseconds,
    private readonly hasBegun: boolean,
    private readonly onInterval: (interval: Interval) => void,
  ) {}

  /** Counts until the end, or as long as was asked for. @returns whether the time was up */
  async until(
    end: Alarm,
    { intervalMs, intervalCount = Infinity, timeoutMs = Infinity }: StatOptions,
  ): Promise<boolean> {
    const left = (ms: number): number => ms - (now() - this.began) / 1e6;
    if (intervalMs !== undefined) {
      for (let told = 0, next = intervalMs; next < timeoutMs;) {
        if (!(await end.passes(left(next)))) break;
        this.tell();
        if (++told === intervalCount) return false;
        // Where we came too late for the next one, too, this interval was longer.
        next += intervalMs * Math.max(1, Math.ceil(-left(next) / intervalMs));
      }
    }
    const isTimeUp = await end.passes(left(timeoutMs));
    if (intervalMs === undefined) this.read();
    else this.tell();
    return isTimeUp;
  }

  /** All that was counted, up to when it was read last. */
  total(): { rows: Row[]; elapsed: Nanoseconds } {
    const { numbers, at } = this.latest ?? this.read();
    return { rows: makeRows(this.counters, numbers, undefined, this.hasBegun), elapsed: at };
  }

  private read(): Reading {
    const at = now() - this.began;
    return (this.latest = { numbers: this.counters.read(), at });
  }

  private tell(): void {
    const before = this.latest;
    const { numbers, at } = this.read();
    const rows = makeRows(this.counters, numbers, before?.numbers, this.hasBegun);
    this.onInterval({ rows, at, length: at - (before?.at ?? 0) });
  }
}
