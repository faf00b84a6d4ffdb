/** What `strata stat` was asked to count. */
import type { EventFilter } from '../record/options.js';
import type { Target } from '../record/targets.js';

export interface StatOptions {
  readonly target: Target;
  /** Program and arguments to run; beside another target it bounds the time. Empty for none. */
  readonly command: readonly string[];
  /** Each `-e`, as written; empty for the usual events. */
  readonly events: readonly string[];
  /** Each `--filter`, with how many `-e` stood before it. */
  readonly filters: readonly EventFilter[];
  /** How many `-d`: more of the caches' events. */
  readonly detail: number;
  /** How often the command is run. */
  readonly runs: number;
  readonly aggregation: Aggregation;
  /** Counts of every so many milliseconds are told as they come. */
  readonly intervalMs?: number;
  /** Counting ends after so many intervals. */
  readonly intervalCount?: number;
  /** Counting ends after so long, and with it the command. */
  readonly timeoutMs?: number;
  /** Counting begins after so long. */
  readonly delayMs?: number;
  /** Whether what the target starts is counted, too. */
  readonly inherit: boolean;
}

/** What counts are added up over: each gets rows of its own. */
export type Aggregation = 'all' | 'thread' | 'cpu' | 'core' | 'socket';
