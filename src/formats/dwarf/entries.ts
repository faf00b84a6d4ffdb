/**
 * The entries of call frame information: CIEs and FDEs of `.eh_frame` (Linux Standard Base, Core,
 * section 10.6) and of `.debug_frame` (DWARF 5, section 6.4.1; versions 1, 3 and 4), 32-bit and 64-bit.
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError, orUndefined } from '../../base/errors.js';
import type { Address } from '../../base/units.js';
import { PointerEncoding, readEncodedPointer, readEncodedValue } from './pointers.js';

/** The bytes of one section of call frame information, and where they are loaded. */
export interface FrameSection {
  readonly kind: 'eh_frame' | 'debug_frame';
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  /** Virtual address of the first byte; pointers of `.eh_frame` are relative to it. */
  readonly address: Address;
  /** What `datarel` pointers count from: the GOT. Rare. */
  readonly dataAddress?: Address;
  /** The bytes' offset in their file, for errors. */
  readonly fileOffset?: number;
}

/** Common information entry: what the FDEs of a compilation unit share. */
export interface Cie {
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  readonly returnColumn: number;
  /** How FDEs encode addresses ('R'). */
  readonly pointerEncoding: number;
  /** FDEs carry augmentation data ('z'). */
  readonly hasAugmentation: boolean;
  readonly segmentSize: number;
  /** 'S': the caller was interrupted, not calling: its return address is exact. */
  readonly isSignalFrame: boolean;
  /** The initial instructions, as offsets in the section. */
  readonly programStart: number;
  readonly programEnd: number;
}

/** Frame description entry: one function's, or one part of a function's, range and instructions. */
export interface Fde {
  readonly cie: Cie;
  readonly start: Address;
  readonly end: Address;
  readonly programStart: number;
  readonly programEnd: number;
}

const FORMAT = 'DWARF call frame information';
const EXTENDED_LENGTH = 0xffffffff;

/** One entry's extent: what its length field says. */
interface EntryHeader {
  readonly is64Bit: boolean;
  /** Offset of the CIE's identifier, or the FDE's CIE pointer. */
  readonly idOffset: number;
  readonly end: number;
}

/** Reads entries of a section at given offsets. CIEs are read once. */
export class EntryReader {
  private readonly cies = new Map<number, Cie>();

  constructor(readonly section: FrameSection) {}

  /** A cursor over `[start, end)` of the section, whose positions are the section's offsets. */
  cursor(structure: string, start: number, end = this.section.bytes.byteLength): Cursor {
    const { bytes, littleEndian, fileOffset = 0 } = this.section;
    const cursor = new Cursor(bytes.subarray(0, end), FORMAT, littleEndian, fileOffset);
    cursor.structure = structure;
    cursor.seek(start);
    return cursor;
  }

  /** The FDE at an offset. @throws FormatError where there is none, or it or its CIE is malformed. */
  fdeAt(offset: number): Fde {
    const header = this.headerAt(offset);
    const cie = header && this.cieOf(header);
    if (header === undefined || cie === undefined) {
      throw this.cursor('FDE', offset).fault('an FDE', header ? 'a CIE' : 'the terminator');
    }
    return this.readFde(header, cie);
  }

  /**
   * Visits every FDE in the section's order, up to the terminator or the first malformed length; an
   * entry that is malformed inside is passed over.
   */
  forEachFde(visit: (offset: number, fde: Fde) => void): void {
    const size = this.section.bytes.byteLength;
    let offset = 0;
    while (offset < size) {
      const header = orUndefined(() => this.headerAt(offset), FormatError);
      if (header === undefined) break;
      const fde = orUndefined(() => {
        const cie = this.cieOf(header);
        return cie && this.readFde(header, cie);
      }, FormatError);
      if (fde !== undefined) visit(offset, fde);
      offset = header.end;
    }
  }

  /** An address that code is found by. @throws FormatError where it is omitted or indirect. */
  pointer(cursor: Cursor, encoding: number): Address {
    const { address, dataAddress } = this.section;
    const pointer = readEncodedPointer(cursor, encoding, { section: address, data: dataAddress });
    if (pointer === undefined) throw cursor.fault('an address', 'an omitted or indirect one');
    return pointer;
  }

  /** `undefined` at the terminator of `.eh_frame`: a length of zero. */
  private headerAt(offset: number): EntryHeader | undefined {
    const cursor = this.cursor('entry length', offset);
    let length = cursor.u32();
    const is64Bit = length === EXTENDED_LENGTH;
    if (is64Bit) length = cursor.u64();
    if (length === 0) return undefined;
    cursor.need(length);
    return { is64Bit, idOffset: cursor.position, end: cursor.position + length };
  }

