/**
 * What each line, function and instruction of a symbol or a source file costs. Plain data: texts and
 * disassembly are put beside it by whoever shows it.
 *
 * A function that was inlined is part of the one that has its code: the line in it that ran has the cost
 * as its own, the line that called it as total.
 */
import type { Address, Bytes } from '../../base/units.js';
import { InternedPairs } from '../interned.js';
import { Layer, type Profile } from '../profile.js';
import { costsOf, weighStacks, type Cost, type StackWeights } from './stack-costs.js';

/** A function as a person names it, whatever ways it was compiled; or a source file. */
interface Named extends Cost {
  readonly name: string;
  readonly layer: Layer;
}

export interface AnnotatedSymbol extends Named {
  readonly kind: 'symbol';
  /** Indexes into `functions`: also of the function as it stands inlined in others. */
  readonly funcs: readonly number[];
  /** Index into `modules`, or -1. */
  readonly module: number;
  /** Of Python functions. */
  readonly file: string | undefined;
  /** Whether it has no code of its own, only where it was inlined. */
  readonly inlined: boolean;
}

/** A line of a source file. */
export interface LineCost extends Cost {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** A function by name: what a line cannot be told of. */
export interface FunctionCost extends Cost {
  readonly name: string;
  readonly file: string | undefined;
  readonly layer: Layer;
  readonly inlined: boolean;
  /** Of its frames whose line is not known. */
  readonly withoutLine: Cost;
}

/** An instruction that ran, or called. */
export interface InstructionCost extends Cost {
  /** In the module's file; of the kernel and of generated code where it was in memory. */
  readonly address: Address;
  /** The line that it is of; of inlined code the innermost. */
  readonly file: string | undefined;
  readonly line: number | undefined;
}

/** A function's code, and what was found to cost in it. */
export interface CodeCost extends Cost {
  /** Index into `modules`. */
  readonly module: number;
  readonly start: Address;
  /** 0 where unknown. */
  readonly size: Bytes;
  /** In the order of their addresses. */
  readonly instructions: readonly InstructionCost[];
}

/** What of one event a symbol or a file costs. */
export interface Annotation {
  readonly kind: 'symbol' | 'file';
  /** The symbol's name, or the file's path. */
  readonly name: string;
  readonly layer: Layer;
  /** Index into `modules`, or -1: of a symbol. */
  readonly module: number;
  readonly event: number;
  /** All samples of the event, which percentages of everything are of. */
  readonly weight: number;
  readonly samples: number;
  readonly cost: Cost;
  /** By file and line, rising. Of Python functions only what frames say: often none. */
  readonly lines: readonly LineCost[];
  /** Functions in it, those with the greatest totals first; each with what its lines cost together. */
  readonly functions: readonly FunctionCost[];
  /** Of frames whose line is not known. */
  readonly withoutLine: Cost;
  /** By module and address; empty of files, and where the profile has no {@link Profile.code}. */
  readonly code: readonly CodeCost[];
}

/** Symbols with samples of an event, by what they cost themselves, and then with what they call. */
export function annotatedSymbols(profile: Profile, event: number): AnnotatedSymbol[] {
  const { functions, frames, stacks, strings } = profile;
  const weights = weighStacks(profile, event);
  const symbolOf = symbolsOf(profile);
  const classOf = stacks.frame.map((frame) => symbolOf.of[frames.func[frame]]);
  const costs = costsOf(weights, classOf, symbolOf.length);
  addInlined(profile, weights, classOf, costs);
  const funcs: number[][] = costs.map(() => []);
  for (let func = 0; func < functions.length; func++) funcs[symbolOf.of[func]].push(func);
  const symbols: AnnotatedSymbol[] = [];
  for (const [symbol, cost] of costs.entries()) {
    if (cost.totalSamples === 0) continue;
    const first = funcs[symbol][0];
    const file = functions.file[first];
    symbols.push({
      kind: 'symbol',
      name: strings[functions.name[first]],
      layer: functions.layer[first] as Layer,
      funcs: funcs[symbol],
      module: functions.module[first],
      file: file < 0 ? undefined : strings[file],
      inlined: funcs[symbol].every((func) => functions.inlined[func] === 1),
      ...cost,
    });
  }
  return symbols.sort((a, b) => b.self - a.self || b.total - a.total || compare(a.name, b.name));
}

/** Source files with samples of an event, those that cost most first. */
export function annotatedFiles(profile: Profile, event: number): (Cost & { file: string })[] {
  const { stacks, strings } = profile;
  const weights = weighStacks(profile, event);
  const fileOf = filesOf(profile);
  const costs = costsOf(
    weights,
    stacks.frame.map((frame) => fileOf[frame]),
    strings.length,
  );
  return costs
    .map((cost, file) => ({ ...cost, file: strings[file] }))
    .filter(({ totalSamples }) => totalSamples > 0)
    .sort((a, b) => b.self - a.self || b.total - a.total || compare(a.file, b.file));
}

/** What a symbol's lines and instructions cost, with those of what was inlined into it. */
export function annotateSymbol(
  profile: Profile,
  event: number,
  { name, layer, module, funcs }: Pick<AnnotatedSymbol, 'name' | 'layer' | 'module' | 'funcs'>,
): Annotation {
  const { stacks, frames, functions } = profile;
  const chosen = new Uint8Array(functions.length);
  for (const func of funcs) chosen[func] = 1;
  const within = new Uint8Array(stacks.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    const frame = stacks.frame[stack];
    const parent = stacks.parent[stack];
    const isInlined = frames.inlineDepth[frame] > 0 && parent >= 0;
    within[stack] = chosen[frames.func[frame]] === 1 || (isInlined && within[parent] === 1) ? 1 : 0;
  }
  return annotate(profile, event, within, { kind: 'symbol', name, layer, module });
}

/** What a source file's lines and functions cost. */
export function annotateFile(profile: Profile, event: number, file: string): Annotation {
  const { stacks, strings, functions, frames } = profile;
  const index = strings.indexOf(file);
  const fileOf = filesOf(profile);
  const within = Uint8Array.from(stacks.frame, (frame) => (fileOf[frame] === index ? 1 : 0));
  const first = stacks.frame.find((frame) => fileOf[frame] === index);
  const layer = first === undefined ? Layer.Unknown : functions.layer[frames.func[first]];
  return annotate(profile, event, within, {
    kind: 'file',
    name: file,
    layer: layer as Layer,
    module: -1,
  });
}

/** @param within 1 for each stack whose innermost frame is part of what is annotated */
function annotate(
  profile: Profile,
  event: number,
  within: Uint8Array,
  head: Pick<Annotation, 'kind' | 'name' | 'layer' | 'module'>,
): Annotation {
  const weights = weighStacks(profile, event);
  const { weight, samples } = weights;
  const [cost] = costsOf(
    weights,
    Int32Array.from(within, (isWithin) => isWithin - 1),
    1,
  );
  return {
    ...head,
    event,
    weight,
    samples,
    cost,
    ...lineCosts(profile, weights, within),
    functions: functionCosts(profile, weights, within),
    code: head.kind === 'symbol' ? codeCosts(profile, weights, within) : [],
  };
}

function lineCosts(
  profile: Profile,
  weights: StackWeights,
  within: Uint8Array,
): Pick<Annotation, 'lines' | 'withoutLine'> {
  const { stacks, frames, strings } = profile;
  const fileOf = filesOf(profile);
  const places = new InternedPairs(); // (file, line)
  const nowhere = places.intern(-1, -1);
  const classOf = stacks.frame.map((frame, stack) => {
    if (within[stack] === 0) return -1;
    const line = frames.line[frame];
    const file = fileOf[frame];
    return line > 0 && file >= 0 ? places.intern(file, line) : nowhere;
  });
  const costs = costsOf(weights, classOf, places.length);
  const lines = costs.flatMap((cost, place) =>
    place === nowhere || cost.totalSamples === 0
      ? []
      : [{ file: strings[places.a.data[place]], line: places.b.data[place], ...cost }],
  );
  lines.sort((a, b) => compare(a.file, b.file) || a.line - b.line);
  return { lines, withoutLine: costs[nowhere] };
}

function functionCosts(
  profile: Profile,
  weights: StackWeights,
  within: Uint8Array,
): FunctionCost[] {
  const { stacks, frames, functions, strings } = profile;
  const classOf = stacks.frame.map((frame, stack) =>
    within[stack] === 0 ? -1 : frames.func[frame],
  );
  const lineless = classOf.map((func, stack) => (frames.line[stacks.frame[stack]] > 0 ? -1 : func));
  const withoutLine = costsOf(weights, lineless, functions.length);
  return costsOf(weights, classOf, functions.length)
    .map((cost, func) => ({
      name: strings[functions.name[func]],
      file: functions.file[func] < 0 ? undefined : strings[functions.file[func]],
      layer: functions.layer[func] as Layer,
      inlined: functions.inlined[func] === 1,
      withoutLine: withoutLine[func],
      ...cost,
    }))
    .filter(({ totalSamples }) => totalSamples > 0)
    .sort((a, b) => b.total - a.total || b.self - a.self || compare(a.name, b.name));
}

/** Costs by address, told apart by function: one name may stand for several in a module. */
function codeCosts(profile: Profile, weights: StackWeights, within: Uint8Array): CodeCost[] {
  const { stacks, frames, functions, strings, code } = profile;
  if (code === undefined) return [];
  const fileOf = filesOf(profile);
  const places = new Map<string, number>(); // by module and address
  const frameOf: number[] = [];
  const bodies = new Map<string, number>(); // by module and start
  const bodyFrame: number[] = [];
  const placeOfFrame = new Int32Array(frames.length).fill(-1);
  const bodyOfFrame = new Int32Array(frames.length).fill(-1);
  for (let stack = 0; stack < stacks.length; stack++) {
    const frame = stacks.frame[stack];
    if (within[stack] === 0 || placeOfFrame[frame] >= 0 || !(frame < code.length)) continue;
    if (Number.isNaN(code.address[frame])) continue;
    const module = functions.module[frames.func[frame]];
    placeOfFrame[frame] = numberOf(places, `${module} ${code.address[frame]}`);
    bodyOfFrame[frame] = numberOf(bodies, `${module} ${code.start[frame]}`);
    const known = frameOf[placeOfFrame[frame]] as number | undefined;
    // Of frames at one address the innermost says which line runs.
    if (known === undefined || frames.inlineDepth[frame] > frames.inlineDepth[known]) {
      frameOf[placeOfFrame[frame]] = frame;
    }
    bodyFrame[bodyOfFrame[frame]] ??= frame;
  }
  const classesBy = (of: Int32Array) =>
    stacks.frame.map((frame, stack) => (within[stack] === 0 ? -1 : of[frame]));
  const byPlace = costsOf(weights, classesBy(placeOfFrame), places.size);
  const byBody = costsOf(weights, classesBy(bodyOfFrame), bodies.size);
  const instructions: InstructionCost[][] = byBody.map(() => []);
  for (const [place, cost] of byPlace.entries()) {
    if (cost.totalSamples === 0) continue;
    const frame = frameOf[place];
    const line = frames.line[frame];
    instructions[bodyOfFrame[frame]].push({
      address: code.address[frame],
      file: fileOf[frame] < 0 ? undefined : strings[fileOf[frame]],
      line: line > 0 ? line : undefined,
      ...cost,
    });
  }
  const costly = byBody.map((cost, body): CodeCost => ({
    module: functions.module[frames.func[bodyFrame[body]]],
    start: code.start[bodyFrame[body]],
    size: code.size[bodyFrame[body]],
    instructions: instructions[body].sort((a, b) => a.address - b.address),
    ...cost,
  }));
  return costly
    .filter(({ totalSamples }) => totalSamples > 0)
    .sort((a, b) => a.module - b.module || a.start - b.start);
}

function numberOf(numbers: Map<string, number>, key: string): number {
  let number = numbers.get(key);
  if (number === undefined) numbers.set(key, (number = numbers.size));
  return number;
}

/** One number for all functions of a name, module and file. */
function symbolsOf({ functions }: Profile): { readonly of: Int32Array; readonly length: number } {
  const places = new InternedPairs(); // (module, file)
  const symbols = new InternedPairs(); // (name, place)
  const of = functions.name.map((name, func) =>
    symbols.intern(name, places.intern(functions.module[func], functions.file[func])),
  );
  return { of, length: symbols.length };
}

/** By frame, the file of its line, or of its function; -1 where unknown. */
function filesOf({ frames, functions }: Profile): Int32Array {
  return frames.file.map((file, frame) => (file >= 0 ? file : functions.file[frames.func[frame]]));
}

/** Gives what inlined code costs itself to the functions that it was inlined into, too. */
function addInlined(
  { stacks, frames }: Profile,
  weights: StackWeights,
  classOf: Int32Array,
  costs: readonly Cost[],
): void {
  for (let leaf = 0; leaf < stacks.length; leaf++) {
    if (weights.selfSamples[leaf] === 0 || frames.inlineDepth[stacks.frame[leaf]] === 0) continue;
    const given = new Set([classOf[leaf]]);
    let stack = leaf;
    while (stack >= 0 && frames.inlineDepth[stacks.frame[stack]] > 0) {
      stack = stacks.parent[stack];
      if (stack < 0 || given.has(classOf[stack])) continue;
      given.add(classOf[stack]);
      costs[classOf[stack]].self += weights.self[leaf];
      costs[classOf[stack]].selfSamples += weights.selfSamples[leaf];
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
