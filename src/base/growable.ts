/**
 * Typed arrays that grow by doubling: columns whose length is not known before.
 */

/** Small: there are columns for each of many threads. */
const FIRST_CAPACITY = 32;

/** What the columns need of a typed array. */
interface Numbers<A> {
  readonly length: number;
  [index: number]: number;
  set(values: A): void;
  subarray(start: number, end: number): A;
}

/** A class of its own for each kind of array, so that its methods stay as fast as hand-written ones. */
function columnOf<A extends Numbers<A>>(create: (length: number) => A) {
  return class Column {
    data: A = create(0);
    length = 0;

    /** Appends and returns the index of what was appended. */
    push(value: number): number {
      if (this.length === this.data.length) this.reserve(this.length + 1);
      (this.data as Numbers<A>)[this.length] = value;
      return this.length++;
    }

    /** Makes room for `capacity` values in all. */
    reserve(capacity: number): void {
      if (capacity <= this.data.length) return;
      let next = Math.max(this.data.length, FIRST_CAPACITY);
      while (next < capacity) next *= 2;
      const grown = create(next);
      grown.set(this.view());
      this.data = grown;
    }

    /** The filled part, sharing memory. */
    view(): A {
      return this.data.subarray(0, this.length);
    }
  };
}

/** A column of 32-bit signed numbers. */
export const Int32Column = columnOf<Int32Array>((length) => new Int32Array(length));
export type Int32Column = InstanceType<typeof Int32Column>;

/** A column of doubles. */
export const Float64Column = columnOf<Float64Array>((length) => new Float64Array(length));
export type Float64Column = InstanceType<typeof Float64Column>;

/** A column of bytes. */
export const Uint8Column = columnOf<Uint8Array>((length) => new Uint8Array(length));
export type Uint8Column = InstanceType<typeof Uint8Column>;
