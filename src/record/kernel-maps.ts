/**
 * The records that tell where the kernel lies: the kernel sends none of itself, so that, as in perf, the
 * recorder makes them.
 */
import { readFileSync } from 'node:fs';

import { addressHigh, addressLow, parseAddress, type Address } from '../base/units.js';
import { parseKallsyms, type KernelSymbolTable } from '../formats/kallsyms.js';
import { PerfMisc, PerfRecord } from '../formats/perfdata/spec.js';
import { readText } from '../linux/system.js';

/** perf's name of the kernel's own text; the suffix names the symbol that starts it. */
const KERNEL_NAME = '[kernel.kallsyms]_text';

/** An MMAP record of the kernel's, with a `sample_id` of zeros: from the beginning of time. */
function encodeKernelMap(
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
  setAddress(view, 24, length);
  setAddress(view, 32, pgoff);
  out.set(text, 40);
  return out;
}

/** Records for the kernel's text and its modules; none where kptr_restrict hides the addresses. */
export function kernelMaps(symbols: KernelSymbolTable, sampleIdSize: number): Uint8Array[] {
  const start = symbols.addressOf('_text') ?? symbols.addressOf('_stext') ?? 0;
  const end = symbols.addressOf('_etext') ?? 0;
  if (start === 0 || end <= start) return [];
  return [
    encodeKernelMap(start, end - start, start, KERNEL_NAME, sampleIdSize),
    ...modules().map(({ name, start: at, size }) =>
      encodeKernelMap(at, size, 0, `[${name}]`, sampleIdSize),
    ),
  ];
}

/** The running kernel's symbols; empty where they cannot be read. */
export function runningKernelSymbols(): KernelSymbolTable {
  try {
    return parseKallsyms(readFileSync('/proc/kallsyms'));
  } catch {
    return parseKallsyms(new Uint8Array(0));
  }
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
