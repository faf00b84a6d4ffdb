/** Stacks cut to a number of frames when they are read, as `perf report --max-stack` does. */
import { InternedStacks } from './interned.js';
import type { Profile } from './profile.js';

/**
 * The profile with at most `count` frames of each stack: the innermost, or with callers first the outermost
 * (`thread__resolve_callchain_sample` of tools/perf/util/machine.c). Inlined functions stand in their
 * caller's frame. A sample ends where it did: with callers first its innermost frame, too, is kept, behind
 * those that call chains show.
 */
export function limitStacks(profile: Profile, count: number, order: 'caller' | 'callee'): Profile {
  const { stacks, frames, samples } = profile;
  const depth = new Int32Array(stacks.length);
  const image = new Int32Array(stacks.length).fill(-1);
  const interned = new InternedStacks();
  let deepest = 0;
  for (let stack = 0; stack < stacks.length; stack++) {
    const parent = stacks.parent[stack];
    const above = parent < 0 ? 0 : depth[parent];
    const isInlined = frames.inlineDepth[stacks.frame[stack]] > 0;
    depth[stack] = isInlined ? above : above + 1;
    deepest = Math.max(deepest, depth[stack]);
    const outer = parent < 0 ? -1 : image[parent];
    image[stack] = depth[stack] > count ? outer : interned.intern(outer, stacks.frame[stack]);
  }
  if (deepest <= count) return profile;

  const cut = new Map<number, number>();
  const cutOnce = (leaf: number): number => {
    let stack = cut.get(leaf);
    if (stack === undefined) cut.set(leaf, (stack = cutLeaf(leaf)));
    return stack;
  };
  const cutLeaf = (leaf: number): number => {
    if (order === 'caller') {
      let last = leaf;
      while (frames.inlineDepth[stacks.frame[last]] > 0) last = stacks.parent[last];
      return interned.intern(image[leaf], stacks.frame[last]);
    }
    const path: number[] = [];
    for (let stack = leaf; stack >= 0 && depth[leaf] - depth[stack] < count;) {
      path.push(stacks.frame[stack]);
      stack = stacks.parent[stack];
    }
    return path.reduceRight((outer, frame) => interned.intern(outer, frame), -1);
  };
  const stack = samples.stack.map((leaf) => {
    if (leaf < 0) return -1;
    return depth[leaf] <= count ? image[leaf] : cutOnce(leaf);
  });
  return { ...profile, stacks: interned.table(), samples: { ...samples, stack } };
}
