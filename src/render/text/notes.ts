/** What could not be known: the end of every report. */
import { plural } from '../../base/units.js';
import type { Note, Profile } from '../../profile/profile.js';
import { safe, wrapWords, type Sink } from './text.js';

export interface NotesLayout {
  /** Begins every line, as `# ` in a report that other programs read. */
  readonly prefix?: string;
  /** Columns of the terminal; notes are a line each where it is absent. */
  readonly width?: number | undefined;
}

/** Writes all notes, or nothing where there is none. */
export function writeNotes(profile: Profile, sink: Sink, layout: NotesLayout = {}): void {
  if (profile.notes.length === 0) return;
  const { prefix = '' } = layout;
  sink(`${prefix}What this profile cannot tell:\n`);
  for (const note of profile.notes) writeNote(safe(noteText(note)), sink, layout);
}

/** Writes `- a note`, its further lines set in. */
export function writeNote(text: string, sink: Sink, { prefix = '', width }: NotesLayout): void {
  const room = width === undefined ? Infinity : width - prefix.length - 2;
  for (const [index, line] of wrapWords(text, room).entries()) {
    sink(`${prefix}${index === 0 ? '- ' : '  '}${line}\n`);
  }
}

/** No share: notes speak of the whole recording, the profile may be a part of it. */
export function noteText({ text, samples }: Note): string {
  return samples === undefined ? text : `${text} (${plural(samples, 'sample')})`;
}
