/**
 * From run-time addresses to frames of the profile.
 */
import { basename } from 'node:path';

import { Int32Column, Uint8Column } from '../base/growable.js';
import type { Address } from '../base/units.js';
import type { SourceFrame } from '../formats/dwarf/source-frame.js';
import type { ProfileBuilder } from '../profile/builder.js';
import { Layer } from '../profile/profile.js';
import {
  isInterpreterModule,
  layerOfInterpreterFunction,
  parsePythonName,
} from '../python/layers.js';
import type { FunctionSymbol, ModuleSymbols } from '../symbolize/module-symbols.js';
import type { Mapping } from './address-space.js';
import type { CodePlaces } from './code-places.js';
import { FrameIndex, KERNEL_SPACE } from './frame-index.js';
import type { Locations, MappedCode } from './locations.js';
import type { Process } from './processes.js';

/** What a frame's neighbours need to know of it. */
export const FrameKind = {
  Other: 0,
  /** A Python function's trampoline. */
  Trampoline: 1,
  /** Code of the interpreter's own file that does not by its name belong to its machinery. */
  InterpreterWork: 2,
} as const;

const NO_SOURCE: SourceFrame = { name: undefined, file: undefined, line: -1 };

/** Where a module's functions stand in their sources: innermost inlined function first. */
export type SourceLookup = (symbols: ModuleSymbols, vaddr: Address) => readonly SourceFrame[];

/** The profile's frames of one mapping. */
interface MappedFrames extends MappedCode {
  readonly byAddress: Map<Address, number>;
  readonly module: number;
  readonly isInterpreter: boolean;
}

export class FrameResolver {
  /** {@link FrameKind} by frame. */
  private readonly kinds = new Uint8Column();
  private readonly byMapping = new Map<Mapping, MappedFrames>();
  /** By frame, the one that is inlined into it at the same address; -1 for none. */
  private readonly inner = new Int32Column();
  private readonly functions = new Map<FunctionSymbol, number>();
  private readonly found = new FrameIndex();
  private readonly machineryOf = new Map<number, number>();

  /**
   * @param sourceOf lines and inlined functions; none are looked up where it is absent
   * @param code told where the frames' code is; not kept where it is absent
   */
  constructor(
    private readonly builder: ProfileBuilder,
    private readonly locations: Locations,
    private readonly sourceOf?: SourceLookup,
    private readonly code?: CodePlaces,
  ) {}

  kindOf(frame: number): number {
    return this.kinds.data[frame];
  }

  /** The frame that is inlined into this one, or -1. */
  innerOf(frame: number): number {
    return this.inner.data[frame];
  }

  /**
   * The frame at a user-space address.
   * @param address of the instruction; of a caller's frame: within its call
   */
  user(process: Process, address: Address): number {
    const { generation } = process.space;
    let frame = this.found.find(generation, address);
    if (frame < 0) {
      frame = this.lookUp(process, address);
      this.found.add(generation, address, frame);
    }
    return frame;
  }

  kernel(address: Address): number {
    let frame = this.found.find(KERNEL_SPACE, address);
    if (frame < 0) {
      const found = this.locations.kernel(address);
      const { builder } = this;
      const module = found?.module ?? '[kernel]';
      const row = builder.module(module, module === '[kernel]' ? '[kernel.kallsyms]' : module);
      const func = builder.function(found?.name ?? '[kernel]', row, -1, Layer.Kernel);
      frame = this.frame(func, address, FrameKind.Other);
      if (found !== undefined) this.code?.set(frame, address, found.start, found.size);
      this.found.add(KERNEL_SPACE, address, frame);
    }
    return frame;
  }

