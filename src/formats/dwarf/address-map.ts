/** Which of many ranges of addresses is the innermost around one. */
import { sortedOrder } from '../../base/order.js';
import { lastAtMost } from '../../base/search.js';
import type { Address } from '../../base/units.js';

/** Where a program has code: from the first to past the last byte. */
export interface CodeSpan {
  readonly start: Address;
  readonly end: Address;
}

/** Ranges as they are found, each with a number; of ranges that overlap, the outer is to be added first. */
export class AddressRanges {
  // Most of the time a handful: columns of typed arrays would be larger than what they hold.
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly values: number[] = [];

  /** @param code linkers leave 0, 1, -1 or -2 for the start of what they dropped: that is not in it */
  constructor(private readonly code: CodeSpan) {}

  /** An empty or impossible range is passed over. */
  add(start: Address, end: Address, value: number): void {
    if (!(start >= this.code.start && start < this.code.end && end > start)) return;
    this.starts.push(start);
    this.ends.push(Math.min(end, this.code.end));
    this.values.push(value);
  }

  /** The ranges cut where others begin and end, which takes at most twice as many. */
  build(): AddressMap {
    const starts = new Float64Array(this.starts);
    const { ends, values } = this;
    const order = sortedOrder(starts);
    const froms = new Float64Array(2 * starts.length);
    const innermost = new Int32Array(2 * starts.length);
    let count = 0;
    // The ranges that are open, outer first:   |--- a ---------|        a, b
    //                                             |-- b --|             emits a | b | a | -1
    const open = new Int32Array(starts.length);
    let depth = 0;
    const emit = (from: Address): void => {
      if (count > 0 && froms[count - 1] === from) count--;
      froms[count] = from;
      innermost[count] = depth === 0 ? -1 : values[open[depth - 1]];
      count++;
    };
    const closeUpTo = (limit: Address): void => {
      while (depth > 0 && ends[open[depth - 1]] <= limit) {
        const end = ends[open[depth - 1]];
        while (depth > 0 && ends[open[depth - 1]] <= end) depth--;
        emit(end);
      }
    };
    for (const range of order) {
      closeUpTo(starts[range]);
      open[depth++] = range;
      emit(starts[range]);
    }
    closeUpTo(Infinity);
    return new AddressMap(froms.slice(0, count), innermost.slice(0, count));
  }
}

/** The number of the innermost range, by address. */
export class AddressMap {
  /** @param froms sorted; `values[i]` holds from `froms[i]` to the next, -1 being none */
  constructor(
    private readonly froms: Float64Array,
    private readonly values: Int32Array,
  ) {}

  /** -1 where no range holds the address. */
  find(address: Address): number {
    const i = lastAtMost(this.froms, this.froms.length, address);
    return i < 0 ? -1 : this.values[i];
  }
}
