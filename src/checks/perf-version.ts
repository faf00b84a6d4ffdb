/** An installed `perf`, and what it can do with CPython's jitdumps. */
import { spawnSync } from 'node:child_process';

import { isAtLeast } from './versions.js';

export interface PerfFacts {
  readonly path: string;
  /** As it says: `6.7-3`, `6.1.187`, `6.8.rc1.gabc123`; `undefined` where it does not run. */
  readonly version: string | undefined;
}

const TIMEOUT_MS = 5_000;

/** @param path the program */
export function askPerf(path: string): PerfFacts {
  const { stdout, status } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: TIMEOUT_MS,
  });
  const version = status === 0 ? /^perf version (\S+)/.exec(stdout)?.[1] : undefined;
  return { path, version };
}

/**
 * Whether a perf reads CPython's jitdumps (`-X perf_jit`) rightly: from 6.7.2 on.
 * What stands behind a hyphen is the package's own count: `6.7-3` is the third package of 6.7, which lacks
 * the change, and not 6.7.3.
 */
export function readsPythonDumps(version: string): boolean {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version);
  return match !== null && isAtLeast([match[1], match[2], match[3] ?? 0].map(Number), 6, 7, 2);
}
