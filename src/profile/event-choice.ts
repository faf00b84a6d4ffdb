/** Events of a profile shown as one, and the waiting left out. */
import { formatDuration } from '../base/units.js';
import { filterSamples } from './filter.js';
import type { Profile } from './profile.js';
import { isOffCpu } from './waits.js';

/** Whether a sum over these events means anything: they count time, or the same on two kinds of CPU. */
export function haveOneUnit({ events }: Profile, chosen: readonly number[]): boolean {
  const [first] = chosen;
  return chosen.every(
    (event) => events[event].unit === 'ns' || events[event].name === events[first].name,
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
