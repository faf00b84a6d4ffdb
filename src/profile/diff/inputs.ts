/** Which events of recordings are compared, and what speaks against comparing them. */
import { StrataError } from '../../base/errors.js';
import type { EventInfo, Profile } from '../profile.js';
import { eventsWithSamples } from '../selection/event-choice.js';
import type { Normalization } from './diff.js';
import type { DiffInput } from './join.js';

/** A recording, after the selection that is the same for all. */
export interface Recording {
  readonly label: string;
  readonly profile: Profile;
}

export interface Comparable {
  readonly inputs: readonly DiffInput[];
  /** What a reader should know of the comparison. */
  readonly notes: readonly string[];
}

/** From here on recordings of other lengths are worth a word. */
const MUCH_LONGER = 1.5;

/**
 * The first event of the first recording, and of the others the one of that name, or the first.
 * @throws StrataError where a recording has no samples, or counts what cannot be compared
 */
export function comparableInputs(
  recordings: readonly Recording[],
  { normalize }: { readonly normalize: Normalization },
): Comparable {
  const notes: string[] = [];
  const present = recordings.map(presentEvents);
  const wanted = present[0][0];
  const inputs = recordings.map(({ label, profile }, index): DiffInput => {
    const event =
      present[index].find((one) =>
        sameName(profile.events[one], recordings[0].profile.events[wanted]),
      ) ?? present[index][0];
    return { label, profile, event };
  });
  const first = eventOf(inputs[0]);
  for (const input of inputs.slice(1)) {
    const event = eventOf(input);
    if (sameName(event, first)) continue;
    if ((event.unit !== 'ns' || first.unit !== 'ns') && normalize === 'time') {
      throw new StrataError(
        `${inputs[0].label} counts ${first.name} and ${input.label} ${event.name}, which cannot be compared`,
        '--event NAME chooses an event that both have; --normalize total compares shares of each',
      );
    }
    notes.push(`${inputs[0].label} counts ${first.name}, ${input.label} ${event.name}.`);
  }
  const others = present[0].slice(1).map((event) => inputs[0].profile.events[event].name);
  if (others.length > 0)
    notes.push(`Compared ${first.name}, not ${others.join(', ')}: --event NAME compares another.`);
  return {
    inputs,
    notes: [...notes, ...notesOfPrograms(inputs), ...notesOfLengths(inputs, normalize)],
  };
}

function presentEvents({ label, profile }: Recording): number[] {
  const present = eventsWithSamples(profile);
  if (present.length === 0) {
    throw new StrataError(`${label} has no samples`, 'there is nothing to compare it by');
  }
  return present;
}

function eventOf({ profile, event }: DiffInput): EventInfo {
  return profile.events[event];
}

/** Whether names are equal but for the modifiers: `cycles` and `cycles:u`, which perf adds where it must. */
function sameName(a: EventInfo, b: EventInfo): boolean {
  return a.unit === b.unit && a.name.split(':', 1)[0] === b.name.split(':', 1)[0];
}

function notesOfPrograms([first, ...others]: readonly DiffInput[]): string[] {
  const program = programOf(first);
  return others.flatMap((other) => {
    const its = programOf(other);
    if (program === undefined || its === undefined || its === program) return [];
    return [
      `${first.label} is of ${program}, ${other.label} of ${its}: these are different programs.`,
    ];
  });
}

/** The recorded script or program: `app.py` of `python -X dev app.py --fast`. */
function programOf({ profile }: DiffInput): string | undefined {
  const words = profile.meta.command.split(' ').filter((word) => word !== '');
  if (words.length === 0) return undefined;
  const name = (word: string) => word.slice(word.lastIndexOf('/') + 1);
  const isPython = /^(python|pypy)[\d.]*[a-z]*$/.test(name(words[0]));
  const script = isPython ? words.find((word) => word.endsWith('.py')) : undefined;
  const module = isPython && words.includes('-m') ? words[words.indexOf('-m') + 1] : undefined;
  return module ?? name(script ?? words[0]);
}

function notesOfLengths(inputs: readonly DiffInput[], normalize: Normalization): string[] {
  if (normalize === 'total') return [];
  const weights = inputs.map(({ profile: { samples }, event }) => {
    let weight = 0;
    for (let i = 0; i < samples.length; i++)
      if (samples.event[i] === event) weight += samples.weight[i];
    return weight;
  });
  const far = weights.findIndex(
    (weight) => weight > weights[0] * MUCH_LONGER || weight * MUCH_LONGER < weights[0],
  );
  if (far < 0) return [];
  return [
    `${inputs[0].label} and ${inputs[far].label} are of very different length: if they did not do the same work, --normalize total compares shares.`,
  ];
}
