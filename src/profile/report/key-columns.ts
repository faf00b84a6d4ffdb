/**
 * Values of sort keys as columns of numbers, so that rows are told apart without comparing text: one number
 * per sample, or one per node of a call tree. What a number means its column says.
 */
import { basename } from 'node:path';

import type { Nanoseconds } from '../../base/units.js';
import type { CallTree } from '../calltree.js';
import { distinctNumbers } from './distinct.js';
import { branchEnds, cyclesColumn, mispredictColumn, weightColumn } from './hardware-columns.js';
import { moduleOfFile } from '../libraries.js';
import { Layer, LAYER_NAMES, type Profile } from '../profile.js';
import { functionsNamed } from '../selection/function-choice.js';
import type { SortKey } from './sort-keys.js';
import { WAIT_NAMES } from '../waits.js';

/** Said of frames and samples where nothing is known. */
const UNKNOWN = '[unknown]';

interface Column {
  readonly key: SortKey;
  /** A value as reports write it, names raw. */
  readonly text: (value: number) => string;
  /** Below zero where the value `a` stands above `b`, both being of equal weight (tools/perf/util/sort.c). */
  readonly compare: (a: number, b: number) => number;
  /** Where rows show a sum over their samples in place of the value. */
  readonly sum?: (value: number, samples: number) => number;
}

/** A key that is the same for all frames of a sample. */
export interface SampleColumn extends Column {
  readonly of: 'samples';
  /** By sample. */
  readonly values: Int32Array;
}

/** A key that frames differ in. */
export interface NodeColumn extends Column {
  readonly of: 'nodes';
  readonly values: (tree: CallTree) => Int32Array;
  /** Whether the self weight of an inlined function counts for the value of the one that has its code. */
  readonly byOwner: boolean;
}

export type KeyColumn = SampleColumn | NodeColumn;

export interface KeyOptions {
  /** Of `time`: what is one row. */
  readonly timeQuantum?: Nanoseconds | undefined;
  /** Of `parent`. */
  readonly parent?: ParentChoice | undefined;
}

export interface ParentChoice {
  readonly pattern: RegExp;
  /** Where several functions of a stack match. */
  readonly which: 'outermost' | 'innermost';
}

/** perf's: system calls and page faults. */
export const DEFAULT_PARENT = /^sys_|^do_page_fault/;
const DEFAULT_QUANTUM: Nanoseconds = 100e6;

/** The columns of some keys; they serve every event of the profile, and several trees of it. */
export function keyColumns(
  profile: Profile,
  keys: readonly SortKey[],
  options: KeyOptions = {},
): KeyColumn[] {
  return keys.map((key) => keyColumn(profile, key, options));
}

function keyColumn(profile: Profile, key: SortKey, options: KeyOptions): KeyColumn {
  const { samples, threads, strings, functions } = profile;
  switch (key) {
    case 'comm':
      return { key, of: 'samples', values: samples.comm, ...namesOf(strings, '') };
    case 'pid':
    case 'tid':
      return {
        key,
        of: 'samples',
        values: samples.thread,
        text: (thread) =>
          `${String(threads.tid[thread]).padStart(7)}:${strings[threads.name[thread]]}`,
        compare: (a, b) => threads.tid[a] - threads.tid[b] || threads.pid[a] - threads.pid[b],
      };
    case 'tgid':
      return processColumn(profile);
    case 'thread':
      return {
        key,
        of: 'samples',
        values: samples.thread.map((thread) => threads.name[thread]),
        ...namesOf(strings, ''),
      };
    case 'cpu':
      return {
        key,
        of: 'samples',
        values: samples.cpu,
        text: (cpu) => (cpu < 0 ? '-' : String(cpu).padStart(3, '0')),
        compare: rising,
      };
    case 'time':
      return timeColumn(profile, options.timeQuantum ?? DEFAULT_QUANTUM);
    case 'parent':
      return parentColumn(profile, options.parent);
    case 'wait': {
      const text = (wait: number) => WAIT_NAMES[wait];
      return { key, of: 'samples', values: Int32Array.from(samples.wait), text, compare: rising };
    }
    case 'dso':
      return dsoColumn(profile, key, ownFunctions);
    case 'dso_from':
    case 'dso_to':
      return dsoColumn(profile, key, branchEnds(profile, key));
    case 'symbol':
      return symbolColumn(profile, key, ownFunctions);
    case 'symbol_from':
    case 'symbol_to':
      return symbolColumn(profile, key, branchEnds(profile, key));
    case 'mispredict':
      return mispredictColumn(profile);
    case 'cycles':
      return cyclesColumn(profile);
    case 'weight':
    case 'local_weight':
      return weightColumn(profile, key);
    case 'layer':
      return {
        key,
        of: 'nodes',
        byOwner: true,
        values: ({ func }) => func.map((one) => (one < 0 ? Layer.Unknown : functions.layer[one])),
        text: (layer) => LAYER_NAMES[layer],
        compare: rising,
      };
    case 'srcline':
    case 'srcfile':
      return sourceColumn(key);
    case 'py_module':
      return pythonColumn(profile, key, moduleOfFile);
    case 'py_file':
      return pythonColumn(profile, key, (file) => file);
  }
}

