/**
 * What a reader of the profile must be told: what could not be known, and what differs from what was
 * asked for. One sentence each.
 */
import { plural } from '../base/units.js';
import { TRUNCATION_WORDS, type Note, type Profile } from '../profile/profile.js';
import { missingNames, type NameGaps } from './missing-names.js';

/** What happened while a file was read. */
export interface ReadingFacts {
  /** Records or samples that the kernel dropped. */
  readonly lost: number;
  readonly lostChunks: number;
  readonly throttled: number;
  /** Records that are shorter than their fields. */
  readonly damaged: number;
  /** SAMPLE records whose ID is of no event. */
  readonly unidentified: number;
  /** The file's end: sentences. */
  readonly file: readonly string[];
  readonly names: NameGaps;
}

/** Counts over `profile`, whose own notes are not looked at, and puts the facts in words. */
export function makeNotes(profile: Omit<Profile, 'notes'>, facts: ReadingFacts): Note[] {
  const notes: Note[] = facts.file.map((text) => ({ text }));
  const { lost, lostChunks, throttled, damaged, unidentified } = facts;
  if (lost > 0) {
    notes.push({
      text: `the kernel dropped ${plural(lost, 'record')}: the buffers were full`,
      samples: lost,
    });
  } else if (lostChunks > 0) {
    notes.push({ text: `the kernel dropped records ${plural(lostChunks, 'time')}` });
  }
  if (throttled > 0) {
    notes.push({
      text: `the kernel throttled sampling ${plural(throttled, 'time')}: less was sampled than asked for`,
    });
  }
  if (damaged > 0) notes.push({ text: `${plural(damaged, 'damaged record')} could not be read` });
  if (unidentified > 0) {
    notes.push({ text: 'samples of no known event were left out', samples: unidentified });
  }
  notes.push(...truncationNotes(profile), ...missingNames(profile, facts.names));
  return notes;
}

function truncationNotes({ samples }: Omit<Profile, 'notes'>): Note[] {
  const counts = new Array<number>(TRUNCATION_WORDS.length).fill(0);
  for (const cause of samples.truncation) if (cause < counts.length) counts[cause]++;
  return counts.flatMap((count, cause) =>
    cause === 0 || count === 0
      ? []
      : [{ text: `stacks end early: ${TRUNCATION_WORDS[cause]}`, samples: count }],
  );
}
