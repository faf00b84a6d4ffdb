/**
 * What the recorder says: a line of progress while it runs, and the outcome at the end. All of it goes to
 * standard error; standard output is the command's.
 */
import { formatBytes, formatCount, formatPercent, plural } from '../base/units.js';
import { queueProgress, type SharedQueue } from './draining/transfer.js';
import type { RecordingResult } from './unwinding/file-writer.js';

/** Often enough to be live; where the command writes to the same terminal, seldom enough not to be in its way. */
const INTERVAL_MS = 250;
const SHARED_INTERVAL_MS = 1000;

/**
 * Shows time, samples and losses on a terminal.
 *
 * On a line of its own; where the command's output goes to the same terminal, at the right edge of whatever
 * line the cursor is in, which is left where it was.
 * @param shared whether the command writes to the terminal, too
 * @returns ends it and clears the line
 */
export function showProgress(
  queue: SharedQueue,
  stream: NodeJS.WriteStream,
  shared: boolean,
): () => void {
  const started = performance.now();
  const place = (text: string): string => {
    if (!shared) return `\r\x1b[2K${text.slice(0, Math.max(0, stream.columns - 1))}\r`;
    if (text.length >= stream.columns / 2) return '';
    // Save the cursor, go to the column, write, clear the rest, go back (DECSC, CHA, EL, DECRC).
    return `\x1b7\x1b[${stream.columns - text.length}G\x1b[K${text}\x1b8`;
  };
  let width = 0;
  const timer = setInterval(
    () => {
      const { samples, lost } = queueProgress(queue);
      const seconds = (performance.now() - started) / 1000;
      const text = `strata: ${seconds.toFixed(1)} s, ${plural(samples, 'sample')}, ${formatCount(lost)} lost`;
      width = text.length;
      stream.write(place(text));
    },
    shared ? SHARED_INTERVAL_MS : INTERVAL_MS,
  );
  return () => {
    clearInterval(timer);
    if (width > 0) stream.write(shared ? place(' '.repeat(width)) : place(''));
  };
}

/** The lines that end a recording. */
export function summaryLines(
  result: RecordingResult,
  output: string,
  event: string,
  frequency: number | undefined,
): string[] {
  const { samples, lost, throttled, unwound, whole, fileSize } = result;
  const rate = frequency === undefined ? '' : ` at ${formatCount(frequency)} Hz`;
  const lines = [
    `${placeOf(result, output)}: ${plural(samples, 'sample')} of ${event}${rate}, ` +
      `${formatCount(lost)} lost, throttled ${plural(throttled, 'time')}, ${formatBytes(fileSize)}`,
  ];
  if (unwound > 0) {
    lines.push(
      `${formatPercent(whole, unwound)} of ${plural(unwound, 'user stack')} ` +
        'reach their thread’s start',
    );
  }
  if (samples === 0) lines.push(`nothing was sampled: ${whyNothing(event)} while sampling was on`);
  return [...lines, ...result.notes];
}

function whyNothing(event: string): string {
  return event.includes('-clock') ? 'next to no CPU time was used' : `${event} did not happen`;
}

/** Where the samples are: one file, or how many. */
function placeOf({ files }: RecordingResult, output: string): string {
  if (files.length > 1)
    return `${plural(files.length, 'file')} up to ${files[files.length - 1].path}`;
  return files[0]?.path ?? output;
}
