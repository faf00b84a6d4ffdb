/**
 * perf.data files as `perf record` and `strata record` write them (file mode, version 2, both byte
 * orders). What is read at once is the front and the feature sections; records come on demand.
 */
import type { ByteSource } from '../../base/source.js';
import { EventTable } from './events.js';
import { readFeatures, type FileInfo } from './features.js';
import { readHeader, type FileHeader } from './header.js';
import { RecordReader } from './records.js';

export interface PerfDataFile {
  readonly header: FileHeader;
  readonly info: FileInfo;
  readonly events: EventTable;
  /** A new pass over the records. */
  records(): RecordReader;
}

/**
 * Opens a perf.data file; `source` must stay open while it is used.
 * @throws FormatError, StrataError where it cannot be one
 */
export function readPerfData(source: ByteSource): PerfDataFile {
  const header = readHeader(source);
  const info = readFeatures(source, header);
  const events = new EventTable(header.attrs, info.events, header.littleEndian);
  return { header, info, events, records: () => new RecordReader(source, header.data, events) };
}
