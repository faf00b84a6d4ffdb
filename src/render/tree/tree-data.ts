/**
 * `strata tree --json` and `--csv`: the tree as rows in the order in which it is read, each with the number of
 * the row that it stands below. (Trees may be deeper than readers of nested JSON recurse.)
 */
import type { FunctionCost } from '../../profile/tree/function-costs.js';
import { moduleOfFile } from '../../profile/libraries.js';
import type { Entry, GroupOutline, Outline, OutlineNode } from '../../profile/tree/outline.js';
import { Layer, LAYER_NAMES, type Profile } from '../../profile/profile.js';
import { isTask } from '../../profile/tree/tasks.js';
import {
  functionTables,
  NO_TASKS,
  outlines,
  type TreeChoice,
} from '../../profile/tree/tree-choice.js';
import { csvLine, reportHead } from '../data.js';

export interface TreeDataOptions extends TreeChoice {
  readonly format: 'json' | 'csv';
  /** Functions instead of the tree, sorted by this cost. */
  readonly flat?: 'self' | 'total' | undefined;
}

type Cell = string | number | boolean;
type Row = Readonly<Record<string, Cell | readonly string[]>>;

/** Of one thread, or of all. */
interface Table extends Entry {
  readonly thread: { readonly name?: string; readonly pid?: number; readonly tid?: number };
  readonly rows: Iterable<Row>;
}

interface EventTables extends Entry {
  readonly event: number;
  readonly tables: readonly Table[];
  /** Threads below the limit. */
  readonly smaller?: Entry & { readonly threads: number };
}

/** Columns of functions in CSV, and what `Row`s call them. */
const FUNCTION_COLUMNS = ['function', 'file', 'line', 'module', 'layer', 'own', 'task'];
const COST_COLUMNS = ['weight', 'percent', 'samples', 'selfWeight', 'selfPercent', 'selfSamples'];
const TREE_COLUMNS = [
  ...['row', 'parent', 'depth', 'kind', ...FUNCTION_COLUMNS, 'recursion'],
  ...['functions', 'of', ...COST_COLUMNS],
];
const FLAT_COLUMNS = [...FUNCTION_COLUMNS.slice(0, 5), ...COST_COLUMNS];

/** Writes every event and thread that has samples. */
export function writeTreeData(
  profile: Profile,
  options: TreeDataOptions,
  sink: (text: string) => void,
): void {
  const events =
    options.flat === undefined ? treeTables(profile, options) : flatTables(profile, options);
  if (options.format === 'json') writeJson(profile, events, options, sink);
  else writeCsv(profile, events, options.flat === undefined ? TREE_COLUMNS : FLAT_COLUMNS, sink);
}

function treeTables(profile: Profile, options: TreeDataOptions): EventTables[] {
  return outlines(profile, options).map((outline) => ({
    event: outline.tree.event,
    weight: outline.tree.weight,
    samples: outline.tree.samples,
    ...smallerThreads(outline),
    tables: outline.groups.map((group) => ({
      thread: threadOf(profile, outline.tree.groups[group.group].thread),
      weight: group.weight,
      samples: group.samples,
      rows: treeRows(outline, group, options),
    })),
  }));
}

function smallerThreads({ smaller }: Outline): Pick<EventTables, 'smaller'> {
  const { groups: threads, weight, samples } = smaller;
  return threads > 0 ? { smaller: { threads, weight, samples } } : {};
}

/** A node, and the number of the row that it stands below. */
interface Place {
  readonly node: OutlineNode;
  readonly parent: number;
  readonly depth: number;
}

function* treeRows(outline: Outline, group: GroupOutline, options: TreeDataOptions): Iterable<Row> {
  const { profile } = outline.tree;
  const places: Place[] = [];
  const push = (nodes: readonly OutlineNode[], parent: number, depth: number): void => {
    for (let i = nodes.length - 1; i >= 0; i--) places.push({ node: nodes[i], parent, depth });
  };
  push(group.roots, -1, 1);
  for (let row = 0, place; (place = places.pop()) !== undefined; row++) {
    const { node, parent, depth } = place;
    yield {
      row,
      ...(parent < 0 ? {} : { parent }),
      depth,
      kind: node.kind,
      ...costs(node, group.weight),
      ...nodeCells(profile, outline, node, group.weight, options),
    };
    if (node.kind === 'function' || node.kind === 'folded') push(node.children, row, depth + 1);
  }
}

