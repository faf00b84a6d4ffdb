/**
 * From lines of text to stacks of the profile: each distinct line becomes a frame once, and what depends
 * on its neighbours once per kind of neighbour.
 */
import { basename } from 'node:path';

import { Float64Column, Int32Column, Uint8Column } from '../base/growable.js';
import type { Address } from '../base/units.js';
import type { ScriptFrame } from '../formats/perfscript/frame.js';
import type { ScriptReader, ScriptSample } from '../formats/perfscript/reader.js';
import type { ProfileBuilder } from '../profile/builder.js';
import { InternedPairs } from '../profile/interned.js';
import { Layer } from '../profile/profile.js';
import {
  isInterpreterModule,
  layerOfInterpreterFunction,
  parsePythonName,
} from '../python/layers.js';
import { Demangler } from '../symbolize/demangle.js';
import { FrameKind } from './frames.js';
import { isAnonymous } from './address-space.js';

/** Code that was made at run time: perf names the map or the file that its names are from. */
const GENERATED = /(?:^|\/)(?:perf-\d+\.map|jitted-\d+-\d+\.so)$|^\[JIT\] tid \d+$/;
/** The kernel's image: `[kernel.kallsyms]`, `[kernel.vmlinux].init.text`, a path. */
const KERNEL_IMAGE = /^\[kernel\b|(?:^|\/)vmlinux(?:[-.][^/]*)?$/;
const KERNEL_MODULE_FILE = /(?:^|\/)([^/]+)\.ko(?:\.\w+)?$/;
/** `[nf_tables]`, `[guest.kernel.kallsyms.123]`, and not what lies in a process's memory. */
const BRACKETED = /^\[(?!vdso|vvar|vsyscall|vectors|heap|stack|anon|uprobes)[^\]]+\]/;

/** What a line's function is. */
interface Place {
  readonly name: string;
  readonly module: number;
  readonly layer: Layer;
  /** Of a Python function. */
  readonly file?: string;
  readonly kind: number;
}

/** {@link FrameKind}, and one of lines alone: perf calls the function inlined. */
const INLINED = 3;

export class ScriptStacks {
  private readonly demangler = new Demangler();
  /** By line: what it is in any stack. Source lines have no places. */
  private readonly kinds = new Uint8Column();
  private readonly addresses = new Float64Column();
  private readonly places: (Place | undefined)[] = [];
  /** By line: its frame where neither its neighbours nor a source line make it another. */
  private readonly plain = new Int32Column();

  /** (line, source line), (line it is inlined into, depth and layer), and the pair of both. */
  private readonly lines = new InternedPairs();
  private readonly hosts = new InternedPairs();
  private readonly variantKeys = new InternedPairs();
  private readonly variants = new Int32Column();

  /** Of the stack at hand: whether the next frame inwards is a trampoline. */
  private readonly callsTrampoline: Uint8Array;

  constructor(
    private readonly builder: ProfileBuilder,
    private readonly reader: ScriptReader,
  ) {
    this.callsTrampoline = new Uint8Array(reader.sample.frames.length);
  }

  /** The sample's stack; -1 where it has no frames. */
  stackOf({ frames, sourceLines, length }: ScriptSample): number {
    const { reader, kinds, callsTrampoline, builder } = this;
    while (kinds.length < reader.lineCount) this.addLine(kinds.length);
    const lineKinds = kinds.data;
    const addresses = this.addresses.data;

    let inner: number = FrameKind.Other;
    for (let i = 0; i < length; i++) {
      const kind = lineKinds[frames[i]];
      callsTrampoline[i] = inner === FrameKind.Trampoline ? 1 : 0;
      if (kind !== INLINED) inner = kind;
    }

    let outer: number = FrameKind.Other;
    let host = -1;
    let depth = 0;
    let isMachinery = false;
    let stack = -1;
    for (let i = length - 1; i >= 0; i--) {
      const row = frames[i];
      const source = sourceLines[i];
      const kind = source >= 0 && lineKinds[source] === INLINED ? INLINED : lineKinds[row];
      // perf also calls a function inlined whose symbol and debug information name it differently: what
      // is inlined has the address of what it is inlined into.
      if (kind === INLINED && host >= 0 && addresses[row] === addresses[host]) {
        depth++;
      } else {
        // See FrameResolver.asMachinery.
        const isBesideTrampoline = outer === FrameKind.Trampoline || callsTrampoline[i] === 1;
        isMachinery = kind === FrameKind.InterpreterWork && isBesideTrampoline;
        outer = kind;
        host = row;
        depth = 0;
      }
      const isPlain = depth === 0 && source < 0 && !isMachinery;
      const frame = isPlain
        ? this.plain.data[row]
        : this.variant(row, source, host, depth, isMachinery);
      stack = builder.stack(stack, frame);
    }
    return stack;
  }

