/** Where what is printed goes: standard output, a file, or a descriptor. */
import { openSync, writeSync } from 'node:fs';

import { StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';

const PIECE = 64 * 1024;

/** Hands `print` a sink, and what it gets to standard output in large pieces. */
export function printToStdout(print: (sink: (text: string) => void) => void): void {
  let pending = '';
  print((text) => {
    pending += text;
    if (pending.length >= PIECE) {
      process.stdout.write(pending);
      pending = '';
    }
  });
  if (pending !== '') process.stdout.write(pending);
}

export const STDERR = 2;

/**
 * Opens a file for what is to be told at a command's end. Before the command runs: that it cannot be written
 * is not to be found out then.
 * @throws StrataError
 */
export function openOutput(path: string, append: boolean): number {
  try {
    return openSync(path, append ? 'a' : 'w');
  } catch (error) {
    throw new StrataError(`cannot write ${path}: ${describeSystemError(error)}`);
  }
}

/**
 * Writes at once to a descriptor. `process.stderr` would make a pipe that the command writes to, too,
 * non-blocking.
 * @param what is written, for the error
 * @throws StrataError, but not where nobody listens to standard error any more
 */
export function writeAll(fd: number, text: string, what: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') continue;
      if (fd === STDERR) return;
      throw new StrataError(`cannot write ${what}: ${describeSystemError(error)}`);
    }
  }
}
