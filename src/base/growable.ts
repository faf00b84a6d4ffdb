/**
 * Typed arrays that grow by doubling: columns whose length is not known before.
 */

const FIRST_CAPACITY = 1024;

function nextCapacity(capacity: number, needed: number): number {
  let next = Math.max(capacity, FIRST_CAPACITY);
  while (next < needed) next *= 2;
  return next;
}

/** A column of 32-bit signed numbers. */
export class Int32Column {
  data = new Int32Array(0);
  length = 0;

  /** Appends and returns the index of what was appended. */
  push(value: number): number {
    if (this.length === this.data.length) this.reserve(this.length + 1);
    this.data[this.length] = value;
    return this.length++;
  }

  reserve(capacity: number): void {
    if (capacity <= this.data.length) return;
    const grown = new Int32Array(nextCapacity(this.data.length, capacity));
    grown.set(this.data.subarray(0, this.length));
    this.data = grown;
  }

  /** The filled part, sharing memory. */
  view(): Int32Array {
    return this.data.subarray(0, this.length);
  }
}

/** A column of doubles. */
export class Float64Column {
  data = new Float64Array(0);
  length = 0;

  push(value: number): number {
    if (this.length === this.data.length) this.reserve(this.length + 1);
    this.data[this.length] = value;
    return this.length++;
  }

  reserve(capacity: number): void {
    if (capacity <= this.data.length) return;
    const grown = new Float64Array(nextCapacity(this.data.length, capacity));
    grown.set(this.data.subarray(0, this.length));
    this.data = grown;
  }

  view(): Float64Array {
    return this.data.subarray(0, this.length);
  }
}

/** A column of bytes. */
export class Uint8Column {
  data = new Uint8Array(0);
  length = 0;

  push(value: number): number {
    if (this.length === this.data.length) this.reserve(this.length + 1);
    this.data[this.length] = value;
    return this.length++;
  }

  reserve(capacity: number): void {
    if (capacity <= this.data.length) return;
    const grown = new Uint8Array(nextCapacity(this.data.length, capacity));
    grown.set(this.data.subarray(0, this.length));
    this.data = grown;
  }

  view(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}
