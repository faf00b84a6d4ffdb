/** Choices by what stands on a stack, and stacks turned into others. */
import { InternedStacks } from '../interned.js';
import type { Profile } from '../profile.js';

/** 1 for each stack that has a frame of one of the functions (1 in `chosen`). */
export function stacksThrough({ stacks, frames }: Profile, chosen: Uint8Array): Uint8Array {
  const through = new Uint8Array(stacks.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    const parent = stacks.parent[stack];
    const above = parent < 0 ? 0 : through[parent];
    through[stack] = above === 1 ? 1 : chosen[frames.func[stacks.frame[stack]]];
  }
  return through;
}

/**
 * The profile with its stacks beginning at the outermost frame of one of the functions; what has none
 * keeps no frame.
 */
export function focusOn(profile: Profile, chosen: Uint8Array): Profile {
  const { stacks, frames } = profile;
  const interned = new InternedStacks();
  const image = new Int32Array(stacks.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    const parent = stacks.parent[stack];
    const outer = parent < 0 ? -1 : image[parent];
    const frame = stacks.frame[stack];
    const keep = outer >= 0 || chosen[frames.func[frame]] === 1;
    image[stack] = keep ? interned.intern(outer, frame) : -1;
  }
  return withStacks(profile, interned, (leaf) => image[leaf]);
}

/** The profile with each stack turned around: its innermost frame becomes the outermost. */
export function invertStacks(profile: Profile): Profile {
  const { stacks } = profile;
  const interned = new InternedStacks();
  const image = new Int32Array(stacks.length).fill(-1);
  const turned = (leaf: number): number => {
    if (image[leaf] < 0) {
      let inverted = -1;
      for (let stack = leaf; stack >= 0; stack = stacks.parent[stack]) {
        inverted = interned.intern(inverted, stacks.frame[stack]);
      }
      image[leaf] = inverted;
    }
    return image[leaf];
  };
  return withStacks(profile, interned, turned);
}

/** The profile with other stacks: `image` gives the one that a sample's becomes, or -1. */
export function withStacks(
  profile: Profile,
  interned: InternedStacks,
  image: (leaf: number) => number,
): Profile {
  const { samples } = profile;
  const stack = samples.stack.map((leaf) => (leaf < 0 ? -1 : image(leaf)));
  return { ...profile, stacks: interned.table(), samples: { ...samples, stack } };
}
