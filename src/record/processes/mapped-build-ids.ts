/** Build IDs of the files that running processes have mapped. */
import { orUndefined } from '../../base/errors.js';
import { FileSource } from '../../base/source.js';
import { ElfImage } from '../../formats/elf/image.js';
import { MAX_BUILD_ID } from '../../formats/perfdata/sideband-writer.js';

const SLASH = 0x2f;

/** How the kernel writes that a file has no name any more. */
export const DELETED = ' (deleted)';

/**
 * Where a mapped file can be opened: `/proc/PID/map_files/START-END` is the very file, also where it has
 * been deleted or replaced since (proc_pid_map_files(5)); who may not open that opens what the process sees
 * under its name.
 * @param range as /proc/PID/maps writes it: `7f0000000000-7f0000001000`
 */
function mappedFilePaths(
  pid: number,
  range: string,
  path: string,
): readonly [exact: string, named?: string] {
  const exact = `/proc/${pid}/map_files/${range}`;
  return path.endsWith(DELETED) ? [exact] : [exact, `/proc/${pid}/root${path}`];
}

/** Reads each file once, however many processes have it mapped. */
export class MappedBuildIds {
  private readonly known = new Map<string, Uint8Array | undefined>();

  /**
   * @param file what tells the file from others: its device and inode
   * @param name of the mapping: a path, or what stands for memory without a file
   * @returns `undefined` where there is none, or it cannot be read
   */
  find(file: string, pid: number, range: string, name: Buffer): Uint8Array | undefined {
    if (name[0] !== SLASH || name[1] === SLASH) return undefined;
    if (!this.known.has(file)) this.known.set(file, readFirst(pid, range, name.toString()));
    return this.known.get(file);
  }
}

function readFirst(pid: number, range: string, path: string): Uint8Array | undefined {
  if (path.startsWith('/dev/')) return undefined; // To open a device may do something.
  const [exact, named] = mappedFilePaths(pid, range, path);
  return readBuildId(exact) ?? (named === undefined ? undefined : readBuildId(named));
}

function readBuildId(path: string): Uint8Array | undefined {
  const bytes = Buffer.from(buildIdOfFile(path) ?? '', 'hex');
  return bytes.byteLength > 0 && bytes.byteLength <= MAX_BUILD_ID ? bytes : undefined;
}

/** In hexadecimal; `undefined` where the file has none or cannot be read. */
export function buildIdOfFile(path: string): string | undefined {
  return orUndefined(() => {
    const source = new FileSource(path);
    try {
      return ElfImage.read(source).buildId;
    } finally {
      source.close();
    }
  });
}
