/** What was meant by a word that is none of those that are known. */

/** Edits that are taken for a slip: of a short word every other one would be within two. */
const slips = (word: string): number => (word.length > 4 ? 2 : 1);
/** Longer words are no slip of any that is known. */
const MAX_LENGTH = 40;

/** The words that are nearest, none where all are far. */
export function nearestWords(word: string, known: readonly string[]): string[] {
  if (word.length > MAX_LENGTH) return [];
  const distances = known.map((other) => editDistance(word.toLowerCase(), other));
  const least = Math.min(...distances);
  return least > slips(word) ? [] : known.filter((_, index) => distances[index] === least);
}

/** Letters to add, leave out, replace or swap with their neighbour (Damerau's distance). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, rows[i - 1][j] + 1, row[j - 1] + 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