function rising(a: number, b: number): number {
  return a - b;
}

/** Values that are indexes of strings; -1 has a text of its own. */
function namesOf(strings: readonly string[], none: string): Pick<KeyColumn, 'text' | 'compare'> {
  const known = (index: number) => strings[index];
  return {
    text: (index) => (index < 0 ? none : known(index)),
    compare: (a, b) => compareUnknownLast(a, b, known),
  };
}

/** As strcmp(3) on ASCII; names beyond it sort by UTF-16 unit, which no locale changes either. */
function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareUnknownLast(a: number, b: number, text: (value: number) => string): number {
  if (a === b) return 0;
  const one = a < 0 ? UNKNOWN : text(a);
  const other = b < 0 ? UNKNOWN : text(b);
  if ((one === UNKNOWN) !== (other === UNKNOWN)) return one === UNKNOWN ? 1 : -1;
  return compareBytes(one, other);
}

function ownFunctions({ func }: CallTree): Int32Array {
  return func;
}

/** Files of one name are one row, wherever they lie. */
function dsoColumn(
  { functions, modules, strings }: Profile,
  key: SortKey,
  functionsOf: (tree: CallTree) => Int32Array,
): NodeColumn {
  return {
    key,
    of: 'nodes',
    byOwner: true,
    values: (tree) => {
      const names = functions.module.map((module) => (module < 0 ? -1 : modules.name[module]));
      return functionsOf(tree).map((one) => (one < 0 ? -1 : names[one]));
    },
    ...namesOf(strings, UNKNOWN),
  };
}

function symbolColumn(
  profile: Profile,
  key: SortKey,
  functionsOf: (tree: CallTree) => Int32Array,
): NodeColumn {
  const { functions, strings } = profile;
  return {
    key,
    of: 'nodes',
    byOwner: true,
    values: functionsOf,
    text: (func) => symbolText(profile, func),
    compare: (a, b) => compareUnknownLast(a, b, (func) => strings[functions.name[func]]),
  };
}

/** `[.] main`, `[k] schedule`. */
function symbolText({ strings, functions }: Profile, func: number): string {
  if (func < 0) return `[.] ${UNKNOWN}`;
  return `[${functions.layer[func] === Layer.Kernel ? 'k' : '.'}] ${functionName({ strings, functions }, func)}`;
}

/** A function's name as reports write it; raw. */
export function functionName(
  { strings, functions }: Pick<Profile, 'strings' | 'functions'>,
  func: number,
): string {
  if (func < 0) return UNKNOWN;
  const name = strings[functions.name[func]];
  return functions.inlined[func] === 1 ? `${name} (inlined)` : name;
}

/** The name of a process is its main thread's. */
function processColumn({ samples, threads, strings }: Profile): SampleColumn {
  const nameOf = new Map<number, number>();
  for (let thread = 0; thread < threads.length; thread++) {
    const pid = threads.pid[thread];
    if (threads.tid[thread] === pid || !nameOf.has(pid)) nameOf.set(pid, threads.name[thread]);
  }
  return {
    key: 'tgid',
    of: 'samples',
    values: samples.thread.map((thread) => threads.pid[thread]),
    text: (pid) => `${String(pid).padStart(7)}:${strings[nameOf.get(pid) ?? -1] ?? ''}`,
    compare: rising,
  };
}

