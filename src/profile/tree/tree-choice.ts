/** What of a profile a call tree shows, the same however it is written: its threads, and its limits. */
import { callTree, type CallTree } from '../calltree.js';
import { foldingOf, type FoldChoice } from './folding.js';
import { functionCosts, type FunctionTable } from './function-costs.js';
import { outline, type Outline } from './outline.js';
import type { Profile } from '../profile.js';
import { eventsWithSamples } from '../selection/event-choice.js';
import type { TaskFunctions } from './tasks.js';

export interface TreeChoice extends FoldChoice {
  /** All threads as one. */
  readonly mergeThreads?: boolean | undefined;
  /** Entries below this percentage of their thread are summed. Default: 1. */
  readonly minPercent?: number | undefined;
  /** Levels of entries. Default: all. */
  readonly maxDepth?: number | undefined;
  readonly tasks?: TaskFunctions | undefined;
  /** Whether the profile's stacks were turned around. */
  readonly inverted?: boolean | undefined;
}

export const NO_TASKS: TaskFunctions = { first: 0, end: 0 };

/** The outline of each event that has samples. */
export function outlines(profile: Profile, choice: TreeChoice): Outline[] {
  const folding = foldingOf(profile, choice, choice.tasks ?? NO_TASKS);
  const options = {
    minShare: (choice.minPercent ?? 1) / 100,
    maxDepth: choice.maxDepth ?? Infinity,
    mergeRecursion: choice.all !== true,
    inverted: choice.inverted === true,
  };
  return trees(profile, choice).map((tree) => outline(tree, folding, options));
}

/** The functions of one event. */
export interface EventFunctions {
  readonly tree: CallTree;
  readonly tables: readonly FunctionTable[];
}

/** What functions cost, of each event that has samples. */
export function functionTables(
  profile: Profile,
  choice: Pick<TreeChoice, 'mergeThreads'>,
  sortBy: 'self' | 'total',
): EventFunctions[] {
  return trees(profile, choice).map((tree) => ({ tree, tables: functionCosts(tree, sortBy) }));
}

function trees(profile: Profile, { mergeThreads }: Pick<TreeChoice, 'mergeThreads'>): CallTree[] {
  const grouping = mergeThreads === true ? [] : (['thread'] as const);
  return eventsWithSamples(profile).map((event) => callTree(profile, event, grouping));
}
