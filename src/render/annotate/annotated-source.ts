/** Costs put beside the lines of the source files that they are of: what texts and the browser show. */
import type { Annotation, FunctionCost } from '../../profile/annotate/annotate.js';
import { Layer } from '../../profile/profile.js';
import type { Cost } from '../../profile/annotate/stack-costs.js';
import { definitionsOf, type Definition } from '../../python/definitions.js';
import { SourceText, type SourceFiles } from '../../symbolize/source-text.js';

/** Files with more are not looked through for definitions. */
const MAX_PYTHON = 16 << 20;
/** Lines of a function's body that are shown before its middle is left out. */
const SHOWN_BODY = 60;
/** Lines that are shown of files with more only where they cost something. */
const MAX_FULL = 200_000;

export interface SourceChoice {
  /** Lines around those that cost something. */
  readonly context: number;
  /** Lines with a smaller share of what is annotated are not shown for their own sake, in percent. */
  readonly minPercent: number;
  /** Whole files. */
  readonly full: boolean;
  /** Of `file:line`: only what is around it. */
  readonly line?: number | undefined;
}

/** Where a function's body is: its first line (which may be a decorator's), a line in it, its last one. */
export type BodyMark = 'first' | 'inside' | 'last' | 'only';

export interface SourceRow {
  readonly line: number;
  /** `undefined` where the source is not there. */
  readonly text: string | undefined;
  /** `undefined` where nothing was sampled. */
  readonly cost: Cost | undefined;
  /** Functions that begin here and whose cost this is, as no lines are known of them. */
  readonly functions: readonly FunctionCost[];
  /** Set in the body of such a function. */
  readonly body: BodyMark | undefined;
  /** Lines left out before this one. */
  readonly skipped: number;
}

/** A function of which it is not known where in the file it is. */
export interface Unplaced {
  readonly func: FunctionCost;
  /** Where functions of its name are; empty where there are none. */
  readonly lines: readonly number[];
}

export interface AnnotatedFile {
  /** The path that was recorded. */
  readonly file: string;
  /** Where it was found. */
  readonly path: string | undefined;
  /** Why there is no text. */
  readonly problem: string | undefined;
  /** Whether it was written after the recording. */
  readonly changed: boolean;
  readonly rows: readonly SourceRow[];
  readonly unplaced: readonly Unplaced[];
  /** Lines left out behind the last row. */
  readonly skipped: number;
}

interface Placed {
  readonly func: FunctionCost;
  readonly at: Definition;
}

/** The files of an annotation, that which costs most itself first. */
export function annotatedSource(
  annotation: Annotation,
  sources: Pick<SourceFiles, 'find'>,
  choice: SourceChoice,
  recordedBefore = Infinity,
): AnnotatedFile[] {
  const files = new Map<
    string,
    { cost: number; lines: Map<number, Cost>; python: FunctionCost[] }
  >();
  const of = (file: string) => {
    let known = files.get(file);
    if (known === undefined) files.set(file, (known = { cost: 0, lines: new Map(), python: [] }));
    return known;
  };
  for (const line of annotation.lines) {
    const file = of(line.file);
    file.lines.set(line.line, line);
    file.cost += line.self;
  }
  for (const func of annotation.functions) {
    const isLineless = func.layer === Layer.Python && func.withoutLine.totalSamples > 0;
    if (!isLineless || func.file === undefined) continue;
    const file = of(func.file);
    file.python.push(func);
    file.cost += func.self;
  }
  return [...files]
    .sort((a, b) => b[1].cost - a[1].cost)
    .map(([file, { lines, python }]) => {
      const found = sources.find(file);
      const text = found instanceof SourceText ? found : undefined;
      const { placed, unplaced } = place(python, text);
      const least = (choice.minPercent / 100) * annotation.cost.total;
      return {
        file,
        path: text?.path,
        problem: found instanceof SourceText ? undefined : found.problem,
        changed: text !== undefined && text.mtimeMs > recordedBefore,
        unplaced,
        ...rowsOf(lines, placed, text, choice, least),
      };
    });
}

/** Finds functions by their names where the source defines one of each. */
function place(
  functions: readonly FunctionCost[],
  text: SourceText | undefined,
): { placed: Placed[]; unplaced: Unplaced[] } {
  const placed: Placed[] = [];
  const unplaced: Unplaced[] = [];
  const isReadable = functions.length > 0 && text !== undefined && text.byteLength <= MAX_PYTHON;
  const definitions = isReadable ? definitionsOf(text.whole()) : undefined;
  for (const func of functions) {
    const found = definitions?.get(func.name) ?? [];
    const lines = [...new Set(found.map(({ line }) => line))];
    if (lines.length === 1) placed.push({ func, at: found[0] });
    else unplaced.push({ func, lines });
  }
  return { placed, unplaced };
}

