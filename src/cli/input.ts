/** The recording that a command reads, as the profile that was asked for. */
import { accessSync, constants } from 'node:fs';

import { FormatError, StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';
import { eventsTogether, haveOneUnit, withoutWaiting } from '../profile/event-choice.js';
import { filterSamples } from '../profile/filter.js';
import type { Profile } from '../profile/profile.js';
import { applyView, defaultView, type View } from '../profile/views.js';
import { withWaitFrames } from '../profile/waits.js';
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
  /** Whether waiting is shown only where `event` asks for it. */
  readonly leavesWaiting?: boolean;
}

/**
 * Reads a recording, leaves the samples that were asked for, and shows them in the view asked for.
 *
 * @throws StrataError where it cannot be read, has no such event, or has none of the samples
 */
export function readInput(choice: InputChoice): Profile {
  const { input, event, pids, tids, comms, regions, leavesWaiting = false } = choice;
  if (input !== '-') requireReadable(input);
  const profile = load(choice);
  let chosen = filterSamples(profile, { pids, tids, comms, regions });
  if (event !== undefined) chosen = ofEvents(chosen, event);
  else if (leavesWaiting) chosen = withoutWaiting(chosen);
  if (chosen.samples.length === 0 && profile.samples.length > 0) {
    throw new StrataError(
      `${input} has no samples of the event, process, thread, name or region asked for`,
    );
  }
  const view = choice.view ?? defaultView(chosen);
  const viewed = applyView(chosen, view);
  return view === 'mixed' || view === 'python' ? withWaitFrames(viewed) : viewed;
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

/**
 * The samples of one event, of several as one, or of `all`.
 * @throws StrataError where there is no such event, or their counts have no sum
 */
function ofEvents(profile: Profile, text: string): Profile {
  const { events, samples } = profile;
  const present = new Set(samples.event);
  const isName = events.some(({ name }) => name === text);
  const chosen =
    text === 'all' && !isName
      ? [...events.keys()].filter((event) => present.has(event))
      : (isName ? [text] : namesIn(text)).map((name) => eventNamed(events, name));
  if (!haveOneUnit(profile, chosen)) {
    const names = chosen.map((event) => events[event].name).join(' and ');
    throw new StrataError(
      `${names} count different things, which have no sum`,
      'one of them can be shown at a time; for time on and off the CPU: ' +
        'strata record -e cpu-clock --off-cpu',
    );
  }
  return eventsTogether(profile, [...new Set(chosen)]);
}

/** The parts between commas; those within the slashes of an event's terms divide nothing. */
function namesIn(text: string): string[] {
  return text.match(/(?:[^,/]|\/[^/]*\/)+/g) ?? [text];
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
