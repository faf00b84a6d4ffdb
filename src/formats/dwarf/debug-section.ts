/** One debug section of a file, of which only what is needed is read. */
import { Cursor, decodeUtf8 } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { Bytes } from '../../base/units.js';
import type { ElfImage, ElfSection } from '../elf/image.js';
import type { ParseBudget } from './budget.js';

export const FORMAT = 'DWARF';

/** Sections up to here are read whole when first touched; so are packed ones, which cannot be read in part. */
const WHOLE: Bytes = 4 << 20;
/** What a parser is first given of a larger section, and the most that it is given. */
const FIRST_WINDOW: Bytes = 1 << 10;
const LAST_WINDOW: Bytes = 1 << 24;
/** Names are longer than this in files made to waste time only. */
const MAX_STRING: Bytes = 1 << 16;
/**
 * How many times over a section may be parsed. Nothing asks for that: it is what files come to whose
 * tables and lists overlap, so that the same bytes are parsed for each of many units.
 */
const MAX_PASSES = 8;
const FREE: Bytes = 1 << 20;

/** A section by name; one that the file does not have is empty. */
export class DebugSection {
  readonly size: Bytes;
  private readonly isPacked: boolean;
  private readonly section: ElfSection | undefined;
  private whole: Uint8Array | undefined;
  private parsed: Bytes = 0;
  private readonly strings = new Map<Bytes, string>();

  /** @throws FormatError where a compression header is malformed */
  constructor(
    private readonly image: ElfImage,
    readonly name: string,
    private readonly budget: ParseBudget,
  ) {
    this.section = image.section(name) ?? image.section(name.replace('.debug', '.zdebug'));
    const extent = this.section && image.sectionExtent(this.section);
    this.size = extent?.size ?? 0;
    this.isPacked = extent?.isPacked ?? false;
  }

  /** What it costs to unpack the section, which is spent when it is first read; 0 once it has been. */
  get unpackingCost(): Bytes {
    return this.isPacked && this.whole === undefined ? this.size : 0;
  }

  /** `length` bytes at `offset`, as a cursor from 0. @throws FormatError where they are not there */
  cursor(structure: string, offset: Bytes, length: Bytes): Cursor {
    const isThere = offset >= 0 && length >= 0 && offset + length <= this.size;
    const bytes = isThere ? this.read(offset, length) : undefined;
    if (bytes?.byteLength !== length) {
      throw this.fault(structure, offset, `${length} bytes`, `${Math.max(0, this.size - offset)}`);
    }
    const cursor = new Cursor(bytes, FORMAT, this.image.littleEndian, offset);
    cursor.structure = `${structure} in ${this.name}`;
    return cursor;
  }

  /**
   * What `read` makes of the bytes from `offset` on, of which it takes as many as it likes: of a large
   * section it is given few at first, and called again with more where it runs out of them.
   */
  parse<T>(structure: string, offset: Bytes, read: (cursor: Cursor) => T): T {
    const rest = this.size - offset;
    const isHeld = this.isPacked || this.size <= WHOLE;
    for (let window = isHeld ? LAST_WINDOW : FIRST_WINDOW; ; window *= 8) {
      const length = Math.max(0, Math.min(window, rest));
      const cursor = this.cursor(structure, offset, length);
      let outcome: T | FormatError;
      try {
        outcome = read(cursor);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        outcome = error;
      }
      this.charge(cursor.position);
      if (!(outcome instanceof FormatError)) return outcome;
      if (length === rest || window >= LAST_WINDOW) throw outcome;
    }
  }

  /** The string at an offset; `undefined` where there is none. */
  string(offset: Bytes): string | undefined {
    let text = this.strings.get(offset);
    if (text === undefined && offset >= 0 && offset < this.size) {
      for (let window = 256; ; window *= 16) {
        const bytes = this.read(offset, Math.min(window, MAX_STRING, this.size - offset));
        const end = bytes.indexOf(0);
        if (end < 0 && bytes.byteLength === window && window < MAX_STRING) continue;
        text = decodeUtf8(end < 0 ? bytes : bytes.subarray(0, end));
        break;
      }
      this.strings.set(offset, text);
    }
    return text;
  }

  /** Counts bytes as parsed. @throws FormatError where the section has been parsed too many times over */
  charge(bytes: Bytes): void {
    this.budget.charge(bytes);
    this.recheck(bytes);
  }

  /** Counts bytes that are parsed once more, which the budget allowed for when they were first. */
  recheck(bytes: Bytes): void {
    this.parsed += bytes;
    if (this.parsed > this.size * MAX_PASSES + FREE) {
      throw this.fault('section', 0, `parts that do not overlap`, `${this.parsed} bytes of them`);
    }
  }

  fault(structure: string, offset: Bytes, expected: string, found: string): FormatError {
    return new FormatError({
      format: FORMAT,
      structure: `${structure} in ${this.name}`,
      offset,
      expected,
      found,
    });
  }

  private read(offset: Bytes, length: Bytes): Uint8Array {
    if (this.section === undefined) return new Uint8Array(0);
    if (this.isPacked || this.size <= WHOLE) {
      if (this.whole === undefined) {
        this.budget.charge(this.unpackingCost);
        this.whole = this.image.sectionBytes(this.section);
      }
      return this.whole.subarray(offset, offset + length);
    }
    return this.image.source.read(this.section.offset + offset, length);
  }
}
