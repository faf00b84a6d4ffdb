/**
 * The records that tell where the kernel lies: the kernel sends none of itself, so that, as with perf, the
 * recorder makes them.
 */
import { addressHigh, addressLow, parseAddress, type Address } from '../../base/units.js';
import { parseKallsyms, type KernelFunctions } from '../../formats/kallsyms.js';
import { PerfMisc, PerfRecord } from '../../formats/perfdata/spec.js';
import { readStart, readText } from '../../linux/system.js';
import { readKallsyms } from '../../symbolize/kallsyms-file.js';
import type { Output } from './output.js';

/** perf's name of the kernel's own text; the suffix names the symbol that starts it. */
const KERNEL_NAME = '[kernel.kallsyms]_text';

/** Where an MMAP record says how much is mapped. */
const MMAP_LENGTH = 24;
/** `_text` stands among the first lines of /proc/kallsyms, which is long and slow to read. */
const KALLSYMS_HEAD = 64 * 1024;
/** More than any kernel's text: what the record says until {@link KernelMaps.complete}. */
const PROVISIONAL_LENGTH = 64 * 1024 * 1024;

/** The records of the kernel's own mappings, which stand first in the file. */
export class KernelMaps {
  private textAt: number | undefined;

  /** Appends the records; none where kptr_restrict hides the addresses. */
  constructor(
    private readonly output: Output,
    sampleIdSize: number,
  ) {
    const start = textStart();
    if (start === undefined) return;
    const text = encodeMap(start, PROVISIONAL_LENGTH, start, KERNEL_NAME, sampleIdSize);
    this.textAt = output.append(text);
    for (const module of modules()) {
      output.append(encodeMap(module.start, module.size, 0, `[${module.name}]`, sampleIdSize));
    }
  }

  /** Puts the true length of the kernel's text into its record. */
  complete(symbols: KernelFunctions): void {
    const start = symbols.addressOf('_text') ?? symbols.addressOf('_stext') ?? 0;
    const end = symbols.addressOf('_etext') ?? 0;
    if (this.textAt === undefined || start === 0 || end <= start) return;
    const length = new Uint8Array(8);
    setAddress(new DataView(length.buffer), 0, end - start);
    this.output.patch(this.textAt + MMAP_LENGTH, length);
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

/** An MMAP record of the kernel's, with a `sample_id` of zeros: from the beginning of time. */
function encodeMap(
  start: Address,
  length: number,
  pgoff: Address,
  name: string,
  sampleIdSize: number,
): Uint8Array {
  const text = new TextEncoder().encode(`${name}\0`);
  const nameSize = Math.ceil(text.byteLength / 8) * 8;
  const out = new Uint8Array(40 + nameSize + sampleIdSize);
  const view = new DataView(out.buffer);
  view.setUint32(0, PerfRecord.MMAP, true);
  view.setUint16(4, PerfMisc.KERNEL, true);
  view.setUint16(6, out.byteLength, true);
  view.setInt32(8, -1, true); // pid: the kernel is everyone's
  view.setInt32(12, 0, true);
  setAddress(view, 16, start);
  setAddress(view, MMAP_LENGTH, length);
  setAddress(view, 32, pgoff);
  out.set(text, 40);
  return out;
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

function setAddress(view: DataView, at: number, address: Address): void {
  view.setUint32(at, addressLow(address), true);
  view.setUint32(at + 4, addressHigh(address), true);
}
