/**
 * Writes what `tracing-data.ts` reads, in version 0.6 and as perf does: without ftrace's own entries,
 * whose records perf.data never holds, and without /proc/kallsyms.
 */

/** Files of tracefs, as they are. */
export interface TracingFiles {
  /** `events/header_page` and `events/header_event`. */
  readonly headerPage: Uint8Array;
  readonly headerEvent: Uint8Array;
  /** By system, the `format` of each tracepoint. */
  readonly systems: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly printkFormats: Uint8Array;
  readonly savedCmdlines: Uint8Array;
  /** Bytes. */
  readonly pageSize: number;
}

const LONG_SIZE = 8;

/** The section `HEADER_TRACING_DATA`, of a little-endian machine of 64 bits. */
export function encodeTracingData(files: TracingFiles): Uint8Array {
  const text = new TextEncoder();
  const withSize = (bytes: Uint8Array): Uint8Array[] => [word(8, bytes.byteLength), bytes];
  const systems = [...files.systems].flatMap(([name, formats]) => [
    text.encode(`${name}\0`),
    word(4, formats.length),
    ...formats.flatMap(withSize),
  ]);
  return Buffer.concat([
    text.encode('\x17\x08\x44tracing0.6\0'),
    Uint8Array.of(0, LONG_SIZE),
    word(4, files.pageSize),
    text.encode('header_page\0'),
    ...withSize(files.headerPage),
    text.encode('header_event\0'),
    ...withSize(files.headerEvent),
    word(4, 0), // ftrace's entries
    word(4, files.systems.size),
    ...systems,
    word(4, 0), // kallsyms
    word(4, files.printkFormats.byteLength),
    files.printkFormats,
    ...withSize(files.savedCmdlines),
  ]);
}

function word(size: 4 | 8, value: number): Uint8Array {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
