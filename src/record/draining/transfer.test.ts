import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  QueueReader,
  QueueWriter,
  SegmentKind,
  askToStop,
  askToSwitch,
  createQueue,
  queueProgress,
} from './transfer.js';

/** xorshift32: the same numbers in every run. */
function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test('bytes of any sizes come out as they went in, however often the queue wraps', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const next = random(seed * 7919);
    const capacity = 4096;
    const queue = createQueue(capacity);
    const writer = new QueueWriter(queue);
    const reader = new QueueReader(queue);
    const expected: { ring: number; bytes: number[] }[] = [];
    const held: { size: number }[] = [];
    let inUse = 0;
    let passed = 0;
    const takeAll = (): void => {
      for (let segment = reader.take(); segment !== undefined; segment = reader.take()) {
        held.push(segment);
        if (segment.kind === SegmentKind.PADDING) continue;
        const { ring, bytes } = expected.shift() ?? assert.fail('more segments than were written');
        assert.equal(segment.kind, SegmentKind.RECORDS);
        assert.equal(segment.ring, ring);
        assert.deepEqual([...reader.bytes.subarray(segment.start, segment.end)], bytes);
      }
    };
    for (let i = 0; i < 400; i++) {
      const size = next(128) * 8;
      // What is reserved may be more than is used in the end. A segment may need padding of its size.
      if (inUse + 2 * (size + 64) > capacity) {
        takeAll();
        for (const { size: given } of held.splice(0)) reader.release(given);
        inUse = 0;
      }
      const start = writer.reserve(size + 8);
      assert.equal(start % 8, 0);
      assert.ok(start + size + 8 <= capacity, 'a segment lies in one piece');
      const bytes = Array.from({ length: size }, () => next(256));
      writer.bytes.set(bytes, start);
      writer.commitRecords(start, size, i);
      expected.push({ ring: i, bytes });
      inUse += 2 * (size + 64);
      passed += size;
    }
    takeAll();
    assert.deepEqual(expected, []);
    assert.ok(passed > 20 * capacity, 'it wrapped');
  }
});

test('positions wrap at 2^32 bytes', () => {
  const capacity = 1 << 26;
  const queue = createQueue(capacity);
  const writer = new QueueWriter(queue);
  const reader = new QueueReader(queue);
  const size = capacity / 2 - 32;
  for (let i = 0; i < 130; i++) {
    const start = writer.reserve(size);
    writer.words[start >> 2] = i;
    writer.commitRecords(start, size, 0);
    const segment = reader.take() ?? assert.fail('nothing came');
    assert.equal(reader.words[segment.start >> 2], i);
    assert.equal(reader.take(), undefined);
    reader.release(segment.size);
  }
});

test('a horizon is a segment without records', () => {
  const queue = createQueue(4096);
  const writer = new QueueWriter(queue);
  const reader = new QueueReader(queue);
  writer.commitHorizon(2 ** 60 + 512);
  writer.commitHorizon(Infinity);
  const first = reader.take();
  assert.deepEqual(
    [first?.kind, first?.horizon, first?.end],
    [SegmentKind.HORIZON, 2 ** 60 + 512, first?.start],
  );
  assert.equal(reader.take()?.horizon, Infinity);
});

test('the end and the counts are seen from the other side', () => {
  const queue = createQueue(4096);
  const writer = new QueueWriter(queue);
  const reader = new QueueReader(queue);
  assert.equal(reader.closed, false);
  reader.report(4_000_000_000, 7);
  assert.deepEqual(queueProgress(queue), { samples: 4_000_000_000, lost: 7 });
  writer.close();
  assert.equal(reader.closed, true);
  assert.equal(reader.starved, false);
});

test('what is asked of the writer is seen by it, each time', () => {
  const queue = createQueue(4096);
  const writer = new QueueWriter(queue);
  const reader = new QueueReader(queue);
  assert.equal(writer.isStopped, false);
  assert.equal(writer.takeSwitches(), 0);
  askToSwitch(queue);
  askToSwitch(queue);
  assert.equal(writer.takeSwitches(), 2);
  assert.equal(writer.takeSwitches(), 0);
  askToSwitch(queue);
  assert.equal(writer.takeSwitches(), 1);
  writer.commitSwitch();
  const segment = reader.take();
  assert.deepEqual([segment?.kind, segment?.end], [SegmentKind.SWITCH, segment?.start]);
  askToStop(queue);
  assert.equal(writer.isStopped, true);
});
