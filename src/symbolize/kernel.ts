/** The kernel's functions by run-time address. */
import { existsSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

import { Cursor } from '../base/cursor.js';
import { StrataError } from '../base/errors.js';
import type { Address, Bytes } from '../base/units.js';
import { buildIdIn } from '../formats/elf/notes.js';
import { readSymbols, symbolNamed } from '../formats/elf/symbols.js';
import type { KernelFunctions } from '../formats/kallsyms.js';
import { openKallsyms } from '../formats/kallsyms-parts.js';
import { isSeparateTree, perfCache, SymbolFiles } from './files.js';
import { readKallsyms } from './kallsyms-file.js';
import { isMissing, openElf, type OpenModule } from './open-elf.js';
import type { SymbolOptions } from './options.js';

const PAGE: Bytes = 4096;
/** Begins the symbol of the bytes before a function, in which tracers and mitigations may put code. */
export const PADDING = '__pfx_';
/** perf's name of the kernel among files. */
const KERNEL = '[kernel.kallsyms]';

/** A kernel function. */
export interface KernelFunction {
  readonly name: string;
  /** Where it was when recorded. */
  readonly start: Address;
  readonly size: Bytes;
  /** `[nf_tables]` of a module's. */
  readonly module: string | undefined;
}

/** What functions are looked up in. */
type KernelTable = Pick<KernelFunctions, 'find' | 'name' | 'start' | 'size' | 'module'>;

/** The kernel's symbols, moved to where the recorded kernel had them. */
export class KernelSymbols {
  private readonly known = new Map<number, KernelFunction>();

  /**
   * @param table symbols where they are in the text
   * @param slide what to add to the text's addresses (the kernel's randomized base changes at boot)
   * @param gap why there are no symbols, in words, if there are none
   */
  constructor(
    private readonly table: KernelTable,
    private readonly slide: Bytes,
    readonly gap: string | undefined,
  ) {}

  /**
   * The function at an address, or the one that is called there: nothing is called from the padding before a
   * function (`__pfx_f`, in front of `f` since Linux 6.2), so that who seems to be called from its last byte was
   * interrupted at the first of the function.
   */
  lookup(address: Address): KernelFunction | undefined {
    const found = this.at(address);
    if (!found?.name.startsWith(PADDING) || address !== found.start + found.size - 1) return found;
    const padded = this.at(address + 1);
    return padded !== undefined && found.name === PADDING + padded.name ? padded : found;
  }

  private at(address: Address): KernelFunction | undefined {
    const index = this.table.find(address - this.slide);
    if (index < 0) return undefined;
    // Modules do not move along with the kernel: where it was moved, theirs are other addresses.
    if (this.slide !== 0 && this.table.module(index) !== undefined) return undefined;
    let found = this.known.get(index);
    if (found === undefined) {
      found = {
        name: this.table.name(index),
        start: this.table.start(index) + this.slide,
        size: this.table.size(index),
        module: this.table.module(index),
      };
      this.known.set(index, found);
    }
    return found;
  }
}

/** What a recording tells of its kernel. */
export interface KernelSource {
  /** Names that the recording carries itself, as kallsyms text, at the recorded addresses. */
  readonly text?: Uint8Array | undefined;
  /** Against which files and the running kernel are checked. */
  readonly buildId?: string | undefined;
  /** `6.1.0-13-amd64`: files of kernels are named by it. */
  readonly release?: string | undefined;
  /** False where the recording was made on another machine or under another kernel. */
  readonly isRunning?: boolean;
  /**
   * The recorded reference: perf names the kernel's mapping `[kernel.kallsyms]_text` (or `_stext`) and
   * gives that symbol's address as its page offset.
   */
  readonly reference?: KernelReference | undefined;
}

export interface KernelReference {
  readonly name: string;
  readonly address: Address;
}

/**
 * Reads the kernel's symbols; what keeps them from being known is the result's `gap`. What a person names
 * is used or refused, and nothing else is tried (as by `perf`); otherwise the recording's own names, the
 * running kernel's, and files of the recorded build ID, in this order.
 */
export function readKernelSymbols(
  source: KernelSource = {},
  options: SymbolOptions = {},
): KernelSymbols {
  const { buildId, reference } = source;
  const { kallsyms, vmlinux, symfs } = options;
  if (kallsyms !== undefined) {
    return orGap(() => fromKallsyms(readKallsyms(kallsyms), reference, kallsyms));
  }
  if (vmlinux !== undefined) {
    return orGap(() => fromVmlinux(openVmlinux(vmlinux, buildId), reference));
  }
  if (source.text !== undefined) {
    return orGap(() =>
      fromKallsyms(openKallsyms(source.text ?? NOTHING), reference, 'the recording'),
    );
  }
  const running = orGap(() => {
    refuseOtherKernel(source, symfs);
    return fromKallsyms(readKallsyms(), reference);
  });
  if (running.gap === undefined || buildId === undefined) return running;
  const cached = join(perfCache(buildId), 'kallsyms');
  if (existsSync(cached)) {
    const found = orGap(() => fromKallsyms(readKallsyms(cached), reference, cached));
    if (found.gap === undefined) return found;
  }
  for (const found of vmlinuxFiles(buildId, source.release ?? '', options)) {
    const symbols = orGap(() => fromVmlinux(found, reference));
    if (symbols.gap === undefined) return symbols;
  }
  return running;
}

const NOTHING = new Uint8Array(0);

/** @throws StrataError where the running kernel is not the recorded one. */
function refuseOtherKernel({ buildId, isRunning }: KernelSource, symfs: string | undefined): void {
  const running = runningKernelBuildId();
  if (buildId !== undefined && running !== undefined) {
    if (buildId === running) return;
    throw new StrataError(
      `another kernel runs now (build ID ${buildId} recorded, ${running} running)`,
    );
  }
  if (isRunning === false || isSeparateTree(symfs)) {
    throw new StrataError('it was recorded under another kernel');
  }
}

/**
 * @param path where the table was read, for errors
 * @throws StrataError where the table names nothing, or is not of the recorded kernel
 */
function fromKallsyms(
  table: KernelFunctions,
  reference: KernelReference | undefined,
  path = '/proc/kallsyms',
): KernelSymbols {
  if (table.restricted) {
    throw new StrataError(`the kernel withholds the addresses in ${path} (kernel.kptr_restrict)`);
  }
  if (table.isEmpty) throw new StrataError(`there are no kernel symbols in ${path}`);
  if (reference === undefined) return new KernelSymbols(table, 0, undefined);
  return new KernelSymbols(
    table,
    slideOf(reference, table.addressOf(reference.name), path),
    undefined,
  );
}

/** How far the recorded kernel lay from where `path` has it. @throws StrataError where it is another. */
function slideOf(reference: KernelReference, here: Address | undefined, path: string): Bytes {
  if (here === undefined) throw new StrataError(`${path} has no symbol ${reference.name}`);
  const slide = reference.address - here;
  if (slide % PAGE !== 0) throw new StrataError(`${path} is not of the kernel that was recorded`);
  return slide;
}

/** @throws StrataError where there is no such file, or it is of another kernel. */
function openVmlinux(path: string, buildId: string | undefined): OpenModule {
  const found = openElf(path, buildId);
  if (found === undefined) throw new StrataError(`${path} is not there`);
  if (isMissing(found)) throw new StrataError(found.detail);
  return found;
}

/**
 * The functions of a kernel's file, which is closed. It was linked for other addresses than it ran at, so
 * that without a reference nothing can be said.
 * @throws StrataError where it has no symbols, or lay elsewhere by no whole number of pages
 */
function fromVmlinux(
  { path, image, source }: OpenModule,
  reference: KernelReference | undefined,
): KernelSymbols {
  try {
    if (reference === undefined) {
      throw new StrataError(`the recording does not tell where the kernel of ${path} lay`);
    }
    const slide = slideOf(reference, symbolNamed(image, reference.name)?.address, path);
    const table = readSymbols(image);
    return new KernelSymbols(
      {
        find: (address) => table.find(address),
        name: (i) => table.name(i),
        start: (i) => table.start(i),
        size: (i) => table.size(i),
        module: () => undefined,
      },
      slide,
      undefined,
    );
  } finally {
    source.close();
  }
}

/**
 * Files of the recorded kernel: by build ID, and where distributions put them (`vmlinux_path__init` in
 * `tools/perf/util/symbol.c`). Servers are not asked: a kernel's debug information is a gigabyte.
 */
function* vmlinuxFiles(
  buildId: string,
  release: string,
  options: SymbolOptions,
): Generator<OpenModule> {
  const files = new SymbolFiles(options);
  const installed = files.debugFileOf(buildId, KERNEL);
  if (installed !== undefined) yield installed;
  const paths = [
    `/usr/lib/debug/boot/vmlinux-${release}`,
    `/usr/lib/debug/boot/vmlinux-${release}.debug`,
    `/usr/lib/debug/lib/modules/${release}/vmlinux`,
    `/boot/vmlinux-${release}`,
    `/lib/modules/${release}/vmlinux`,
    `/lib/modules/${release}/build/vmlinux`,
  ];
  // The release is the recording's word: it must not lead to other folders.
  for (const path of /^[\w.+~-]+$/.test(release) ? paths : []) {
    const found = files.module({ path, buildId });
    if (!isMissing(found)) yield found;
  }
}

/** What `read` returns; no symbols and the reason where it fails. */
function orGap(read: () => KernelSymbols): KernelSymbols {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    return new KernelSymbols(openKallsyms(NOTHING), 0, error.message);
  }
}

/** The running kernel's build ID in hexadecimal, where it tells. */
export function runningKernelBuildId(): string | undefined {
  try {
    return buildIdIn(new Cursor(readFileSync('/sys/kernel/notes'), 'ELF', endianness() === 'LE'));
  } catch {
    return undefined; // without sysfs
  }
}
