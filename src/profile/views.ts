/**
 * Views of a profile: which frames of a stack are shown. A view is a profile again, with other stacks
 * and the same samples, so every query works on it and no time is ever lost: the self time of a frame
 * that is left out goes to the frame that is left as leaf.
 */
import { AddedFrames } from './added-frames.js';
import { InternedStacks } from './interned.js';
import { Layer, type Profile } from './profile.js';

/**
 * - `full`: every frame;
 * - `mixed`: CPython's machinery folded into the Python function that it runs, and the thread's start
 *   left out; C extensions, libraries and the kernel kept;
 * - `python`: only Python functions;
 * - `native`: only what is not Python.
 */
export type View = 'full' | 'mixed' | 'python' | 'native';

export const VIEWS: readonly View[] = ['full', 'mixed', 'python', 'native'];

/** What a thread runs before the code that anyone wrote: crt1's and libc's starts (glibc, musl). */
const STARTS =
  /^(_start|_start_c|__libc_start_main.*|__libc_start_call_main|libc_start_main_stage2|_{0,2}clone3?|start_thread)$/;

/** Whether any stack holds a Python function. */
export function hasPython(profile: Profile): boolean {
  const { functions, frames } = profile;
  return frames.func.some((func) => functions.layer[func] === Layer.Python);
}

/** The view that a report takes unasked: `mixed` where there are Python functions, else `full`. */
export function defaultView(profile: Profile): View {
  return hasPython(profile) ? 'mixed' : 'full';
}

/**
 * The profile as `view` shows it. A sample of which no frame is left keeps one that is named after the
 * module of its outermost machinery frame (else of its outermost frame past the thread's start):
 * `[libpython3.12.so.1.0]`.
 */
export function applyView(profile: Profile, view: View): Profile {
  if (view === 'full') return profile;
  const { stacks, frames } = profile;
  const kept = keptFunctions(profile, view);
  const starts = startFunctions(profile);
  const dropStarts = view === 'mixed';
  const interned = new InternedStacks();
  const image = new Int32Array(stacks.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    const func = frames.func[stacks.frame[stack]];
    const parent = stacks.parent[stack];
    const outer = parent < 0 ? -1 : image[parent];
    const keep = kept[func] === 1 && !(dropStarts && outer < 0 && starts[func] === 1);
    image[stack] = keep ? interned.intern(outer, stacks.frame[stack]) : outer;
  }
  const stand = new StandIns(profile, interned, starts);
  const stackOf = profile.samples.stack.map((stack) =>
    stack < 0 ? -1 : image[stack] >= 0 ? image[stack] : stand.stack(stack),
  );
  return {
    ...profile,
    ...stand.tables(),
    stacks: interned.table(),
    samples: { ...profile.samples, stack: stackOf },
  };
}

/** 1 for each function whose frames the view keeps. */
function keptFunctions({ functions }: Profile, view: View): Uint8Array {
  return functions.layer.map((layer) => {
    const python = layer === Layer.Python;
    if (view === 'python') return python ? 1 : 0;
    if (view === 'native') return python ? 0 : 1;
    return layer === Layer.Interpreter ? 0 : 1;
  });
}

function startFunctions({ functions, strings }: Profile): Uint8Array {
  const starts = new Uint8Array(functions.length);
  for (let func = 0; func < functions.length; func++) {
    if (functions.layer[func] === Layer.Native && STARTS.test(strings[functions.name[func]])) {
      starts[func] = 1;
    }
  }
  return starts;
}

/** The frames that stand in for stacks of which a view leaves nothing, one per module and layer. */
class StandIns {
  private readonly added: AddedFrames;
  private readonly stackOfModule = new Map<number, number>();
  private readonly stackOf: Int32Array;

  constructor(
    private readonly profile: Profile,
    private readonly interned: InternedStacks,
    private readonly starts: Uint8Array,
  ) {
    this.added = new AddedFrames(profile);
    this.stackOf = new Int32Array(profile.stacks.length).fill(-1);
  }

  stack(stack: number): number {
    if (this.stackOf[stack] < 0) {
      const { functions } = this.profile;
      const func = this.eponym(stack);
      const key = functions.module[func] * 8 + functions.layer[func];
      let known = this.stackOfModule.get(key);
      if (known === undefined) {
        this.stackOfModule.set(key, (known = this.add(functions.module[func], func)));
      }
      this.stackOf[stack] = known;
    }
    return this.stackOf[stack];
  }

  /** The profile's tables with the stand-ins behind. */
  tables(): ReturnType<AddedFrames['tables']> {
    return this.added.tables();
  }

  /** Function of the outermost machinery frame, else of the outermost that is no thread's start. */
  private eponym(leaf: number): number {
    const { stacks, frames, functions } = this.profile;
    let machinery = -1;
    let work = -1;
    for (let stack = leaf; stack >= 0; stack = stacks.parent[stack]) {
      const func = frames.func[stacks.frame[stack]];
      if (functions.layer[func] === Layer.Interpreter) machinery = func;
      if (this.starts[func] === 0) work = func;
    }
    if (machinery >= 0) return machinery;
    return work >= 0 ? work : frames.func[stacks.frame[leaf]];
  }

  private add(module: number, func: number): number {
    const { strings, modules, functions } = this.profile;
    const name = module < 0 ? 'unknown' : strings[modules.name[module]];
    const shown = name.startsWith('[') ? name : `[${name}]`;
    const layer = functions.layer[func] as Layer;
    return this.interned.intern(-1, this.added.add(shown, module, layer));
  }
}
