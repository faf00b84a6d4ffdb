/**
 * Which frames are coroutines that run as asyncio tasks.
 *
 * An event loop calls what is due by `Handle._run`: the steps of tasks and plain callbacks alike. A task's
 * step resumes the task's coroutine, and with it the coroutines that it awaits, which stand on the stack
 * inwards of it as if it had called them. So the outermost Python frame within a step is the coroutine that
 * the task was made of:
 *
 *     Handle._run   context_run   task_step   task_step_impl   fetch   parse
 *     └ the event loop            └ a step of a task           └ its coroutine
 *     Handle._run   context_run   callback                     no step: no task
 *
 * A step is told by frames of CPython's C (Modules/_asynciomodule.c), by that module's name where it is
 * stripped, and where tasks are Python (Lib/asyncio/tasks.py) by their methods. An interpreter that has the
 * module built in and is stripped shows no steps: there nothing is called a task. Nor do frames say who waits:
 * a task that is not running is on no stack, and a thread that a task waits for (`to_thread`) runs apart.
 */
import { joined } from '../added-frames.js';
import { Layer, type Profile } from '../profile.js';

/** Compilers put `.constprop.0`, `.isra.0`, `.cold` behind names. */
const C_STEP = /^(?:task_step|task_step_impl|task_wakeup|task_eager_start)(?:\.|$)/;
const C_MODULE = /^_asyncio\.(?:cpython-|abi3\.|so$)/;
const PYTHON_STEP = /^Task\.__(?:step|step_run_and_handle_result|wakeup|eager_start)$/;
const PYTHON_TASKS = /(?:^|\/)asyncio\/tasks\.py$/;

/** Files whose functions a step calls when it schedules and registers, none of which is a task's coroutine. */
const SCHEDULING =
  /(?:^|\/)(?:asyncio\/(?:base_events|base_futures|base_tasks|events|format_helpers|futures|selector_events|unix_events)|_weakrefset|weakref)\.py$/;
const BOOKKEEPING = /^(?:Task\.|_(?:un)?register_|_enter_|_leave_|_swap_current_)/;
/** What cannot be a coroutine: lambdas, modules, and special methods, which deletion of objects calls. */
const NO_COROUTINE = /(?:^|\.)(?:<\w+>|__\w+__)$/;

/** The functions from `first` to before `end` stand for others where those run as tasks. */
export interface TaskFunctions {
  readonly first: number;
  readonly end: number;
}

export function isTask({ first, end }: TaskFunctions, func: number): boolean {
  return func >= first && func < end;
}

/**
 * The profile with a function of its own, of the same name, for each that is the coroutine of a task, in the
 * frames where it is. Before a view is applied, which would leave out the C that tells of steps.
 */
export function withTaskFunctions(profile: Profile): { profile: Profile; tasks: TaskFunctions } {
  const { functions, frames, stacks } = profile;
  const steps = stepFunctions(profile);
  if (!steps.includes(1)) return { profile, tasks: { first: 0, end: 0 } };
  const coroutines = possibleCoroutines(profile);
  /** 1 where the frames since the innermost Python function hold a step. */
  const inStep = new Uint8Array(stacks.length);
  const frameOf = new Int32Array(stacks.length);
  const addedFrames = new Added(frames.length);
  const addedFunctions = new Added(functions.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    const parent = stacks.parent[stack];
    const frame = stacks.frame[stack];
    const func = frames.func[frame];
    const within = parent < 0 ? 0 : inStep[parent];
    const isPython = functions.layer[func] === Layer.Python;
    inStep[stack] = steps[func] === 1 ? 1 : isPython ? 0 : within;
    const isCoroutine = within === 1 && isPython && steps[func] === 0 && coroutines[func] === 1;
    frameOf[stack] = isCoroutine ? addedFrames.standIn(frame) : frame;
  }
  const of = Int32Array.from(addedFrames.originals);
  const funcOf = of.map((frame) => addedFunctions.standIn(frames.func[frame]));
  const funcs = Int32Array.from(addedFunctions.originals);
  return {
    tasks: { first: functions.length, end: functions.length + funcs.length },
    profile: {
      ...profile,
      stacks: { ...stacks, frame: frameOf },
      frames: {
        length: frames.length + of.length,
        func: joined(Int32Array, frames.func, funcOf),
        address: joined(Float64Array, frames.address, copies(frames.address, of)),
        line: joined(Int32Array, frames.line, copies(frames.line, of)),
        file: joined(Int32Array, frames.file, copies(frames.file, of)),
        inlineDepth: joined(Uint8Array, frames.inlineDepth, copies(frames.inlineDepth, of)),
      },
      functions: {
        length: functions.length + funcs.length,
        name: joined(Int32Array, functions.name, copies(functions.name, funcs)),
        module: joined(Int32Array, functions.module, copies(functions.module, funcs)),
        file: joined(Int32Array, functions.file, copies(functions.file, funcs)),
        layer: joined(Uint8Array, functions.layer, copies(functions.layer, funcs)),
        inlined: joined(Uint8Array, functions.inlined, copies(functions.inlined, funcs)),
      },
    },
  };
}

/** Rows added behind those of a table, each standing for one of them. */
class Added {
  readonly originals: number[] = [];
  private readonly standIns = new Map<number, number>();

  constructor(private readonly length: number) {}

  /** @returns the index of the row that stands for `original` */
  standIn(original: number): number {
    let row = this.standIns.get(original);
    if (row === undefined) {
      row = this.length + this.originals.push(original) - 1;
      this.standIns.set(original, row);
    }
    return row;
  }
}

/** The entries of a column that rows are copied from. */
function copies<T extends Int32Array | Float64Array | Uint8Array>(column: T, rows: Int32Array): T {
  const copy = new (column.constructor as new (length: number) => T)(rows.length);
  for (let i = 0; i < rows.length; i++) copy[i] = column[rows[i]];
  return copy;
}

/** 1 for each function that is part of a task's step. */
function stepFunctions({ functions, modules, strings }: Profile): Uint8Array {
  const ofModule = Uint8Array.from(modules.name, (name) => (C_MODULE.test(strings[name]) ? 1 : 0));
  return functions.layer.map((layer, func) => {
    const name = strings[functions.name[func]];
    if (layer === Layer.Python) {
      const file = functions.file[func];
      return PYTHON_STEP.test(name) && file >= 0 && PYTHON_TASKS.test(strings[file]) ? 1 : 0;
    }
    if (layer !== Layer.Native && layer !== Layer.Interpreter) return 0;
    const module = functions.module[func];
    return (module >= 0 && ofModule[module] === 1) || C_STEP.test(name) ? 1 : 0;
  });
}

/** 1 for each Python function that may be a task's coroutine where a step calls it. */
function possibleCoroutines({ functions, strings }: Profile): Uint8Array {
  return functions.layer.map((layer, func) => {
    const file = functions.file[func];
    if (layer !== Layer.Python || file < 0) return 0;
    const name = strings[functions.name[func]];
    if (SCHEDULING.test(strings[file]) || NO_COROUTINE.test(name)) return 0;
    return PYTHON_TASKS.test(strings[file]) && BOOKKEEPING.test(name) ? 0 : 1;
  });
}
