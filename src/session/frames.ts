/**
 * From run-time addresses to frames of the profile.
 */
import { basename } from 'node:path';

import { Uint8Column } from '../base/growable.js';
import type { Address } from '../base/units.js';
import type { ElfImage } from '../formats/elf/image.js';
import type { ProfileBuilder } from '../profile/builder.js';
import { Layer } from '../profile/profile.js';
import {
  isInterpreterModule,
  layerOfInterpreterFunction,
  parsePythonName,
} from '../python/layers.js';
import type { KernelSymbols } from '../symbolize/kernel.js';
import type { FunctionSymbol, ModuleSymbols } from '../symbolize/module-symbols.js';
import type { Symbolizer } from '../symbolize/symbolizer.js';
import type { Mapping } from './address-space.js';
import type { GeneratedNames } from './generated-code.js';
import type { ModuleCache } from './modules.js';
import type { Process } from './processes.js';

/** What a frame's neighbours need to know of it. */
export const FrameKind = {
  Other: 0,
  /** A Python function's trampoline. */
  Trampoline: 1,
  /** Code of the interpreter's own file that does not by its name belong to its machinery. */
  InterpreterWork: 2,
} as const;

/** What frames are made from. */
export interface FrameSources {
  readonly modules: ModuleCache;
  readonly symbolizer: Symbolizer;
  /** Asked for when the first kernel address comes. */
  readonly kernel: () => KernelSymbols;
  readonly names: GeneratedNames;
  readonly vdso: () => ElfImage | undefined;
}

/** The profile's functions of one mapping. */
interface MappedFrames {
  readonly byAddress: Map<Address, number>;
  /** `undefined` of code that was made at run time. */
  readonly symbols: ModuleSymbols | undefined;
  readonly bias: number;
  readonly module: number;
  readonly isInterpreter: boolean;
}

export class FrameResolver {
  /** {@link FrameKind} by frame. */
  private readonly kinds = new Uint8Column();
  private readonly byMapping = new Map<Mapping, MappedFrames>();
  private readonly functions = new Map<FunctionSymbol, number>();
  private readonly kernelFrames = new Map<Address, number>();
  private readonly machineryOf = new Map<number, number>();
  private kernelSymbols: KernelSymbols | undefined;

  constructor(
    private readonly builder: ProfileBuilder,
    private readonly sources: FrameSources,
  ) {}

  kindOf(frame: number): number {
    return this.kinds.data[frame];
  }

  /** Why kernel addresses have no names; `undefined` where they have, or none came. */
  get kernelGap(): string | undefined {
    return this.kernelSymbols?.gap;
  }

  /**
   * The frame at a user-space address.
   * @param address of the instruction; of a caller's frame: within its call
   */
  user(process: Process, address: Address): number {
    const mapping = process.space.find(address);
    if (mapping === undefined) return this.unmapped(address);
    const mapped = this.mapped(mapping, process);
    let frame = mapped.byAddress.get(address);
    if (frame === undefined) {
      frame =
        mapped.symbols === undefined
          ? this.generated(process, mapping, mapped, address)
          : this.inFile(mapped, mapped.symbols, address);
      mapped.byAddress.set(address, frame);
    }
    return frame;
  }

  kernel(address: Address): number {
    let frame = this.kernelFrames.get(address);
    if (frame === undefined) {
      this.kernelSymbols ??= this.sources.kernel();
      const found = this.kernelSymbols.lookup(address);
      const { builder } = this;
      const module = found?.module ?? '[kernel]';
      const row = builder.module(module, module === '[kernel]' ? '[kernel.kallsyms]' : module);
      const func = builder.function(found?.name ?? '[kernel]', row, -1, Layer.Kernel);
      frame = this.frame(func, address, FrameKind.Other);
      this.kernelFrames.set(address, frame);
    }
    return frame;
  }