function rowsOf(
  lines: ReadonlyMap<number, Cost>,
  placed: readonly Placed[],
  text: SourceText | undefined,
  choice: SourceChoice,
  least: number,
): Pick<AnnotatedFile, 'rows' | 'skipped'> {
  const length = text?.length ?? Infinity;
  const bodies = [...placed].sort((a, b) => a.at.first - b.at.first || b.at.last - a.at.last);
  const rows: SourceRow[] = [];
  const open: Placed[] = []; // bodies around the line, innermost last
  let next = 0;
  let shown = 0;
  for (const { start, end } of shownSpans(lines, bodies, text, choice, least)) {
    for (let line = start; line <= end; line++) {
      while (next < bodies.length && bodies[next].at.first <= line) open.push(bodies[next++]);
      while (open.length > 0 && open[open.length - 1].at.last < line) open.pop();
      const body = open.at(-1)?.at;
      const functions = open.filter(({ at }) => at.line === line).map(({ func }) => func);
      rows.push({
        line,
        text: text?.line(line),
        cost: together(lines.get(line), functions),
        functions,
        // The body of a module is all of its file, which says nothing.
        body: body === undefined || body.qualname === '<module>' ? undefined : markOf(body, line),
        skipped: line - shown - 1,
      });
      shown = line;
    }
  }
  return { rows, skipped: Number.isFinite(length) ? Math.max(0, length - shown) : 0 };
}

function markOf({ first, last }: Definition, line: number): BodyMark {
  if (first === last) return 'only';
  return line === first ? 'first' : line === last ? 'last' : 'inside';
}

/** A line's own cost, and that of the functions that begin there. */
function together(cost: Cost | undefined, functions: readonly FunctionCost[]): Cost | undefined {
  const all = [...(cost === undefined ? [] : [cost]), ...functions.map((func) => func.withoutLine)];
  if (all.length <= 1) return all[0];
  // One may call the other: together they take no more than the longest, or what they do themselves.
  const sum = (key: 'self' | 'selfSamples') => all.reduce((total, one) => total + one[key], 0);
  const self = sum('self');
  const selfSamples = sum('selfSamples');
  return {
    self,
    selfSamples,
    total: Math.max(self, ...all.map(({ total }) => total)),
    totalSamples: Math.max(selfSamples, ...all.map(({ totalSamples }) => totalSamples)),
  };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The lines to show, rising, without overlaps. */
function shownSpans(
  lines: ReadonlyMap<number, Cost>,
  placed: readonly Placed[],
  text: SourceText | undefined,
  { context, full, line: wanted }: SourceChoice,
  least: number,
): Span[] {
  const length = text?.length ?? Infinity;
  // Without text a context would be empty lines.
  const around = text === undefined ? 0 : context;
  const spans: Span[] = [];
  if (full && text !== undefined && wanted === undefined && length <= MAX_FULL) {
    spans.push({ start: 1, end: length });
  }
  for (const [line, cost] of lines) {
    if (cost.total < least) continue;
    spans.push({ start: line - around, end: line + around });
  }
  for (const { func, at } of placed) {
    if (func.total < least) continue;
    if (at.qualname === '<module>') spans.push({ start: 1, end: 1 + around });
    else if (full || at.last - at.first < SHOWN_BODY) spans.push({ start: at.first, end: at.last });
    else {
      spans.push({ start: at.first, end: at.first + SHOWN_BODY - around - 2 });
      spans.push({ start: at.last - around, end: at.last });
    }
  }
  const near =
    wanted === undefined
      ? spans
      : [
          ...spans.filter(({ start, end }) => start <= wanted && wanted <= end),
          { start: wanted - around, end: wanted + around },
        ];
  return merged(near, length);
}

function merged(spans: readonly Span[], length: number): Span[] {
  const all: { start: number; end: number }[] = [];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const first = Math.max(1, start);
    const last = Math.min(end, length);
    const before = all.at(-1);
    if (first > last && start <= length) continue;
    // A gap of one line takes as much room as the line.
    if (before !== undefined && first <= before.end + 2) before.end = Math.max(before.end, last);
    else if (first <= last) all.push({ start: first, end: last });
  }
  return all;
}
