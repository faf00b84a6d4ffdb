/** The forms of the format that no machine at hand writes: byte orders, versions, pipes, compression. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { StrataError } from '../../base/errors.js';
import { MemorySource } from '../../base/source.js';
import {
  Bytes,
  compressedRecords,
  fileBytes,
  pipeBytes,
  RecordingWriter,
  recordBytes,
  storedZstd,
} from '../../testing/perfdata.js';
import { readPerfData } from './reader.js';
import { SampleView } from './sample.js';
import { HeaderFeature, PerfRecord } from './spec.js';

/** Times of all samples, and how reading ended. */
function timesOf(bytes: Uint8Array): { readonly times: number[]; readonly end: string } {
  const file = readPerfData(new MemorySource(bytes));
  const reader = file.records();
  const view = new SampleView();
  const times: number[] = [];
  while (reader.next()) {
    if (reader.type === PerfRecord.SAMPLE && reader.sample(view)) times.push(view.time);
  }
  const end = file.header.cut ?? reader.earlyEnd?.reason ?? '';
  file.close();
  return { times, end };
}

const NAME_SECTION = (littleEndian: boolean): Uint8Array =>
  new Bytes(littleEndian).string('a machine').done();

for (const littleEndian of [true, false]) {
  const order = littleEndian ? 'little-endian' : 'big-endian';
  const writer = new RecordingWriter(littleEndian, true);
  for (let i = 0; i < 40; i++) writer.sample({ pid: 1, time: 100 + i, callers: [1, 2] });
  writer.round();
  const times = Array.from({ length: 40 }, (_, i) => 100 + i);
  const features = new Map([[HeaderFeature.HOSTNAME, NAME_SECTION(littleEndian)]]);

  test(`${order}: version 1, with features and without`, () => {
    assert.deepEqual(timesOf(writer.bytes({ version: 1 })), { times, end: '' });
    const bytes = writer.bytes({ version: 1, features });
    assert.deepEqual(timesOf(bytes), { times, end: '' });
    const { header, info } = readPerfData(new MemorySource(bytes));
    assert.deepEqual([header.version, header.littleEndian], [1, littleEndian]);
    assert.equal(info.hostname, 'a machine');
  });

  test(`${order}: attributes of every size`, () => {
    for (const attrSize of [64, 72, 80, 96, 104, 112, 120, 128, 136]) {
      const attr = { sample_type: 4, sample_period: 7, type: 1 };
      const sample = recordBytes(littleEndian, PerfRecord.SAMPLE, 2, (out) => out.u64(12345));
      const events = [{ attr, ids: [] }];
      for (const version of [1, 2] as const) {
        const form = { littleEndian, attrSize, version };
        assert.deepEqual(timesOf(fileBytes(events, sample, form)).times, [12345]);
        assert.deepEqual(timesOf(pipeBytes(events, sample, form)).times, [12345]);
      }
    }
  });

  test(`${order}: version 1 names tracepoints in the header`, () => {
    const attr = { type: 2, config: 77n, sample_type: 4 };
    const eventTypes = new Map([[77, 'sched:sched_switch']]);
    const form = { littleEndian, version: 1, attrSize: 64, eventTypes } as const;
    const bytes = fileBytes([{ attr, ids: [] }], new Uint8Array(0), form);
    const { events } = readPerfData(new MemorySource(bytes));
    assert.equal(events.events[0].name, 'sched:sched_switch');
  });

  test(`${order}: pipe mode`, () => {
    const bytes = writer.pipe({ features });
    assert.deepEqual(timesOf(bytes), { times, end: '' });
    const { info, header } = readPerfData(new MemorySource(bytes));
    assert.ok(header.isPipe);
    assert.equal(info.hostname, 'a machine');
    assert.deepEqual([...info.features], [HeaderFeature.HOSTNAME]);
    assert.deepEqual(timesOf(writer.pipe({ version: 1 })), { times, end: '' });
  });

  test(`${order}: what pipes tell later: names, build IDs, formats of tracepoints`, () => {
    const attr = { type: 2, config: 5n, sample_type: 4 };
    const events = [
      { attr, ids: [70] },
      { attr: { ...attr, config: 6n }, ids: [71] },
    ];
    const record = recordBytes.bind(undefined, littleEndian);
    const out = new Bytes(littleEndian);
    out.raw(record(PerfRecord.EVENT_UPDATE, 0, (b) => b.u64(2, 70).text('a:b')));
    out.raw(record(PerfRecord.EVENT_UPDATE, 0, (b) => b.u64(0, 70).text('Joules')));
    out.raw(record(PerfRecord.HEADER_EVENT_TYPE, 0, (b) => b.u64(6).text('c:d')));
    out.raw(record(PerfRecord.HEADER_TRACING_DATA, 0, (b) => b.u32(16))).raw(Array(16).fill(9));
    out.raw(
      record(PerfRecord.HEADER_BUILD_ID, 2, (b) =>
        b.u32(5).raw(Array(20).fill(0xab)).u32(0).text('/bin/x'),
      ),
    );
    out.raw(record(200, 0, (b) => b.u64(1)));
    const file = readPerfData(new MemorySource(pipeBytes(events, out.done(), { littleEndian })));
    assert.deepEqual(
      file.events.events.map(({ name, unit }) => [name, unit]),
      [
        ['a:b', 'Joules'],
        ['c:d', undefined],
      ],
    );
    assert.deepEqual(file.info.tracingData, new Uint8Array(16).fill(9));
    const [{ path, buildId, pid }] = file.info.buildIds;
    assert.deepEqual([path, buildId, pid], ['/bin/x', 'ab'.repeat(20), 5]);
    const reader = file.records();
    while (reader.next());
    assert.deepEqual([reader.counts[200], reader.counts[66], reader.earlyEnd], [1, 1, undefined]);
  });

  for (const type of [PerfRecord.COMPRESSED, PerfRecord.COMPRESSED2]) {
    for (const pieceSize of [17, 1001, 60000]) {
      test(`${order}: records of type ${type} cut into pieces of ${pieceSize}`, () => {
        const stream = storedZstd(writer.records());
        const records = compressedRecords(littleEndian, type, stream, pieceSize);
        const round = recordBytes(littleEndian, PerfRecord.FINISHED_ROUND, 0, () => {});
        const data = Buffer.concat([round, records]);
        const compressed = new Map([[HeaderFeature.COMPRESSED, new Uint8Array(20)]]);
        const form = { littleEndian, features: compressed };
        assert.deepEqual(timesOf(fileBytes([writer.event], data, form)), { times, end: '' });
        assert.deepEqual(timesOf(pipeBytes([writer.event], data, form)), { times, end: '' });
      });
    }
  }
}

