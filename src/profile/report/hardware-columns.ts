/**
 * Values of the sort keys for what hardware adds to samples: the branches that it took before, and what it
 * cost. perf's meanings (tools/perf/util/sort.c, perf 6.1).
 */
import { StrataError } from '../../base/errors.js';
import type { CallTree } from '../calltree.js';
import { BRANCH_CYCLES_SHIFT, BranchFlag, type BranchTable, type Profile } from '../profile.js';
import { distinctNumbers } from './distinct.js';
import type { KeyColumn, NodeColumn } from './key-columns.js';

/**
 * What gives the function at one end of the branch of each node.
 * @throws StrataError where rows are not of branches, as the others here do
 */
export function branchEnds(
  profile: Profile,
  key: `${string}_${'from' | 'to'}`,
): (tree: CallTree) => Int32Array {
  const branches = requireBranches(profile, key);
  const ends = key.endsWith('_from') ? branches.from : branches.to;
  const functions = ends.map((frame) => profile.frames.func[frame]);
  return byBranch(functions);
}

/** Whether the branch was foreseen: 1 where not, -1 where the hardware does not tell. */
export function mispredictColumn(profile: Profile): NodeColumn {
  const key = 'mispredict';
  const { flags } = requireBranches(profile, key);
  const { Predicted, Mispredicted } = BranchFlag;
  const values = flags.map((bits) =>
    (bits & Predicted) !== 0 ? 0 : (bits & Mispredicted) !== 0 ? 1 : -1,
  );
  const text = (value: number) => ['N/A', 'N', 'Y'][value + 1];
  return { key, of: 'nodes', byOwner: true, values: byBranch(values), text, compare: rising };
}

/** Cycles since the branch before; -1 where they are not known. */
export function cyclesColumn(profile: Profile): NodeColumn {
  const key = 'cycles';
  const { flags } = requireBranches(profile, key);
  const values = flags.map((bits) => cyclesOf(bits) || -1);
  const text = (value: number) => (value < 0 ? '-' : String(value));
  return { key, of: 'nodes', byOwner: true, values: byBranch(values), text, compare: falling };
}

/**
 * What a sample cost; of a branch its cycles, or 1 where they are not known. perf takes those of the sample's
 * youngest branch for all of its branches.
 * @param key `weight` shows the sum over a row's samples
 */
export function weightColumn(profile: Profile, key: 'weight' | 'local_weight'): KeyColumn {
  const { branches, samples } = profile;
  if (branches !== undefined) {
    const values = byBranch(branches.flags.map((bits) => cyclesOf(bits) || 1));
    const sum = (cycles: number, count: number) => cycles * count;
    const shown = { text: String, compare: falling, ...(key === 'weight' ? { sum } : {}) };
    return { key, of: 'nodes', byOwner: true, values, ...shown };
  }
  if (samples.hardwareWeight === undefined) {
    throw new StrataError(
      `${key} is what hardware says that samples cost, which was not recorded`,
      'strata record -W records it, of events that have it',
    );
  }
  const { hardwareWeight } = samples;
  const { values, numbers: weights } = distinctNumbers(
    samples.length,
    (sample) => hardwareWeight[sample],
  );
  const text = (row: number) => String(weights[row]);
  const compare = (a: number, b: number) => weights[b] - weights[a];
  const sum = (row: number, count: number) => weights[row] * count;
  return { key, of: 'samples', values, text, compare, ...(key === 'weight' ? { sum } : {}) };
}

function requireBranches({ branches }: Profile, key: string): BranchTable {
  if (branches !== undefined) return branches;
  throw new StrataError(
    `${key} tells branches apart, and rows are not of branches`,
    'strata record -b records branches, where the CPU can, and strata report -b shows them',
  );
}

/** Values of branches as those of nodes. */
function byBranch(values: Int32Array): (tree: CallTree) => Int32Array {
  return ({ branch }) => (branch ?? new Int32Array(0)).map((one) => values[one]);
}

function cyclesOf(flags: number): number {
  return flags >>> BRANCH_CYCLES_SHIFT;
}

function rising(a: number, b: number): number {
  return a - b;
}

function falling(a: number, b: number): number {
  return b - a;
}
