/**
 * Folded stacks as a profile. They are what is left of recordings: samples of one stack are one, and there
 * are neither times nor addresses. What a function is, is told from its name and from what calls it.
 */
import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../base/source.js';
import { plural } from '../base/units.js';
import {
  Annotation,
  COMM_MODULE,
  parseFoldedComm,
  parseFoldedName,
  type FoldedName,
} from '../formats/folded/names.js';
import { FoldedReader } from '../formats/folded/reader.js';
import { EMPTY_META, ProfileBuilder } from '../profile/builder.js';
import { Layer, Truncation, type Note, type Profile } from '../profile/profile.js';
import { WAITS_MODULE } from '../profile/waits.js';
import {
  isInterpreterModule,
  layerOfInterpreterFunction,
  parsePythonName,
} from '../python/layers.js';

/** Where user code enters the kernel, or a thread of the kernel's starts: on x86-64 and arm64. */
const KERNEL_ENTRY =
  /^(?:entry_SYSCALL_64|asm_(?:sysvec|exc|common)_|do_syscall_64|el0t?_|ret_from_fork|secondary_startup_64|__x64_sys_|__arm64_sys_)/;

/** What a frame is depends on the stack that it stands in. */
const Surroundings = { Plain: 0, Python: 1, Kernel: 2, First: 3 } as const;
type Surroundings = (typeof Surroundings)[keyof typeof Surroundings];
const VARIANTS = Object.keys(Surroundings).length;

/**
 * Reads folded stacks of any length: memory grows with the number of distinct stacks. Lines with two numbers
 * become two events, `before` and `after`.
 * @throws FormatError for a line that is none, or where there is not one stack
 */
export function profileOfFolded(source: ByteSource): Profile {
  const reader = new FoldedReader(source);
  const loading = new FoldedLoading(reader);
  while (reader.next()) loading.add();
  return loading.finish();
}

class FoldedLoading {
  private readonly builder = new ProfileBuilder();
  private readonly names: FoldedName[] = [];
  /** By row of the reader's frames, what else there is to know: 1 Python, 2 enters the kernel. */
  private readonly kinds: number[] = [];
  /** By row and surroundings, the profile's frame. */
  private readonly frames: number[] = [];
  private readonly threads = new Map<number, { readonly comm: number; readonly thread: number }>();
  private events: number[] = [];
  private lines = 0;
  private cut = 0;

  constructor(private readonly reader: FoldedReader) {}

  add(): void {
    const { reader, builder } = this;
    this.lines++;
    if (reader.isCut) this.cut++;
    if (this.events.length === 0) {
      const names = reader.columns === 1 ? ['samples'] : ['before', 'after'];
      this.events = names.map((name) => builder.event(name, 'count'));
    }
    const { comm, thread } = this.threadOf(reader.stack[0]);
    const stack = this.stack();
    const truncation = reader.isCut ? Truncation.TooDeep : Truncation.None;
    const weights = reader.columns === 1 ? [reader.weight] : [reader.other, reader.weight];
    for (const [i, weight] of weights.entries()) {
      if (weight === 0) continue;
      builder.addSample(thread, comm, 0, stack, -1, this.events[i], weight, truncation);
    }
  }

  finish(): Profile {
    if (this.lines === 0) {
      throw new FormatError({
        format: 'folded stacks',
        structure: 'stack',
        offset: 0,
        expected: 'lines such as main;parse 42',
        found: 'none',
      });
    }
    const notes: Note[] = [
      { text: 'folded stacks say neither when samples were taken nor how many: each line is one' },
    ];
    if (this.cut > 0)
      notes.push({ text: `${plural(this.cut, 'stack')} too deep to be read whole` });
    return this.builder.finish(EMPTY_META, notes);
  }

