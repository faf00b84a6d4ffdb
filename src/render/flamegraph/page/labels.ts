/** Text that fits: shared by the renderer and, as source, by the picture's script. */

/** How many monospace columns a character takes: two of the East Asian wide ones and of emoji. */
export function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (/\p{M}/u.test(character)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    code >= 0x1f000;
  return wide ? 2 : 1;
}

/** A text's columns. */
export function columnsOfText(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOf(character);
  return columns;
}

/** What a person takes for one character each: letters with their marks, emoji of several code points. */
export function charactersOf(text: string): string[] {
  const plain = /^[\x20-\x7e]*$/.test(text);
  if (plain || typeof Intl.Segmenter !== 'function') return Array.from(text);
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

/**
 * `text` cut to `width`, as `measure` has it, with `…` for what was cut: at the end of what has room for a few
 * characters, else in the middle, as names that begin alike end differently. Empty where not even two
 * characters are left.
 */
export function fitLabel(text: string, width: number, measure: (text: string) => number): string {
  // Names may be a hundred thousand characters long; no window is wider than this many narrow ones.
  const short = text.length > 2000 ? `${text.slice(0, 1000)}${text.slice(-1000)}` : text;
  if (short === text && measure(text) <= width) return text;
  if (width < 2 * measure('m')) return '';
  const characters = charactersOf(short);
  const cut = (kept: number): string => {
    const tail = kept < 9 ? 0 : Math.floor(kept * 0.4);
    const head = characters.slice(0, kept - tail).join('');
    return `${head}…${tail === 0 ? '' : characters.slice(-tail).join('')}`;
  };
  let low = 0;
  let high = characters.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (measure(cut(middle)) <= width) low = middle;
    else high = middle - 1;
  }
  return low < 2 ? '' : cut(low);
}
