/** ELF notes (gABI, "Note Section"), of which a profiler needs one: the linker's build ID. */
import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import type { Bytes } from '../../base/units.js';
import { NT_GNU_BUILD_ID, PT_NOTE, SHT_NOTE } from './constants.js';
import type { ElfSection, ElfSegment } from './header.js';

/** Notes are a few hundred bytes; more (a core file's) is not searched. */
const MAX_NOTE_BYTES: Bytes = 1 << 20;
/** The kernel's `BUILD_ID_SIZE_MAX` is 20; some linkers write up to 32. */
const MAX_BUILD_ID: Bytes = 64;

/** What is searched: an `ElfImage` is such. */
interface NoteFile {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
}

/**
 * The build ID in hexadecimal. Sections are asked first: in a debug file made by `eu-strip -f`, the
 * segments still give the offsets of the file that it was split from. What does not parse is passed
 * over for the same reason.
 */
export function findBuildId(image: NoteFile): string | undefined {
  let budget = MAX_NOTE_BYTES;
  const search = (offset: Bytes, size: Bytes, align: number): string | undefined => {
    if (size > budget) return undefined;
    budget -= size;
    const bytes = image.source.read(offset, size);
    return buildIdIn(new Cursor(bytes, 'ELF', image.littleEndian, offset), align);
  };
  for (const section of image.sections) {
    if (section.type !== SHT_NOTE) continue;
    const found = search(section.offset, section.size, 4);
    if (found !== undefined) return found;
  }
  for (const segment of image.segments) {
    if (segment.type !== PT_NOTE) continue;
    const found = search(segment.offset, segment.fileSize, segment.align === 8 ? 8 : 4);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The build ID among notes as they lie in an ELF file, in `/sys/kernel/notes` or in
 * `/sys/module/NAME/notes/`; `undefined` where there is none or the notes are malformed.
 * @param align what names and descriptors are padded to: 4, or 8 in a segment aligned so
 */
export function buildIdIn(notes: Cursor, align = 4): string | undefined {
  const padded = (size: Bytes): Bytes => Math.ceil(size / align) * align;
  notes.structure = 'Elf64_Nhdr';
  try {
    while (notes.remaining >= 12) {
      const nameSize = notes.u32();
      const size = notes.u32();
      const type = notes.u32();
      // The name is padded so that the descriptor, counted from the note's start, is aligned.
      const name = notes.take(nameSize);
      notes.skip(Math.min(padded(12 + nameSize) - 12 - nameSize, notes.remaining));
      if (type === NT_GNU_BUILD_ID && isGnu(name) && size > 0 && size <= MAX_BUILD_ID) {
        return Buffer.from(notes.take(size)).toString('hex');
      }
      notes.skip(Math.min(padded(size), notes.remaining));
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  return undefined;
}

/** `GNU\0` */
function isGnu(name: Uint8Array): boolean {
  return name.length === 4 && name[0] === 0x47 && name[1] === 0x4e && name[2] === 0x55 && !name[3];
}