test('between the pieces of a record others go before it', () => {
  const writer = new RecordingWriter().sample({ pid: 1, time: 5 });
  const stream = storedZstd(writer.records());
  const round = recordBytes(true, PerfRecord.FINISHED_ROUND, 0, () => {});
  const half = stream.length >> 1;
  const piece = (bytes: Uint8Array): Uint8Array =>
    compressedRecords(true, PerfRecord.COMPRESSED, bytes, 60000);
  const data = Buffer.concat([
    piece(stream.subarray(0, half)),
    round,
    piece(stream.subarray(half)),
  ]);
  const features = new Map([[HeaderFeature.COMPRESSED, new Uint8Array(20)]]);
  const file = readPerfData(new MemorySource(fileBytes([writer.event], data, { features })));
  const reader = file.records();
  const types: number[] = [];
  while (reader.next()) types.push(reader.type);
  assert.deepEqual(types, [PerfRecord.FINISHED_ROUND, PerfRecord.SAMPLE]);
});

/** A file with one stream of compressed records. */
function compressedFile(stream: Uint8Array): Uint8Array {
  const data = compressedRecords(true, PerfRecord.COMPRESSED, stream, 60000);
  const features = new Map([[HeaderFeature.COMPRESSED, new Uint8Array(20)]]);
  return fileBytes([new RecordingWriter().event], data, { features });
}

