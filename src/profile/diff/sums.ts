/**
 * What rows of a table weigh in one recording, and by how much chance moves that.
 *
 * Samples next to each other in time are alike: a function that runs for 5 ms gets five of them at a time.
 * Their counts vary more than independent ones would (Poisson's), and a run of the same program later differs
 * by that. How much is found by the method of batch means: the recording is cut into blocks of equally many
 * samples, long enough that what is in one says little of the next, and the variance of the whole is the sum
 * of the blocks' (C. Alexopoulos and A. F. Seila, Output data analysis, in: Handbook of Simulation, 1998).
 *
 * A program has phases, which are no chance: they are the same in the next run. So blocks are compared with
 * their neighbours and not with the mean of all (J. von Neumann, Distribution of the Ratio of the Mean Square
 * Successive Difference to the Variance, 1941): a phase then counts where it begins and ends. As work that
 * alternates regularly makes neighbours differ at the scale of its own beat, several lengths of blocks are
 * tried, and the least variance is taken that one of them shows.
 */
import type { Profile } from '../profile.js';
import type { Joined, Side } from './join.js';

export interface RowSums {
  readonly weight: Float64Array;
  readonly samples: Float64Array;
  /** Of `weight`: square of its standard error. */
  readonly variance: Float64Array;
}

/** Which row a stack counts for. */
export interface RowChoice {
  readonly rows: number;
  /** By stack. */
  readonly rowOf: Int32Array;
  /** 1 where no stack above is of the same row; absent where rows are to count only what ends in them. */
  readonly outermost?: Uint8Array;
}

/** Samples in the shortest blocks: at 999 Hz as long as several turns of threads at the GIL, 5 ms each. */
const BLOCK = 25;
/** How many times longer the next length of blocks is, and how many lengths there are. */
const LONGER = 4;
const LEVELS = 4;
/** Of fewer blocks the variance is too uncertain itself. */
const FEWEST_BLOCKS = 12;
/** By how much bursts are taken to raise the variance where there are no blocks to tell it from. */
const UNKNOWN_BURSTS = 2;

export function sumRows(joined: Joined, side: Side, choice: RowChoice): RowSums {
  return choice.outermost === undefined
    ? sumSelf(joined.profile, side, choice)
    : sumTotals(joined.profile, side, choice, choice.outermost);
}

function sumSelf({ samples }: Profile, side: Side, { rows, rowOf }: RowChoice): RowSums {
  const sums = new Sums(rows, side);
  const { quantum } = side;
  for (let sample = side.first; sample < side.end; sample++) {
    const weight = samples.weight[sample];
    const block = sums.blockOf(sample - side.first);
    const count = quantum === undefined ? 1 : weight / quantum;
    sums.add(rowOf[samples.stack[sample]], block, weight, count, weight * (quantum ?? weight));
  }
  return sums.finish();
}

/** Per block, each stack of it once, however many samples pass through. */
function sumTotals(
  { samples, stacks }: Profile,
  side: Side,
  { rows, rowOf }: RowChoice,
  outermost: Uint8Array,
): RowSums {
  const sums = new Sums(rows, side);
  const { quantum } = side;
  const weight = new Float64Array(stacks.length);
  const squares = new Float64Array(stacks.length);
  const count = new Float64Array(stacks.length);
  const touched = new Int32Array(stacks.length);
  let sample = side.first;
  while (sample < side.end) {
    const block = sums.blockOf(sample - side.first);
    let length = 0;
    for (; sample < side.end && sums.blockOf(sample - side.first) === block; sample++) {
      const leaf = samples.stack[sample];
      for (let stack = leaf; stack >= 0 && count[stack] === 0; stack = stacks.parent[stack]) {
        count[stack] = -1; // on the list, with nothing yet
        touched[length++] = stack;
      }
      const value = samples.weight[sample];
      weight[leaf] += value;
      squares[leaf] += value * (quantum ?? value);
      count[leaf] = Math.max(0, count[leaf]) + (quantum === undefined ? 1 : value / quantum);
    }
    // Children come after their parents, so that what is added to a parent is complete when it is read.
    const order = touched.subarray(0, length).sort();
    for (let i = length - 1; i >= 0; i--) {
      const stack = order[i];
      const parent = stacks.parent[stack];
      if (parent >= 0) {
        weight[parent] += weight[stack];
        squares[parent] += squares[stack];
        count[parent] = Math.max(0, count[parent]) + count[stack];
      }
      if (outermost[stack] === 1) {
        sums.add(rowOf[stack], block, weight[stack], count[stack], squares[stack]);
      }
      weight[stack] = squares[stack] = count[stack] = 0;
    }
  }
  return sums.finish();
}

