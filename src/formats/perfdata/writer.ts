/**
 * Writes perf.data files (file mode, version 2, little-endian).
 *
 *   header │ event IDs │ attributes │ data: records … │ table of feature sections │ features
 *
 * The header stands from the start with a data size of 0, which readers take as "to the end of the
 * file": a recording whose recorder was killed is readable.
 */
import type { EventAttr } from './attr.js';
import { encodeAttr } from './attr.js';
import type { CpuTopology, NumaNode } from './features/machine.js';
import { ANONYMOUS_GROUP, type EventGroup } from './features/recording.js';
import { FILE_HEADER_SIZE, MAGIC2, PerfMisc } from './spec.js';

/** An event of the file and the IDs under which its records come, one a CPU. */
export interface FileEvent {
  readonly name: string;
  readonly attr: Partial<EventAttr>;
  readonly ids: readonly bigint[];
}

/** Offset and size of a run of bytes in the file. */
interface Extent {
  readonly offset: number;
  readonly size: number;
}

/** `PERF_ATTR_SIZE_VER5` to `VER8`. */
const ATTR_SIZES = { VER5: 112, VER6: 120, VER7: 128, VER8: 136 } as const;

/** Names are padded to this, as perf pads them (`NAME_ALIGN`). */
const NAME_ALIGN = 64;

/** The least that holds every event's fields: perf refuses files whose attributes are larger than its own. */
function attrSize(events: readonly FileEvent[]): number {
  const uses = (field: 'aux_sample_size' | 'sig_data' | 'config3'): boolean =>
    events.some(({ attr }) => Number(attr[field] ?? 0) !== 0);
  if (uses('config3')) return ATTR_SIZES.VER8;
  if (uses('sig_data')) return ATTR_SIZES.VER7;
  return uses('aux_sample_size') ? ATTR_SIZES.VER6 : ATTR_SIZES.VER5;
}

/**
 * What stands before the data.
 * @param dataSize bytes of records; 0 while recording
 * @param features numbers of the feature sections that follow the data; none while recording
 */
export function encodeFileStart(
  events: readonly FileEvent[],
  dataSize: number,
  features: readonly number[],
): Uint8Array {
  const idsStart = FILE_HEADER_SIZE;
  const idCount = events.reduce((sum, event) => sum + event.ids.length, 0);
  const attrsStart = idsStart + idCount * 8;
  const size = attrSize(events);
  const attrEntrySize = size + 16;
  const dataStart = attrsStart + events.length * attrEntrySize;

  const out = new Uint8Array(dataStart);
  const view = new DataView(out.buffer);
  out.set(new TextEncoder().encode(MAGIC2));
  setU64(view, 8, FILE_HEADER_SIZE);
  setU64(view, 16, attrEntrySize);
  setExtent(view, 24, { offset: attrsStart, size: events.length * attrEntrySize });
  setExtent(view, 40, { offset: dataStart, size: dataSize });
  for (const feature of features) out[72 + (feature >> 3)] |= 1 << (feature & 7);

  let idAt = idsStart;
  events.forEach((event, i) => {
    const attrAt = attrsStart + i * attrEntrySize;
    out.set(encodeAttr(event.attr, size), attrAt);
    setExtent(view, attrAt + size, { offset: idAt, size: event.ids.length * 8 });
    for (const id of event.ids) {
      view.setBigUint64(idAt, id, true);
      idAt += 8;
    }
  });
  return out;
}

/**
 * What stands after the data: the table of sections, then the sections.
 * @param at offset in the file at which it will be written
 * @param features by number; written in rising order, as the format demands
 */
export function encodeFileEnd(at: number, features: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const sections = [...features].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
  const tableSize = sections.length * 16;
  const size = sections.reduce((sum, bytes) => sum + bytes.byteLength, tableSize);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let offset = tableSize;
  sections.forEach((bytes, i) => {
    setExtent(view, i * 16, { offset: at + offset, size: bytes.byteLength });
    out.set(bytes, offset);
    offset += bytes.byteLength;
  });
  return out;
}

/** A feature that is one string (`do_write_string`): u32 padded length, text, zeros. */
export function encodeStringFeature(text: string): Uint8Array {
  return concat([paddedString(text)]);
}

/** `HEADER_NRCPUS`: configured, then online. */
export function encodeCpuCount(configured: number, online: number): Uint8Array {
  return concat([u32(configured), u32(online)]);
}

/** `HEADER_TOTAL_MEM`: kilobytes. */
export function encodeTotalMemory(kilobytes: number): Uint8Array {
  return u64(kilobytes);
}

/** `HEADER_CMDLINE`: the recorder's own arguments, the program's name first. */
export function encodeCommandLine(words: readonly string[]): Uint8Array {
  return concat([u32(words.length), ...words.map(paddedString)]);
}

/** `HEADER_EVENT_DESC`. */
export function encodeEventDescription(events: readonly FileEvent[]): Uint8Array {
  const size = attrSize(events);
  const chunks = [u32(events.length), u32(size)];
  for (const event of events) {
    chunks.push(encodeAttr(event.attr, size), u32(event.ids.length), paddedString(event.name));
    const ids = new Uint8Array(event.ids.length * 8);
    event.ids.forEach((id, i) => new DataView(ids.buffer).setBigUint64(i * 8, id, true));
    chunks.push(ids);
  }
  return concat(chunks);
}

