/** Events of a profile shown as one, and the waiting left out. */
import { StrataError } from '../../base/errors.js';
import { formatDuration } from '../../base/units.js';
import { filterSamples } from './filter.js';
import type { Profile } from '../profile.js';
import { isOffCpu } from '../waits.js';

/** Whether a sum over these events means anything: they count time, or the same on two kinds of CPU. */
export function haveOneUnit({ events }: Profile, chosen: readonly number[]): boolean {
  const [first] = chosen;
  return chosen.every(
    (event) => events[event].unit === 'ns' || events[event].name === events[first].name,
  );
}

/** Indexes of the events that have samples, ascending. */
export function eventsWithSamples({ events, samples }: Profile): number[] {
  const counted = new Uint8Array(events.length);
  for (let sample = 0; sample < samples.length; sample++) counted[samples.event[sample]] = 1;
  return [...events.keys()].filter((event) => counted[event] === 1);
}

/**
 * Indexes of the events of a text: one's name, several (`a,b`), or `all` that have samples.
 * @throws StrataError where there is no such event, or their counts have no sum
 */
export function eventsNamed(profile: Profile, text: string): number[] {
  const { events } = profile;
  const isName = events.some(({ name }) => name === text);
  const chosen =
    text === 'all' && !isName
      ? eventsWithSamples(profile)
      : (isName ? [text] : namesIn(text)).map((name) => eventNamed(events, name));
  if (!haveOneUnit(profile, chosen)) {
    const names = chosen.map((event) => events[event].name).join(' and ');
    throw new StrataError(
      `${names} count different things, which have no sum`,
      'one of them can be shown at a time; for time on and off the CPU: ' +
        'strata record -e cpu-clock --off-cpu',
    );
  }
  return [...new Set(chosen)];
}

/** The parts between commas; those within the slashes of an event's terms divide nothing. */
function namesIn(text: string): string[] {
  return text.match(/(?:[^,/]|\/[^/]*\/)+/g) ?? [text];
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

/**
 * The samples of several events as those of one, which stands behind the others in `events`. Time on the
 * CPU and time off it together are the wall clock's.
 */
export function eventsTogether(profile: Profile, chosen: readonly number[]): Profile {
  const { samples, events } = filterSamples(profile, { events: chosen });
  if (chosen.length < 2) return { ...profile, samples };
  const names = [...new Set(chosen.map((event) => events[event].name))];
  return {
    ...profile,
    events: [...events, { name: names.join(', '), unit: events[chosen[0]].unit }],
    samples: { ...samples, event: new Int32Array(samples.length).fill(events.length) },
  };
}

/**
 * The profile without time off the CPU, of which a note tells; itself where it has nothing else.
 */
export function withoutWaiting(profile: Profile): Profile {
  const { events, samples, notes } = profile;
  const running = events.flatMap((event, index) => (isOffCpu(event) ? [] : [index]));
  const shown = filterSamples(profile, { events: running });
  if (shown.samples.length === 0 || shown === profile) return profile;
  let waiting = 0;
  for (let sample = 0; sample < samples.length; sample++) {
    if (isOffCpu(events[samples.event[sample]])) waiting += samples.weight[sample];
  }
  const text = `${formatDuration(waiting)} of waiting: --event offcpu-time shows it, --event all both`;
  return { ...shown, notes: [...notes, { text }] };
}
