/** A profile as folded stacks, for FlameGraph, inferno, speedscope and whatever else reads them. */
import {
  Annotation,
  COMM_MODULE,
  foldedComm,
  foldedFrames,
  foldedUnknown,
} from '../formats/folded/names.js';
import { callTree, type Group } from '../profile/calltree.js';
import { Layer, type Profile } from '../profile/profile.js';

/** What the number behind a stack is: how many samples, or what they weigh (perf's period). */
export type FoldedCount = 'period' | 'samples';

/** What the first frame names. */
export type FoldedRoot = 'comm' | 'pid' | 'tid';

export interface FoldedOptions {
  /** Index of the event; others are left out. */
  readonly event: number;
  readonly count: FoldedCount;
  readonly root: FoldedRoot;
  /** Whether functions of the kernel, and such as were made at run time, are marked: `_[k]`, `_[j]`. */
  readonly annotate: { readonly kernel: boolean; readonly jit: boolean };
}

/**
 * Writes a line per distinct stack to `sink`, sorted by stack. The view is already applied.
 * @returns how many lines there are, and the sum of their numbers
 */
export function writeFolded(
  profile: Profile,
  options: FoldedOptions,
  sink: (text: string) => void,
): { stacks: number; total: number } {
  const counts = foldedCounts(profile, options);
  const stacks = [...counts.keys()].sort();
  let total = 0;
  for (const stack of stacks) {
    const count = counts.get(stack) ?? 0;
    total += count;
    sink(`${stack} ${count}\n`);
  }
  return { stacks: stacks.length, total };
}

/** By the stack's text, as functions of one name are one frame. */
function foldedCounts(profile: Profile, options: FoldedOptions): Map<string, number> {
  const { count, event, root } = options;
  const tree = callTree(profile, event, ['comm', root === 'tid' ? 'thread' : 'pid']);
  const texts = new FrameTexts(profile, options);
  const roots = tree.groups.map((group) => rootText(profile, group, root));
  const numbers = count === 'samples' ? tree.selfSamples : tree.self;
  /** Of each node, the stack down to it: ropes, which share what stacks have in common. */
  const paths: string[] = [];
  const counts = new Map<string, number>();
  for (let node = 0; node < tree.length; node++) {
    const func = tree.func[node];
    const group = tree.group[node];
    const above = tree.parent[node];
    const outer = above < 0 ? roots[group] : paths[above];
    const text =
      func < 0 || texts.isComm(func)
        ? ''
        : texts.of(func, tree.groups[group].pid, roots[group].startsWith('java'));
    const path = text === '' ? outer : `${outer};${text}`;
    paths.push(path);
    if (tree.selfSamples[node] > 0) counts.set(path, (counts.get(path) ?? 0) + numbers[node]);
  }
  return counts;
}

function rootText(
  { strings, threads }: Profile,
  { comm, pid, thread }: Group,
  root: FoldedRoot,
): string {
  if (root === 'comm') return foldedComm(strings[comm]);
  return foldedComm(strings[comm], root === 'pid' ? { pid } : { pid, tid: threads.tid[thread] });
}

/** What a function is called, found once for each. */
class FrameTexts {
  private readonly known: (string | undefined)[] = [];
  private readonly commModule: number;

  constructor(
    private readonly profile: Profile,
    private readonly options: FoldedOptions,
  ) {
    const { modules, strings } = profile;
    this.commModule = modules.name.findIndex((name) => strings[name] === COMM_MODULE);
  }

  /** Whether it stands for the thread's name, which the first frame gives already. */
  isComm(func: number): boolean {
    return this.commModule >= 0 && this.profile.functions.module[func] === this.commModule;
  }

  /** One frame or several; empty for none. */
  of(func: number, pid: number, isJava: boolean): string {
    if (isJava || this.isUnknownJit(func)) return this.make(func, pid, isJava);
    return (this.known[func] ??= this.make(func, pid, isJava));
  }

  private make(func: number, pid: number, isJava: boolean): string {
    const { functions, strings } = this.profile;
    const name = strings[functions.name[func]];
    const unknown = this.isUnknownJit(func) ? `perf-${pid}.map` : this.fileOfUnknown(func);
    if (unknown !== undefined) return this.annotated(foldedUnknown(unknown), func);
    if (functions.layer[func] !== Layer.Python) {
      const [first = '', ...inlined] = foldedFrames(name, isJava);
      return [first === '' ? '' : this.annotated(first, func), ...inlined].join(';');
    }
    const file = functions.file[func] < 0 ? '' : strings[functions.file[func]];
    return this.annotated(
      foldedFrames(file === '' ? `py::${name}` : `py::${name}:${file}`)[0],
      func,
    );
  }

  /** Of a function without a symbol, the file that it lies in; `undefined` of all others. */
  private fileOfUnknown(func: number): string | undefined {
    const { functions, modules, strings } = this.profile;
    const module = functions.module[func];
    if (module < 0) return undefined;
    const name = strings[functions.name[func]];
    const short = strings[modules.name[module]];
    const isUnknown =
      name === '[unknown]' ||
      name === `${short}@plt` ||
      (name === short && functions.layer[func] === Layer.Kernel) ||
      (name.startsWith(`${short}+0x`) && /^[0-9a-f]+$/.test(name.slice(short.length + 3)));
    if (short === '[unknown]') return undefined;
    return isUnknown ? strings[modules.path[module]] : undefined;
  }

  /** perf takes memory without a file that is run for what the process's perf map should name. */
  private isUnknownJit(func: number): boolean {
    const { functions, modules, strings } = this.profile;
    const module = functions.module[func];
    return (
      module >= 0 &&
      strings[modules.name[module]] === '[jit]' &&
      strings[functions.name[func]] === '[unknown]'
    );
  }

  private annotated(text: string, func: number): string {
    const { functions, modules, strings } = this.profile;
    const { kernel, jit } = this.options.annotate;
    const module = functions.module[func];
    const name = module < 0 ? '' : strings[modules.name[module]];
    if (name === '[jit]' || name === '[python]') return jit ? text + Annotation.Jit : text;
    // The two tools take for the kernel whatever lies in no file, the vDSO too.
    const isKernel = functions.layer[func] === Layer.Kernel || name === '[vdso]';
    return kernel && isKernel ? text + Annotation.Kernel : text;
  }
}
