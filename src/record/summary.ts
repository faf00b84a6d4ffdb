/**
 * What the recorder says: a line of progress while it runs, and the outcome at the end. All of it goes to
 * standard error; standard output is the command's.
 */
import { formatBytes, formatCount, formatPercent, plural } from '../base/units.js';
import type { RecordingResult } from './unwind-worker.js';
import { queueProgress, type SharedQueue } from './transfer.js';

const INTERVAL_MS = 250;

/**
 * Shows time, samples and losses on a terminal. The line leaves the cursor at its start, so that what the
 * command prints overwrites it.
 * @returns ends it and clears the line
 */
export function showProgress(queue: SharedQueue, stream: NodeJS.WriteStream): () => void {
  const started = performance.now();
  const timer = setInterval(() => {
    const { samples, lost } = queueProgress(queue);
    const seconds = (performance.now() - started) / 1000;
    const line = `strata: ${seconds.toFixed(1)} s, ${plural(samples, 'sample')}, ${formatCount(lost)} lost`;
    stream.write(`\r\x1b[2K${line.slice(0, Math.max(0, stream.columns - 1))}\r`);
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    stream.write('\r\x1b[2K');
  };
}

/** The lines that end a recording. */
export function summaryLines(
  result: RecordingResult,
  output: string,
  event: string,
  frequency: number,
): string[] {
  const { samples, lost, throttled, unwound, whole, fileSize } = result;
  const lines = [
    `${output}: ${plural(samples, 'sample')} of ${event} at ${formatCount(frequency)} Hz, ` +
      `${formatCount(lost)} lost, throttled ${plural(throttled, 'time')}, ${formatBytes(fileSize)}`,
  ];
  if (unwound > 0) {
    lines.push(
      `${formatPercent(whole, unwound)} of ${plural(unwound, 'user stack')} ` +
        'reach their thread’s start',
    );
  }
  if (samples === 0) lines.push('nothing was sampled: the command used next to no CPU time');
  return [...lines, ...result.notes];
}