test('a damaged zstd stream is read to the damage, and that is told', () => {
  const writer = new RecordingWriter();
  for (let i = 0; i < 20; i++) writer.sample({ pid: 1, time: 1 + i });
  const stream = storedZstd(writer.records(), 500);
  const whole = timesOf(compressedFile(stream)).times.length;
  assert.equal(whole, 20);
  let last = 0;
  for (let length = 7; length < stream.length; length += 7) {
    const { times, end } = timesOf(compressedFile(stream.subarray(0, length)));
    assert.ok(times.length >= last && times.length < whole);
    // The stream has no end of its own: a cut shows where it leaves a part of a record.
    assert.ok(end === '' || /within a record/.test(end), end);
    last = times.length;
  }
  const cases: [string, (bytes: Uint8Array) => void, RegExp][] = [
    ['magic', (bytes) => (bytes[0] = 0), /expected a frame/],
    ['window of 2 GiB', (bytes) => (bytes[5] = 21 << 3), /a window of at most 134217728/],
    ['dictionary', (bytes) => (bytes[4] = 1), /no dictionary/],
    ['type of block', (bytes) => (bytes[6] |= 6), /a type of block/],
    ['size of block', (bytes) => (bytes[8] = 0xff), /a block of at most/],
    ['size of record', (bytes) => bytes.fill(0, 15, 17), /a record/],
  ];
  for (const [name, damage, message] of cases) {
    const bytes = stream.slice();
    damage(bytes);
    const { times, end } = timesOf(compressedFile(bytes));
    assert.match(end, message, name);
    assert.ok(times.length < whole);
  }
  const second = stream.slice();
  second[9 + 500] |= 6; // the second block's type
  assert.ok(timesOf(compressedFile(second)).times.length > 0);
});

test('records of odd sizes shift those behind them; all are read, also again', () => {
  const writer = new RecordingWriter();
  for (let i = 0; i < 300; i++) writer.sample({ pid: 1, time: 1 + i });
  const odd = recordBytes(true, 200, 0, (out) => out.raw([1, 2, 3]));
  const all = Buffer.concat([writer.records(), odd, writer.records(), odd, writer.records()]);
  for (const data of [all, compressedRecords(true, 81, storedZstd(all), 3001)]) {
    const features = new Map([[HeaderFeature.COMPRESSED, new Uint8Array(20)]]);
    const file = readPerfData(new MemorySource(fileBytes([writer.event], data, { features })));
    const reader = file.records();
    const view = new SampleView();
    const places: number[] = [];
    while (reader.next()) if (reader.type === PerfRecord.SAMPLE) places.push(reader.offset);
    assert.equal(places.length, 900);
    places.forEach((offset, i) => {
      assert.ok(reader.seek(offset) && reader.sample(view) && view.rest());
      assert.equal(view.time, 1 + (i % 300));
    });
    file.close();
  }
});

test('compressed records that the header does not announce are told', () => {
  const writer = new RecordingWriter().sample({ pid: 1, time: 5 });
  const stream = storedZstd(writer.records());
  const data = Buffer.concat([
    writer.records(),
    compressedRecords(true, PerfRecord.COMPRESSED, stream, 60000),
  ]);
  const { times, end } = timesOf(fileBytes([writer.event], data));
  assert.deepEqual(times, [5]);
  assert.match(end, /^compressed records/);
});

test('a bomb is stopped', () => {
  // Run-length blocks of 128 KiB, each of four bytes: records of 0x4141 bytes, one after another.
  const block = new Bytes(true)
    .number(BigInt((131072 << 3) | 2), 3)
    .raw([0x41])
    .done();
  const stream = new Bytes(true).raw(storedZstd(new Uint8Array(0)));
  for (let i = 0; i < 1000; i++) stream.raw(block);
  const { end } = timesOf(compressedFile(stream.done()));
  assert.match(end, /at most \d+ bytes/);
});

test('a file in pipe mode, cut at every byte, is read to the cut or refused', () => {
  const writer = new RecordingWriter(false);
  for (let i = 0; i < 3; i++) writer.sample({ pid: 1, time: 10 + i });
  const bytes = writer.pipe({ features: new Map([[3, NAME_SECTION(false)]]) });
  let last = 0;
  for (let length = 0; length <= bytes.length; length++) {
    try {
      const { times } = timesOf(bytes.subarray(0, length));
      assert.ok(times.length >= last);
      last = times.length;
    } catch (error) {
      assert.ok(error instanceof StrataError && last === 0);
    }
  }
  assert.equal(last, 3);
});
