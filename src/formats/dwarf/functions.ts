/**
 * The functions of a unit, and what was inlined into each (DWARF 5, section 3.3): entries
 * `DW_TAG_subprogram` with code, and `DW_TAG_inlined_subroutine` below them.
 */
import type { Address, Bytes } from '../../base/units.js';
import { ANY_KIND, EntryKind } from './abbreviations.js';
import { Attributes, Slot } from './attributes.js';
import { AddressRanges, type AddressMap, type CodeSpan } from './address-map.js';
import { asFarAsSound } from './damage.js';
import { addRanges, hasCode } from './ranges.js';
import type { Unit } from './unit.js';
import { EntryWalk, type WalkPlan } from './walk.js';

/** Functions by address; those numbers are of `entries`. */
export interface FunctionIndex {
  readonly map: AddressMap;
  /** Positions in the unit. */
  readonly entries: Int32Array;
}

const NESTED_TOO: WalkPlan = { report: EntryKind.Function, enter: ANY_KIND, withNames: false };
const OUTER: WalkPlan = { ...NESTED_TOO, enter: EntryKind.Scope };
/** Also a function nested in another is not entered: it has a tree of its own. */
const INLINED: WalkPlan = {
  report: EntryKind.Inlined,
  enter: EntryKind.Inlined | EntryKind.Block,
  withNames: false,
};

/** @param everywhere see {@link forEachFunction} */
export function indexFunctions(unit: Unit, code: CodeSpan, everywhere: boolean): FunctionIndex {
  const ranges = new AddressRanges(code);
  const entries: number[] = [];
  forEachFunction(unit, everywhere, (at, attributes) => {
    addRanges(unit, attributes, ranges, entries.push(at) - 1);
  });
  return { map: ranges.build(), entries: new Int32Array(entries) };
}

/** Adds all functions of a unit to `ranges`, under one value. */
export function addFunctions(unit: Unit, ranges: AddressRanges, value: number): void {
  forEachFunction(unit, false, (_, attributes) => {
    addRanges(unit, attributes, ranges, value);
  });
}

/**
 * Visits the functions that have code, as far as the unit is sound.
 * @param everywhere look also into functions and types: GNU C's nested functions, OpenMP's outlined ones
 */
function forEachFunction(
  unit: Unit,
  everywhere: boolean,
  visit: (at: Bytes, attributes: Attributes) => void,
): void {
  asFarAsSound(() => {
    const walk = new EntryWalk(unit, unit.firstChild, everywhere ? NESTED_TOO : OUTER);
    while (walk.next() !== undefined) {
      if (!hasCode(walk.attributes)) continue;
      asFarAsSound(() => {
        visit(walk.at, walk.attributes);
      });
    }
  });
}

/** Functions inlined into each other deeper than this are made up, or of no use to anybody. */
const MAX_INLINED = 250;

/** A function with what was inlined into it: a tree, whose node 0 is the function itself. */
export class InlineTree {
  private constructor(
    private readonly map: AddressMap,
    /** Positions in the unit. */
    readonly entries: Int32Array,
    readonly parents: Int32Array,
    /** Where the parent calls: number of the file (-1: not told) and line (0: not told). */
    readonly callFiles: Int32Array,
    readonly callLines: Int32Array,
  ) {}

  /** @param at position of the function's entry. What is malformed ends the tree. */
  static read(unit: Unit, at: Bytes, code: CodeSpan): InlineTree {
    const ranges = new AddressRanges(code);
    const entries: number[] = [];
    const parents: number[] = [];
    const callFiles: number[] = [];
    const callLines: number[] = [];
    const add = (position: Bytes, parent: number, attributes: Attributes): number => {
      callFiles.push(attributes.get(Slot.CallFile) ?? -1);
      callLines.push(attributes.get(Slot.CallLine) ?? 0);
      parents.push(parent);
      const node = entries.push(position) - 1;
      if (hasCode(attributes)) asFarAsSound(() => addRanges(unit, attributes, ranges, node));
      return node;
    };
    asFarAsSound(() => {
      const root = new Attributes();
      const { hasChildren } = unit.entry(at, root);
      const firstChild = unit.cursor().position;
      add(at, -1, root);
      if (!hasChildren) return;
      const walk = new EntryWalk(unit, firstChild, INLINED);
      // The nodes that are around the next entry, outer first, and their depths; the function's is -1.
      const around = [0];
      const depths = [-1];
      while (walk.next() !== undefined) {
        while (depths[depths.length - 1] >= walk.lowest) {
          depths.pop();
          around.pop();
        }
        if (around.length > MAX_INLINED) continue;
        around.push(add(walk.at, around[around.length - 1], walk.attributes));
        depths.push(walk.depth);
      }
      unit.file.info.recheck(walk.position - at);
    });
    return new InlineTree(
      ranges.build(),
      new Int32Array(entries),
      new Int32Array(parents),
      new Int32Array(callFiles),
      new Int32Array(callLines),
    );
  }

  /** The innermost function at an address: a node, 0 where nothing was inlined there. */
  find(address: Address): number {
    return Math.max(0, this.map.find(address));
  }
}
