/** Costs put beside the instructions that they are of. */
import { ElfImage } from '../../formats/elf/image.js';
import { symbolNamed } from '../../formats/elf/symbols.js';
import { orUndefined } from '../../base/errors.js';
import { lastAtMost } from '../../base/search.js';
import { FileSource } from '../../base/source.js';
import type { Address } from '../../base/units.js';
import type { Annotation, CodeCost, InstructionCost } from '../../profile/annotate/annotate.js';
import { Layer, type Profile } from '../../profile/profile.js';
import { NO_COST, type Cost } from '../../profile/annotate/stack-costs.js';
import {
  disassemble,
  type CodeRange,
  type Disassembly,
  type DisassemblyOptions,
  type Instruction,
  type NoDisassembly,
} from '../../symbolize/disassembly.js';

/** Functions with no more instructions are shown whole. */
const SHOWN_WHOLE = 40;

export interface CodeChoice extends DisassemblyOptions {
  /** Instructions around those that cost something. */
  readonly context: number;
  readonly minPercent: number;
  readonly full: boolean;
  /** `-k`: the kernel's file. */
  readonly vmlinux?: string | undefined;
}

export interface CodeRow extends Instruction {
  /** Whether a jump of the function leads here. */
  readonly isTarget: boolean;
  readonly cost: Cost | undefined;
  /** Of the source; only of instructions with a cost. */
  readonly file: string | undefined;
  readonly line: number | undefined;
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
}

/** The functions of an annotation, disassembled. */
export function annotatedCode(
  profile: Profile,
  annotation: Annotation,
  choice: CodeChoice,
): AnnotatedCode[] {
  const { modules, strings } = profile;
  return annotation.code.map((code) => {
    const module = code.module < 0 ? '[unknown]' : strings[modules.name[code.module]];
    const found = disassembled(profile, annotation, code, choice);
    if ('problem' in found) return { code, module, ...found, rows: [], skipped: 0 };
    return { code, module, ...rowsOf(found.instructions, code, annotation, choice) };
  });
}

function disassembled(
  { code: table }: Profile,
  { layer, name }: Annotation,
  { module, start, size }: CodeCost,
  choice: CodeChoice,
): Disassembly | NoDisassembly {
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
  return disassemble({ start, size, file, bytes }, choice);
}

/** The kernel's file was linked for other addresses than it ran at. */
function ofKernel(
  name: string,
  start: Address,
  size: number,
  choice: CodeChoice,
): Disassembly | NoDisassembly {
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
  instructions: readonly Instruction[],
  code: CodeCost,
  annotation: Annotation,
  { context, minPercent, full }: CodeChoice,
): Pick<AnnotatedCode, 'rows' | 'skipped'> {
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
  for (const [row, instruction] of instructions.entries()) {
    if (!isWhole && isShown[row] === 0) continue;
    const found = costs.get(row);
    rows.push({
      ...instruction,
      isTarget: targets.has(instruction.address),
      cost: found?.cost,
      file: found?.file,
      line: found?.line,
      skipped: row - shown,
    });
    shown = row + 1;
  }
  return { rows, skipped: instructions.length - shown };
}

interface RowCost {
  readonly cost: Cost;
  readonly file: string | undefined;
  readonly line: number | undefined;
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
      file,
      line,
    });
  }
  return byRow;
}