/** `HEADER_SAMPLE_TIME`: first and last sample, in nanoseconds. */
export function encodeSampleTime(first: number, last: number): Uint8Array {
  return concat([u64(first), u64(last)]);
}

/** `HEADER_CLOCK_DATA`, version 1: wall clock and the recording's clock at one moment. */
export function encodeClockData(clockid: number, wallNs: bigint, clockNs: bigint): Uint8Array {
  const out = new Uint8Array(24);
  const view = new DataView(out.buffer);
  view.setUint32(0, 1, true);
  view.setUint32(4, clockid, true);
  view.setBigUint64(8, wallNs, true);
  view.setBigUint64(16, clockNs, true);
  return out;
}

/** A file and the build ID that it had when it was recorded. */
export interface FileBuildId {
  readonly path: string;
  /** At most 20 bytes. */
  readonly buildId: Uint8Array;
  readonly kernel: boolean;
  /** Of a guest's kernel or programs. */
  readonly guest?: boolean;
  /** The process that it belongs to; -1, as where absent, for every one. */
  readonly pid?: number;
}

/** `HEADER_BUILD_ID`: `struct perf_record_header_build_id`, one after another. */
export function encodeBuildIds(files: readonly FileBuildId[]): Uint8Array {
  return concat(
    files.map(({ path, buildId, kernel, guest = false, pid = -1 }) => {
      const name = padded(new TextEncoder().encode(`${path}\0`));
      const out = new Uint8Array(36 + name.byteLength);
      const view = new DataView(out.buffer);
      const host = kernel ? PerfMisc.KERNEL : PerfMisc.USER;
      const mode = guest ? (kernel ? PerfMisc.GUEST_KERNEL : PerfMisc.GUEST_USER) : host;
      view.setUint16(4, mode | PerfMisc.BUILD_ID_SIZE, true);
      view.setUint16(6, out.byteLength, true);
      view.setInt32(8, pid, true);
      out.set(buildId.subarray(0, 20), 12);
      out[32] = Math.min(buildId.byteLength, 20);
      out.set(name, 36);
      return out;
    }),
  );
}

/** `HEADER_GROUP_DESC`: of groups of two events and more; those of a group follow each other in the file. */
export function encodeGroupDesc(groups: readonly EventGroup[]): Uint8Array {
  return list(groups, ({ name, leader, members }) => [
    paddedString(name === '' ? ANONYMOUS_GROUP : name),
    u32(leader),
    u32(members),
  ]);
}

/** `HEADER_PMU_MAPPINGS`: what the numbers of `perf_event_attr.type` mean on the machine. */
export function encodePmuMappings(pmus: ReadonlyMap<number, string>): Uint8Array {
  return list([...pmus], ([type, name]) => [u32(type), paddedString(name)]);
}

/** `HEADER_CPU_TOPOLOGY`, with dies if they are given of every CPU. */
export function encodeCpuTopology(topology: CpuTopology): Uint8Array {
  const { siblingCores, siblingThreads, siblingDies, cpus } = topology;
  const names = (texts: readonly string[]): Uint8Array =>
    list(texts, (text) => [paddedString(text)]);
  const dies = [names(siblingDies), ...cpus.map(({ die = 0 }) => u32(die))];
  return concat([
    names(siblingCores),
    names(siblingThreads),
    ...cpus.flatMap(({ core, socket }) => [u32(core), u32(socket)]),
    ...(siblingDies.length === 0 ? [] : dies),
  ]);
}

/** `HEADER_NUMA_TOPOLOGY`. */
export function encodeNumaTopology(nodes: readonly NumaNode[]): Uint8Array {
  return list(nodes, ({ node, memoryTotal, memoryFree, cpus }) => [
    u32(node),
    u64(memoryTotal),
    u64(memoryFree),
    paddedString(cpus),
  ]);
}

/** u32 count, then what each item is written as. */
function list<T>(items: readonly T[], encode: (item: T) => Uint8Array[]): Uint8Array {
  return concat([u32(items.length), ...items.flatMap(encode)]);
}

function setU64(view: DataView, at: number, value: number): void {
  view.setBigUint64(at, BigInt(value), true);
}

function setExtent(view: DataView, at: number, extent: Extent): void {
  setU64(view, at, extent.offset);
  setU64(view, at + 8, extent.size);
}

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

function u64(value: number): Uint8Array {
  const out = new Uint8Array(8);
  setU64(new DataView(out.buffer), 0, Math.round(value));
  return out;
}

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.byteLength / NAME_ALIGN) * NAME_ALIGN);
  out.set(bytes);
  return out;
}

function paddedString(text: string): Uint8Array {
  const bytes = padded(new TextEncoder().encode(`${text}\0`));
  return concat([u32(bytes.byteLength), bytes]);
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.byteLength;
  }
  return out;
}
