/** Costs put beside the instructions that they are of, and the source lines that these were compiled from. */
import { resolve } from 'node:path';

import { ElfImage } from '../../formats/elf/image.js';
import { symbolNamed } from '../../formats/elf/symbols.js';
import { orUndefined } from '../../base/errors.js';
import { lastAtMost } from '../../base/search.js';
import { FileSource } from '../../base/source.js';
import type { Address } from '../../base/units.js';
import type { Annotation, CodeCost, InstructionCost } from '../../profile/annotate/annotate.js';
import { Layer, type Profile } from '../../profile/profile.js';
import type { SourceFrame } from '../../formats/dwarf/source-frame.js';
import { NO_COST, type Cost } from '../../profile/annotate/stack-costs.js';
import {
  disassemble,
  type CodeRange,
  type Disassembly,
  type DisassemblyOptions,
  type Instruction,
  type NoDisassembly,
} from '../../symbolize/disassembly.js';
import type { ModuleRequest } from '../../symbolize/files.js';
import { SourceText, type SourceFiles } from '../../symbolize/source-text.js';
import type { Symbolizer } from '../../symbolize/symbolizer.js';

/** Functions with no more instructions are shown whole. */
const SHOWN_WHOLE = 40;

export interface CodeChoice extends DisassemblyOptions {
  /** Instructions around those that cost something. */
  readonly context: number;
  readonly minPercent: number;
  readonly full: boolean;
  /** `-k`: the kernel's file. */
  readonly vmlinux?: string | undefined;
  /** Knows the lines of all instructions; without it those of instructions with a cost are known. */
  readonly symbolizer?: Pick<Symbolizer, 'module'> | undefined;
  /** What source lines are taken from; without it none stand between the instructions. */
  readonly sources?: Pick<SourceFiles, 'find'> | undefined;
}

/** Where in the source an instruction comes from; of inlined code the innermost place. */
interface Place {
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** The function that was inlined here. */
  readonly inlined: string | undefined;
}

export interface CodeRow extends Instruction, Place {
  /** Whether a jump of the function leads here. */
  readonly isTarget: boolean;
  readonly cost: Cost | undefined;
  /** The text of its line, where that is not the line of the row before; empty where there is no text. */
  readonly source: string | undefined;
  /** Instructions left out before this one. */
  readonly skipped: number;
}

export interface AnnotatedCode {
  readonly code: CodeCost;
  /** The module's short name. */
  readonly module: string;
  /** Why there are no instructions, and what mends it. */
  readonly problem?: string;
  readonly hint?: string;
  readonly rows: readonly CodeRow[];
  /** Instructions left out behind the last row. */
  readonly skipped: number;
  /** Files of which there is no text, and why. */
  readonly missing: ReadonlyMap<string, string>;
  /** Files that were written after the recording. */
  readonly changed: readonly string[];
}

/** Instructions, and the module that tells their lines. */
interface Disassembled extends Disassembly {
  readonly module?: ModuleRequest | undefined;
  /** What to add to the addresses in that module's file. */
  readonly moved: number;
}

/** The functions of an annotation, disassembled. */
export function annotatedCode(
  profile: Profile,
  annotation: Annotation,
  choice: CodeChoice,
  recordedBefore = Infinity,
): AnnotatedCode[] {
  const { modules, strings } = profile;
  return annotation.code.map((code) => {
    const module = code.module < 0 ? '[unknown]' : strings[modules.name[code.module]];
    const found = disassembled(profile, annotation, code, choice);
    if ('problem' in found) {
      return { code, module, ...found, rows: [], skipped: 0, missing: new Map(), changed: [] };
    }
    const shown = rowsOf(found, code, annotation, choice);
    return { code, module, ...shown, ...sourcesOf(shown.rows, choice, recordedBefore) };
  });
}

function disassembled(
  { code: table, modules, strings }: Profile,
  { layer, name }: Annotation,
  { module, start, size }: CodeCost,
  choice: CodeChoice,
): Disassembled | NoDisassembly {
  if (layer === Layer.Python)
    return { problem: 'Python functions have no machine code of their own' };
  if (layer === Layer.Kernel) return ofKernel(name, start, size, choice);
  const file = table?.files.get(module);
  const bytes = file === undefined ? table?.generated.get(start) : undefined;
  if (file === undefined && bytes === undefined) {
    return {
      problem: 'code that was made at run time is not in the recording',
      hint: 'jitdumps have it: perf record -k 1 node --perf-prof app.js',
    };
  }
  const found = disassemble({ start, size, file, bytes }, choice);
  if ('problem' in found || file === undefined) return { ...found, moved: 0 };
  const path = strings[modules.path[module]];
  const buildId = modules.buildId[module] < 0 ? undefined : strings[modules.buildId[module]];
  return { ...found, module: { path, buildId }, moved: 0 };
}