/** Values count quanta from the one that holds the profile's first sample. */
function timeColumn({ samples }: Profile, quantum: Nanoseconds): SampleColumn {
  // Of a long recording and a short quantum the numbers of quanta are beyond 32 bits: they are told apart first.
  const { values, numbers: quanta } = distinctNumbers(samples.length, (sample) =>
    Math.floor(samples.time[sample] / quantum),
  );
  const text = (row: number) => {
    const time = quanta[row] * quantum;
    const seconds = Math.floor(time / 1e9);
    const micros = Math.floor((time - seconds * 1e9) / 1e3);
    return `${String(seconds).padStart(5)}.${String(micros).padStart(6, '0')}`;
  };
  const compare = (a: number, b: number) => quanta[a] - quanta[b];
  return { key: 'time', of: 'samples', values, text, compare };
}

function parentColumn(profile: Profile, choice: ParentChoice | undefined): SampleColumn {
  const { strings } = profile;
  const values = parentsOf(profile, choice ?? { pattern: DEFAULT_PARENT, which: 'outermost' });
  const text = (name: number) => (name < 0 ? '[other]' : strings[name]);
  const compare = (a: number, b: number) =>
    a < 0 || b < 0 ? b - a : compareBytes(strings[a], strings[b]);
  return { key: 'parent', of: 'samples', values, text, compare };
}

/** By sample, the name (`strings`) of the function on its stack that matches, or -1. */
export function parentsOf(profile: Profile, { pattern, which }: ParentChoice): Int32Array {
  const { samples, stacks, frames, functions } = profile;
  const named = functionsNamed(profile, [pattern]);
  // perf matches what has code of its own.
  const matches = functions.name.map((name, func) =>
    functions.inlined[func] === 0 && named[func] === 1 ? name : -1,
  );
  const found = new Int32Array(stacks.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    const parent = stacks.parent[stack];
    const above = parent < 0 ? -1 : found[parent];
    const own = matches[frames.func[stacks.frame[stack]]];
    const prefersOwn = which === 'innermost' ? own >= 0 : above < 0;
    found[stack] = prefersOwn ? own : above;
  }
  return samples.stack.map((stack) => (stack < 0 ? -1 : found[stack]));
}

/** `file.c:12` or `file.c`; where no line is known the function's name, or nothing. */
function sourceColumn(key: 'srcline' | 'srcfile'): NodeColumn {
  const texts: string[] = [];
  const indexOf = new Map<string, number>();
  const intern = (text: string): number => {
    let index = indexOf.get(text);
    if (index === undefined) indexOf.set(text, (index = texts.push(text) - 1));
    return index;
  };
  const textOf = ({ profile, func, file, line }: CallTree, node: number): string => {
    const { strings, functions } = profile;
    const name = file[node] < 0 ? '' : basename(strings[file[node]]);
    if (key === 'srcfile') return name;
    if (name !== '') return line[node] >= 0 ? `${name}:${line[node]}` : name;
    return func[node] < 0 ? UNKNOWN : strings[functions.name[func[node]]];
  };
  return {
    key,
    of: 'nodes',
    byOwner: false,
    values: (tree) => tree.func.map((_, node) => intern(textOf(tree, node))),
    text: (value) => texts[value],
    compare: (a, b) => compareBytes(texts[a], texts[b]),
  };
}

/** Of a Python function what its file gives; what it calls counts for it. */
function pythonColumn(
  { functions, strings }: Profile,
  key: 'py_module' | 'py_file',
  nameOf: (file: string) => string,
): NodeColumn {
  const names: string[] = [];
  const byFile = new Map<number, number>();
  const indexOf = new Map<string, number>();
  const ofFunction = functions.file.map((file, func) => {
    if (functions.layer[func] !== Layer.Python || file < 0) return -1;
    let index = byFile.get(file);
    if (index === undefined) {
      const name = nameOf(strings[file]);
      index = indexOf.get(name) ?? names.push(name) - 1;
      indexOf.set(name, index);
      byFile.set(file, index);
    }
    return index;
  });
  return {
    key,
    of: 'nodes',
    byOwner: false,
    values: ({ func, parent }) => {
      const values = new Int32Array(func.length);
      for (let node = 0; node < func.length; node++) {
        const own = func[node] < 0 ? -1 : ofFunction[func[node]];
        values[node] = own >= 0 || parent[node] < 0 ? own : values[parent[node]];
      }
      return values;
    },
    ...namesOf(names, '[no Python]'),
  };
}