function nodeCells(
  profile: Profile,
  { folding }: Outline,
  node: OutlineNode,
  whole: number,
  { tasks = NO_TASKS }: TreeDataOptions,
): Row {
  switch (node.kind) {
    case 'function':
      return {
        ...functionCells(profile, node.func),
        ...(node.line > 0 ? { line: node.line } : {}),
        ...(node.func >= 0 ? { own: folding.own[node.func] === 1 } : {}),
        ...(isTask(tasks, node.func) ? { task: true } : {}),
        ...(node.depth > 1 ? { recursion: node.depth } : {}),
        ...selfCosts(node.self, whole),
        ...(node.cut ? { cut: true } : {}),
      };
    case 'folded':
      return { functions: node.frames, of: node.sources, ...(node.cut ? { cut: true } : {}) };
    case 'smaller':
      return { functions: node.functions };
    case 'self':
      return {};
  }
}

function flatTables(profile: Profile, options: TreeDataOptions): EventTables[] {
  const { flat: sortBy = 'self', minPercent = 1 } = options;
  return functionTables(profile, options, sortBy).map(({ tree, tables }) => ({
    event: tree.event,
    weight: tree.weight,
    samples: tree.samples,
    tables: tables.map(({ group, weight, samples, rows }) => ({
      thread: threadOf(profile, tree.groups[group].thread),
      weight,
      samples,
      rows: rows
        .filter((row) => row[sortBy].weight * 100 >= weight * minPercent)
        .map((row) => flatRow(profile, row, weight)),
    })),
  }));
}

function flatRow(profile: Profile, { func, self, total }: FunctionCost, whole: number): Row {
  return { ...functionCells(profile, func), ...costs(total, whole), ...selfCosts(self, whole) };
}

function functionCells({ functions, modules, strings }: Profile, func: number): Row {
  if (func < 0) return {};
  const file = functions.file[func];
  const module = functions.module[func];
  const isPython = functions.layer[func] === Layer.Python && file >= 0;
  return {
    function: strings[functions.name[func]],
    ...(file >= 0 ? { file: strings[file] } : {}),
    ...(isPython
      ? { module: moduleOfFile(strings[file]) }
      : module >= 0
        ? { module: strings[modules.name[module]] }
        : {}),
    layer: LAYER_NAMES[functions.layer[func]],
  };
}

function costs({ weight, samples }: Entry, whole: number): Row {
  return { weight, percent: percentOf(weight, whole), samples };
}

function selfCosts({ weight, samples }: Entry, whole: number): Row {
  return { selfWeight: weight, selfPercent: percentOf(weight, whole), selfSamples: samples };
}

function percentOf(weight: number, whole: number): number {
  return whole > 0 ? (weight * 100) / whole : 0;
}

function threadOf({ threads, strings }: Profile, thread: number): Table['thread'] {
  if (thread < 0) return {};
  return {
    name: strings[threads.name[thread]],
    pid: threads.pid[thread],
    tid: threads.tid[thread],
  };
}

/** Row by row: the text of all may be longer than a string can be. */
function writeJson(
  profile: Profile,
  events: readonly EventTables[],
  options: TreeDataOptions,
  sink: (text: string) => void,
): void {
  const head = {
    ...reportHead('tree', profile),
    kind: options.flat === undefined ? 'tree' : 'functions',
    minPercent: options.minPercent ?? 1,
    ...(options.maxDepth === undefined ? {} : { maxDepth: options.maxDepth }),
    inverted: options.inverted === true,
  };
  sink(`${JSON.stringify(head).slice(0, -1)},"events":[`);
  events.forEach(({ event, weight, samples, tables, smaller }, index) => {
    const { name, unit } = profile.events[event];
    const start = JSON.stringify({ name, unit, weight, samples, smaller });
    sink(`${index > 0 ? ',' : ''}\n${start.slice(0, -1)},"threads":[`);
    tables.forEach((table, nth) => {
      const { thread } = table;
      const cost = costs(table, weight);
      sink(
        `${nth > 0 ? ',' : ''}\n${JSON.stringify({ ...thread, ...cost }).slice(0, -1)},"rows":[`,
      );
      let first = true;
      for (const row of table.rows) {
        sink(`${first ? '' : ','}\n${JSON.stringify(row)}`);
        first = false;
      }
      sink(']}');
    });
    sink(']}');
  });
  sink(']}\n');
}

function writeCsv(
  profile: Profile,
  events: readonly EventTables[],
  names: readonly string[],
  sink: (text: string) => void,
): void {
  sink(csvLine(['event', 'unit', 'thread', 'pid', 'tid', ...names]));
  for (const { event, tables } of events) {
    const { name, unit } = profile.events[event];
    for (const { thread, rows } of tables) {
      const head = [name, unit, thread.name, thread.pid, thread.tid];
      for (const row of rows) sink(csvLine([...head, ...names.map((column) => cell(row[column]))]));
    }
  }
}

function cell(value: Row[string] | undefined): string | number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  if (typeof value === 'object') return value.join(' ');
  return typeof value === 'boolean' ? Number(value) : value;
}
