/**
 * Opens what holds a recording: a file, a pipe, or the directory that perf writes where a recording has
 * more than one file.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { StrataError } from '../../base/errors.js';
import { openSource, type OpenedSource } from '../../base/spool.js';

/**
 * @param path of a file or a FIFO, `-` for the standard input, or a directory with a file `data`: what
 *   `perf record --kcore` writes
 * @throws StrataError where it cannot be opened, or is a directory with a file for each recording thread
 *   (`perf record --threads`), whose records are in no common order
 */
export function openRecording(path: string): OpenedSource {
  const isDirectory = path !== '-' && existsSync(path) && statSync(path).isDirectory();
  if (!isDirectory) return openSource(path);
  const names = readdirSync(path);
  if (!names.includes('data')) {
    throw new StrataError(`cannot read ${path}: it is a directory without a recording`);
  }
  if (names.some((name) => /^data\.\d+$/.test(name))) {
    throw new StrataError(
      `cannot read ${path}: it is a recording in one file per thread of the recorder`,
      'record without --threads',
    );
  }
  return openSource(join(path, 'data'));
}