/** The kernel's file was linked for other addresses than it ran at. */
function ofKernel(
  name: string,
  start: Address,
  size: number,
  choice: CodeChoice,
): Disassembled | NoDisassembly {
  const { vmlinux } = choice;
  if (vmlinux === undefined) {
    return {
      problem: 'the kernel’s code is in no file that is known',
      hint: 'name the recorded kernel’s file: -k vmlinux',
    };
  }
  const linked = orUndefined(() => addressIn(vmlinux, name));
  if (linked === undefined) return { problem: `${vmlinux} has no function ${name}` };
  const range: CodeRange = { start: linked, size, file: vmlinux };
  const found = disassemble(range, choice);
  if ('problem' in found) return found;
  const moved = (address: Address) => address - linked + start;
  return {
    instructions: found.instructions.map(({ address, text, target }) => ({
      address: moved(address),
      text,
      ...(target === undefined ? {} : { target: moved(target) }),
    })),
    module: { path: resolve(vmlinux) },
    moved: start - linked,
  };
}

/** @throws StrataError where the file cannot be read */
function addressIn(path: string, name: string): Address | undefined {
  const source = new FileSource(path);
  try {
    return symbolNamed(ElfImage.read(source), name)?.address;
  } finally {
    source.close();
  }
}

function rowsOf(
  { instructions, module, moved }: Disassembled,
  code: CodeCost,
  annotation: Annotation,
  { context, minPercent, full, symbolizer, sources }: CodeChoice,
): Pick<AnnotatedCode, 'rows' | 'skipped'> {
  const symbols = module && symbolizer?.module(module);
  const costs = costsByRow(instructions, code.instructions);
  const targets = new Set(
    instructions.flatMap(({ target }) => (target === undefined ? [] : target)),
  );
  const least = (minPercent / 100) * annotation.cost.total;
  const isShown = new Uint8Array(instructions.length);
  const isWhole = full || instructions.length <= SHOWN_WHOLE;
  for (const [row, { cost }] of costs) {
    if (cost.total >= least) isShown.fill(1, Math.max(0, row - context), row + context + 1);
  }
  const rows: CodeRow[] = [];
  let shown = 0;
  let before: Place | undefined;
  for (const [row, instruction] of instructions.entries()) {
    if (!isWhole && isShown[row] === 0) continue;
    const found = costs.get(row);
    const place = placeAt(symbols?.sourceAt(instruction.address - moved)) ?? found?.place;
    const isSame = place === undefined || (before !== undefined && isSamePlace(place, before));
    rows.push({
      ...instruction,
      ...(place ?? NOWHERE),
      isTarget: targets.has(instruction.address),
      cost: found?.cost,
      source: isSame || sources === undefined ? undefined : textOf(place, sources),
      skipped: row - shown,
    });
    before = place ?? before;
    shown = row + 1;
  }
  return { rows, skipped: instructions.length - shown };
}

const NOWHERE: Place = { file: undefined, line: undefined, inlined: undefined };

/** @param frames innermost first */
function placeAt(frames: readonly SourceFrame[] = []): Place | undefined {
  if (frames.length === 0 || frames[0].file === undefined || frames[0].line <= 0) return undefined;
  const [{ name, file, line }] = frames;
  return { file, line, inlined: frames.length > 1 ? name : undefined };
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.file === other.file && one.line === other.line && one.inlined === other.inlined;
}

function textOf({ file, line }: Place, sources: Pick<SourceFiles, 'find'>): string | undefined {
  if (file === undefined || line === undefined) return undefined;
  const found = sources.find(file);
  return found instanceof SourceText ? (found.line(line) ?? '') : '';
}

/** What is to be said of the files whose lines stand between instructions. */
function sourcesOf(
  rows: readonly CodeRow[],
  { sources }: CodeChoice,
  recordedBefore: number,
): Pick<AnnotatedCode, 'missing' | 'changed'> {
  const missing = new Map<string, string>();
  const changed: string[] = [];
  if (sources === undefined) return { missing, changed };
  const files = new Set(rows.flatMap(({ file }) => file ?? []));
  for (const file of files) {
    const found = sources.find(file);
    if (!(found instanceof SourceText)) missing.set(file, found.problem);
    else if (found.mtimeMs > recordedBefore) changed.push(file);
  }
  return { missing, changed };
}

interface RowCost {
  readonly cost: Cost;
  readonly place: Place | undefined;
}

/** By index of the instruction. A caller's address is within its call, not where it begins. */
function costsByRow(
  instructions: readonly Instruction[],
  costs: readonly InstructionCost[],
): Map<number, RowCost> {
  const starts = Float64Array.from(instructions, ({ address }) => address);
  const byRow = new Map<number, RowCost>();
  for (const { address, file, line, self, selfSamples, total, totalSamples } of costs) {
    const row = lastAtMost(starts, starts.length, address);
    if (row < 0) continue;
    const { cost } = byRow.get(row) ?? { cost: NO_COST };
    byRow.set(row, {
      cost: {
        self: cost.self + self,
        selfSamples: cost.selfSamples + selfSamples,
        total: cost.total + total,
        totalSamples: cost.totalSamples + totalSamples,
      },
      place: line === undefined ? undefined : { file, line, inlined: undefined },
    });
  }
  return byRow;
}
