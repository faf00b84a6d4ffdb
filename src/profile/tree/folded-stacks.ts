/** The stacks that the outline of a call tree is of, for whoever counts stacks and not a tree's nodes. */
import { InternedStacks } from '../interned.js';
import type { Profile } from '../profile.js';
import { withStacks } from '../selection/stack-choice.js';
import { Fold, foldingOf } from './folding.js';
import { NO_TASKS } from './tree-choice.js';

/**
 * The profile without what libraries call within themselves, whose weight goes to the function of the library
 * that was called. Where no code is anyone's own, all of it stays.
 */
export function foldLibraries(profile: Profile): Profile {
  const { stacks, frames } = profile;
  const { fold, own } = foldingOf(profile, {}, NO_TASKS);
  const funcOf = (stack: number): number => frames.func[stacks.frame[stack]];
  if (!stacks.frame.some((frame) => own[frames.func[frame]] === 1)) return profile;
  const interned = new InternedStacks();
  const image = new Int32Array(stacks.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    const parent = stacks.parent[stack];
    const inside = parent >= 0 && fold[funcOf(parent)] !== Fold.Shown;
    const outer = parent < 0 ? -1 : image[parent];
    const isHidden = inside && fold[funcOf(stack)] === Fold.Library;
    image[stack] = isHidden ? outer : interned.intern(outer, stacks.frame[stack]);
  }
  return withStacks(profile, interned, (leaf) => image[leaf]);
}
