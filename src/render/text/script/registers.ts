/** Registers as `perf script` prints them; names by tools/perf/util/perf-regs-arch. */
import type { Architecture } from '../../../formats/dwarf/registers.js';
import type { ByteWriter } from './byte-writer.js';

const SPACE = 0x20;
const XMM_FIRST = 32;

/** `PERF_REG_X86_*` (arch/x86/include/uapi/asm/perf_regs.h). */
const X86 = [
  ...['AX', 'BX', 'CX', 'DX', 'SI', 'DI', 'BP', 'SP', 'IP', 'FLAGS', 'CS', 'SS'],
  ...['DS', 'ES', 'FS', 'GS', 'R8', 'R9', 'R10', 'R11', 'R12', 'R13', 'R14', 'R15'],
];
/** `PERF_REG_ARM64_*`, after `x0` to `x29`. */
const ARM64_REST = ['lr', 'sp', 'pc'];
const ARM64_VG = 46;

export function registerName(architecture: Architecture, register: number): string {
  if (architecture === 'aarch64') {
    if (register < 30) return `x${register}`;
    return register === ARM64_VG ? 'vg' : (ARM64_REST[register - 30] ?? 'unknown');
  }
  // An XMM register is two registers of one name.
  if (register >= XMM_FIRST) return `XMM${(register - XMM_FIRST) >> 1}`;
  return X86[register] ?? 'unknown';
}

/** Prints the registers of one mask. */
export class RegisterText {
  private readonly labels: readonly Uint8Array[];

  constructor(architecture: Architecture, mask: bigint) {
    const labels: Uint8Array[] = [];
    for (let register = 0; register < 64; register++) {
      if (((mask >> BigInt(register)) & 1n) === 0n) continue;
      labels.push(Buffer.from(`${registerName(architecture, register).padStart(5)}:0x`));
    }
    this.labels = labels;
  }

  /** ` ABI:2    AX:0x1    BX:0x2 `; nothing where no registers were recorded. */
  write(out: ByteWriter, abi: number, words: Int32Array, at: number): void {
    if (abi === 0) return;
    out.text(` ABI:${abi} `);
    this.labels.forEach((label, i) => {
      out.bytes(label);
      out.hexWords(words[at + i * 2] >>> 0, words[at + i * 2 + 1] >>> 0);
      out.byte(SPACE);
    });
  }
}
