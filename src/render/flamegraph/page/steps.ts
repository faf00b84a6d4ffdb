import type { Nodes } from './tree.js';

/**
 * What a reader did to the stacks: kept those with a function, removed them, hid a function's frames, or
 * began stacks at it.
 */
export interface Step {
  readonly kind: 'keep' | 'remove' | 'hide' | 'focus';
  /** `=name` is that name, `~text` a name or file that has the text, `/expression` one that matches. */
  readonly match: string;
}

/** The tree after a step for the functions that are 1 in `chosen`. */
export function applyStep(nodes: Nodes, kind: Step['kind'], chosen: Uint8Array): Nodes {
  if (kind === 'keep' || kind === 'remove') return keepStacks(nodes, chosen, kind === 'keep');
  return rebuildStacks(nodes, chosen, kind === 'focus');
}

/** The stacks that have a chosen function, or those that have none. What does not stay weighs nothing. */
export function keepStacks(nodes: Nodes, chosen: Uint8Array, keep: boolean): Nodes {
  const has = new Uint8Array(nodes.length);
  const own = nodes.own.slice();
  const lost = nodes.lost.slice();
  const other = nodes.other?.slice();
  for (let node = 0; node < nodes.length; node++) {
    const above = node > 0 ? has[nodes.parent[node]] : 0;
    has[node] = above === 1 ? 1 : chosen[nodes.func[node]];
    if ((has[node] === 1) === keep) continue;
    own[node] = 0;
    lost[node] = 0;
    if (other !== undefined) other[node] = 0;
  }
  return { ...nodes, own, lost, ...(other && { other }) };
}

/**
 * Stacks that begin at the outermost chosen frame, or that lack the chosen frames: what a hidden frame
 * spent itself goes to its caller, and callees that stand beside a like one become one with it.
 */
export function rebuildStacks(nodes: Nodes, chosen: Uint8Array, focus: boolean): Nodes {
  const most = nodes.length;
  const func = new Int32Array(most);
  const parent = new Int32Array(most).fill(-1);
  const own = new Float64Array(most);
  const lost = new Float64Array(most);
  const other = nodes.other === undefined ? undefined : new Float64Array(most);
  const image = new Int32Array(most);
  const known = new Map<number, number>();
  let functions = 0;
  for (const one of nodes.func) if (one >= functions) functions = one + 1;
  func[0] = nodes.func[0];
  let length = 1;
  for (let node = 0; node < nodes.length; node++) {
    const above = node === 0 ? -1 : image[nodes.parent[node]];
    const isChosen = chosen[nodes.func[node]] === 1;
    let to = above;
    if (node === 0) to = focus ? -1 : 0;
    else if (focus ? above >= 0 || isChosen : !isChosen) {
      const caller = Math.max(0, above);
      const key = caller * functions + nodes.func[node];
      to = known.get(key) ?? length;
      if (to === length) {
        known.set(key, length);
        func[length] = nodes.func[node];
        parent[length] = caller;
        length++;
      }
    }
    image[node] = to;
    if (to < 0) continue;
    own[to] += nodes.own[node];
    lost[to] += nodes.lost[node];
    if (other !== undefined && nodes.other !== undefined) other[to] += nodes.other[node];
  }
  return {
    length,
    func: func.subarray(0, length),
    parent: parent.subarray(0, length),
    own,
    lost,
    ...(other && { other }),
  };
}
