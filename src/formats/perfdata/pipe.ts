/**
 * Pipe mode (`perf record -o -`, `perf inject`): what stands in a file's header and feature sections
 * comes as records between the others (tools/perf/util/header.c, `perf_event__process_*`). Samples
 * cannot be read before their events are known, and build IDs come last: so all records are passed over
 * once before.
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import { EventTable, type EventNames, type EventUpdate } from './events.js';
import { FeatureReader, type FileInfo } from './features.js';
import { readBuildId, type BuildIdEntry } from './features/recording.js';
import { FORMAT, MAX_EVENTS, MAX_IDS, type AttrEntry, type FileHeader } from './header.js';
import { RecordReader } from './records.js';
import { HeaderFeature, PerfRecord } from './spec.js';
import {
  readEventType,
  readEventUpdate,
  readHeaderAttr,
  readHeaderFeature,
  type EventUpdateRecord,
} from './tool-records.js';

/** What a pipe's records say of the recording. */
export interface PipeFront {
  readonly attrs: readonly AttrEntry[];
  readonly info: FileInfo;
  readonly names: EventNames;
  /** Whether there are compressed records. */
  readonly isCompressed: boolean;
}

/** Reads all records that describe the recording. @throws FormatError where no event is described */
export function readPipe(source: ByteSource, header: FileHeader): PipeFront {
  const front = new FrontReader();
  const reader = new RecordReader(source, header.data, new EventTable([], header.littleEndian));
  while (reader.next()) {
    if (reader.type === PerfRecord.HEADER_TRACING_DATA) {
      const from = reader.offset + reader.size;
      const bytes = source.read(from, reader.nextOffset - from);
      const cursor = new Cursor(bytes, FORMAT, header.littleEndian, from);
      front.features.add(HeaderFeature.TRACING_DATA, cursor);
    } else if (reader.type >= PerfRecord.HEADER_ATTR) {
      front.add(reader);
    }
  }
  return front.done();
}

class FrontReader {
  readonly features = new FeatureReader();

  private readonly attrs: AttrEntry[] = [];
  private idCount = 0;
  private readonly eventTypes = new Map<number, string>();
  private readonly updates = new Map<number, EventUpdate>();
  private readonly buildIds: BuildIdEntry[] = [];
  private readonly damaged: string[] = [];
  private isCompressed = false;

  add(reader: RecordReader): void {
    try {
      this.apply(reader);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.damaged.push(error.message);
    }
  }

  done(): PipeFront {
    const { attrs, eventTypes, updates, isCompressed } = this;
    if (attrs.length === 0) {
      const [expected, found] = ['at least one event', this.damaged[0] ?? 'none'];
      throw new FormatError({
        format: FORMAT,
        structure: 'HEADER_ATTR records',
        offset: 0,
        expected,
        found,
      });
    }
    const info = this.features.done();
    const { events: descriptions, pmus } = info;
    return {
      attrs,
      info: {
        ...info,
        buildIds: [...info.buildIds, ...this.buildIds],
        damaged: [...info.damaged, ...this.damaged],
      },
      names: { descriptions, eventTypes, pmus, updates },
      isCompressed,
    };
  }

  private apply(reader: RecordReader): void {
    switch (reader.type) {
      case PerfRecord.HEADER_ATTR:
        this.addAttr(reader.body());
        break;
      case PerfRecord.HEADER_EVENT_TYPE: {
        const { config, name } = readEventType(reader.body());
        this.eventTypes.set(config, name);
        break;
      }
      case PerfRecord.HEADER_FEATURE: {
        const { feature, content } = readHeaderFeature(reader.body());
        // One without content marks the end of the features; its number is the first unknown one.
        if (content.remaining > 0) this.features.add(feature, content);
        break;
      }
      case PerfRecord.HEADER_BUILD_ID:
        this.buildIds.push(readBuildId(reader.body(), reader.misc));
        break;
      case PerfRecord.EVENT_UPDATE:
        this.update(readEventUpdate(reader.body()));
        break;
      case PerfRecord.COMPRESSED:
      case PerfRecord.COMPRESSED2:
        this.isCompressed = true;
        break;
      default:
      // The rest does not describe the recording.
    }
  }

  private addAttr(body: Cursor): void {
    const entry = readHeaderAttr(body);
    this.idCount += entry.ids.length;
    if (this.attrs.length >= MAX_EVENTS || this.idCount > MAX_IDS) {
      throw body.fault(`at most ${MAX_EVENTS} events and ${MAX_IDS} IDs`, 'more');
    }
    this.attrs.push(entry);
  }

  private update(record: EventUpdateRecord): void {
    const update = this.updates.get(record.id) ?? {};
    if (record.kind === 'unit') update.unit = record.unit;
    else if (record.kind === 'scale') update.scale = record.scale;
    else if (record.kind === 'name') update.name = record.name;
    this.updates.set(record.id, update);
  }
}
