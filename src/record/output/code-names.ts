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

import { lastAtMost } from '../../base/search.js';
import type { Address, Bytes } from '../../base/units.js';
import type { Architecture } from '../../formats/dwarf/registers.js';
import { EM_AARCH64, EM_X86_64 } from '../../formats/elf/constants.js';
import { writeSymbolFile } from '../../formats/elf/writer.js';
import { CODE_NAMES_PATH } from '../../formats/perfdata/strata-section.js';
import type { GeneratedFunctions } from '../../formats/perfmap.js';

/** The first page holds the file's own headers. */
const FIRST_OFFSET = 0x1000;
/** A file of more names than this would be no help to anyone, and names are untrusted. */
const MAX_NAMES = 4_000_000;

/** A file of names in the making. */
export class NamesFile {
  readonly buildId = new Uint8Array(randomBytes(20));
  /** What mappings are said to be mapped from: no real path. */
  readonly path = CODE_NAMES_PATH + Buffer.from(this.buildId).toString('hex', 0, 4);
  private readonly starts: number[] = [];
  private readonly sizes: number[] = [];
  private readonly names: string[] = [];
  private nextOffset = FIRST_OFFSET;

  /** Names that are in it. */
  get length(): number {
    return this.names.length;
  }

  get isFull(): boolean {
    return this.length >= MAX_NAMES;
  }

  /** Sets a range of it aside for `size` bytes of code. @returns its offset */
  reserve(size: Bytes): number {
    const offset = this.nextOffset;
    this.nextOffset += size;
    return offset;
  }

  /** Names the code at an offset, unless the file is full. */
  add(offset: number, size: Bytes, name: string): void {
    if (this.isFull) return;
    this.starts.push(offset);
    this.sizes.push(size);
    this.names.push(name);
  }

  encode(architecture: Architecture): Uint8Array {
    const { buildId, starts, sizes, names } = this;
    return writeSymbolFile({
      buildId,
      machine: architecture === 'aarch64' ? EM_AARCH64 : EM_X86_64,
      symbols: { starts, sizes, names },
      textSize: this.nextOffset,
    });
  }
}

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
  readonly ranges: CodeRange[] = [];
  private readonly names = new NamesFile();
  readonly path = this.names.path;
  readonly buildId = this.names.buildId;

  /** Gives a mapping its range of the file. */
  add(pid: number, start: Address, end: Address, recordAt: number): void {
    const fileOffset = this.names.reserve(end - start);
    this.ranges.push({ pid, start, end, fileOffset, recordAt });
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
    const { names } = this;
    const named = this.ranges.filter((range) => {
      const before = names.length;
      const taken = new Set<number>();
      for (const map of mapsOf(range.pid)) {
        for (let i = lastAtMost(map.starts, map.length, range.start - 1) + 1; i < map.length; i++) {
          const start = map.starts[i];
          if (start >= range.end || names.isFull) break;
          if (taken.has(start)) continue;
          taken.add(start);
          names.add(start - range.start + range.fileOffset, map.sizes[i], map.name(i));
        }
      }
      return names.length > before;
    });
    if (named.length === 0) return undefined;
    return { file: names.encode(process.arch === 'arm64' ? 'aarch64' : 'x86_64'), named };
  }
}
