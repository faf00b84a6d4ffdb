/** A sample's fields below its dump (tools/perf/util/session.c, `dump_sample`). */
import type { Architecture } from '../../../formats/dwarf/registers.js';
import type { EventAttr } from '../../../formats/perfdata/attr.js';
import type { PerfDataFile } from '../../../formats/perfdata/reader.js';
import { SampleReads } from '../../../formats/perfdata/reads.js';
import { BRANCH_ENTRY_WORDS, type SampleView } from '../../../formats/perfdata/sample.js';
import { PerfFormat, PerfSample } from '../../../formats/perfdata/spec.js';
import { registerName } from './registers.js';
import { bitCount } from '../../../formats/perfdata/sample-layout.js';
import { pageSize } from '../sizes.js';

const ABI_NAMES = ['none', '32-bit', '64-bit'];
/** `PERF_SAMPLE_BRANCH_CALL_STACK`: the branches are the calls that have not returned. */
const BRANCH_CALL_STACK = 1n << 11n;

/** From behind `PERF_RECORD_SAMPLE` on. */
export function sampleText(view: SampleView, file: PerfDataFile): string {
  const { attr } = file.events.events[view.event];
  const has = (bit: number): boolean => (attr.sample_type & bit) !== 0;
  view.rest();
  const lines = [
    `(IP, 0x${view.misc.toString(16)}): ${view.pid}/${view.tid}: ${prefixed(view.ip)} ` +
      `period: ${view.period} addr: ${prefixed(view.addr)}`,
  ];
  if (has(PerfSample.CALLCHAIN)) chainLines(view, lines);
  if (has(PerfSample.BRANCH_STACK)) branchLines(view, attr, lines);
  const architecture: Architecture = file.info.arch === 'aarch64' ? 'aarch64' : 'x86_64';
  const registers = (kind: string, mask: bigint, abi: number, at: number): void => {
    if (abi !== 0) registerLines(kind, mask, abi, at, view, architecture, lines);
  };
  if (has(PerfSample.REGS_USER)) registers('user', attr.sample_regs_user, view.regsAbi, view.regs);
  if (has(PerfSample.REGS_INTR)) {
    registers('intr', attr.sample_regs_intr, view.regsIntrAbi, view.regsIntr);
  }
  if (has(PerfSample.STACK_USER)) {
    lines.push(`... ustack: size ${view.stackBytes}, offset 0x${stackOffset(view, attr)}`);
  }
  if (has(PerfSample.WEIGHT)) lines.push(`... weight: ${view.number(view.weight)}`);
  else if (has(PerfSample.WEIGHT_STRUCT)) lines.push(weightLine(view));
  if (has(PerfSample.DATA_SRC)) lines.push(` . data_src: 0x${bits(view, view.dataSource)}`);
  if (has(PerfSample.PHYS_ADDR)) lines.push(` .. phys_addr: 0x${bits(view, view.physAddrWord)}`);
  if (has(PerfSample.DATA_PAGE_SIZE)) {
    lines.push(` .. data page size: ${pageSize(view.dataPageSize)}`);
  }
  if (has(PerfSample.CODE_PAGE_SIZE)) {
    lines.push(` .. code page size: ${pageSize(view.codePageSize)}`);
  }
  if (has(PerfSample.TRANSACTION)) lines.push(`... transaction: ${bits(view, view.transaction)}`);
  if (has(PerfSample.READ)) readLines(view, attr.read_format, lines);
  return `${lines.join('\n')}\n`;
}

function chainLines(view: SampleView, lines: string[]): void {
  lines.push(`... FP chain: nr:${view.callchainLength}`);
  for (let i = 0; i < view.callchainLength; i++) {
    lines.push(`..... ${`${i}`.padStart(2)}: ${padded(view, view.callchain + i * 2)}`);
  }
}

