/** Numbers that look random and are the same on every machine: xorshift32, seeded by mixing. */

export class Random {
  private state: number;

  /** @param seeds numbers of any size; each set of them has its own sequence */
  constructor(...seeds: readonly number[]) {
    let state = 0x9e3779b9;
    for (const seed of seeds) state = mix(state ^ mix(seed)) + 0x6d2b79f5;
    this.state = state | 0 || 1;
  }

  /** 32 bits, unsigned. */
  next(): number {
    let { state } = this;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return state >>> 0;
  }

  /** From 0 to below `limit`; 0 where there is nothing below it. */
  below(limit: number): number {
    return limit > 0 ? this.next() % limit : 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }
}

/** Murmur3's finalizer: near seeds become far ones. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