  private addLine(row: number): void {
    const { builder, reader } = this;
    const frame = reader.frame(row);
    if (frame === undefined) {
      const isInlined = reader.sourceLine(row)?.inlined === true;
      this.kinds.push(isInlined ? INLINED : FrameKind.Other);
      this.addresses.push(NaN);
      this.plain.push(-1);
      this.places.push(undefined);
      return;
    }
    const place = this.placeOf(frame);
    const { name, module, file = -1, layer } = place;
    const func = builder.function(name, module, file, layer);
    this.kinds.push(frame.inlined ? INLINED : place.kind);
    this.addresses.push(frame.address);
    this.plain.push(builder.frame(func, frame.address, -1, 0));
    this.places.push(place);
  }

  private variant(
    row: number,
    source: number,
    host: number,
    depth: number,
    isMachinery: boolean,
  ): number {
    const how = this.hosts.intern(host, depth * 2 + (isMachinery ? 1 : 0));
    const key = this.variantKeys.intern(this.lines.intern(row, source), how);
    if (key === this.variants.length) {
      this.variants.push(this.makeVariant(row, source, host, depth, isMachinery));
    }
    return this.variants.data[key];
  }

  private makeVariant(
    row: number,
    source: number,
    host: number,
    depth: number,
    isMachinery: boolean,
  ): number {
    const { builder, reader, places } = this;
    const frame = reader.frame(row);
    if (frame === undefined) throw new Error(`line ${row} is no frame`);
    // An inlined function is where that is which it is inlined into.
    const container = places[host];
    const inlined = container && { ...container, name: this.nameOf(frame), file: undefined };
    const place = (depth > 0 ? inlined : places[row]) ?? this.placeOf(frame);
    const layer = isMachinery ? Layer.Interpreter : place.layer;
    const func = builder.function(place.name, place.module, place.file ?? -1, layer);
    const { file, line } = reader.sourceLine(source) ?? { file: '', line: -1 };
    const path = line < 0 ? -1 : builder.string(file);
    return builder.frame(func, frame.address, line, depth, path);
  }

  private nameOf({ symbol }: ScriptFrame): string {
    return symbol === undefined ? '[unknown]' : this.demangler.nameOf(symbol);
  }

  private placeOf(frame: ScriptFrame): Place {
    const { builder } = this;
    const { symbol, dso, address } = frame;
    const python = symbol === undefined ? undefined : parsePythonName(symbol);
    if (python !== undefined) {
      const module = builder.module('[python]', '[python]');
      const { qualname: name, filename: file } = python;
      return { name, module, layer: Layer.Python, file, kind: FrameKind.Trampoline };
    }
    const name = this.nameOf(frame);
    const kernel = kernelModule(dso, address);
    if (kernel !== undefined) {
      const module = builder.module(kernel, kernel === '[kernel]' ? '[kernel.kallsyms]' : kernel);
      return { name, module, layer: Layer.Kernel, kind: FrameKind.Other };
    }
    const isNamed = symbol !== undefined;
    if (dso === undefined || GENERATED.test(dso) || isAnonymous(dso)) {
      const path = dso === undefined ? '[unknown]' : '[jit]';
      const layer = isNamed ? Layer.Native : Layer.Unknown;
      return { name, module: builder.module(path, path), layer, kind: FrameKind.Other };
    }
    const module = builder.module(basename(dso), dso);
    if (!isInterpreterModule(dso)) {
      return { name, module, layer: Layer.Native, kind: FrameKind.Other };
    }
    const layer = layerOfInterpreterFunction(symbol);
    const kind = layer === Layer.Native ? FrameKind.InterpreterWork : FrameKind.Other;
    return { name, module, layer, kind };
  }
}

/** The kernel's image or module that the address lies in, as reports name it; else `undefined`. */
function kernelModule(dso: string | undefined, address: Address): string | undefined {
  if (dso === undefined) return address < 0 ? '[kernel]' : undefined;
  if (KERNEL_IMAGE.test(dso)) return '[kernel]';
  const file = KERNEL_MODULE_FILE.exec(dso);
  // Names of modules are identifiers, their files' may have dashes.
  if (file !== null) return `[${file[1].replaceAll('-', '_')}]`;
  if (BRACKETED.test(dso)) return dso;
  return address < 0 && dso !== '[vsyscall]' ? dso : undefined;
}
