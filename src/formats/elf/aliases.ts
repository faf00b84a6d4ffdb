/** Which of several names for one address is shown: `choose_best_symbol` in `tools/perf/util/symbol.c`. */

const UNDERSCORE = 0x5f;

/**
 * Whether name `a` is preferred to `b`: fewer leading underscores, then the longer, then the first in
 * byte order (so that the answer never depends on the order in the file).
 */
export function isBetterName(a: Uint8Array, b: Uint8Array): boolean {
  const underscoresA = leadingUnderscores(a);
  const underscoresB = leadingUnderscores(b);
  if (underscoresA !== underscoresB) return underscoresA < underscoresB;
  if (a.length !== b.length) return a.length > b.length;
  return Buffer.compare(a, b) < 0;
}

function leadingUnderscores(name: Uint8Array): number {
  let count = 0;
  while (count < name.length && name[count] === UNDERSCORE) count++;
  return count;
}
