/** `strata script`: samples as text, in perf's layout. */
import { statSync, writeSync } from 'node:fs';

import { ExitCode, FormatError, StrataError } from '../base/errors.js';
import { openSource } from '../base/spool.js';
import { writeScript } from '../render/text/script/script.js';
import { Replay } from '../session/replay.js';
import { eventNamed } from './input.js';
import type { ScriptOptions } from './options/script.js';

/** A program's map may be written a little after the recorder closed its file. */
const MAP_SLACK_MS = 2000;
const STDOUT = 1;
const WAIT_MS = 1;

export function script(options: ScriptOptions): number {
  const { input } = options;
  const source = openSource(input);
  try {
    const recorded = input === '-' ? Date.now() : statSync(input).mtimeMs;
    const replay = new Replay(source, { recordedBefore: recorded + MAP_SLACK_MS });
    try {
      const { event, ...rest } = options;
      const events = replay.file.events.events;
      const chosen = event === undefined ? {} : { event: eventNamed(events, event) };
      writeScript(replay, { ...rest, ...chosen }, writeAll);
    } finally {
      replay.close();
    }
  } catch (error) {
    if (error instanceof ReaderGone) return ExitCode.Done;
    if (!(error instanceof FormatError)) throw error;
    throw new StrataError(`cannot read ${input}: ${error.message}`);
  } finally {
    source.close();
  }
  return ExitCode.Done;
}

/** Whoever reads our output stopped early (`| head`): no failure of ours. */
class ReaderGone extends Error {}

/** Writes to standard output, waiting where it is a pipe that is full. */
function writeAll(bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.byteLength) {
    try {
      done += writeSync(STDOUT, bytes, done, bytes.byteLength - done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') throw new ReaderGone();
      // The other end may have made the pipe non-blocking for both.
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}
