/** Readers that do what none may: what the fuzzer's own test must see found. */
import type { Target } from './target.js';

const seeds: Target['seeds'] = () => [{ name: 'zeros', bytes: new Uint8Array(64), fields: [] }];

/** Goes wrong in about every second run, after its input alone. */
function isUnlucky(bytes: Uint8Array): boolean {
  return bytes.reduce((sum, byte) => sum + byte, bytes.length) % 2 === 1;
}

const kept: unknown[][] = [];
let last = new Uint8Array(0);

export const TARGETS: readonly Target[] = [
  {
    format: 'throws',
    seeds,
    run: (bytes) => {
      if (isUnlucky(bytes)) throw new TypeError('not ours');
    },
  },
  {
    format: 'hangs',
    seeds,
    run: (bytes) => {
      while (isUnlucky(bytes));
    },
  },
  {
    format: 'allocates',
    seeds,
    run: (bytes) => {
      if (isUnlucky(bytes)) last = new Uint8Array((300 << 20) + last.length / 2);
    },
  },
  {
    format: 'exhausts',
    seeds,
    run: (bytes) => {
      while (isUnlucky(bytes)) kept.push(Array<unknown>(100_000).fill({}));
    },
  },
];
