/** A unit that code was compiled from: its functions and lines, each read when first asked for. */
import type { Address, Bytes } from '../../base/units.js';
import type { AddressRanges, CodeSpan } from './address-map.js';
import { unlessDamaged } from './damage.js';
import { addFunctions, indexFunctions, InlineTree, type FunctionIndex } from './functions.js';
import { LineTable } from './lines.js';
import type { FunctionNames } from './names.js';
import { NO_FRAMES, type SourceFrame } from './source-frame.js';
import type { Unit } from './unit.js';

export class CodeUnit {
  private readonly trees = new Map<Bytes, InlineTree>();
  private functions: FunctionIndex | undefined;
  private allFunctions: FunctionIndex | undefined;
  private lines: LineTable | undefined | null = null;

  /**
   * @param skeleton in the program itself: it names the line number program
   * @param body what holds the functions: another unit where the skeleton is one, else the same
   */
  constructor(
    private readonly skeleton: Unit,
    private readonly body: Unit,
    private readonly code: CodeSpan,
    private readonly names: FunctionNames,
    private readonly withLines: boolean,
  ) {}

  framesAt(vaddr: Address): readonly SourceFrame[] {
    const lines = this.lineTable();
    const row = lines === undefined ? -1 : lines.find(vaddr);
    let file = row < 0 ? undefined : lines?.file(row);
    let line = row < 0 ? 0 : (lines?.line(row) ?? 0);
    const entry = this.functionAt(vaddr);
    if (entry === undefined) {
      return row < 0 ? NO_FRAMES : [frame(undefined, file, line)];
    }
    const tree = this.tree(entry);
    const frames: SourceFrame[] = [];
    for (let node = tree.find(vaddr); node >= 0; node = tree.parents[node]) {
      frames.push(frame(this.names.nameOf(this.body, tree.entries[node]), file, line));
      file = lines?.files.path(tree.callFiles[node]);
      line = this.withLines ? tree.callLines[node] : 0;
    }
    return frames;
  }

  /** Adds the unit's functions to `ranges` under `value`. */
  addFunctions(ranges: AddressRanges, value: number): void {
    addFunctions(this.body, ranges, value);
  }

  /** Position of the function's entry. */
  private functionAt(vaddr: Address): Bytes | undefined {
    this.functions ??= indexFunctions(this.body, this.code, false);
    const number = this.functions.map.find(vaddr);
    if (number >= 0) return this.functions.entries[number];
    this.allFunctions ??= indexFunctions(this.body, this.code, true);
    const nested = this.allFunctions.map.find(vaddr);
    return nested < 0 ? undefined : this.allFunctions.entries[nested];
  }

  private tree(entry: Bytes): InlineTree {
    let tree = this.trees.get(entry);
    if (tree === undefined) {
      tree = InlineTree.read(this.body, entry, this.code);
      this.trees.set(entry, tree);
    }
    return tree;
  }

  private lineTable(): LineTable | undefined {
    if (this.lines === null) {
      const { lineProgram } = this.skeleton;
      this.lines =
        lineProgram === undefined || !this.withLines
          ? undefined
          : unlessDamaged(undefined, () => LineTable.read(this.skeleton, lineProgram, this.code));
    }
    return this.lines;
  }
}

/** @param line 0 where the compiler means none */
function frame(name: string | undefined, file: string | undefined, line: number): SourceFrame {
  return { name, file, line: line > 0 ? line : -1 };
}
