/** Where the code of a profile's frames lies in files, noted while the frames are made. */
import { Float64Column } from '../base/growable.js';
import type { Address, Bytes } from '../base/units.js';
import type { CodeTable } from '../profile/profile.js';
import type { ModuleSymbols } from '../symbolize/module-symbols.js';
import type { JitFunction } from './jit-function.js';

/** Of code that was made at run time, kept in all. */
const MAX_GENERATED: Bytes = 64 << 20;

export class CodePlaces {
  private readonly address = new Float64Column();
  private readonly start = new Float64Column();
  private readonly size = new Float64Column();
  private readonly files = new Map<number, string>();
  private readonly generated = new Map<Address, Uint8Array>();
  private kept: Bytes = 0;

  set(frame: number, address: Address, start: Address, size: Bytes): void {
    while (this.address.length <= frame) {
      this.address.push(NaN);
      this.start.push(NaN);
      this.size.push(0);
    }
    this.address.data[frame] = address;
    this.start.data[frame] = start;
    this.size.data[frame] = size;
  }

  /** @param vaddr in the module's file */
  inFile(frame: number, module: number, symbols: ModuleSymbols, vaddr: Address): void {
    const { image } = symbols;
    if (image === undefined) return;
    const { start, size } = symbols.lookup(vaddr);
    this.set(frame, vaddr, start, size);
    this.files.set(module, image.source.name);
  }

  inDump(frame: number, address: Address, jit: JitFunction): void {
    const { start, size } = jit;
    this.set(frame, address, start, size);
    if (this.generated.has(start) || this.kept + size > MAX_GENERATED) return;
    const code = jit.code();
    if (code === undefined) return;
    this.kept += code.byteLength;
    this.generated.set(start, code);
  }

  table(): CodeTable {
    const { address, start, size, files, generated } = this;
    return {
      length: address.length,
      address: address.view(),
      start: start.view(),
      size: size.view(),
      files,
      generated,
    };
  }
}
