/** What is known of an interpreter from its file alone: also of one that this machine cannot run. */
import { orUndefined } from '../base/errors.js';
import { architectureOfMachine, type Architecture } from '../formats/dwarf/registers.js';
import { SHT_SYMTAB } from '../formats/elf/constants.js';
import { readDynamicLinking } from '../formats/elf/dynamic.js';
import type { ElfImage } from '../formats/elf/image.js';
import { readSymbols, symbolNamed, type SymbolTable } from '../formats/elf/symbols.js';
import { findFramePointers, type FramePointers } from './frame-pointers.js';
import { versionInName, withElf } from './interpreter-file.js';
import { trampolineFromElf } from './trampolines.js';

export interface InterpreterCode {
  /** The program, or its libpython. */
  readonly path: string;
  /** `undefined` of an architecture that Strata does not know. */
  readonly architecture: Architecture | undefined;
  readonly buildId: string | undefined;
  /** By `Py_Version` (3.11 and later), else by the file's name, which has no micro version. */
  readonly version: readonly [major: number, minor: number, micro?: number] | undefined;
  /** `undefined` where it has no call frame information to tell by. */
  readonly framePointers: FramePointers | undefined;
  /** The template of its trampolines by name; `unknown` where it has another, `none` where none. */
  readonly trampoline: string;
  /** Whether functions that are not exported have names, too. */
  readonly hasSymbolTable: boolean;
  /** Functions with names. */
  readonly named: number;
  /** The file that holds the names that were stripped, as `.gnu_debuglink` has it. */
  readonly debugLink: string | undefined;
  /** Whether instructions are functions (`_TAIL_CALL_*`); `undefined` where its names are stripped. */
  readonly tailCall: boolean | undefined;
  /** Built for musl instead of glibc. */
  readonly musl: boolean;
}

/** @returns `undefined` where the file is no ELF file, or damaged */
export function readInterpreterCode(path: string): InterpreterCode | undefined {
  return withElf(path, (image) => {
    const linking = orUndefined(() => readDynamicLinking(image));
    const symbols = orUndefined(() => readSymbols(image));
    const hasSymbolTable = image.sections.some(({ type }) => type === SHT_SYMTAB);
    return {
      path,
      architecture: architectureOfMachine(image.machine),
      buildId: image.buildId,
      version: orUndefined(() => versionOf(image)) ?? versionInName(path),
      framePointers: orUndefined(() => findFramePointers(image)),
      trampoline: orUndefined(() => trampolineOf(image)) ?? 'none',
      hasSymbolTable,
      named: symbols?.length ?? 0,
      debugLink: orUndefined(() => image.debugLink)?.name,
      tailCall: hasSymbolTable && symbols !== undefined ? hasTailCalls(symbols) : undefined,
      musl: [...(linking?.needed ?? []), linking?.interpreter ?? ''].some(isMusl),
    };
  });
}

/** `ld-musl-x86_64.so.1`, `libc.musl-x86_64.so.1`. */
function isMusl(file: string): boolean {
  return /(?:^|\/)(?:ld-|libc\.)musl-/.test(file);
}

/** `PY_VERSION_HEX`: major, minor, micro and release, a byte each. */
function versionOf(image: ElfImage): [number, number, number] | undefined {
  const symbol = symbolNamed(image, 'Py_Version');
  const offset = symbol && image.offsetOfVaddr(symbol.address);
  if (offset === undefined) return undefined;
  const bytes = image.source.read(offset, 4);
  if (bytes.byteLength < 4) return undefined;
  const [micro, minor, major] = image.littleEndian
    ? bytes.subarray(1)
    : bytes.slice(0, 3).reverse();
  return [major, minor, micro];
}

function trampolineOf(image: ElfImage): string {
  const known = trampolineFromElf(image);
  if (known !== undefined) return known.name;
  return symbolNamed(image, '_Py_trampoline_func_start') === undefined ? 'none' : 'unknown';
}

function hasTailCalls(symbols: SymbolTable): boolean {
  for (let i = 0; i < symbols.length; i++) {
    if (symbols.name(i).startsWith('_TAIL_CALL_')) return true;
  }
  return false;
}
