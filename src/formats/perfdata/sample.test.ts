import assert from 'node:assert/strict';
import test from 'node:test';

import { MemorySource } from '../../base/source.js';
import { addressFrom } from '../../base/units.js';
import { RecordingWriter } from '../../testing/perfdata.js';
import { readPerfData } from './reader.js';
import type { RecordReader } from './records.js';
import { SampleView } from './sample.js';
import { readComm, readFork, readLost, readMmap } from './sideband.js';
import { PerfContext, PerfRecord } from './spec.js';

function readerOf(writer: RecordingWriter): RecordReader {
  return readPerfData(new MemorySource(writer.bytes())).records();
}

function chainOf({ words, callchain, callchainLength }: SampleView): number[] {
  return Array.from({ length: callchainLength }, (_, i) =>
    addressFrom(words[callchain + i * 2], words[callchain + i * 2 + 1]),
  );
}

for (const littleEndian of [true, false]) {
  const order = littleEndian ? 'little-endian' : 'big-endian';

  test(`${order}: every field of a sample is found behind all others`, () => {
    const writer = new RecordingWriter(littleEndian, true);
    const callers = [0x7f1234567890, 0x400000];
    writer.sample({ pid: 10, tid: 11, time: 2 ** 45 + 3, ip: -0x7f000000, callers });
    const reader = readerOf(writer);
    assert.ok(reader.next());
    const view = new SampleView();
    assert.ok(reader.sample(view));
    assert.deepEqual(
      [view.ip, view.pid, view.tid, view.time, view.cpu, view.period, view.cpuMode],
      [-0x7f000000, 10, 11, 2 ** 45 + 3, 3, 1000, 1],
    );
    assert.equal(reader.time, view.time);
    assert.deepEqual(chainOf(view), [PerfContext.KERNEL, -0x7f000000, ...callers]);
    const { words, regs, stack } = view;
    assert.deepEqual([view.regsAbi, words[regs], words[regs + 2]], [2, 0xbb, 0x7fff0000]);
    assert.deepEqual([view.stackBytes, words[stack], words[stack + 2]], [8, 0xd0, 0xd1]);
    assert.equal(reader.next(), false);
  });

  test(`${order}: records of processes and mappings, and their times`, () => {
    const writer = new RecordingWriter(littleEndian)
      .comm(5, 'a (b) c', 100, true)
      .mmap(5, 0x7f0000001000, 0x2000, 0x3000, '/lib/x y.so', 101)
      .fork(6, 5, 102)
      .lost(17, 103);
    const reader = readerOf(writer);
    assert.ok(reader.next());
    const comm = { pid: 5, tid: 5, comm: 'a (b) c', exec: true };
    assert.deepEqual([reader.time, readComm(reader.body(), reader.misc)], [100, comm]);
    assert.ok(reader.next());
    assert.equal(reader.time, 101);
    assert.deepEqual(readMmap(reader.body(), reader.type, reader.misc), {
      pid: 5,
      tid: 5,
      start: 0x7f0000001000,
      length: 0x2000,
      pgoff: 0x3000,
      path: '/lib/x y.so',
      executable: true,
      buildId: undefined,
      inode: '8:1 4711 0',
      prot: 5,
      flags: 2,
    });
    assert.ok(reader.next());
    const fork = { pid: 6, parentPid: 5, tid: 6, parentTid: 5, synthesized: false };
    assert.deepEqual([reader.time, readFork(reader.body(), reader.misc)], [102, fork]);
    assert.ok(reader.next());
    assert.deepEqual([reader.time, readLost(reader.body(), reader.type)], [103, 17]);
  });
}

test('a sample that ends before its fields is refused, wherever it ends', () => {
  const writer = new RecordingWriter(true, true).sample({ pid: 1, time: 9, callers: [1, 2, 3] });
  const bytes = writer.bytes();
  const { data } = readPerfData(new MemorySource(bytes)).header;
  const view = new SampleView();
  for (let size = 8; size < data.size; size += 8) {
    new DataView(bytes.buffer).setUint16(data.offset + 6, size, true);
    const reader = readPerfData(new MemorySource(bytes)).records();
    assert.ok(reader.next());
    // What follows the stack (8 bytes of interrupt registers) is not looked at.
    assert.equal(reader.sample(view), size >= data.size - 8, `${size} bytes`);
  }
});

test('with one event no ID is asked for', () => {
  const writer = new RecordingWriter().sample({ pid: 1, time: 9, id: 12345 });
  const reader = readerOf(writer);
  assert.ok(reader.next());
  assert.equal(reader.event, 0);
});

test('a record that is too small ends reading, and is told', () => {
  const bytes = new RecordingWriter().sample({ pid: 1, time: 1 }).round().bytes();
  const { data } = readPerfData(new MemorySource(bytes)).header;
  new DataView(bytes.buffer).setUint16(data.offset + data.size - 2, 3, true);
  const reader = readPerfData(new MemorySource(bytes)).records();
  assert.ok(reader.next());
  assert.equal(reader.type, PerfRecord.SAMPLE);
  assert.equal(reader.next(), false);
  const offset = data.offset + data.size - 8;
  assert.deepEqual(reader.earlyEnd, { offset, reason: 'a record of 3 bytes' });
});
