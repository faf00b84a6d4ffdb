/** What makes frames of call chains the same (`perf report -g function`, `address`, `srcline`). */
import { addressHigh } from '../../base/units.js';
import type { CallTree, NodeKey } from '../calltree.js';
import { InternedPairs } from '../interned.js';

export type ChainKey = 'function' | 'address' | 'srcline';

/** What nodes of the call tree must be told apart by, for chains to be. */
export const NODE_KEYS: Readonly<Record<ChainKey, NodeKey>> = {
  function: 'function',
  address: 'address',
  srcline: 'line',
};

export interface ChainPlaces {
  /** Of each node of the tree, below `length`: nodes of one place are one frame of a chain. */
  readonly of: Int32Array;
  readonly length: number;
  /** The order of nodes between equal weights. */
  readonly compare: (a: number, b: number) => number;
}

export function chainPlaces(tree: CallTree, key: ChainKey): ChainPlaces {
  const compare = (a: number, b: number) => byAddress(tree, a, b);
  if (key === 'function') {
    return {
      of: tree.func.map((func) => func + 1),
      length: tree.profile.functions.length + 1,
      compare,
    };
  }
  const places = new InternedPairs();
  const of = key === 'address' ? addressPlaces(tree, places) : linePlaces(tree, places);
  return { of, length: places.length, compare };
}

function addressPlaces({ profile, func, frame }: CallTree, places: InternedPairs): Int32Array {
  const { address } = profile.frames;
  const addresses = new InternedPairs(); // (low half, high half)
  return func.map((one, node) => {
    if (one < 0) return places.intern(-1, -1);
    const at = address[frame[node]];
    return places.intern(one, addresses.intern(at | 0, addressHigh(at) | 0));
  });
}

/** As perf does, by the line alone, and by the function where no line is known. */
function linePlaces({ func, file, line }: CallTree, places: InternedPairs): Int32Array {
  return func.map((one, node) =>
    line[node] >= 0 ? places.intern(file[node], line[node]) : places.intern(-2, one),
  );
}

/**
 * Between equal weights perf keeps the order of its lookup tree: by module, then by the symbol's
 * address, highest first. Any instruction's address orders functions of one module as their starts do.
 */
function byAddress({ profile, func, frame }: CallTree, a: number, b: number): number {
  if (func[a] < 0 || func[b] < 0) return func[a] - func[b];
  const { module } = profile.functions;
  const { address } = profile.frames;
  return (
    module[func[a]] - module[func[b]] || address[frame[b]] - address[frame[a]] || func[a] - func[b]
  );
}
