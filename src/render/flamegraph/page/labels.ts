/** Text that fits: shared by the renderer and, as source, by the picture's script. */

/** How many monospace columns a character takes: two of the East Asian wide ones and of emoji. */
export function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x1100) return /\p{Mn}/u.test(character) ? 0 : 1;
  const wide =
    code <= 0x115f ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    code >= 0x1f300;
  return wide ? 2 : 1;
}

/** `text` cut to `columns`, with `…` where it was cut; empty where not even three columns are there. */
export function fitLabel(text: string, columns: number): string {
  if (columns < 3) return '';
  let used = 0;
  let fits = '';
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns) return `${fits}…`;
    if (used < columns) fits += character;
    else if (fits.length + character.length === text.length) return text;
  }
  return text;
}
