/** The recording that a command reads, as the profile that was asked for. */
import { accessSync, constants } from 'node:fs';

import { FormatError, StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';
import type { Profile } from '../profile/profile.js';
import { select, type Selected, type Selection } from '../profile/selection/selection.js';
import type { LoadOptions } from '../session/load.js';
import { loadProfile } from '../session/open.js';
import type { DownloadProgress } from '../symbolize/debuginfod-client.js';
import { downloadTeller } from './downloads.js';
import type { SymbolChoice } from './options/symbols.js';
import { symbolPlaces } from './symbol-places.js';

export interface InputChoice extends SymbolChoice {
  readonly input: string;
  readonly selection: Selection;
  /** Whether lines of the source are needed, whatever that costs. */
  readonly lines?: boolean;
  /** Whether weights and branches matter, which hardware adds to samples. */
  readonly hardware?: boolean;
  /** Whether it matters where in files the code is. */
  readonly code?: boolean;
  /** In place of a line on standard error. */
  readonly onDownload?: (progress: DownloadProgress) => void;
  readonly onProgress?: LoadOptions['onProgress'];
}

/**
 * Reads a recording and leaves what was asked for.
 * @throws StrataError where it cannot be read, has no such event, or has none of the samples
 */
export function readSelected(choice: InputChoice): Selected {
  return selectFrom(readProfile(choice), choice);
}

/**
 * Leaves what was asked for of a profile that was read whole.
 * @throws StrataError where it has no such event, or none of the samples
 */
export function selectFrom(profile: Profile, choice: InputChoice): Selected {
  const selected = select(profile, choice.selection);
  requireSamples(selected.profile, profile, choice.input);
  return selected;
}

/** @throws StrataError where nothing is left of what there is */
export function requireSamples(chosen: Profile, whole: Profile, input: string): void {
  if (chosen.samples.length > 0 || whole.samples.length === 0) return;
  throw new StrataError(
    `${input} has no samples of what was asked for`,
    'it has some: the options that choose among them leave none',
  );
}

/**
 * Reads a recording, or the text of one, whole.
 * @throws StrataError where it cannot be read
 */
export function readProfile(choice: Omit<InputChoice, 'selection'>): Profile {
  if (choice.input !== '-') requireReadable(choice.input);
  return load(choice);
}

/** @throws StrataError with what mends it, where a file is missing or may not be read */
function requireReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const hint =
      code === 'ENOENT'
        ? 'record one with: strata record python app.py'
        : code === 'EACCES'
          ? `for example: sudo chown $USER ${path}`
          : undefined;
    throw new StrataError(`cannot open ${path}: ${describeSystemError(error)}`, hint);
  }
}

function load(choice: Omit<InputChoice, 'selection'>): Profile {
  const { input, symbols, inline, lines, code, hardware, onProgress } = choice;
  try {
    return loadProfile(input, {
      symbols: symbolPlaces(symbols),
      onDownload: choice.onDownload ?? downloadTeller(),
      onProgress,
      inline,
      lines,
      code,
      hardware,
    });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new StrataError(`cannot read ${input}: ${error.message}`);
  }
}