  /**
   * An address in no mapping.
   * @param place what it lies in: the hypervisor, a guest, of whose memory nothing is recorded
   */
  unmapped(address: Address, place = '[unknown]'): number {
    const { builder } = this;
    const module = builder.module(place, place);
    const func = builder.function('[unknown]', module, -1, Layer.Unknown);
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
      other = this.withSource(func, mapped, mapped.symbols, address, {
        kind: FrameKind.Other,
        layer: Layer.Interpreter,
      });
      this.machineryOf.set(frame, other);
    }
    return other;
  }

  private lookUp(process: Process, address: Address): number {
    const mapping = process.space.find(address);
    if (mapping === undefined) return this.unmapped(address);
    const mapped = this.mapped(mapping, process);
    let frame = mapped.byAddress.get(address);
    if (frame === undefined) {
      frame =
        mapped.symbols === undefined
          ? this.generated(process, mapped, address)
          : this.inFile(mapped, mapped.symbols, address);
      mapped.byAddress.set(address, frame);
    }
    return frame;
  }

  private frame(
    func: number,
    address: Address,
    kind: number,
    { line, file }: SourceFrame = NO_SOURCE,
    inlineDepth = 0,
  ): number {
    const { builder } = this;
    const path = file === undefined ? -1 : builder.string(file);
    const frame = builder.frame(func, address, line, inlineDepth, path);
    if (frame === this.kinds.length) {
      this.kinds.push(kind);
      this.inner.push(-1);
    }
    return frame;
  }

  /** The frame of a file's function, with the line where it stands and what is inlined there. */
  private withSource(
    func: number,
    { module, bias }: MappedFrames,
    symbols: ModuleSymbols,
    address: Address,
    { kind, layer }: { readonly kind: number; readonly layer: Layer },
  ): number {
    const sources = this.sourceOf?.(symbols, address - bias) ?? [];
    const frame = this.frame(func, address, kind, sources.at(-1));
    this.code?.inFile(frame, module, symbols, address - bias);
    let outer = frame;
    for (let i = sources.length - 2; i >= 0; i--) {
      const name = sources[i].name ?? '[unknown]';
      const inlined = this.builder.function(name, module, -1, layer, true);
      const depth = sources.length - 1 - i;
      const inner = this.frame(inlined, address, FrameKind.Other, sources[i], depth);
      this.code?.inFile(inner, module, symbols, address - bias);
      this.inner.data[outer] = inner;
      outer = inner;
    }
    return frame;
  }

  private inFile(mapped: MappedFrames, symbols: ModuleSymbols, address: Address): number {
    const symbol = symbols.lookup(address - mapped.bias);
    let func = this.functions.get(symbol);
    const isWork =
      mapped.isInterpreter &&
      layerOfInterpreterFunction(symbol.hasName ? symbol.name : undefined) === Layer.Native;
    const isReadable = symbols.image !== undefined || symbol.hasName;
    let layer: Layer = isReadable ? Layer.Native : Layer.Unknown;
    if (mapped.isInterpreter && !isWork) layer = Layer.Interpreter;
    if (func === undefined) {
      func = this.builder.function(symbol.name, mapped.module, -1, layer);
      this.functions.set(symbol, func);
    }
    const kind = isWork ? FrameKind.InterpreterWork : FrameKind.Other;
    return this.withSource(func, mapped, symbols, address, { kind, layer });
  }

  private generated(process: Process, { mapping, module }: MappedFrames, address: Address): number {
    const { builder } = this;
    const name = this.locations.generatedName(process, mapping, address);
    const python = name === undefined ? undefined : parsePythonName(name);
    if (python !== undefined) {
      const row = builder.module('[python]', '[python]');
      const func = builder.function(python.qualname, row, python.filename, Layer.Python);
      return this.frame(func, address, FrameKind.Trampoline);
    }
    const source = this.sourceOf && mapping.jit?.lineAt(address);
    const layer = name === undefined ? Layer.Unknown : Layer.Native;
    const func = builder.function(name ?? '[unknown]', module, -1, layer);
    const frame = this.frame(func, address, FrameKind.Other, source && { name, ...source });
    if (mapping.jit !== undefined) this.code?.inDump(frame, address, mapping.jit);
    return frame;
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
    const { builder } = this;
    const code = this.locations.code(mapping, process);
    const { path, buildId } = mapping;
    const module =
      code.symbols === undefined
        ? builder.module('[jit]', '[jit]')
        : builder.module(basename(path), path, buildId ?? code.symbols.image?.buildId);
    return { ...code, byAddress: new Map(), module, isInterpreter: isInterpreterModule(path) };
  }
}
