/**
 * Mapped files, each opened once for all processes, and what unwinding and naming need of them.
 */
import { orUndefined } from '../base/errors.js';
import type { ByteSource } from '../base/source.js';
import type { Address, Bytes } from '../base/units.js';
import type { Architecture } from '../formats/dwarf/registers.js';
import { PF_X, PT_LOAD } from '../formats/elf/constants.js';
import { ElfImage } from '../formats/elf/image.js';
import { detectTrampolines, trampolineFromElf, type Trampoline } from '../python/trampolines.js';
import type { CodeRegion, ModuleCode } from '../unwind/code-space.js';
import { UnwindTable } from '../unwind/table.js';
import {
  isAnonymous,
  type AddressSpace,
  type Mapping,
  type RegionSource,
} from './address-space.js';
import type { JitFunction } from './jit-function.js';

/** Where the bytes of code come from: the recorder asks running processes, a reader of files the disk. */
export interface CodeFiles {
  /**
   * The file (or `[vdso]`) that a process has mapped under `path`; `undefined` where it is gone or
   * another build than the one that was mapped. Asked once per build ID or path; must stay open.
   */
  open(path: string, pid: number, buildId: string | undefined): ByteSource | undefined;
  /** Memory of a running process, or fewer bytes, or none; absent where there are only files. */
  readMemory?(pid: number, address: Address, length: Bytes): Uint8Array | undefined;
  /**
   * What code generated at run time lies at `address`, by its name; `undefined` where nothing is known,
   * or the mapping is of a file. Absent where memory tells.
   */
  generatedCode?(pid: number, mapping: Mapping, address: Address): GeneratedCode | undefined;
}

export type GeneratedCode = 'trampoline' | 'other';

/** CPython fills an arena of this size with copies of its trampoline (`Python/perf_trampoline.c`). */
const ARENA_SIZE = 65536;
/** Enough of an arena to see two copies in (see `detectTrampolines`). */
const ARENA_SAMPLE = 1024;

/** A mapped file, and what is read of it on first use. */
export class CodeModule {
  /** `undefined` where there is no file, or it is no sound ELF file. */
  readonly image: ElfImage | undefined;
  private unwinding: ModuleCode | undefined;
  private template: { readonly found: Trampoline | undefined } | undefined;

  /** @param path as the first mapping named it */
  constructor(
    readonly path: string,
    readonly buildId: string | undefined,
    source: ByteSource | undefined,
  ) {
    this.image = source && orUndefined(() => ElfImage.read(source));
  }

  /** How to leave its frames. */
  get code(): ModuleCode {
    this.unwinding ??= this.readCode();
    return this.unwinding;
  }

  /** The trampoline that an interpreter's file carries; `undefined` of other files. */
  get trampoline(): Trampoline | undefined {
    const { image } = this;
    this.template ??= {
      found: image && orUndefined(() => trampolineFromElf(image)),
    };
    return this.template.found;
  }

  /** What is to be subtracted from a run-time address to get the file's virtual address. */
  biasOf(mapping: Mapping): number {
    const segments = this.image?.segments ?? [];
    const size = mapping.end - mapping.start;
    const segment = segments.find(
      ({ type, flags, offset, fileSize }) =>
        type === PT_LOAD &&
        (flags & PF_X) !== 0 &&
        offset < mapping.pgoff + size &&
        mapping.pgoff < offset + fileSize,
    );
    // Without its headers a file is taken to be loaded as it lies on disk.
    const shift = segment === undefined ? 0 : segment.offset - segment.vaddr;
    return mapping.start - mapping.pgoff + shift;
  }

  private readCode(): ModuleCode {
    const { image } = this;
    const table = image && orUndefined(() => UnwindTable.fromElf(image));
    return table === undefined ? { kind: 'unreadable' } : { kind: 'elf', table };
  }
}

/** All modules of a recording, and the regions of code that the unwinder asks for. */
export class ModuleCache implements RegionSource {
  private readonly byKey = new Map<string, CodeModule>();
  private readonly templates = new WeakMap<AddressSpace, Trampoline>();

