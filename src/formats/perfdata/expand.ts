/**
 * Recordings whose samples are compressed (`perf record -z`): COMPRESSED records hold pieces of one zstd
 * stream, whose content is the records that the kernel wrote. These may be cut anywhere between two
 * pieces; perf's own records stand between them uncompressed (tools/perf/util/session.c,
 * `perf_session__process_compressed_event`).
 *
 *   file      │ MMAP … │ COMPRESSED │ COMPRESSED │ FINISHED_ROUND │ COMPRESSED │
 *   expanded  │ MMAP … │ SAMPLE SAMPLE SAM│PLE … │ FINISHED_ROUND │ SAMPLE …
 */
import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import type { ByteSource } from '../../base/source.js';
import { Spool } from '../../base/spool.js';
import { ZstdStream } from '../zstd/zstd.js';
import { EventTable } from './events.js';
import { FORMAT, type FileHeader } from './header.js';
import { RecordReader, type EarlyEnd } from './records.js';
import { PerfRecord, RECORD_HEADER_SIZE } from './spec.js';

/**
 * Copies of 64 KiB of the same stack, at the highest level, come to 1:2200. What is more is a bomb: a
 * block of 4 bytes can hold 128 KiB.
 */
const MAX_RATIO = 4096;
/** What is put out in any case. */
const FREE_SIZE = 64 << 20;
/** Copied at once. */
const COPY_SIZE = 1 << 20;

export interface Expanded {
  /** The records, uncompressed. */
  readonly spool: Spool;
  /** Set where not all could be uncompressed; its offset is in the file. */
  readonly lost: EarlyEnd | undefined;
}

/** Reads all records and uncompresses those that are. @throws StrataError where the disk is full */
export function expand(source: ByteSource, header: FileHeader): Expanded {
  const spool = new Spool(`the records of ${source.name}`);
  const reader = new RecordReader(source, header.data, new EventTable([], header.littleEndian));
  const records = new RecordJoiner(spool, header.littleEndian);
  const stream = new ZstdStream((bytes) => {
    const limit = FREE_SIZE + MAX_RATIO * (reader.nextOffset - header.data.offset);
    records.add(bytes, limit);
  });
  try {
    while (reader.next()) {
      if (reader.type === PerfRecord.COMPRESSED) {
        const body = reader.body();
        stream.push(body.take(body.remaining));
      } else if (reader.type === PerfRecord.COMPRESSED2) {
        const body = reader.body();
        stream.push(body.take(body.u64())); // zeros fill up the record
      } else {
        copyRecord(source, reader, spool);
      }
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { spool, lost: { offset: reader.offset, reason: error.message } };
  }
  const { offset, size } = header.data;
  const reason = 'compressed records that end within a record';
  const lost = records.isWithin ? { offset: offset + size, reason } : undefined;
  return { spool, lost: reader.earlyEnd ?? lost };
}

/** With what follows it and its size does not count. */
function copyRecord(source: ByteSource, reader: RecordReader, spool: Spool): void {
  spool.append(reader.bytes.subarray(reader.at, reader.at + reader.size));
  for (let at = reader.offset + reader.size; at < reader.nextOffset; at += COPY_SIZE) {
    spool.append(source.read(at, Math.min(COPY_SIZE, reader.nextOffset - at)));
  }
}

/** Holds back the piece of a record that has not wholly come, so that others can go before it. */
class RecordJoiner {
  private held = new Uint8Array(0);
  private size = 0;

  constructor(
    private readonly spool: Spool,
    private readonly littleEndian: boolean,
  ) {}

  /** Whether a part of a record is held back. */
  get isWithin(): boolean {
    return this.held.byteLength > 0;
  }

  /** @throws FormatError where there is no record, or more than `limit` bytes in all */
  add(bytes: Uint8Array, limit: number): void {
    const all = this.isWithin ? Buffer.concat([this.held, bytes]) : bytes;
    this.size += bytes.byteLength;
    const cursor = new Cursor(all, FORMAT, this.littleEndian);
    cursor.structure = 'compressed records';
    if (this.size > limit) throw cursor.fault(`at most ${limit} bytes`, `${this.size}`);
    let whole = 0;
    while (all.byteLength - whole >= RECORD_HEADER_SIZE) {
      const size = cursor.view.getUint16(whole + 6, this.littleEndian);
      if (size < RECORD_HEADER_SIZE) throw cursor.fault('a record', `one of ${size} bytes`);
      if (whole + size > all.byteLength) break;
      whole += size;
    }
    this.spool.append(all.subarray(0, whole));
    this.held = all.slice(whole);
  }
}
