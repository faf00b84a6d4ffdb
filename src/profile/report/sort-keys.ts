/**
 * What rows of a report are made of and show: perf's names of sort keys and fields (perf-report(1), `--sort`
 * and `--fields`), and Strata's own.
 */

import type { ChainKey } from './chain-places.js';

/** What tells rows apart. Those of samples are the same in every frame of a stack, the others are a frame's. */
export const SORT_KEYS = [
  'comm',
  'pid',
  'tid',
  'tgid',
  'thread',
  'cpu',
  'time',
  'parent',
  'wait',
  'dso',
  'symbol',
  'srcline',
  'srcfile',
  'layer',
  'py_module',
  'py_file',
  'dso_from',
  'dso_to',
  'symbol_from',
  'symbol_to',
  'mispredict',
  'cycles',
  'weight',
  'local_weight',
] as const;

/**
 * - `pid`, `tid`: the thread, by its ID and the name that it had last: perf means threads by `pid`;
 * - `tgid`: the process;
 * - `thread`: all threads that had the same name last;
 * - `time`: the time quantum that the sample lies in;
 * - `parent`: the function on the stack that `--parent` matches;
 * - `wait`: what the thread was off its CPU for;
 * - `layer`: Python, the interpreter, native code or the kernel;
 * - `py_module`, `py_file`: the Python function that runs, or on whose behalf native code does;
 * - `dso_from` … `cycles`: of branches, where rows are of these; `dso` and `symbol` are where they lead then;
 * - `weight`, `local_weight`: what the hardware says that a row's samples cost, together and each.
 */
export type SortKey = (typeof SORT_KEYS)[number];

/** Numbers of a row. */
export const MEASURES = [
  'overhead',
  'overhead_children',
  'overhead_sys',
  'overhead_us',
  'sample',
  'period',
] as const;
export type Measure = (typeof MEASURES)[number];

export type Field = SortKey | Measure;

export const DEFAULT_SORT_KEYS: readonly SortKey[] = ['comm', 'dso', 'symbol'];

/** Where rows are of branches. */
const BRANCH_SORT_KEYS: readonly SortKey[] = [
  'comm',
  'dso_from',
  'symbol_from',
  'symbol_to',
  'cycles',
];

/** Names that mean the same. */
const ALIASES: Readonly<Record<string, Field>> = { sym: 'symbol', samples: 'sample' };

/** The names of all fields, as messages list them. */
export const FIELD_NAMES: readonly string[] = [...SORT_KEYS, ...MEASURES].map((name) =>
  name === 'symbol' ? 'sym' : name,
);

/** The field of a name; `undefined` where there is none. Upper and lower case are the same, as for perf. */
export function fieldNamed(name: string): Field | undefined {
  const lower = name.toLowerCase();
  const all: readonly string[] = [...SORT_KEYS, ...MEASURES];
  return ALIASES[lower] ?? (all.includes(lower) ? (lower as Field) : undefined);
}

export function isSortKey(field: Field): field is SortKey {
  return (SORT_KEYS as readonly Field[]).includes(field);
}

/** Which columns a report has, what makes its rows, and what sorts them. */
export interface FieldPlan {
  /** What tells rows apart. */
  readonly keys: readonly SortKey[];
  /** From left to right. */
  readonly columns: readonly Field[];
  /** What decides first comes first. */
  readonly order: readonly Field[];
}

/** What a person asked for. */
export interface FieldChoice {
  /** `--sort`; `more` adds to the default (perf's `+key`). */
  readonly sort?: { readonly fields: readonly Field[]; readonly more: boolean } | undefined;
  /** `--fields`; `more` puts them behind the default numbers. */
  readonly fields?: { readonly fields: readonly Field[]; readonly more: boolean } | undefined;
  readonly children: boolean;
  /** Whether rows are of branches, which have other default keys. */
  readonly branches?: boolean;
  /** `-n` */
  readonly samples?: boolean;
  /** `--show-total-period` */
  readonly period?: boolean;
  /** `--show-cpu-utilization` */
  readonly utilization?: boolean;
}

/** Whether anything is told apart by lines of the source, which take longer to read. */
export function needsLines(
  choice: Partial<FieldChoice> & { readonly chainKey?: ChainKey | undefined },
): boolean {
  const asked = [...(choice.sort?.fields ?? []), ...(choice.fields?.fields ?? [])];
  const { chainKey = 'function' } = choice;
  return asked.some((key) => key === 'srcline' || key === 'srcfile') || chainKey !== 'function';
}

/**
 * perf's rules (`setup_sorting` of tools/perf/util/sort.c): what is sorted by is shown, and what is shown is
 * sorted by. Without `--fields` the default numbers come first, and overhead decides before the keys, unless
 * a key has it in its name.
 */
export function planFields(choice: FieldChoice): FieldPlan {
  const { sort, fields, children } = choice;
  const usual = choice.branches === true ? BRANCH_SORT_KEYS : DEFAULT_SORT_KEYS;
  const strict = fields !== undefined && !fields.more;
  const asked = sort?.fields ?? [];
  const wanted = sort?.more === true ? [...usual, ...asked] : asked;
  const sorted = sort === undefined ? (strict ? [] : usual) : wanted;
  const first: Field[] = [];
  if (!strict) {
    const named = (part: string) => sorted.some((field) => field.includes(part));
    if (children && !named('overhead_children')) first.push('overhead_children');
    if (!named('overhead')) first.push('overhead');
  }
  const numbers: Field[] = [];
  if (!strict) {
    if (children) numbers.push('overhead_children');
    numbers.push('overhead');
    if (choice.utilization === true) numbers.push('overhead_sys', 'overhead_us');
    if (choice.samples === true) numbers.push('sample');
    if (choice.period === true) numbers.push('period');
  }
  const columns = unique([...numbers, ...(fields?.fields ?? []), ...first, ...sorted]);
  const order = unique([...first, ...sorted, ...columns]);
  return { keys: order.filter(isSortKey), columns, order };
}

function unique(fields: readonly Field[]): Field[] {
  return [...new Set(fields)];
}
