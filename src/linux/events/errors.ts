/** How a wrong event is told. */
import { editDistance } from '../../base/edit-distance.js';

export { usageError as usage } from '../../base/errors.js';

/** The name that was probably meant: the nearest by edits, if no more than a third of it is wrong. */
function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.floor(Math.max(name.length, 3) / 3) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** `did you mean 'cycles'? ` or nothing, to stand before another hint. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearest(name, candidates);
  return near === undefined ? '' : `did you mean '${near}'? `;
}
