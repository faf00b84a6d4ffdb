/** Sample columns of few distinct numbers that may be beyond 32 bits. */

export interface DistinctNumbers {
  /** By sample, the index of its number. */
  readonly values: Int32Array;
  /** In the order in which they came. */
  readonly numbers: readonly number[];
}

/** Tells numbers apart that `numberOf` gives for 0 to `length`, exclusive. */
export function distinctNumbers(
  length: number,
  numberOf: (sample: number) => number,
): DistinctNumbers {
  const indexOf = new Map<number, number>();
  const numbers: number[] = [];
  const values = new Int32Array(length);
  for (let sample = 0; sample < length; sample++) {
    const number = numberOf(sample);
    let index = indexOf.get(number);
    if (index === undefined) indexOf.set(number, (index = numbers.push(number) - 1));
    values[sample] = index;
  }
  return { values, numbers };
}
