/** What could not be known: the end of every report. */
import { plural } from '../../base/units.js';
import type { Note, Profile } from '../../profile/profile.js';
import { safe, type Sink } from './text.js';

/**
 * Writes one line per note, or nothing where there is none.
 * @param prefix begins every line, as `# ` in a report that other programs read
 */
export function writeNotes(profile: Profile, sink: Sink, prefix = ''): void {
  if (profile.notes.length === 0) return;
  sink(`${prefix}What this profile cannot tell:\n`);
  for (const note of profile.notes) {
    sink(`${prefix}- ${safe(noteText(note))}\n`);
  }
}

/** No share: notes speak of the whole recording, the profile may be a part of it. */
export function noteText({ text, samples }: Note): string {
  return samples === undefined ? text : `${text} (${plural(samples, 'sample')})`;
}
