/**
 * Names of code that was made at run time and is in no file: Python's trampolines, JIT compilers' output.
 * A recording of Strata's carries them; otherwise there are the jitdumps (see `jit-dumps.ts`) and perf maps
 * that programs leave behind.
 */
import { readFileSync, statSync } from 'node:fs';

import { StrataError } from '../base/errors.js';
import { MemorySource } from '../base/source.js';
import type { Address, Bytes } from '../base/units.js';
import { ElfImage } from '../formats/elf/image.js';
import { readSymbols, type SymbolTable } from '../formats/elf/symbols.js';
import { CODE_NAMES_PATH } from '../formats/perfdata/strata-section.js';
import { parsePerfMap, type PerfMap } from '../formats/perfmap.js';
import { isAnonymous, type Mapping } from './address-space.js';
import { findMapFile, ownPid, type MapFiles } from './generated-files.js';
import type { Process } from './processes.js';

/** A map is no larger; a name takes some 100 bytes. */
const MAX_MAP_SIZE = 1 << 30;
/** Processes that inherited code from each other, one from the next. */
const MAX_ANCESTORS = 64;

/** The names that a recording carries, as symbols of an ELF file that code mappings point into. */
export interface EmbeddedNames {
  /** The path under which the file appears in mappings. */
  readonly path: string;
  readonly file: Uint8Array;
}

/** A function that was made at run time. */
export interface GeneratedSymbol {
  readonly name: string;
  /** At run time. */
  readonly start: Address;
  readonly size: Bytes;
}

export class GeneratedNames {
  private readonly embedded: SymbolTable | undefined;
  private readonly embeddedPath: string | undefined;
  private readonly maps = new Map<number, PerfMap | undefined>();

  /** @param maps where perf maps are looked for, if anywhere */
  constructor(
    embedded: EmbeddedNames | undefined,
    private readonly files: MapFiles | undefined,
  ) {
    this.embeddedPath = embedded?.path;
    this.embedded = embedded && symbolsOf(embedded.file);
  }

  /** Whether code in this mapping was made at run time. */
  covers(mapping: Mapping): boolean {
    const { path, jit } = mapping;
    return jit !== undefined || path.startsWith(CODE_NAMES_PATH) || isAnonymous(path);
  }

  /** The name at an address of such a mapping. */
  nameAt(process: Process, mapping: Mapping, address: Address): string | undefined {
    return this.symbolAt(process, mapping, address)?.name;
  }

  /** The function at an address of such a mapping. */
  symbolAt(process: Process, mapping: Mapping, address: Address): GeneratedSymbol | undefined {
    const { embedded } = this;
    if (mapping.jit !== undefined) return mapping.jit;
    if (mapping.path === this.embeddedPath && embedded !== undefined) {
      const bias = mapping.start - mapping.pgoff;
      const index = embedded.find(address - bias);
      if (index < 0) return undefined;
      const start = embedded.start(index) + bias;
      return { name: embedded.name(index), start, size: embedded.size(index) };
    }
    // Without the end of its file a recording has lost its names; a map may still be there.
    // A forked child's map lacks what the child inherited.
    let current: Process | undefined = process;
    for (let i = 0; current !== undefined && i < MAX_ANCESTORS; i++, current = current.parent) {
      const map = this.mapOf(current.pid);
      const index = map?.find(address) ?? -1;
      if (map !== undefined && index >= 0) {
        return { name: map.name(index), start: map.starts[index], size: map.sizes[index] };
      }
    }
    return undefined;
  }

  private mapOf(pid: number): PerfMap | undefined {
    if (this.files === undefined) return undefined;
    if (!this.maps.has(pid)) this.maps.set(pid, readMap(pid, this.files));
    return this.maps.get(pid);
  }
}

function symbolsOf(file: Uint8Array): SymbolTable | undefined {
  try {
    return readSymbols(ElfImage.read(new MemorySource(file, 'embedded names')));
  } catch (error) {
    if (error instanceof StrataError) return undefined;
    throw error;
  }
}

function readMap(pid: number, files: MapFiles): PerfMap | undefined {
  try {
    const own = ownPid(files, pid);
    const path =
      findMapFile(files, pid, `/tmp/perf-${own}.map`) ??
      (own === pid ? undefined : findMapFile(files, pid, `/tmp/perf-${pid}.map`));
    if (path === undefined || statSync(path).size > MAX_MAP_SIZE) return undefined;
    return parsePerfMap(readFileSync(path));
  } catch {
    return undefined; // no map, or none that we may read: the code goes without names
  }
}
