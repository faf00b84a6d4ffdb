/**
 * perf.data, as every `perf` and `strata record` write it: both versions and byte orders, in files and
 * in pipe mode, compressed or not. What is read at once is what describes the recording; records come
 * on demand.
 */
import type { ByteSource } from '../../base/source.js';
import { EventTable } from './events.js';
import { expand } from './expand.js';
import { readFeatures, type FileInfo } from './features.js';
import { readHeader, type FileHeader } from './header.js';
import { readPipe } from './pipe.js';
import { RecordReader } from './records.js';
import { HeaderFeature } from './spec.js';

export interface PerfDataFile {
  readonly header: FileHeader;
  readonly info: FileInfo;
  readonly events: EventTable;
  /** A new pass over the records. Their offsets are those of the file unless it is compressed. */
  records(): RecordReader;
  /** Lets go of what was uncompressed. The source stays open. */
  close(): void;
}

/**
 * Opens a perf.data file; `source` must stay open while it is used.
 * @throws FormatError, StrataError where it cannot be one
 */
export function readPerfData(source: ByteSource): PerfDataFile {
  const header = readHeader(source);
  const { attrs, info, names, isCompressed } = header.isPipe
    ? readPipe(source, header)
    : readFront(source, header);
  const events = new EventTable(attrs, header.littleEndian, names);
  const expanded = isCompressed ? expand(source, header) : undefined;
  return {
    header: { ...header, attrs },
    info,
    events,
    records: () => {
      if (expanded === undefined) return new RecordReader(source, header.data, events);
      const { spool, lost } = expanded;
      return new RecordReader(spool, { offset: 0, size: spool.byteLength }, events, lost);
    },
    close: () => expanded?.spool.close(),
  };
}

function readFront(source: ByteSource, header: FileHeader): ReturnType<typeof readPipe> {
  const info = readFeatures(source, header);
  const { events: descriptions, pmus } = info;
  return {
    attrs: header.attrs,
    info,
    names: { descriptions, eventTypes: header.eventTypes, pmus },
    // perf sets the bit before it records, so that it stands in files that were cut, too.
    isCompressed: header.announced.has(HeaderFeature.COMPRESSED),
  };
}
