/**
 * The records that `inject` writes: samples with a call chain in place of the copied stack, mappings of
 * the file of names, and everything else as it was.
 */
import { addressHigh, addressLow, type Nanoseconds } from '../../base/units.js';
import type { EventAttr } from '../../formats/perfdata/attr.js';
import { copyWords } from '../../formats/perfdata/sample-layout.js';
import type { SampleView } from '../../formats/perfdata/sample.js';
import { encodeMmap2 } from '../../formats/perfdata/sideband-writer.js';
import { MAP_PRIVATE, PerfSample, PROT_EXEC, PROT_READ } from '../../formats/perfdata/spec.js';
import type { Mapping } from '../../session/address-space.js';
import type { CallChains } from '../../session/call-chains.js';
import type { Output } from '../output/output.js';

/** A record's size is a u16, and a multiple of 8: what is longer comes of damage, and is cut. */
const MAX_SIZE = 65528;

/** Appends a sample as it is. */
export function copySample({ words, base }: SampleView, output: Output): void {
  const size = Math.min(words[base + 1] >>> 16, MAX_SIZE);
  const at = begin(size, output);
  output.words.set(words.subarray(base, base + (size >> 2)), at);
  end(at, size, output);
}

/**
 * Appends a sample with the chain that was read for it, and without registers and stack.
 *
 *   head … │ nr, ips[nr] │ raw data, branches │ abi, regs[], size, stack[], dyn_size │ weight …
 *            chain's       as they are          left out                               as they are
 *
 * @param hasChain whether its event recorded a chain
 * @returns whether there was room for all of the chain
 */
export function writeUnwound(
  view: SampleView,
  chains: CallChains,
  hasChain: boolean,
  output: Output,
): boolean {
  const { words, base, chainWord, dumpWord, restWord } = view;
  const chainEnd = hasChain ? view.callchain + view.callchainLength * 2 : chainWord;
  const rest = view.end - restWord;
  const others = chainWord - base + 2 + (dumpWord - chainEnd) + rest;
  const room = (MAX_SIZE >> 2) - others;
  const length = Math.min(chains.length, room & ~1);
  const size = (others + length) * 4;

  const out = output.words;
  const start = begin(size, output);
  let at = copyWords(words, base, chainWord, out, start);
  out[at++] = length >> 1;
  out[at++] = 0;
  at = copyWords(chains.words, chains.at, chains.at + length, out, at);
  at = copyWords(words, chainEnd, dumpWord, out, at);
  copyWords(words, restWord, view.end, out, at);
  end(start, size, output);
  return length === chains.length;
}

/** Appends any record as it is. */
export function copyRecord(record: Uint8Array, output: Output): void {
  const size = Math.min(record.byteLength, MAX_SIZE);
  const at = begin(size, output);
  output.buffer.set(record.subarray(0, size), at * 4);
  end(at, size, output);
}

/** What ends a record other than a sample: `struct sample_id`. */
export interface SampleId {
  readonly pid: number;
  readonly time: Nanoseconds;
  readonly cpu: number;
  /** Of the event. */
  readonly id: number;
}

/** Appends an MMAP2 record: a mapping that no one made. @param attr of the event whose ID it carries */
export function writeMapping(
  { start, end, pgoff, path }: Mapping,
  sampleId: SampleId,
  attr: EventAttr,
  output: Output,
): void {
  const fields = {
    pid: sampleId.pid,
    tid: sampleId.pid,
    start,
    length: end - start,
    pgoff,
    name: new TextEncoder().encode(path),
    prot: PROT_READ | PROT_EXEC,
    flags: MAP_PRIVATE,
  };
  copyRecord(encodeMmap2(fields, encodeSampleId(sampleId, attr)), output);
}

/** In the order of `perf_event__output_id_sample` (kernel/events/core.c). */
function encodeSampleId({ pid, time, cpu, id }: SampleId, attr: EventAttr): Uint8Array {
  const words: number[] = [];
  const u64 = (value: number): unknown => words.push(addressLow(value), addressHigh(value));
  const type = attr.flags.sample_id_all === true ? attr.sample_type : 0;
  if ((type & PerfSample.TID) !== 0) words.push(pid, pid);
  if ((type & PerfSample.TIME) !== 0) u64(time);
  if ((type & PerfSample.ID) !== 0) u64(id);
  if ((type & PerfSample.STREAM_ID) !== 0) u64(id);
  if ((type & PerfSample.CPU) !== 0) words.push(cpu, 0);
  if ((type & PerfSample.IDENTIFIER) !== 0) u64(id);
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** Room for a record. @returns its first word in the output's buffer */
function begin(size: number, output: Output): number {
  return output.reserve((size + 7) & ~7) >> 2;
}

/** Records are as long as their fields; what is not aligned comes of another tool, or of damage. */
function end(at: number, size: number, output: Output): void {
  const padded = (size + 7) & ~7;
  if (padded > size) output.buffer.fill(0, at * 4 + size, at * 4 + padded);
  output.words[at + 1] = (output.words[at + 1] & 0xffff) | (padded << 16);
  output.commit(padded);
}