  /** The CIE that an FDE names; `undefined` where the entry is a CIE itself. */
  private cieOf(header: EntryHeader): Cie | undefined {
    const at = this.cieOffsetOf(header);
    if (at === undefined) return undefined;
    let cie = this.cies.get(at);
    if (cie === undefined) {
      const cieHeader = this.headerAt(at);
      if (cieHeader === undefined || this.cieOffsetOf(cieHeader) !== undefined) {
        throw this.cursor('CIE', at).fault('a CIE', cieHeader ? 'an FDE' : 'the terminator');
      }
      cie = this.readCie(cieHeader);
      this.cies.set(at, cie);
    }
    return cie;
  }

  /**
   * In `.eh_frame` the identifier is always 4 bytes; zero marks a CIE, else it is the distance back
   * from itself. In `.debug_frame` it is an offset of the format's width; all ones mark a CIE.
   */
  private cieOffsetOf({ idOffset, is64Bit, end }: EntryHeader): number | undefined {
    const cursor = this.cursor('CIE pointer', idOffset, end);
    if (this.section.kind === 'eh_frame') {
      const distance = cursor.u32();
      return distance === 0 ? undefined : idOffset - distance;
    }
    if (!is64Bit) {
      const offset = cursor.u32();
      return offset === 0xffffffff ? undefined : offset;
    }
    const offset = cursor.address();
    return offset === -1 ? undefined : offset;
  }

  private readCie({ idOffset, is64Bit, end }: EntryHeader): Cie {
    const cursor = this.cursor('CIE', idOffset, end);
    const isEh = this.section.kind === 'eh_frame';
    cursor.skip(is64Bit && !isEh ? 8 : 4);
    const version = cursor.u8();
    if (version !== 1 && version !== 3 && version !== 4) {
      throw cursor.fault('CIE version 1, 3 or 4', `${version}`, 1);
    }
    const augmentation = cursor.cstring();
    let segmentSize = 0;
    if (version === 4) {
      const addressSize = cursor.u8();
      if (addressSize !== 8) throw cursor.fault('addresses of 8 bytes', `${addressSize}`, 1);
      segmentSize = cursor.u8();
    }
    if (augmentation.startsWith('eh')) cursor.skip(8); // GCC 2's pointer to its own table
    const codeAlignment = cursor.uleb128();
    const dataAlignment = cursor.sleb128();
    const returnColumn = version === 1 ? cursor.u8() : cursor.uleb128();

    let pointerEncoding: number = PointerEncoding.Absolute;
    let programStart = cursor.position;
    const hasAugmentation = augmentation.startsWith('z');
    if (hasAugmentation) {
      const data = cursor.uleb128();
      cursor.need(data);
      programStart = cursor.position + data;
      // Letters follow in the order of their data. 'B' (arm64: return addresses are signed with key B)
      // and 'G' (memory tagging) have none; after an unknown letter the rest cannot be read.
      for (const letter of augmentation.slice(1)) {
        if (letter === 'R') pointerEncoding = cursor.u8();
        else if (letter === 'L') cursor.skip(1);
        else if (letter === 'P') this.skipPointer(cursor, cursor.u8());
        else if (!'SBG'.includes(letter)) break;
      }
    }
    return {
      codeAlignment,
      dataAlignment,
      returnColumn,
      pointerEncoding,
      hasAugmentation,
      segmentSize,
      isSignalFrame: hasAugmentation && augmentation.includes('S'),
      programStart,
      programEnd: end,
    };
  }

  private readFde({ idOffset, is64Bit, end }: EntryHeader, cie: Cie): Fde {
    const cursor = this.cursor('FDE', idOffset, end);
    cursor.skip((is64Bit && this.section.kind === 'debug_frame' ? 8 : 4) + cie.segmentSize);
    const start = this.pointer(cursor, cie.pointerEncoding);
    const length = readEncodedValue(cursor, cie.pointerEncoding);
    if (length < 0) throw cursor.fault('a length of code', `${length}`);
    if (cie.hasAugmentation) cursor.skip(cursor.uleb128());
    return { cie, start, end: start + length, programStart: cursor.position, programEnd: end };
  }

  private skipPointer(cursor: Cursor, encoding: number): void {
    if (encoding !== PointerEncoding.Omit) readEncodedValue(cursor, encoding);
  }
}
