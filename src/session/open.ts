/** What Strata can read, and a profile of any of it. */

import { StrataError } from '../base/errors.js';
import { statOf, type ByteSource } from '../base/source.js';
import { isFolded } from '../formats/folded/sniff.js';
import { isPerfData } from '../formats/perfdata/header.js';
import { openRecording } from '../formats/perfdata/open.js';
import { isPerfScript } from '../formats/perfscript/sniff.js';
import type { Profile } from '../profile/profile.js';
import { profileOfFolded } from './folded.js';
import { profileOf, type LoadOptions } from './load.js';
import type { ReplayOptions } from './replay.js';
import { profileOfScript } from './script-text.js';

/** A program's map may be written a little after the recorder closed its file. */
const MAP_SLACK_MS = 2000;
/** Enough of a file to know what it is, behind the comments that open a text. */
const START_SIZE = 1 << 16;

interface Format {
  readonly name: string;
  /** Whether a file that begins like this is one. Once it is, errors of reading it are the answer. */
  readonly matches: (start: Uint8Array) => boolean;
  readonly read: (source: ByteSource, options: ReplayOptions & LoadOptions) => Profile;
}

const FORMATS: readonly Format[] = [
  { name: 'a perf.data file', matches: isPerfData, read: profileOf },
  { name: 'the text of perf script', matches: isPerfScript, read: profileOfScript },
  { name: 'folded stacks', matches: isFolded, read: profileOfFolded },
];

/**
 * Reads a recording, or the text of one, and looks up all its symbols.
 * @param path of a file or pipe; `-` is the standard input
 * @throws StrataError, FormatError where it cannot be read at all; what is wrong with a part of it is told
 *   in the profile's notes
 */
export function loadProfile(path: string, options: LoadOptions = {}): Profile {
  const source = openRecording(path);
  try {
    if (source.byteLength === 0) {
      throw new StrataError(`${source.name} is empty: nothing was recorded`);
    }
    const start = source.read(0, START_SIZE);
    const format = FORMATS.find(({ matches }) => matches(start));
    if (format === undefined) {
      const names = FORMATS.map(({ name }) => name).join(' nor ');
      throw new StrataError(`${source.name} is neither ${names}`);
    }
    return format.read(source, { ...options, recordedBefore: recordedBefore(path) });
  } finally {
    source.close();
  }
}

/** When at the latest a recording was closed, in ms since 1970: that of a pipe just now. */
export function recordedBefore(path: string): number {
  const stat = path === '-' ? undefined : statOf(path);
  return (stat?.isFile() === true ? stat.mtimeMs : Date.now()) + MAP_SLACK_MS;
}
