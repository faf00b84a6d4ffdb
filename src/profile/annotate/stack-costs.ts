/** What stacks weigh, and what is made of it for any classes of their frames: functions, lines, addresses. */
import { linkChildren } from '../calltree.js';
import type { Profile } from '../profile.js';

/** Weight and count of samples: that end in something, and that have it anywhere on their stack. */
export interface Cost {
  self: number;
  selfSamples: number;
  total: number;
  totalSamples: number;
}

export const NO_COST: Readonly<Cost> = { self: 0, selfSamples: 0, total: 0, totalSamples: 0 };

/** Of each stack of a profile, what the samples of one event weigh. */
export interface StackWeights {
  readonly self: Float64Array;
  readonly selfSamples: Int32Array;
  /** With all stacks that go on from it. */
  readonly total: Float64Array;
  readonly totalSamples: Int32Array;
  /** The tree downwards; -1 for none. */
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  readonly firstRoot: number;
  /** All samples of the event. */
  readonly weight: number;
  readonly samples: number;
}

export function weighStacks({ stacks, samples }: Profile, event: number): StackWeights {
  const self = new Float64Array(stacks.length);
  const selfSamples = new Int32Array(stacks.length);
  let weight = 0;
  let count = 0;
  for (let sample = 0; sample < samples.length; sample++) {
    if (samples.event[sample] !== event) continue;
    weight += samples.weight[sample];
    count++;
    const stack = samples.stack[sample];
    if (stack < 0) continue;
    self[stack] += samples.weight[sample];
    selfSamples[stack]++;
  }
  const total = self.slice();
  const totalSamples = selfSamples.slice();
  for (let stack = stacks.length - 1; stack >= 0; stack--) {
    const parent = stacks.parent[stack];
    if (parent < 0) continue;
    total[parent] += total[stack];
    totalSamples[parent] += totalSamples[stack];
  }
  const links = linkChildren(stacks.parent);
  return { self, selfSamples, total, totalSamples, ...links, weight, samples: count };
}

/**
 * The cost of each class of stacks. A stack's samples count once for a class, however often the class
 * stands on it.
 * @param classOf class of each stack's innermost frame, below `classes`; -1 for none
 */
export function costsOf(weights: StackWeights, classOf: Int32Array, classes: number): Cost[] {
  const costs: Cost[] = Array.from({ length: classes }, () => ({ ...NO_COST }));
  for (let stack = 0; stack < classOf.length; stack++) {
    if (classOf[stack] < 0 || weights.selfSamples[stack] === 0) continue;
    const cost = costs[classOf[stack]];
    cost.self += weights.self[stack];
    cost.selfSamples += weights.selfSamples[stack];
  }
  forEachOutermost(weights, classOf, classes, (stack) => {
    const cost = costs[classOf[stack]];
    cost.total += weights.total[stack];
    cost.totalSamples += weights.totalSamples[stack];
  });
  return costs;
}

/** Visits the stacks of a class that begin with no stack of the same class. */
function forEachOutermost(
  { firstChild, nextSibling, firstRoot }: StackWeights,
  classOf: Int32Array,
  classes: number,
  visit: (stack: number) => void,
): void {
  const onPath = new Int32Array(classes);
  const path: number[] = [];
  let stack = firstRoot;
  while (stack >= 0 || path.length > 0) {
    if (stack < 0) {
      stack = path.pop() ?? -1;
      if (classOf[stack] >= 0) onPath[classOf[stack]]--;
      stack = nextSibling[stack];
      continue;
    }
    if (classOf[stack] >= 0 && onPath[classOf[stack]]++ === 0) visit(stack);
    path.push(stack);
    stack = firstChild[stack];
  }
}
