/**
 * Views of a profile: which frames of a stack are shown. A view is a profile again, with other stacks
 * and the same samples, so every query works on it and no time is ever lost: the self time of a frame
 * that is left out goes to the frame that is left as leaf.
 */
import { Int32Column, Uint8Column } from '../base/growable.js';
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
  private readonly strings: string[] = [];
  private readonly name = new Int32Column();
  private readonly module = new Int32Column();
  private readonly layer = new Uint8Column();
  private readonly stackOfModule = new Map<number, number>();
  private readonly stackOf: Int32Array;

  constructor(
    private readonly profile: Profile,
    private readonly interned: InternedStacks,
    private readonly starts: Uint8Array,
  ) {
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
    const { profile } = this;
    const name = module < 0 ? 'unknown' : profile.strings[profile.modules.name[module]];
    this.strings.push(name.startsWith('[') ? name : `[${name}]`);
    this.name.push(profile.strings.length + this.strings.length - 1);
    this.module.push(module);
    this.layer.push(profile.functions.layer[func]);
    return this.interned.intern(-1, profile.frames.length + this.name.length - 1);
  }

  /** The profile's strings, functions and frames, with the stand-ins after them. */
  tables(): Pick<Profile, 'strings' | 'functions' | 'frames'> {
    const { strings, functions, frames } = this.profile;
    const count = this.name.length;
    const none = new Int32Array(count).fill(-1);
    return {
      strings: [...strings, ...this.strings],
      functions: {
        length: functions.length + count,
        name: joined(Int32Array, functions.name, this.name.view()),
        module: joined(Int32Array, functions.module, this.module.view()),
        file: joined(Int32Array, functions.file, none),
        layer: joined(Uint8Array, functions.layer, this.layer.view()),
        inlined: joined(Uint8Array, functions.inlined, new Uint8Array(count)),
      },
      frames: {
        length: frames.length + count,
        func: joined(
          Int32Array,
          frames.func,
          none.map((_, i) => functions.length + i),
        ),
        address: joined(Float64Array, frames.address, new Float64Array(count)),
        line: joined(Int32Array, frames.line, none),
        file: joined(Int32Array, frames.file, none),
        inlineDepth: joined(Uint8Array, frames.inlineDepth, new Uint8Array(count)),
      },
    };
  }
}

interface Column<T> {
  readonly length: number;
  set(from: T, at?: number): void;
}

function joined<T extends Column<T>>(make: new (length: number) => T, head: T, tail: T): T {
  if (tail.length === 0) return head;
  const all = new make(head.length + tail.length);
  all.set(head);
  all.set(tail, head.length);
  return all;
}