/** Rows' sums while blocks come one after the other. */
class Sums {
  private readonly weight: Float64Array;
  private readonly samples: Float64Array;
  private readonly squares: Float64Array;
  /** Blocks of each length. */
  private readonly blocks: number[] = [];
  private readonly size: number;
  /** By length of blocks and row: the last block that had anything, it, the one before it, and the squares. */
  private readonly last: Int32Array;
  private readonly current: Float64Array;
  private readonly previous: Float64Array;
  private readonly differences: Float64Array;

  private readonly length: number;

  constructor(
    private readonly rows: number,
    { first, end, quantum }: Side,
  ) {
    const length = (this.length = end - first);
    this.size = Math.max(1, Math.min(BLOCK, Math.floor(length / FEWEST_BLOCKS)));
    let blocks = Math.floor(length / this.size);
    while (quantum === undefined && blocks >= FEWEST_BLOCKS && this.blocks.length < LEVELS) {
      this.blocks.push(blocks);
      blocks = Math.floor(blocks / LONGER);
    }
    const cells = rows * this.blocks.length;
    this.weight = new Float64Array(rows);
    this.samples = new Float64Array(rows);
    this.squares = new Float64Array(rows);
    this.last = new Int32Array(cells).fill(-1);
    this.current = new Float64Array(cells);
    this.previous = new Float64Array(cells);
    this.differences = new Float64Array(cells);
  }

  /** The block of the shortest length that a sample lies in; the last one takes what is left over. */
  blockOf(index: number): number {
    return Math.min(Math.floor(index / this.size), Math.floor(this.length / this.size) - 1);
  }

  /** Adds samples of one block to a row; blocks ascend. */
  add(row: number, block: number, weight: number, samples: number, squares: number): void {
    this.weight[row] += weight;
    this.samples[row] += samples;
    this.squares[row] += squares;
    if (this.blocks.length > 0) this.push(0, row, block, weight);
  }

  private push(level: number, row: number, at: number, weight: number): void {
    const block = Math.min(at, this.blocks[level] - 1);
    const cell = level * this.rows + row;
    const last = this.last[cell];
    if (block === last) {
      this.current[cell] += weight;
      return;
    }
    this.close(level, row);
    const current = this.current[cell];
    if (block === last + 1) this.previous[cell] = current;
    else {
      // Empty blocks lie between, of which the first differs from what was.
      if (last >= 0) this.differences[cell] += current * current;
      this.previous[cell] = 0;
    }
    this.last[cell] = block;
    this.current[cell] = weight;
  }

  /** A block is complete: it is compared with the one before, and goes into a longer one. */
  private close(level: number, row: number): void {
    const cell = level * this.rows + row;
    const block = this.last[cell];
    if (block < 0) return;
    const current = this.current[cell];
    if (block > 0) this.differences[cell] += (current - this.previous[cell]) ** 2;
    if (level + 1 < this.blocks.length) {
      this.push(level + 1, row, Math.floor(block / LONGER), current);
    }
  }

  finish(): RowSums {
    for (let level = 0; level < this.blocks.length; level++) {
      for (let row = 0; row < this.rows; row++) {
        this.close(level, row);
        const cell = level * this.rows + row;
        const last = this.last[cell];
        if (last >= 0 && last < this.blocks[level] - 1) {
          this.differences[cell] += this.current[cell] ** 2;
        }
      }
    }
    const variance = this.squares.map((squares, row) => this.varianceOf(row, squares));
    return { weight: this.weight, samples: this.samples, variance };
  }

  private varianceOf(row: number, squares: number): number {
    let least = Infinity;
    for (let level = 0; level < this.blocks.length; level++) {
      const blocks = this.blocks[level];
      const perBlock = this.differences[level * this.rows + row] / (2 * (blocks - 1));
      least = Math.min(least, perBlock * blocks);
    }
    return least === Infinity ? squares * UNKNOWN_BURSTS : Math.max(least, squares / 2);
  }
}
