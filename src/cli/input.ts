/** The recording that a command reads, as the profile that was asked for. */
import { existsSync } from 'node:fs';

import { FormatError, StrataError } from '../base/errors.js';
import { filterSamples } from '../profile/filter.js';
import type { Profile } from '../profile/profile.js';
import { applyView, defaultView, type View } from '../profile/views.js';
import { loadProfile } from '../session/open.js';
import { debuginfodFromEnvironment } from '../symbolize/debuginfod.js';
import { downloadTeller } from './downloads.js';
import type { SampleChoice } from './options/shared.js';
import type { SymbolChoice } from './options/symbols.js';

export interface InputChoice extends SampleChoice, SymbolChoice {
  readonly input: string;
  /** Whether lines of the source are needed, whatever that costs. */
  readonly lines?: boolean;
  /** `undefined`: mixed where there are Python frames, else full. */
  readonly view?: View;
}

/**
 * Reads a recording, leaves the samples that were asked for, and shows them in the view asked for.
 *
 * @throws StrataError where it cannot be read, has no such event, or has none of the samples
 */
export function readInput(choice: InputChoice): Profile {
  const { input, view, event, pids, tids, comms } = choice;
  if (input !== '-' && !existsSync(input)) {
    throw new StrataError(
      `cannot open ${input}: no such file or directory`,
      'record one with: strata record python app.py',
    );
  }
  const profile = load(choice);
  const events = event === undefined ? undefined : [eventNamed(profile.events, event)];
  const chosen = filterSamples(profile, { events, pids, tids, comms });
  if (chosen.samples.length === 0 && profile.samples.length > 0) {
    throw new StrataError(
      `${input} has no samples of the event, process, thread or name asked for`,
    );
  }
  return applyView(chosen, view ?? defaultView(chosen));
}

function load({ input, symbols, inline, lines }: InputChoice): Profile {
  try {
    const debuginfod = debuginfodFromEnvironment(process.env);
    return loadProfile(input, {
      symbols: debuginfod === undefined ? symbols : { ...symbols, debuginfod },
      onDownload: downloadTeller(),
      inline,
      lines,
    });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new StrataError(`cannot read ${input}: ${error.message}`);
  }
}

/**
 * Index of the event of that name; `cycles` also finds `cycles:u` where that is the only one.
 * @throws StrataError where there is none
 */
export function eventNamed(events: readonly { readonly name: string }[], name: string): number {
  const exact = events.findIndex((one) => one.name === name);
  if (exact >= 0) return exact;
  const alike = events.flatMap((one, index) => (one.name.split(':', 1)[0] === name ? [index] : []));
  if (alike.length === 1) return alike[0];
  throw new StrataError(
    `the recording has no event '${name}'`,
    `it has: ${events.map((one) => one.name).join(', ')}`,
  );
}
