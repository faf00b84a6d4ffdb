/**
 * What the page carries for its script: rows as text, small and quick to parse.
 *
 * The functions of this folder run in the reader's browser: the renderer writes their source into the page
 * (`Function.prototype.toString`). They may name each other and what `script.ts` lists, nothing else of a
 * module: no constants, no imports of values.
 */
export interface TreePageData {
  /** How many events the trees are of. */
  readonly events: number;
  /** Of each distinct label its name, made printable: `fetch (task)`, `[12 frames hidden, json, re]`. */
  readonly names: readonly string[];
  /** Of each its file or module, as an index into `places`. */
  readonly place: string;
  readonly places: readonly string[];
  /** Of each one character: {@link Look}. */
  readonly looks: string;
  readonly trees: readonly TreeText[];
}

/**
 * What a row is: `T` a thread or event whose weights are nanoseconds, `C` one whose are counts, `o` own code,
 * `p` Python of libraries, `n` native, `k` kernel, `f` folded or summed.
 */
export type Look = 'T' | 'C' | 'o' | 'p' | 'n' | 'k' | 'f';

/** One way to show the tree: its rows in preorder, each column comma separated. */
export interface TreeText {
  /** How many levels to climb from the row before until the parent stands there; empty for 0. */
  readonly climb: string;
  /** Index of a label, base 36. */
  readonly label: string;
  /** Empty where it is the parent's. */
  readonly weight: string;
  /** Empty for 0; nothing of what is no function. */
  readonly self: string;
}

/** The rows as columns. */
export interface Rows {
  readonly length: number;
  readonly label: Int32Array;
  readonly parent: Int32Array;
  /** 1 at a root. */
  readonly level: Int32Array;
  /** The row after the last descendant. */
  readonly end: Int32Array;
  /** Levels that are drawn: a row that has no siblings stands below its parent without a step. */
  readonly indent: Int32Array;
  readonly weight: Float64Array;
  readonly self: Float64Array;
  /** Weight of which the row's is a share: its thread's, of a thread its event's. */
  readonly whole: Float64Array;
  /** 1 where weights are nanoseconds. */
  readonly time: Uint8Array;
}

/** Undoes `encodeTree`. */
export function decodeRows(tree: TreeText, looks: string): Rows {
  const climb = tree.climb === '' && tree.label === '' ? [] : tree.climb.split(',');
  const labels = tree.label.split(',');
  const weights = tree.weight.split(',');
  const selves = tree.self.split(',');
  const length = climb.length;
  const label = new Int32Array(length);
  const parent = new Int32Array(length);
  const level = new Int32Array(length);
  const end = new Int32Array(length);
  const indent = new Int32Array(length);
  const weight = new Float64Array(length);
  const self = new Float64Array(length);
  const whole = new Float64Array(length);
  const time = new Uint8Array(length);
  const children = new Int32Array(length);
  for (let row = 0; row < length; row++) {
    let above = row - 1;
    for (let up = Number(climb[row]); up > 0; up--) above = parent[above];
    parent[row] = above;
    label[row] = parseInt(labels[row], 36);
    weight[row] = weights[row] === '' ? weight[above] : Number(weights[row]);
    self[row] = Number(selves[row]);
    if (above >= 0) children[above]++;
  }
  for (let row = 0; row < length; row++) {
    const above = parent[row];
    const look = looks[label[row]];
    const isGroup = look === 'T' || look === 'C';
    const belowGroup = above < 0 || looks[label[above]] === 'T' || looks[label[above]] === 'C';
    level[row] = above < 0 ? 1 : level[above] + 1;
    indent[row] = above < 0 ? 0 : indent[above] + (belowGroup || children[above] > 1 ? 1 : 0);
    whole[row] = above < 0 ? weight[row] : belowGroup ? weight[above] : whole[above];
    time[row] = isGroup ? (look === 'T' ? 1 : 0) : above < 0 ? 0 : time[above];
  }
  for (let row = length - 1; row >= 0; row--) {
    if (end[row] === 0) end[row] = row + 1;
    const above = parent[row];
    if (above >= 0 && end[above] === 0) end[above] = end[row];
  }
  return { length, label, parent, level, end, indent, weight, self, whole, time };
}
