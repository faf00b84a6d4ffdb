/**
 * Names of generated code, kept in one ELF file of symbols per recording.
 *
 * Each executable mapping without a file (an arena of trampolines, a JIT's memory) is given a range of
 * that file, and its MMAP2 record is rewritten to say that it was mapped from there. Fork then hands the
 * names on as it does the mappings, and perf and Strata look them up like those of any other file.
 *
 *   memory of process 10   |####|                  file   0x1000 |####|..|######|
 *   memory of process 11            |######|                       10       11
 */
import { randomBytes } from 'node:crypto';

import { lastAtMost } from '../base/search.js';
import type { Address } from '../base/units.js';
import { EM_AARCH64, EM_X86_64 } from '../formats/elf/constants.js';
import { writeSymbolFile } from '../formats/elf/writer.js';
import { CODE_NAMES_PATH } from '../formats/perfdata/strata-section.js';
import type { GeneratedFunctions } from '../formats/perfmap.js';

/** The first page holds the file's own headers. */
const FIRST_OFFSET = 0x1000;
/** A file of more names than this would be no help to anyone, and names are untrusted. */
const MAX_NAMES = 4_000_000;

/** A mapping without a file. */
export interface CodeRange {
  readonly pid: number;
  readonly start: Address;
  readonly end: Address;
  /** Where its names go in the file. */
  readonly fileOffset: number;
  /** Where its record lies in the recording. */
  readonly recordAt: number;
}

export class CodeNames {
  readonly buildId = new Uint8Array(randomBytes(20));
  /** What the mappings are said to be mapped from: no real path. */
  readonly path = CODE_NAMES_PATH + Buffer.from(this.buildId).toString('hex', 0, 4);
  readonly ranges: CodeRange[] = [];
  private nextOffset = FIRST_OFFSET;

  /** Gives a mapping its range of the file. */
  add(pid: number, start: Address, end: Address, recordAt: number): void {
    this.ranges.push({ pid, start, end, fileOffset: this.nextOffset, recordAt });
    this.nextOffset += end - start;
  }

  /**
   * Makes the file from the maps of the processes.
   * @param mapsOf a process's own maps, then those of the process it was forked from, and so on: a child's
   *   map lacks what it inherited
   * @returns the ranges in which something is named, and the file; `undefined` where nothing is
   */
  build(
    mapsOf: (pid: number) => readonly GeneratedFunctions[],
  ): { file: Uint8Array; named: CodeRange[] } | undefined {
    const starts: number[] = [];
    const sizes: number[] = [];
    const names: string[] = [];
    const named: CodeRange[] = [];
    for (const range of this.ranges) {
      const before = names.length;
      const taken = new Set<number>();
      for (const map of mapsOf(range.pid)) {
        for (let i = lastAtMost(map.starts, map.length, range.start - 1) + 1; i < map.length; i++) {
          const start = map.starts[i];
          if (start >= range.end || names.length >= MAX_NAMES) break;
          if (taken.has(start)) continue;
          taken.add(start);
          starts.push(start - range.start + range.fileOffset);
          sizes.push(map.sizes[i]);
          names.push(map.name(i));
        }
      }
      if (names.length > before) named.push(range);
    }
    if (named.length === 0) return undefined;
    const file = writeSymbolFile({
      buildId: this.buildId,
      machine: process.arch === 'arm64' ? EM_AARCH64 : EM_X86_64,
      symbols: { starts, sizes, names },
      textSize: this.nextOffset,
    });
    return { file, named };
  }
}
