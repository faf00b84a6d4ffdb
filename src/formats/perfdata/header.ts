/**
 * The front of a perf.data file: `struct perf_file_header`, the events with their IDs, and where the
 * data and the feature sections lie (tools/perf/util/header.c, `perf_session__read_header`).
 *
 *   0    magic, size, attr_size, attrs{offset,size}, data{…}, event_types{…}, features[256 bits]
 *   …    per event: perf_event_attr, ids{offset,size}
 *   …    data: records
 *   end  per feature bit, rising: {offset,size}; then the sections themselves
 *
 * Version 1 (`PERFFILE`) is the same but for the magic, names of tracepoints in event_types, and, at
 * first, no features. In pipe mode the header is magic and size alone.
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError, StrataError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import { decodeAttr, type EventAttr } from './attr.js';
import {
  FILE_HEADER_SIZE,
  FIRST_HEADER_SIZE,
  HeaderFeature,
  MAGIC1,
  MAGIC2,
  MAGIC2_SWAPPED,
  PIPE_HEADER_SIZE,
} from './spec.js';

export const FORMAT = 'perf.data';
const MAGIC_SIZE = 8;
/** `struct perf_file_section`. */
const SECTION_SIZE = 16;
/** Far above what any machine's PMUs and CPUs ask for; below what could exhaust memory. */
export const MAX_EVENTS = 65536;
export const MAX_IDS = 1 << 22;
export const EVENT_TYPE_SIZE = 72;

/** A run of the file: `struct perf_file_section`. */
export interface Section {
  readonly offset: number;
  readonly size: number;
}

/** An event and the IDs by which its records name it (one per CPU, or per thread). */
export interface AttrEntry {
  readonly attr: EventAttr;
  /** IDs count up from 1 in the kernel and so are small: exact as doubles. */
  readonly ids: Float64Array;
}

export interface FileHeader {
  /** 1 is `PERFFILE`, of Linux before 3.6 or so. */
  readonly version: 1 | 2;
  /** In pipe mode everything comes as records: see pipe.ts. */
  readonly isPipe: boolean;
  /** The byte order of every number in the file. */
  readonly littleEndian: boolean;
  readonly attrs: readonly AttrEntry[];
  /** Names of tracepoints by `config`; only version 1 has them here. */
  readonly eventTypes: ReadonlyMap<number, string>;
  /** The records; ends within the file, whatever the header says. */
  readonly data: Section;
  /** The features that the recorder set out to write. */
  readonly announced: ReadonlySet<number>;
  /** Sections by feature number; empty where the file is cut before them. */
  readonly features: ReadonlyMap<number, Section>;
  /** Whether the file was never finished or lost its end, and the sections with it. */
  readonly cut: 'unfinished' | 'short' | undefined;
}

/** Whether `start` (the first bytes of a file) is one of perf's formats. */
export function isPerfData(start: Uint8Array): boolean {
  return [MAGIC1, MAGIC2, MAGIC2_SWAPPED].includes(magicOf(start));
}

/**
 * Reads the front of a perf.data file.
 * @throws FormatError where the header is cut or impossible; StrataError where the file is empty or is
 * no perf.data file
 */
export function readHeader(source: ByteSource): FileHeader {
  if (source.byteLength === 0)
    throw new StrataError(`${source.name} is empty: nothing was recorded`);
  const start = source.read(0, FILE_HEADER_SIZE);
  if (!isPerfData(start)) {
    throw new StrataError(
      `${source.name} is not a perf.data file: it does not begin with ${MAGIC2}`,
    );
  }
  const version = magicOf(start) === MAGIC1 ? 1 : 2;
  const littleEndian = version === 1 ? isLittleEndian(start) : magicOf(start) === MAGIC2;
  const cursor = new Cursor(start, FORMAT, littleEndian, 0, MAGIC_SIZE);
  cursor.structure = 'perf_file_header';
  const size = cursor.u64();
  if (size === PIPE_HEADER_SIZE) return pipeHeader(source, version, littleEndian);
  if (size !== FILE_HEADER_SIZE && size !== FIRST_HEADER_SIZE) {
    throw cursor.fault(`a header of ${FILE_HEADER_SIZE} bytes`, `${size}`, 8);
  }
  const attrSize = cursor.u64();
  const attrSection = readSection(cursor);
  const dataSection = readSection(cursor);
  const typesSection = readSection(cursor);
  const featureBits = cursor.take(size - FIRST_HEADER_SIZE);

  const attrs = readAttrs(source, attrSection, attrSize, littleEndian);
  const eventTypes = readEventTypes(source, typesSection, littleEndian);
  const { data, cut } = clipData(source, dataSection);
  const announced = featureNumbers(featureBits, littleEndian);
  const features =
    cut === undefined ? readFeatureTable(source, announced, data, littleEndian) : new Map();
  return {
    version,
    isPipe: false,
    littleEndian,
    attrs,
    eventTypes,
    data,
    announced: new Set(announced),
    features,
    cut,
  };
}

/** All that is known of a file in pipe mode before its records are read. */
function pipeHeader(source: ByteSource, version: 1 | 2, littleEndian: boolean): FileHeader {
  return {
    version,
    isPipe: true,
    littleEndian,
    attrs: [],
    eventTypes: new Map(),
    data: { offset: PIPE_HEADER_SIZE, size: source.byteLength - PIPE_HEADER_SIZE },
    announced: new Set(),
    features: new Map(),
    cut: undefined,
  };
}

