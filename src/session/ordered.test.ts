import assert from 'node:assert/strict';
import test from 'node:test';

import { MemorySource } from '../base/source.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { RecordingWriter } from '../testing/perfdata.js';
import { OrderedRecords } from './ordered.js';

/** What is visited: `s3#0` for a sample at 3 that is the file's first, `m3` for a mapping, … */
function visited(writer: RecordingWriter, maxWaiting?: number): { order: string; late: number } {
  const reader = readPerfData(new MemorySource(writer.bytes())).records();
  const records = new OrderedRecords(reader, maxWaiting);
  const letters: Record<number, string> = {
    [PerfRecord.SAMPLE]: 's',
    [PerfRecord.MMAP2]: 'm',
    [PerfRecord.COMM]: 'c',
  };
  const order: string[] = [];
  records.forEach((ordinal) => {
    order.push(`${letters[reader.type]}${reader.time}${ordinal < 0 ? '' : `#${ordinal}`}`);
  });
  return { order: order.join(' '), late: records.late };
}

function samples(writer: RecordingWriter, times: readonly number[]): RecordingWriter {
  for (const time of times) writer.sample({ pid: 1, time });
  return writer;
}

test('records of several buffers come in the order of time, across rounds', () => {
  const writer = new RecordingWriter();
  samples(writer, [10, 40, 60]); // one CPU's buffer
  samples(writer, [20, 30, 70]); // another's
  writer.round();
  samples(writer, [80, 95]);
  samples(writer, [65, 90]); // older than 70, but no older than the round before allows
  writer.round();
  const { order, late } = visited(writer);
  assert.equal(order, 's10#0 s20#3 s30#4 s40#1 s60#2 s65#8 s70#5 s80#6 s90#9 s95#7');
  assert.equal(late, 0);
});

test('records without time come first; equal times keep the order of the file', () => {
  const writer = new RecordingWriter();
  samples(writer, [20, 10]);
  writer.comm(1, 'made up', 0);
  writer.comm(1, 'x', 10);
  assert.equal(visited(writer).order, 'c0 s10#1 c10 s20#0');
});

test('a mapping goes before samples that are a little older, not before a new name', () => {
  const writer = new RecordingWriter();
  writer.comm(1, 'x', 500_000);
  samples(writer, [510_000, 520_000]);
  writer.mmap(1, 4096, 4096, 0, 'm', 530_000);
  samples(writer, [600_000]);
  writer.mmap(1, 4096, 4096, 0, 'm', 800_000);
  assert.equal(visited(writer).order, 'c500000 m530000 s510000#0 s520000#1 s600000#2 m800000');
});

test('without rounds no more than so many records wait', () => {
  const times = Array.from({ length: 100 }, (_, i) => 1000 + (i ^ 3));
  const { order, late } = visited(samples(new RecordingWriter(), times), 10);
  const found = order.split(' ').map((text) => Number(text.slice(1).split('#')[0]));
  assert.deepEqual(
    found,
    times.toSorted((a, b) => a - b),
  );
  assert.equal(late, 0);
});
