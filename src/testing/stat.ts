/** Counts as `strata stat` and `perf stat` give them. */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

import { strata, type Run } from './cli.js';
import { skipOrFail } from './pythons.js';

/** A call that only what a test starts makes, and as often as it says. */
export const GETPPID = 'syscalls:sys_enter_getppid';

/** A line of CSV. */
export interface Field {
  readonly value: string;
  readonly unit: string;
  readonly event: string;
  readonly metric: string;
  readonly all: readonly string[];
}

/** @param lead fields before the count */
export function fields(csv: string, lead = 0): Field[] {
  return csv
    .split('\n')
    .filter((line) => line.includes(';'))
    .map((line) => {
      const all = line.split(';');
      const [value, unit, event] = all.slice(lead);
      return { value, unit, event, metric: all.slice(-2).join(' '), all };
    });
}

/** What `strata stat` counts of a command, by event. */
export async function count(
  events: string,
  command: readonly string[],
  flags: readonly string[] = [],
): Promise<{ counts: Record<string, number>; done: Run }> {
  const done = await strata(['stat', '-x;', '-e', events, ...flags, '--', ...command]);
  return { counts: byEvent(done.stderr), done };
}

export function byEvent(csv: string): Record<string, number> {
  return Object.fromEntries(fields(csv).map(({ event, value }) => [event, Number(value)]));
}

/** The same by `perf stat`. */
export function perfCount(
  events: string,
  command: readonly string[],
  flags: readonly string[] = [],
): Record<string, number> {
  const argv = ['stat', '-x;', '-e', events, ...flags, '--', ...command];
  return byEvent(spawnSync('perf', argv, { encoding: 'utf8' }).stderr);
}

/** Tracepoints are root's, mostly. */
export function needsTracepoints(t: TestContext): boolean {
  const seen = spawnSync('perf', ['stat', '-e', GETPPID, 'true']);
  if (seen.status === 0) return true;
  skipOrFail(t, 'tracepoints', 'no perf, or not allowed to use them');
  return false;
}
