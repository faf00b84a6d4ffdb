/** What was meant by a word that is none of those that are known. */
import { editDistance } from '../base/edit-distance.js';

/** Edits that are taken for a slip: of a short word every other one would be within two. */
const slips = (word: string): number => (word.length > 4 ? 2 : 1);
/** Longer words are no slip of any that is known. */
const MAX_LENGTH = 40;

/** The words that are nearest, none where all are far. */
export function nearestWords(word: string, known: readonly string[]): string[] {
  if (word.length > MAX_LENGTH) return [];
  const most = slips(word);
  const distances = known.map((other) =>
    Math.abs(other.length - word.length) > most
      ? Infinity
      : editDistance(word.toLowerCase(), other.toLowerCase()),
  );
  const least = distances.reduce((a, b) => Math.min(a, b), Infinity);
  return least > most ? [] : known.filter((_, index) => distances[index] === least);
}
