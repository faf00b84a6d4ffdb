/**
 * From run-time addresses to functions and the files that they lie in, as a recording's mappings stand at
 * the moment. What frames of a profile and lines of text are made from.
 */
import type { Address, Bytes } from '../base/units.js';
import type { KernelFunction } from '../symbolize/kernel.js';
import type { ModuleSymbols } from '../symbolize/module-symbols.js';
import type { Symbolizer } from '../symbolize/symbolizer.js';
import type { Mapping } from './address-space.js';
import type { GeneratedNames } from './generated-code.js';
import type { ModuleCache } from './modules.js';
import type { Process } from './processes.js';
import type { RecordedKernel } from './recorded-kernel.js';

/** Where names come from. */
export interface NameSources {
  readonly modules: ModuleCache;
  readonly symbolizer: Symbolizer;
  readonly kernel: RecordedKernel;
  readonly names: GeneratedNames;
}

/** A mapping's code. */
export interface MappedCode {
  readonly mapping: Mapping;
  /** `undefined` of code that was made at run time. */
  readonly symbols: ModuleSymbols | undefined;
  /** What is to be subtracted from a run-time address to get the file's virtual address. */
  readonly bias: number;
}

/** An address of user space, named. */
export interface Location {
  readonly mapping: Mapping;
  /** `undefined` where nothing names it. */
  readonly name: string | undefined;
  /** The name as it stands in the file, mangled; `undefined` where nothing names it. */
  readonly linkName: string | undefined;
  /** Of the function, at run time; the address itself where no bounds are known. */
  readonly start: Address;
  /** 0 where unknown. */
  readonly size: Bytes;
}

export class Locations {
  private readonly byMapping = new Map<Mapping, MappedCode>();

  constructor(readonly sources: NameSources) {}

  /** The function at an address of the kernel's. */
  kernel(address: Address): KernelFunction | undefined {
    return this.sources.kernel.lookup(address);
  }

  /** The function at an address of a process's; `undefined` where nothing is mapped. */
  user(process: Process, address: Address): Location | undefined {
    const mapping = process.space.find(address);
    if (mapping === undefined) return undefined;
    const { symbols, bias } = this.code(mapping, process);
    if (symbols === undefined) {
      const found = this.sources.names.symbolAt(process, mapping, address);
      const { name, start = address, size = 0 } = found ?? {};
      return { mapping, name, linkName: name, start, size };
    }
    const symbol = symbols.lookup(address - bias);
    const start = symbol.size > 0 || symbol.hasName ? symbol.start + bias : address;
    const { linkName, size } = symbol;
    return { mapping, name: symbol.hasName ? symbol.name : undefined, linkName, start, size };
  }

  /** The name of code that was made at run time. */
  generatedName(process: Process, mapping: Mapping, address: Address): string | undefined {
    return this.sources.names.nameAt(process, mapping, address);
  }

  /** What a mapping holds; opened on first use. */
  code(mapping: Mapping, process: Process): MappedCode {
    let code = this.byMapping.get(mapping);
    if (code === undefined) {
      code = this.open(mapping, process);
      this.byMapping.set(mapping, code);
    }
    return code;
  }

  private open(mapping: Mapping, process: Process): MappedCode {
    const { names, kernel, symbolizer, modules } = this.sources;
    if (names.covers(mapping)) return { mapping, symbols: undefined, bias: 0 };
    const { path, buildId } = mapping;
    const image = path === '[vdso]' ? kernel.vdso : undefined;
    const symbols =
      image === undefined
        ? symbolizer.module({ path, buildId })
        : symbolizer.moduleOfImage(path, image);
    return { mapping, symbols, bias: modules.module(mapping, process.pid).biasOf(mapping) };
  }
}
