/**
 * The records that tell where the kernel lies: the kernel sends none of itself, so that, as with perf, the
 * recorder makes them.
 */
import { parseAddress, type Address } from '../../base/units.js';
import { parseKallsyms, type KernelFunctions } from '../../formats/kallsyms.js';
import { encodeMmap, MmapOffset } from '../../formats/perfdata/sideband-writer.js';
import { PerfMisc } from '../../formats/perfdata/spec.js';
import { readStart, readText } from '../../linux/system.js';
import { readKallsyms } from '../../symbolize/kallsyms-file.js';
import { NO_SAMPLE_ID } from '../events/sample-layout.js';
import type { Output } from './output.js';

/** perf's name of the kernel's own text; the suffix names the symbol that starts it. */
const KERNEL_NAME = '[kernel.kallsyms]_text';

/** The kernel is everyone's. */
const EVERYONE = { pid: -1, tid: 0 };
/** `_text` stands among the first lines of /proc/kallsyms, which is long and slow to read. */
const KALLSYMS_HEAD = 64 * 1024;
/** More than any kernel's text: what the record says until {@link KernelMaps.complete}. */
const PROVISIONAL_LENGTH = 64 * 1024 * 1024;

/** The records of the kernel's own mappings, which stand first in the file. */
export class KernelMaps {
  private textAt: number | undefined;

  /** Appends the records; none where kptr_restrict hides the addresses. */
  constructor(private readonly output: Output) {
    const start = textStart();
    if (start === undefined) return;
    this.textAt = output.append(encodeMap(start, PROVISIONAL_LENGTH, start, KERNEL_NAME));
    for (const module of modules()) {
      output.append(encodeMap(module.start, module.size, 0, `[${module.name}]`));
    }
  }

  /** Puts the true length of the kernel's text into its record. */
  complete(symbols: KernelFunctions): void {
    const start = symbols.addressOf('_text') ?? symbols.addressOf('_stext') ?? 0;
    const end = symbols.addressOf('_etext') ?? 0;
    if (this.textAt === undefined || start === 0 || end <= start) return;
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(end - start), true);
    this.output.patch(this.textAt + MmapOffset.LENGTH, length);
  }
}

/** The running kernel's symbols; empty where they cannot be read. */
export function runningKernelSymbols(): KernelFunctions {
  try {
    return readKallsyms();
  } catch {
    return parseKallsyms(new Uint8Array(0));
  }
}

function textStart(): Address | undefined {
  const head = readStart('/proc/kallsyms', KALLSYMS_HEAD);
  const match = /^([0-9a-f]+) \w _s?text$/m.exec(head);
  const start = match === null ? 0 : parseAddress(match[1]);
  return start === 0 ? undefined : start;
}

/** An MMAP record of the kernel's. */
function encodeMap(start: Address, length: number, pgoff: Address, name: string): Uint8Array {
  const fields = { ...EVERYONE, start, length, pgoff, name: new TextEncoder().encode(name) };
  return encodeMmap(fields, PerfMisc.KERNEL, NO_SAMPLE_ID);
}

function modules(): { name: string; start: Address; size: number }[] {
  const found = [];
  for (const line of (readText('/proc/modules') ?? '').split('\n')) {
    // name size users dependents state address
    const [name, size, , , , address] = line.split(' ');
    const start = address === undefined ? undefined : parseAddress(address.replace(/^0x/, ''));
    if (start !== undefined && start !== 0) found.push({ name, start, size: Number(size) });
  }
  return found;
}
