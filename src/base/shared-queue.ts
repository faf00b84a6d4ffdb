/**
 * A queue between two threads in memory that both share: one writes messages of words, the other takes
 * them in their order. Either sleeps where it must wait.
 */

/** Words of the control part: how many words were written and read in all (modulo 2^32), and the end. */
const WRITTEN = 0;
const READ = 1;
const ENDED = 2;
const CONTROL_WORDS = 4;

/** What both threads hold. */
export interface SharedQueueMemory {
  readonly control: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
}

/** @param capacity in words, a power of two; no message may be longer */
export function newSharedQueue(capacity: number): SharedQueueMemory {
  return {
    control: new SharedArrayBuffer(CONTROL_WORDS * 4),
    words: new SharedArrayBuffer(capacity * 4),
  };
}

/** One thread's end of a queue: only one may write, and only one may read. */
export class SharedQueue {
  private readonly control: Int32Array;
  private readonly words: Int32Array;
  private readonly mask: number;

  constructor({ control, words }: SharedQueueMemory) {
    this.control = new Int32Array(control);
    this.words = new Int32Array(words);
    this.mask = this.words.length - 1;
  }

  /** Writes `count` words of `source`; sleeps until there is room. */
  write(source: Int32Array, count: number): void {
    const { control, words, mask } = this;
    const written = control[WRITTEN];
    for (;;) {
      const read = Atomics.load(control, READ);
      if (((written - read) | 0) + count <= words.length) break;
      Atomics.wait(control, READ, read);
    }
    for (let i = 0; i < count; i++) words[(written + i) & mask] = source[i];
    Atomics.store(control, WRITTEN, (written + count) | 0);
    Atomics.notify(control, WRITTEN);
  }

  /** Says that nothing more will come. */
  end(): void {
    Atomics.store(this.control, ENDED, 1);
    Atomics.notify(this.control, WRITTEN);
  }

  /**
   * Takes `count` words into `target`; sleeps until they are there.
   * @returns false where the writer ended before, or nothing came for `patience` milliseconds
   */
  read(target: Int32Array, count: number, patience: number): boolean {
    const { control, words, mask } = this;
    const read = control[READ];
    for (;;) {
      const written = Atomics.load(control, WRITTEN);
      if (((written - read) | 0) >= count) break;
      if (Atomics.load(control, ENDED) === 1 && Atomics.load(control, WRITTEN) === written) {
        return false;
      }
      if (Atomics.wait(control, WRITTEN, written, patience) === 'timed-out') return false;
    }
    for (let i = 0; i < count; i++) target[i] = words[(read + i) & mask];
    Atomics.store(control, READ, (read + count) | 0);
    Atomics.notify(control, READ);
    return true;
  }
}
