/** What an ELF file tells the dynamic linker (gABI, "Dynamic Linking"): which libraries, from where. */
import { decodeUtf8 } from '../../base/cursor.js';
import type { ElfImage } from './image.js';

const PT_INTERP = 3;
const SHT_DYNAMIC = 6;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
/** A file names some dozens. */
const MAX_ENTRIES = 4096;
const MAX_INTERPRETER = 4096;

export interface DynamicLinking {
  /** Libraries by the name that they are asked for: `libpython3.12.so.1.0`. */
  readonly needed: readonly string[];
  /** Folders to look in, `$ORIGIN` not replaced; of `DT_RUNPATH`, else of `DT_RPATH`. */
  readonly runPath: readonly string[];
  /** The dynamic linker: `/lib/ld-musl-x86_64.so.1`. */
  readonly interpreter: string | undefined;
}

/**
 * Reads the `.dynamic` section.
 * @throws FormatError where it, or its strings, do not lie within the file
 */
export function readDynamicLinking(image: ElfImage): DynamicLinking {
  const needed: string[] = [];
  let runPath: string | undefined;
  let rPath: string | undefined;
  const section = image.sections.find(({ type }) => type === SHT_DYNAMIC);
  const stringSection = section && image.sections.at(section.link);
  if (section !== undefined && stringSection !== undefined) {
    const strings = image.sectionBytes(stringSection);
    const entries = image.sectionCursor(section);
    const word = (): number => (image.is64Bit ? entries.u64() : entries.u32());
    const size = image.is64Bit ? 16 : 8;
    for (let i = 0; i < MAX_ENTRIES && entries.remaining >= size; i++) {
      const tag = image.is64Bit ? entries.address() : entries.i32();
      if (tag === DT_NULL) break;
      if (tag !== DT_NEEDED && tag !== DT_RPATH && tag !== DT_RUNPATH) {
        entries.skip(size / 2);
        continue;
      }
      const text = stringAt(strings, word());
      if (tag === DT_NEEDED) needed.push(text);
      else if (tag === DT_RPATH) rPath = text;
      else runPath = text;
    }
  }
  const folders = (runPath ?? rPath ?? '').split(':').filter((folder) => folder !== '');
  return { needed, runPath: folders, interpreter: interpreterOf(image) };
}

function interpreterOf(image: ElfImage): string | undefined {
  const segment = image.segments.find(({ type }) => type === PT_INTERP);
  if (segment === undefined || segment.fileSize > MAX_INTERPRETER) return undefined;
  return stringAt(image.source.read(segment.offset, segment.fileSize), 0);
}

function stringAt(strings: Uint8Array, offset: number): string {
  const rest = strings.subarray(offset, offset + MAX_INTERPRETER);
  const end = rest.indexOf(0);
  return decodeUtf8(end < 0 ? rest : rest.subarray(0, end));
}