  constructor(
    readonly architecture: Architecture,
    private readonly files: CodeFiles,
  ) {}

  /** All that were asked for. */
  get modules(): Iterable<CodeModule> {
    return this.byKey.values();
  }

  /** The module of a mapping of a file: one per path and build ID, or inode where there is none. */
  module(mapping: Mapping, pid: number): CodeModule {
    const { path, buildId, inode } = mapping;
    const key = `${buildId ?? inode} ${path}`;
    let module = this.byKey.get(key);
    if (module === undefined) {
      module = new CodeModule(path, buildId, this.files.open(path, pid, buildId));
      this.byKey.set(key, module);
    }
    return module;
  }

  region(space: AddressSpace, mapping: Mapping, address: Address): CodeRegion {
    const { start, end, jit } = mapping;
    if (jit !== undefined) return { start, end, ...this.jitCode(space, jit) };
    const known = this.files.generatedCode?.(space.pid, mapping, address);
    if (known !== undefined || isAnonymous(mapping.path)) {
      return this.generatedRegion(space, mapping, address, known);
    }
    const module = this.module(mapping, space.pid);
    return { start, end, bias: module.biasOf(mapping), code: module.code };
  }

  /**
   * Arenas that lie side by side are one mapping to the kernel, and a newer one lies below: so each
   * arena begins at a multiple of its size from the mapping's start. Behind a trampoline that a jitdump
   * names are those that it does not: of a process that died before it wrote them.
   */
  private generatedRegion(
    space: AddressSpace,
    mapping: Mapping,
    address: Address,
    known: GeneratedCode | undefined,
  ): CodeRegion {
    const arenaStart = address - ((address - mapping.start) % ARENA_SIZE);
    const arenaEnd = Math.min(arenaStart + ARENA_SIZE, mapping.end);
    const memory = this.files.readMemory?.(space.pid, arenaStart, ARENA_SAMPLE);
    const detected = memory && detectTrampolines(memory, this.architecture);
    let code: ModuleCode = { kind: 'jit' };
    if (detected !== undefined) {
      code = { kind: 'trampolines', arenaStart, ...detected };
    } else if (memory === undefined && known !== 'other') {
      const whole = (mapping.end - mapping.start) % ARENA_SIZE === 0;
      const before = space.find(mapping.start - 1)?.jit;
      const follows = before?.name.startsWith('py::') === true ? before.start : undefined;
      const isArena = known === 'trampoline' || whole || follows !== undefined;
      const template = isArena ? this.templateOf(space) : undefined;
      if (template !== undefined) {
        const first = follows ?? arenaStart;
        code = { kind: 'trampolines', template, arenaStart: first, stride: undefined };
      }
    }
    return { start: arenaStart, end: arenaEnd, bias: 0, code };
  }

  /** A jitdump's function: one trampoline, or what the dump says, or code that keeps frame pointers. */
  private jitCode(space: AddressSpace, jit: JitFunction): Pick<CodeRegion, 'bias' | 'code'> {
    const { start: arenaStart, size } = jit;
    const template = jit.name.startsWith('py::') ? this.templateOf(space) : undefined;
    if (template?.bytes.length === size) {
      return { bias: 0, code: { kind: 'trampolines', template, arenaStart, stride: size } };
    }
    const unwinding = jit.unwinding(this.architecture);
    if (unwinding === undefined) return { bias: 0, code: { kind: 'jit' } };
    return { bias: arenaStart - unwinding.start, code: { kind: 'elf', table: unwinding.table } };
  }

  /** The trampoline of the interpreter that the process has mapped. */
  private templateOf(space: AddressSpace): Trampoline | undefined {
    let template = this.templates.get(space);
    for (const mapping of template === undefined ? space.mappings : []) {
      if (mapping.jit !== undefined || !/python/i.test(mapping.path)) continue;
      template = this.module(mapping, space.pid).trampoline;
      if (template === undefined) continue;
      this.templates.set(space, template);
      break;
    }
    return template;
  }
}
