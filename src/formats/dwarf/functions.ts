/**
 * The functions of a unit, and what was inlined into each (DWARF 5, section 3.3): entries
 * `DW_TAG_subprogram` with code, and `DW_TAG_inlined_subroutine` below them.
 */
import { Int32Column } from '../../base/growable.js';
import type { Address, Bytes } from '../../base/units.js';
import { Attributes, Slot } from './abbreviations.js';
import { AddressRanges, type AddressMap, type CodeSpan } from './address-map.js';
import { Tag } from './constants.js';
import { asFarAsSound } from './damage.js';
import { addRanges, hasCode } from './ranges.js';
import type { Unit } from './unit.js';
import { EntryWalk } from './walk.js';

/** Functions by address; those numbers are of `entries`. */
export interface FunctionIndex {
  readonly map: AddressMap;
  /** Positions in the unit. */
  readonly entries: Int32Array;
}

/** What holds functions in the common case; a nested one is found by looking everywhere. */
const SCOPE_TAGS: ReadonlySet<number> = new Set([Tag.namespace, Tag.module]);

/** @param everywhere see {@link forEachFunction} */
export function indexFunctions(unit: Unit, code: CodeSpan, everywhere: boolean): FunctionIndex {
  const ranges = new AddressRanges(code);
  const entries = new Int32Column();
  forEachFunction(unit, everywhere, (at, attributes) => {
    addRanges(unit, attributes, ranges, entries.push(at));
  });
  return { map: ranges.build(), entries: entries.view().slice() };
}

/** Adds all functions of a unit to `ranges`, under one value. */
export function addFunctions(unit: Unit, ranges: AddressRanges, value: number): void {
  forEachFunction(unit, false, (_, attributes) => {
    addRanges(unit, attributes, ranges, value);
  });
}

/**
 * Visits the functions that have code, as far as the unit is sound. Entries that cannot hold any are passed
 * over by `DW_AT_sibling`, where the compiler wrote it (GCC does, LLVM does not).
 * @param everywhere look also into functions and types: GNU C's nested functions, OpenMP's outlined ones
 */
function forEachFunction(
  unit: Unit,
  everywhere: boolean,
  visit: (at: Bytes, attributes: Attributes) => void,
): void {
  asFarAsSound(() => {
    const walk = new EntryWalk(unit, unit.firstChild);
    const { attributes } = walk;
    for (let entry = walk.next(); entry !== undefined; entry = walk.next()) {
      if (entry.tag === Tag.subprogram && hasCode(attributes)) {
        asFarAsSound(() => {
          visit(walk.at, attributes);
        });
      }
      if (!everywhere && !SCOPE_TAGS.has(entry.tag)) walk.skipChildren();
    }
  });
}

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
    const entries = new Int32Column();
    const parents = new Int32Column();
    const callFiles = new Int32Column();
    const callLines = new Int32Column();
    const add = (position: Bytes, parent: number, attributes: Attributes): number => {
      callFiles.push(attributes.get(Slot.CallFile) ?? -1);
      callLines.push(attributes.get(Slot.CallLine) ?? 0);
      parents.push(parent);
      const node = entries.push(position);
      if (hasCode(attributes)) asFarAsSound(() => addRanges(unit, attributes, ranges, node));
      return node;
    };
    asFarAsSound(() => {
      const root = new Attributes();
      const abbreviation = unit.entry(at, root);
      const walk = abbreviation.hasChildren && new EntryWalk(unit, unit.cursor().position);
      add(at, -1, root);
      if (!walk) return;
      // The node that holds the entries of each depth.
      const holders = new Int32Column();
      holders.push(0);
      for (let entry = walk.next(); entry !== undefined; entry = walk.next()) {
        holders.length = walk.depth + 1;
        const holder = holders.data[walk.depth];
        if (entry.tag === Tag.inlined_subroutine) {
          holders.push(add(walk.at, holder, walk.attributes));
        } else if (entry.tag === Tag.lexical_block) {
          holders.push(holder);
        } else {
          walk.skipChildren(); // also a nested function, which has a tree of its own
        }
      }
      unit.file.info.recheck(walk.at - at);
    });
    return new InlineTree(
      ranges.build(),
      entries.view().slice(),
      parents.view().slice(),
      callFiles.view().slice(),
      callLines.view().slice(),
    );
  }

  /** The innermost function at an address: a node, 0 where nothing was inlined there. */
  find(address: Address): number {
    return Math.max(0, this.map.find(address));
  }
}
