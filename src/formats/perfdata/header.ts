/**
 * The front of a perf.data file: `struct perf_file_header`, the events with their IDs, and where the
 * data and the feature sections lie (tools/perf/util/header.c, `perf_session__read_header`).
 *
 *   0    magic, size, attr_size, attrs{offset,size}, data{offset,size}, event_types{…}, features[256]
 *   …    per event: perf_event_attr, ids{offset,size}
 *   …    data: records
 *   end  per feature bit, rising: {offset,size}; then the sections themselves
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError, StrataError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import { decodeAttr, type EventAttr } from './attr.js';
import {
  FILE_HEADER_SIZE,
  HEADER_FEAT_BITS,
  MAGIC1,
  MAGIC1_SWAPPED,
  MAGIC2,
  MAGIC2_SWAPPED,
  PIPE_HEADER_SIZE,
} from './spec.js';

export const FORMAT = 'perf.data';
const MAGIC_SIZE = 8;
/** `struct perf_file_section`. */
const SECTION_SIZE = 16;
/** Far above what any machine's PMUs and CPUs ask for; below what could exhaust memory. */
const MAX_EVENTS = 65536;
const MAX_IDS = 1 << 22;

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
  /** The byte order of every number in the file. */
  readonly littleEndian: boolean;
  readonly attrs: readonly AttrEntry[];
  /** The records; ends within the file, whatever the header says. */
  readonly data: Section;
  /** Sections by feature number; empty where the file is cut before them. */
  readonly features: ReadonlyMap<number, Section>;
  /** Whether the file was never finished or lost its end, and the sections with it. */
  readonly cut: 'unfinished' | 'short' | undefined;
}

/** Whether `start` (the first bytes of a file) is one of perf's formats. */
export function isPerfData(start: Uint8Array): boolean {
  return [MAGIC2, MAGIC2_SWAPPED, MAGIC1, MAGIC1_SWAPPED].includes(magicOf(start));
}

/**
 * Reads the front of a perf.data file.
 * @throws FormatError where the header is cut or impossible; StrataError where the file is empty, is
 * no perf.data file, or of a kind that is not read.
 */
export function readHeader(source: ByteSource): FileHeader {
  if (source.byteLength === 0)
    throw new StrataError(`${source.name} is empty: nothing was recorded`);
  const start = source.read(0, FILE_HEADER_SIZE);
  const magic = magicOf(start);
  if (!isPerfData(start)) {
    throw new StrataError(
      `${source.name} is not a perf.data file: it does not begin with ${MAGIC2}`,
    );
  }
  const littleEndian = magic === MAGIC2 || magic === MAGIC1;
  if (magic === MAGIC1 || magic === MAGIC1_SWAPPED) {
    throw new StrataError(`${source.name} is a perf.data file of version 1, which is not read`);
  }
  const cursor = new Cursor(start, FORMAT, littleEndian, 0, MAGIC_SIZE);
  cursor.structure = 'perf_file_header';
  const size = cursor.u64();
  if (size === PIPE_HEADER_SIZE) {
    throw new StrataError(
      `${source.name} was written in pipe mode, which is not read`,
      'let perf write a file: perf record -o perf.data',
    );
  }
  if (size !== FILE_HEADER_SIZE) {
    throw cursor.fault(`a header of ${FILE_HEADER_SIZE} bytes`, `${size}`, 8);
  }
  const attrSize = cursor.u64();
  const attrSection = readSection(cursor);
  const dataSection = readSection(cursor);
  readSection(cursor); // event_types: unused since Linux 3.6
  const featureBits = cursor.take(HEADER_FEAT_BITS / 8);

  const attrs = readAttrs(source, attrSection, attrSize, littleEndian);
  const { data, cut } = clipData(source, dataSection);
  const features =
    cut === undefined ? readFeatureTable(source, featureBits, data, littleEndian) : new Map();
  return { littleEndian, attrs, data, features, cut };
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
    for (let j = 0; j < ids.length; j++) ids[j] = idCursor.u64();
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
  bits: Uint8Array,
  data: Section,
  littleEndian: boolean,
): Map<number, Section> {
  const numbers: number[] = [];
  for (let number = 0; number < HEADER_FEAT_BITS; number++) {
    if (hasFeature(bits, number, littleEndian)) numbers.push(number);
  }
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

/** The bits are an array of `unsigned long`: words of 8 bytes in the file's byte order. */
function hasFeature(bits: Uint8Array, number: number, littleEndian: boolean): boolean {
  const byte = number >> 3;
  return ((bits[littleEndian ? byte : byte ^ 7] >> (number & 7)) & 1) === 1;
}