/** Of each branch: from, to, cycles, `M` mispredicted, `P` predicted, `A` aborted, `T` in a transaction. */
function branchLines(view: SampleView, attr: EventAttr, lines: string[]): void {
  const isCalls = (attr.branch_sample_type & BRANCH_CALL_STACK) !== 0n;
  const count = view.branches === 0 ? 0 : view.branchCount;
  lines.push(`... branch ${isCalls ? 'callstack' : 'stack'}: nr:${count}`);
  for (let i = 0; i < count; i++) {
    const at = view.branches + i * BRANCH_ENTRY_WORDS;
    const from = padded(view, at);
    const to = padded(view, at + 2);
    const number = `..... ${`${i}`.padStart(2)}: `;
    if (isCalls) {
      if (i === 0) lines.push(`${number}${to}`);
      lines.push(`..... ${`${i + 1}`.padStart(2)}: ${from}`);
      continue;
    }
    const flags = view.words[at + 4] >>> 0;
    const letter = (bit: number, text: string): string => (((flags >> bit) & 1) !== 0 ? text : ' ');
    const marks = letter(0, 'M') + letter(1, 'P') + letter(3, 'A') + letter(2, 'T');
    lines.push(`${number}${from} -> ${to} ${(flags >>> 4) & 0xffff} cycles ${marks} 0`);
  }
}

function registerLines(
  kind: string,
  mask: bigint,
  abi: number,
  from: number,
  view: SampleView,
  architecture: Architecture,
  lines: string[],
): void {
  const name = ABI_NAMES[abi] ?? 'unknown';
  lines.push(`... ${kind} regs: mask 0x${mask.toString(16)} ABI ${name}`);
  let at = from;
  for (let register = 0; register < 64; register++) {
    if (((mask >> BigInt(register)) & 1n) === 0n) continue;
    lines.push(`.... ${registerName(architecture, register).padEnd(5)} 0x${padded(view, at)}`);
    at += 2;
  }
}

/** Of the stack's size, in bytes from the record's start, hexadecimal. */
function stackOffset(view: SampleView, attr: EventAttr): string {
  let word = view.dumpWord;
  if ((attr.sample_type & PerfSample.REGS_USER) !== 0) {
    word = view.regsAbi === 0 ? word + 2 : view.regs + 2 * bitCount(attr.sample_regs_user);
  }
  return ((word - view.base) * 4).toString(16);
}

function weightLine(view: SampleView): string {
  if (view.weight === 0) return '... weight: 0';
  const high = view.words[view.weight + 1];
  const low = view.words[view.weight] >>> 0;
  return `... weight: ${low},0x${(high & 0xffff).toString(16)},0x${(high >>> 16).toString(16)}`;
}

/** The counts of the sample's event or of its group. */
function readLines(view: SampleView, format: number, lines: string[]): void {
  const reads = new SampleReads();
  reads.load(view);
  lines.push('... sample_read:');
  const time = (value: number): string => value.toString(16).padStart(16, '0');
  if ((format & PerfFormat.TOTAL_TIME_ENABLED) !== 0) {
    lines.push(`...... time enabled ${time(reads.timeEnabled)}`);
  }
  if ((format & PerfFormat.TOTAL_TIME_RUNNING) !== 0) {
    lines.push(`...... time running ${time(reads.timeRunning)}`);
  }
  if ((format & PerfFormat.GROUP) !== 0) lines.push(`.... group nr ${reads.length}`);
  for (let i = 0; i < reads.length; i++) {
    const lost = (format & PerfFormat.LOST) !== 0 ? `, lost ${reads.lost[i]}` : '';
    lines.push(`..... id ${time(reads.ids[i])}, value ${time(reads.values[i])}${lost}`);
  }
}

/** A u64 in the words, hexadecimal, exact; `0` of no place. */
function bits(view: SampleView, at: number): string {
  if (at === 0) return '0';
  const high = view.words[at + 1] >>> 0;
  const low = (view.words[at] >>> 0).toString(16);
  return high === 0 ? low : high.toString(16) + low.padStart(8, '0');
}

function padded(view: SampleView, at: number): string {
  return bits(view, at).padStart(16, '0');
}

/** C's `%#lx`. */
function prefixed(address: number): string {
  if (address === 0) return '0';
  const value = address > 0 ? address : BigInt.asUintN(64, BigInt(address));
  return `0x${value.toString(16)}`;
}
