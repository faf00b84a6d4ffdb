/** What a command took, as text: real time beside CPU time, so that waiting is seen. */
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  type Nanoseconds,
} from '../../base/units.js';
import type { MeasuredRun } from '../../measure/launch.js';
import type { Style } from './style.js';
import type { Sink } from './text.js';

const WIDEST_BAR = 40;
const NARROWEST_BAR = 8;
/** Columns before a bar: `system    14.3 ms  `. */
const FIGURES = 19;
const EIGHTHS = ' ▏▎▍▌▋▊▉';

/**
 * @param signal the name of the signal that ended the command
 * @param columns of the terminal
 */
export function writeTime(
  run: MeasuredRun,
  signal: string | undefined,
  style: Style,
  sink: Sink,
  columns = Infinity,
): void {
  const { real, usage } = run;
  const width = Math.max(NARROWEST_BAR, Math.min(WIDEST_BAR, columns - FIGURES));
  if (signal !== undefined) sink(`${style.strong(`ended by ${signal}`)}\n`);
  else if (run.code !== 0) sink(`${style.strong(`exit code ${run.code}`)}\n`);

  const longest = Math.max(real, usage.user, usage.system);
  for (const [name, time] of [
    ['real', real],
    ['user', usage.user],
    ['system', usage.system],
  ] as const) {
    const line = `${name.padEnd(8)}${formatDuration(time).padStart(9)}  ${bar(time, longest, width)}`;
    sink(`${line.trimEnd()}\n`);
  }
  sink(`${' '.repeat(8)}${style.strong(busy(real, usage.user + usage.system))}\n\n`);

  for (const [name, text] of [
    ['peak memory', formatBytes(usage.peakMemory)],
    [
      'context switches',
      `${formatCount(usage.voluntarySwitches)} voluntary (it waited), ` +
        `${formatCount(usage.involuntarySwitches)} involuntary (others were to run)`,
    ],
    [
      'page faults',
      `${formatCount(usage.minorFaults)} minor, ${formatCount(usage.majorFaults)} major (waited for a disk)`,
    ],
    ['disk', `${formatBytes(usage.read)} read, ${formatBytes(usage.written)} written`],
  ] as const) {
    sink(`${name.padEnd(18)}${text}\n`);
  }
}

/** The account of a process begins before the clock is looked at. */
const CLOCKS_DIFFER: Nanoseconds = 500_000;

/** CPU time beside real time, in words. */
function busy(real: Nanoseconds, cpu: Nanoseconds): string {
  const cpus = cpu / real;
  // The two clocks may differ by what a command takes that waits for nothing, and by its start.
  if (cpus >= 1.05 && cpu - real >= CLOCKS_DIFFER) return `kept ${cpus.toFixed(2)} CPUs busy`;
  const ran = Math.min(cpu, real);
  return (
    `ran on a CPU ${formatPercent(ran, real, 0)} of the time, ` +
    `waited ${formatPercent(real - ran, real, 0)}`
  );
}

function bar(value: number, longest: number, width: number): string {
  const eighths = longest > 0 ? Math.round((value / longest) * width * 8) : 0;
  return ('█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]).trimEnd();
}

/** As POSIX has it of `time -p`: seconds. */
export function posixTime({ real, usage }: MeasuredRun): string {
  const line = (name: string, time: Nanoseconds): string => `${name} ${(time / 1e9).toFixed(2)}\n`;
  return line('real', real) + line('user', usage.user) + line('sys', usage.system);
}