  /** An address in no mapping, of the hypervisor or of a guest. */
  unmapped(address: Address): number {
    const { builder } = this;
    const func = builder.function(
      '[unknown]',
      builder.module('[unknown]', '[unknown]'),
      -1,
      Layer.Unknown,
    );
    return this.frame(func, address, FrameKind.Other);
  }

  /**
   * The same frame as part of the interpreter's machinery: what a trampoline calls in the interpreter's
   * file is the eval loop and what calls one its evaluator, whatever the nearest symbol's name says.
   */
  asMachinery(frame: number, process: Process, address: Address): number {
    let other = this.machineryOf.get(frame);
    if (other === undefined) {
      const mapping = process.space.find(address);
      const mapped = mapping && this.mapped(mapping, process);
      if (mapped?.symbols === undefined) return frame;
      const { name } = mapped.symbols.lookup(address - mapped.bias);
      const func = this.builder.function(name, mapped.module, -1, Layer.Interpreter);
      other = this.frame(func, address, FrameKind.Other);
      this.machineryOf.set(frame, other);
    }
    return other;
  }

  private frame(func: number, address: Address, kind: number): number {
    const frame = this.builder.frame(func, address, -1, 0);
    if (frame === this.kinds.length) this.kinds.push(kind);
    return frame;
  }

  private inFile(mapped: MappedFrames, symbols: ModuleSymbols, address: Address): number {
    const symbol = symbols.lookup(address - mapped.bias);
    let func = this.functions.get(symbol);
    const isWork =
      mapped.isInterpreter &&
      layerOfInterpreterFunction(symbol.hasName ? symbol.name : undefined) === Layer.Native;
    if (func === undefined) {
      const isReadable = symbols.image !== undefined || symbol.hasName;
      let layer: Layer = isReadable ? Layer.Native : Layer.Unknown;
      if (mapped.isInterpreter && !isWork) layer = Layer.Interpreter;
      func = this.builder.function(symbol.name, mapped.module, -1, layer);
      this.functions.set(symbol, func);
    }
    return this.frame(func, address, isWork ? FrameKind.InterpreterWork : FrameKind.Other);
  }

  private generated(
    process: Process,
    mapping: Mapping,
    mapped: MappedFrames,
    address: Address,
  ): number {
    const { builder } = this;
    const name = this.sources.names.nameAt(process, mapping, address);
    const python = name === undefined ? undefined : parsePythonName(name);
    if (python !== undefined) {
      const module = builder.module('[python]', '[python]');
      const func = builder.function(python.qualname, module, python.filename, Layer.Python);
      return this.frame(func, address, FrameKind.Trampoline);
    }
    const layer = name === undefined ? Layer.Unknown : Layer.Native;
    const func = builder.function(name ?? '[unknown]', mapped.module, -1, layer);
    return this.frame(func, address, FrameKind.Other);
  }

  private mapped(mapping: Mapping, process: Process): MappedFrames {
    let mapped = this.byMapping.get(mapping);
    if (mapped === undefined) {
      mapped = this.open(mapping, process);
      this.byMapping.set(mapping, mapped);
    }
    return mapped;
  }

  private open(mapping: Mapping, process: Process): MappedFrames {
    const { builder, sources } = this;
    const byAddress = new Map<Address, number>();
    if (sources.names.covers(mapping)) {
      const module = builder.module('[jit]', '[jit]');
      return { byAddress, symbols: undefined, bias: 0, module, isInterpreter: false };
    }
    const { path, buildId } = mapping;
    const vdso = path === '[vdso]' ? sources.vdso() : undefined;
    const symbols =
      vdso === undefined
        ? sources.symbolizer.module({ path, buildId })
        : sources.symbolizer.moduleOfImage(path, vdso);
    return {
      byAddress,
      symbols,
      bias: sources.modules.module(mapping, process.pid).biasOf(mapping),
      module: builder.module(basename(path), path, buildId ?? symbols.image?.buildId),
      isInterpreter: isInterpreterModule(path),
    };
  }
}
