/** `strata script`: samples as text, in perf's layout. */
import { writeSync } from 'node:fs';

import { ExitCode, FormatError, StrataError, usageError } from '../base/errors.js';
import { describeSystemError, statOf } from '../base/source.js';
import { openSource } from '../base/spool.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { eventNamed } from '../profile/selection/event-choice.js';
import { writeHeader } from '../render/text/header.js';
import { writeRawTrace } from '../render/text/script/raw-trace.js';
import { parseFields, type FieldChoice } from '../render/text/script/fields.js';
import { writeScript } from '../render/text/script/script.js';
import { recordedBefore } from '../session/open.js';
import { Replay } from '../session/replay.js';
import { downloadTeller } from './downloads.js';
import type { ScriptOptions } from './options/script.js';
import { symbolPlaces } from './symbol-places.js';

const STDOUT = 1;
const WAIT_MS = 1;
/** Text that is gathered before it is written. */
const PIECE = 64 * 1024;

/** Prints what was asked for. @throws StrataError where the recording cannot be read, or lacks it */
export function script(options: ScriptOptions): number {
  const { input } = options;
  const symbols = symbolPlaces(options.symbols);
  const source = openSource(input);
  try {
    const replay = new Replay(source, {
      symbols,
      recordedBefore: recordedBefore(input),
      onDownload: downloadTeller(),
    });
    try {
      print(replay, options);
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

function print(replay: Replay, options: ScriptOptions): void {
  const { input, header, fullHeader, raw, event, inline, ...rest } = options;
  const fields = fieldChoices(options.fields);
  const records = new Set<number>(options.records.map((name) => PerfRecord[name]));
  const { file } = replay;
  if (header !== 'none') {
    const stat = statOf(input);
    const modified = stat?.isFile() === true ? stat.mtime : undefined;
    writeText((sink) => writeHeader(file, { modified, full: fullHeader }, sink));
    if (header === 'only') return;
  }
  if (raw) {
    writeText((sink) => writeRawTrace(file, input, sink));
    return;
  }
  const chosen = event === undefined ? {} : { event: eventNamed(file.events.events, event) };
  writeScript(replay, { ...rest, ...chosen, fields, records, inline: inline !== 'off' }, writeAll);
}

/** What each `-F` says. @throws StrataError of a wrong use */
function fieldChoices(texts: readonly string[]): FieldChoice[] {
  try {
    return texts.map(parseFields);
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    throw usageError(error.message, error.hint);
  }
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
      if (code !== 'EAGAIN') {
        throw new StrataError(`cannot write to standard output: ${describeSystemError(error)}`);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}

/** Hands `write` a sink, and what it gets to standard output in large pieces. */
function writeText(write: (sink: (text: string) => void) => void): void {
  let pending = '';
  write((text) => {
    pending += text;
    if (pending.length < PIECE) return;
    writeAll(Buffer.from(pending));
    pending = '';
  });
  writeAll(Buffer.from(pending));
}