/** The magic of version 1 is the same text on every machine: the size behind it shows the order. */
function isLittleEndian(start: Uint8Array): boolean {
  return start[MAGIC_SIZE] !== 0;
}

function magicOf(start: Uint8Array): string {
  return String.fromCharCode(...start.subarray(0, MAGIC_SIZE));
}

function readSection(cursor: Cursor): Section {
  return { offset: cursor.u64(), size: cursor.u64() };
}

/** Bytes of a section that must be whole. */
function sectionBytes(
  source: ByteSource,
  section: Section,
  structure: string,
  littleEndian: boolean,
): Cursor {
  if (section.offset + section.size > source.byteLength) {
    throw new FormatError({
      format: FORMAT,
      structure,
      offset: section.offset,
      expected: `${section.size} bytes`,
      found: `${Math.max(0, source.byteLength - section.offset)}`,
    });
  }
  const bytes = source.read(section.offset, section.size);
  const cursor = new Cursor(bytes, FORMAT, littleEndian, section.offset);
  cursor.structure = structure;
  return cursor;
}

/** `struct perf_trace_event_type`: u64 id, 64 bytes of name. Perf before 3.6 wrote them. */
function readEventTypes(
  source: ByteSource,
  section: Section,
  littleEndian: boolean,
): Map<number, string> {
  const names = new Map<number, string>();
  const size = Math.min(section.size, MAX_EVENTS * EVENT_TYPE_SIZE);
  const bytes = source.read(section.offset, size);
  const cursor = new Cursor(bytes, FORMAT, littleEndian, section.offset);
  while (cursor.remaining >= EVENT_TYPE_SIZE) {
    const id = Number(cursor.u64big());
    names.set(id, cursor.fixedString(EVENT_TYPE_SIZE - 8));
  }
  return names;
}

function readAttrs(
  source: ByteSource,
  section: Section,
  entrySize: number,
  littleEndian: boolean,
): AttrEntry[] {
  const cursor = sectionBytes(source, section, 'perf_file_attr', littleEndian);
  // An entry is the attribute, in the size that its writer knew, and the place of its IDs.
  const count = Math.floor(section.size / entrySize);
  if (!(entrySize > SECTION_SIZE && count >= 1 && count <= MAX_EVENTS)) {
    throw cursor.fault('at least one event', `${section.size} bytes of ${entrySize} each`);
  }
  const attrs: AttrEntry[] = [];
  let idCount = 0;
  for (let i = 0; i < count; i++) {
    const attr = decodeAttr(cursor, entrySize - SECTION_SIZE);
    const idSection = readSection(cursor);
    idCount += idSection.size / 8;
    if (idCount > MAX_IDS) throw cursor.fault(`at most ${MAX_IDS} IDs`, `${idCount}`, 8);
    const idCursor = sectionBytes(source, idSection, 'event IDs', littleEndian);
    const ids = new Float64Array(Math.floor(idSection.size / 8));
    for (let j = 0; j < ids.length; j++) ids[j] = Number(idCursor.u64big());
    attrs.push({ attr, ids });
  }
  return attrs;
}

/**
 * The recorder fills in the data's size at its end. A size of 0 means that it was killed: the records
 * then reach to the end of the file and no feature section follows (though the bits are set).
 */
function clipData(source: ByteSource, data: Section): Pick<FileHeader, 'data' | 'cut'> {
  const left = Math.max(0, source.byteLength - data.offset);
  if (data.size === 0 && left > 0) {
    return { data: { offset: data.offset, size: left }, cut: 'unfinished' };
  }
  if (data.size > left) return { data: { offset: data.offset, size: left }, cut: 'short' };
  return { data, cut: undefined };
}

function readFeatureTable(
  source: ByteSource,
  numbers: readonly number[],
  data: Section,
  littleEndian: boolean,
): Map<number, Section> {
  const offset = data.offset + data.size;
  const table = source.read(offset, numbers.length * SECTION_SIZE);
  const cursor = new Cursor(table, FORMAT, littleEndian, offset);
  cursor.structure = 'feature sections';
  const features = new Map<number, Section>();
  for (const number of numbers) {
    if (cursor.remaining < SECTION_SIZE) break;
    const section = readSection(cursor);
    if (section.offset + section.size <= source.byteLength) features.set(number, section);
  }
  return features;
}

/**
 * The numbers of the bits that are set. They are an array of `unsigned long`, so that on a big-endian
 * machine their place goes by the size of its words. HOSTNAME, which every perf sets that knows it,
 * tells which it was.
 */
function featureNumbers(bits: Uint8Array, littleEndian: boolean): number[] {
  const has = (number: number, swap: number): boolean =>
    (((bits[(number >> 3) ^ swap] ?? 0) >> (number & 7)) & 1) === 1;
  const { HOSTNAME } = HeaderFeature;
  const swap = littleEndian ? 0 : !has(HOSTNAME, 7) && has(HOSTNAME, 3) ? 3 : 7;
  const numbers: number[] = [];
  for (let number = 0; number < bits.byteLength * 8; number++) {
    if (has(number, swap)) numbers.push(number);
  }
  return numbers;
}
