/** Text for terminals: untrusted names made harmless, and widths in columns. */

/** Where a printer's text goes. */
export type Sink = (text: string) => void;

/**
 * C0 and C1 controls (ESC starts terminal commands), and the characters that reorder or hide text:
 * zero-width and bidirectional controls, line and paragraph separators, lone surrogates.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu;

/** `text` on one line, with nothing that a terminal would obey: ESC becomes `\x1b`. */
export function safe(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Characters that take two columns: East Asian wide and fullwidth ones, and emoji (UAX #11). */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;

/** How many terminal columns `text` takes. */
export function columns(text: string): number {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0000-\u10ff]*$/.test(text) && !/\p{Mark}/u.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** `text` in at most `width` columns: `/usr/lib…/decoder.py`; the end, which tells more, gets more. */
export function shortenMiddle(text: string, width: number): string {
  if (columns(text) <= width) return text;
  if (width < 1) return '';
  const head = Math.floor((width - 1) / 3);
  return `${takeColumns(text, head)}…${takeLastColumns(text, width - 1 - head)}`;
}

/** `text` in at most `width` columns, cut at its end. */
export function shortenEnd(text: string, width: number): string {
  if (columns(text) <= width) return text;
  return width < 1 ? '' : `${takeColumns(text, width - 1)}…`;
}

/** `text` in lines of at most `width` columns, broken between words; a longer word has a line for itself. */
export function wrapWords(text: string, width = Infinity): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && columns(line) + 1 + columns(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function takeColumns(text: string, width: number): string {
  let taken = '';
  let used = 0;
  for (const character of text) {
    used += columns(character);
    if (used > width) break;
    taken += character;
  }
  return taken;
}

function takeLastColumns(text: string, width: number): string {
  const characters = [...text];
  let start = characters.length;
  let used = 0;
  while (start > 0) {
    used += columns(characters[start - 1]);
    if (used > width) break;
    start--;
  }
  return characters.slice(start).join('');
}
