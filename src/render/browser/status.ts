/** The lines around the list, and in its place where it is empty: the title above, notes and status below. */
import { columns, safe, shortenEnd } from '../text/text.js';
import { cutLine, span, type Line } from './line.js';
import type { Page, Query, TextPage, Zoom } from './protocol.js';

/** What is looked at, and how far it was zoomed into. */
export function titleLine(page: Page, { zooms, filter, relative }: Query, width: number): Line {
  const steps = [...zooms.map(zoomText), ...(filter === '' ? [] : [`/${safe(filter)}`])];
  const { title, view, event, chain } = page;
  const parts = [
    title,
    ...(event.of > 1 ? [`event ${event.number + 1} of ${event.of}`] : []),
    `view ${view}`,
    ...(chain === undefined ? [] : [`${chain}s`]),
    ...(relative ? ['of what is left'] : []),
  ];
  const path = steps.map((step) => ` › ${step}`).join('');
  const room = width - Math.min(columns(path), width >> 1);
  return cutLine([span(shortenEnd(parts.join(' · '), room), 'strong'), span(path, 'hot')], width);
}

function zoomText(zoom: Zoom): string {
  switch (zoom.kind) {
    case 'dso':
    case 'comm':
      return safe(zoom.name);
    case 'process':
      return `${safe(zoom.name)} ${zoom.pid}`.trim();
    case 'thread':
      return `${safe(zoom.name)} ${zoom.tid}`.trim();
  }
}

/** The first of what could not be known: never out of sight. */
export function noteLine(notes: readonly string[], width: number): Line | undefined {
  if (notes.length === 0) return undefined;
  const more = notes.length === 1 ? '' : ` (n: ${notes.length - 1} more)`;
  const text = shortenEnd(`! ${notes[0]}`, width - columns(more));
  return [span(text + more, 'faint')];
}

/** What stands in place of rows. */
export function nothingLeft({ filter, zooms }: Query): string {
  if (filter !== '') return `  no row has “${safe(filter)}”: Esc clears the filter`;
  return zooms.length === 0 ? '  no rows' : '  no rows are left: Esc goes a step back';
}

/** All of what could not be known. */
export function notesPage({ notes }: Page): TextPage {
  const lines = notes.length === 0 ? ['Nothing is known to be missing.'] : notes;
  return {
    title: 'What this profile cannot tell',
    at: 0,
    lines: lines.map((text) => [span(text)]),
  };
}

const LIST_KEYS = [
  '? help',
  'q quit',
  'Enter expand',
  '/ filter',
  'd zoom DSO',
  't thread',
  'a annotate',
  'v view',
  's sort',
  'H hierarchy',
  'i callers/callees',
  'Esc back',
];
export const TEXT_KEYS = ['Esc back', 'Up Down PgUp PgDn'];

/** What was to be said, or the keys that there is room for; and where the cursor stands. */
export function statusLine(
  said: string,
  position: string,
  width: number,
  keys: readonly string[] = LIST_KEYS,
): Line {
  const room = Math.max(0, width - columns(position) - 1);
  let text = said;
  if (said === '') {
    for (const key of keys) {
      const longer = text === '' ? key : `${text}  ${key}`;
      if (columns(longer) > room) break;
      text = longer;
    }
  }
  const left = shortenEnd(text, room);
  const gap = ' '.repeat(Math.max(0, width - columns(left) - columns(position)));
  return [span(left, said === '' ? 'faint' : 'strong'), span(gap), span(position, 'faint')];
}

/** What is being typed: of a long text the end, with a cursor behind it. */
export function promptLine(prompt: string, width: number): Line {
  const skip = Math.max(0, columns(prompt) + 1 - width);
  return [...cutLine([span(prompt, 'strong')], width - 1, skip), span(' ', 'bar')];
}