  private stack(): number {
    const { reader, builder } = this;
    const { stack: rows, depth } = reader;
    let surroundings: Surroundings = Surroundings.Plain;
    for (let i = 0; i < depth; i++) {
      if (this.kindOf(rows[i]) === PYTHON) surroundings = Surroundings.Python;
    }
    let stack = -1;
    for (let i = 0; i < depth; i++) {
      const row = rows[i];
      if (this.kinds[row] === ENTERS_KERNEL) surroundings = Surroundings.Kernel;
      const isFirst = i === 0 && this.kinds[row] === OTHER;
      stack = builder.stack(stack, this.frame(row, isFirst ? Surroundings.First : surroundings));
    }
    return stack;
  }

  private kindOf(row: number): number {
    while (this.names.length <= row) {
      const text = this.reader.frames.text(this.names.length);
      const python = parsePythonName(text.replace(/_\[j\]$/, ''));
      const name =
        python === undefined
          ? parseFoldedName(text)
          : { name: python.qualname, file: python.filename, mark: '', line: -1 };
      this.names.push(name);
      this.kinds.push(
        name.file !== undefined
          ? PYTHON
          : name.mark === Annotation.Kernel || KERNEL_ENTRY.test(name.name)
            ? ENTERS_KERNEL
            : OTHER,
      );
    }
    return this.kinds[row];
  }

  private frame(row: number, surroundings: Surroundings): number {
    const key = row * VARIANTS + surroundings;
    return (this.frames[key] ??= this.makeFrame(this.names[row], surroundings));
  }

  private makeFrame(name: FoldedName, surroundings: Surroundings): number {
    const { builder } = this;
    const isInlined = name.mark === Annotation.Inlined;
    const [layer, module] = placeOf(name, surroundings);
    const func = builder.function(
      name.name === '' ? '[unknown]' : name.name,
      builder.module(module, module),
      name.file ?? -1,
      layer,
      isInlined,
    );
    return builder.frame(func, 0, name.line, isInlined ? 1 : 0);
  }

  /** The first frame names the thread, of recordings of perf's and of most others. */
  private threadOf(row: number): { readonly comm: number; readonly thread: number } {
    let known = this.threads.get(row);
    if (known === undefined) {
      const { builder } = this;
      const isComm = this.kindOf(row) === OTHER;
      const text = isComm ? this.names[row].name : 'python';
      const { comm, pid, tid } = parseFoldedComm(text) ?? { comm: text, pid: 0, tid: 0 };
      // Threads without a number have names only: one each.
      const number = pid === 0 ? this.threads.size + 1 : 0;
      const thread = builder.thread(pid === 0 ? number : pid, pid === 0 ? number : tid, comm);
      known = { comm: builder.string(comm), thread };
      this.threads.set(row, known);
    }
    return known;
  }
}

/** What a frame is whatever stands around it. */
const OTHER = 0;
const PYTHON = 1;
const ENTERS_KERNEL = 2;

/** The layer, and the module's name. */
function placeOf(
  { name, mark, file, module }: FoldedName,
  surroundings: Surroundings,
): [Layer, string] {
  if (file !== undefined) return [Layer.Python, '[python]'];
  if (surroundings === Surroundings.First) return [Layer.Unknown, COMM_MODULE];
  if (surroundings === Surroundings.Kernel) return [Layer.Kernel, '[kernel]'];
  if (WAITS.test(name)) return [Layer.Unknown, WAITS_MODULE];
  if (name === '[unknown]' || name === '') return [Layer.Unknown, '[unknown]'];
  if (mark === Annotation.Jit) return [Layer.Native, '[jit]'];
  if (module !== undefined && isInterpreterModule(module)) return [Layer.Interpreter, module];
  const isMachinery =
    surroundings === Surroundings.Python && layerOfInterpreterFunction(name) === Layer.Interpreter;
  if (isMachinery) return [Layer.Interpreter, module ?? '[unknown]'];
  return [Layer.Native, module ?? '[unknown]'];
}

/** What threads wait for, as Strata names it. */
const WAITS = /^\[(?:waits(?: for [\w/ ]+)?|sleeps|preempted)\]$/;
