/** The kernel of a recording: whether it is the one that runs, where its symbols are, what was added to it. */
import { hostname, release } from 'node:os';

import { Float64Column } from '../base/growable.js';
import { lastAtMost } from '../base/search.js';
import type { Address } from '../base/units.js';
import type { ElfImage } from '../formats/elf/image.js';
import type { FileInfo } from '../formats/perfdata/features.js';
import type { KsymbolRecord } from '../formats/perfdata/kernel-code.js';
import type { MmapRecord } from '../formats/perfdata/sideband.js';
import {
  readKernelSymbols,
  type KernelFunction,
  type KernelReference,
  type KernelSymbols,
} from '../symbolize/kernel.js';
import type { SymbolOptions } from '../symbolize/options.js';
import { readVdso } from '../symbolize/vdso.js';

/** Far more programs than a kernel runs; each costs a move of those behind it. */
const MAX_ADDED = 1 << 15;

export class RecordedKernel {
  private reference: KernelReference | undefined;
  private symbols: KernelSymbols | undefined;
  /** Code that was added while recording (BPF programs, by name), sorted by address. */
  private readonly starts = new Float64Column();
  private readonly added: KernelFunction[] = [];
  private image: { readonly found: ElfImage | undefined } | undefined;

  /** @param names kallsyms text that the recording carries, at the recorded addresses */
  constructor(
    private readonly info: FileInfo,
    private readonly names: Uint8Array | undefined,
    private readonly options: SymbolOptions,
  ) {}

  /** Why addresses have no names; `undefined` where they have, or none came. */
  get gap(): string | undefined {
    return this.symbols?.gap;
  }

  /** A mapping of the kernel's own, which no process has: its page offset is a symbol's address. */
  map({ path, pgoff }: MmapRecord): void {
    const match = /^\[kernel\.kallsyms\](_text|_stext)$/.exec(path);
    if (match !== null) this.reference = { name: match[1], address: pgoff };
  }

  /** KSYMBOL: the kernel gave a name to code, or took it away. */
  rename({ address, size, name, unregistered }: KsymbolRecord): void {
    const { starts, added } = this;
    // A sample of the code may come after its end: its name stays until another takes its place.
    if (unregistered) return;
    const symbol = { name, start: address, size, module: undefined };
    const before = lastAtMost(starts.data, starts.length, address);
    if (before >= 0 && starts.data[before] === address) {
      added[before] = symbol;
    } else if (added.length < MAX_ADDED) {
      starts.push(address);
      starts.data.copyWithin(before + 2, before + 1, starts.length - 1);
      starts.data[before + 1] = address;
      added.splice(before + 1, 0, symbol);
    }
  }

  lookup(address: Address): KernelFunction | undefined {
    const { starts, added } = this;
    const at = lastAtMost(starts.data, starts.length, address);
    if (at >= 0 && address < added[at].start + added[at].size) return added[at];
    this.symbols ??= this.read();
    return this.symbols.lookup(address);
  }

  /** The code that the kernel maps into every process. */
  get vdso(): ElfImage | undefined {
    const buildId = this.info.buildIds.find(({ path }) => path === '[vdso]')?.buildId;
    this.image ??= {
      found: buildId !== undefined || this.isRunning ? readVdso(buildId) : undefined,
    };
    return this.image.found;
  }

  private read(): KernelSymbols {
    const { names, reference, info, options } = this;
    const buildId = info.buildIds.find(({ kernel }) => kernel)?.buildId;
    return readKernelSymbols(
      {
        text: names,
        buildId,
        release: info.osRelease,
        isRunning: this.isRunning,
        reference: names === undefined ? reference : undefined,
      },
      options,
    );
  }

  /** Whether the kernel that was recorded is the one that runs. */
  private get isRunning(): boolean {
    const { osRelease, hostname: host } = this.info;
    if (this.options.symfs !== undefined) return false;
    const sameRelease = osRelease === '' || osRelease === release();
    return sameRelease && (host === '' || host === hostname());
  }
}
