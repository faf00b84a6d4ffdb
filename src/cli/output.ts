/** Where what is printed goes: standard output, a file, or a descriptor. */
import { closeSync, openSync, writeSync } from 'node:fs';

import { StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';

const PIECE = 64 * 1024;

type Sink = (text: string) => void;

/** Hands `print` a sink, and what it gets to standard output in large pieces. @returns what `print` does */
export function printToStdout<T>(print: (sink: Sink) => T): T {
  return inPieces(print, (piece) => process.stdout.write(piece));
}

/**
 * Hands `print` a sink, and what it gets to a file once it is done: what is interrupted leaves no half a file.
 * @returns what `print` does
 * @throws StrataError where the file cannot be written
 */
export function printToFile<T>(path: string, print: (sink: Sink) => T): T {
  const pieces: string[] = [];
  const result = inPieces(print, (piece) => pieces.push(piece));
  const file = openOutput(path, false);
  try {
    for (const piece of pieces) writeAll(file, piece, path);
  } finally {
    closeSync(file);
  }
  return result;
}

function inPieces<T>(print: (sink: Sink) => T, write: (piece: string) => void): T {
  let pending = '';
  const result = print((text) => {
    pending += text;
    if (pending.length >= PIECE) {
      write(pending);
      pending = '';
    }
  });
  if (pending !== '') write(pending);
  return result;
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
