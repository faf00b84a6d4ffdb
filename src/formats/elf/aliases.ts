/** Which of several names for one address is shown: `choose_best_symbol` in `tools/perf/util/symbol.c`. */

const UNDERSCORE = 0x5f;
/** Names are longer than this in files made to waste time only. */
const MAX_NAME = 1 << 16;

/**
 * Whether the name at `a[atA]` is preferred to that at `b[atB]`, which comes before it in the file: fewer
 * leading underscores, then the longer, then the first.
 * Names end at a NUL, a tab or a newline, or with their bytes. Made for a million calls: it allocates nothing.
 */
export function isBetterName(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  let same = 0;
  while (same < MAX_NAME && a[atA + same] === b[atB + same]) {
    if (isEnd(a, atA + same)) return false;
    same++;
  }
  const underscoresA = leadingUnderscores(a, atA);
  const underscoresB = leadingUnderscores(b, atB);
  if (underscoresA !== underscoresB) return underscoresA < underscoresB;
  return nameLength(a, atA + same) > nameLength(b, atB + same);
}

function leadingUnderscores(name: Uint8Array, at: number): number {
  let count = 0;
  while (count < MAX_NAME && name[at + count] === UNDERSCORE) count++;
  return count;
}

function nameLength(name: Uint8Array, at: number): number {
  let length = 0;
  while (length < MAX_NAME && !isEnd(name, at + length)) length++;
  return length;
}

function isEnd(name: Uint8Array, at: number): boolean {
  const byte = name[at];
  return at >= name.length || byte === 0 || byte === 0x09 || byte === 0x0a;
}
