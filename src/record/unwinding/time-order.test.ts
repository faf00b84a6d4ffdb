import assert from 'node:assert/strict';
import { test } from 'node:test';

import { QueueReader, QueueWriter, createQueue } from '../draining/transfer.js';
import { TimeOrder } from './time-order.js';

const SAMPLE = 9;
const FORK = 7;
const RECORD = 64;

/** A queue with one ring's records a letter each, by which the order they were handled in is told. */
class Bench {
  readonly writer: QueueWriter;
  readonly reader: QueueReader;
  readonly order: TimeOrder;
  handled = '';
  readonly times: number[] = [];

  constructor(capacity = 1 << 16) {
    const queue = createQueue(capacity);
    this.writer = new QueueWriter(queue);
    this.reader = new QueueReader(queue);
    this.order = new TimeOrder(
      this.reader,
      (start, size, time) => {
        assert.equal(size, RECORD);
        this.handled += String.fromCharCode(this.reader.words[(start >> 2) + 2]);
        this.times.push(time);
      },
      () => (this.handled += '|'),
    );
  }

  /** `records`: letter and time each; upper case is a sample, lower case another record. */
  put(ring: number, ...records: [name: string, time: number][]): void {
    const start = this.writer.reserve(records.length * RECORD);
    records.forEach(([name, time], i) => {
      const at = (start + i * RECORD) >> 2;
      const isSample = name === name.toUpperCase();
      this.writer.words.fill(0, at, at + RECORD / 4);
      this.writer.words[at] = isSample ? SAMPLE : FORK;
      this.writer.words[at + 1] = RECORD << 16;
      this.writer.words[at + 2] = name.charCodeAt(0);
      // A sample's time is its fifth word pair; another's stands 24 bytes before its end.
      const timeAt = at + (isSample ? 8 : (RECORD - 24) / 4);
      this.writer.words[timeAt] = time % 2 ** 32;
      this.writer.words[timeAt + 1] = Math.floor(time / 2 ** 32);
    });
    this.writer.commitRecords(start, records.length * RECORD, ring);
  }
}

test('records of all rings come in order of time, and none before its time is sure', () => {
  const bench = new Bench();
  bench.put(0, ['A', 10], ['b', 30], ['C', 50]);
  bench.order.advance();
  assert.equal(bench.handled, '', 'without a horizon nothing is sure');
  bench.put(1, ['d', 20], ['E', 40]);
  bench.writer.commitHorizon(40);
  bench.order.advance();
  assert.equal(bench.handled, 'AdbE');
  bench.put(1, ['F', 45]);
  bench.writer.commitHorizon(44);
  bench.order.advance();
  assert.equal(bench.handled, 'AdbE');
  bench.writer.commitHorizon(Infinity);
  bench.order.advance();
  assert.equal(bench.handled, 'AdbEFC');
  assert.deepEqual(bench.times, [10, 20, 30, 40, 45, 50]);
});

test('equal times keep the order of each ring', () => {
  const bench = new Bench();
  bench.put(4, ['A', 5], ['b', 5], ['C', 5]);
  bench.put(2, ['d', 5]);
  bench.writer.commitHorizon(5);
  bench.order.advance();
  assert.equal(bench.handled.replace('d', ''), 'AbC');
  assert.equal(bench.handled.length, 4);
});

test('times beyond 32 bits are whole', () => {
  const bench = new Bench();
  const day = 86_400_000_000_000;
  bench.put(0, ['A', 3 * day + 1], ['b', 3 * day + 0xffff_ffff]);
  bench.writer.commitHorizon(Infinity);
  bench.order.advance();
  assert.deepEqual(bench.times, [3 * day + 1, 3 * day + 0xffff_ffff]);
});

test('a ring whose records end in one segment goes on in the next', () => {
  const bench = new Bench();
  bench.put(0, ['A', 1]);
  bench.put(1, ['B', 2]);
  bench.put(0, ['C', 3]);
  bench.put(1, ['D', 4]);
  bench.put(0, ['E', 5]);
  bench.writer.commitHorizon(Infinity);
  assert.equal(bench.order.advance(), true);
  assert.equal(bench.handled, 'ABCDE');
  assert.equal(bench.order.advance(), false);
});

test('any order of arrival becomes the order of time', () => {
  let state = 12345;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 50; round++) {
    const bench = new Bench();
    const clocks = [0, 0, 0, 0];
    let horizon = 0;
    const all: number[] = [];
    for (let i = 0; i < 60; i++) {
      const ring = random(4);
      const records = Array.from({ length: 1 + random(4) }, (): [string, number] => {
        clocks[ring] = Math.max(clocks[ring], horizon) + 1 + random(20);
        all.push(clocks[ring]);
        return [random(2) === 0 ? 'A' : 'a', clocks[ring]];
      });
      bench.put(ring, ...records);
      if (random(3) === 0) {
        horizon = Math.min(...clocks);
        bench.writer.commitHorizon(horizon);
      }
      if (random(3) === 0) bench.order.advance();
      assert.ok(bench.times.every((time) => time <= horizon));
    }
    bench.writer.commitHorizon(Infinity);
    bench.order.advance();
    assert.deepEqual(
      bench.times,
      [...all].sort((a, b) => a - b),
    );
  }
});

test('room is given back when the oldest segments are done with', () => {
  const bench = new Bench(4096);
  bench.put(0, ['Z', 1000]);
  for (let i = 0; i < 10; i++) bench.put(1, ['A', i], ['b', i]);
  bench.writer.commitHorizon(500);
  bench.order.advance();
  assert.equal(bench.handled.length, 20);
  // The first segment still waits, so that nothing behind it is free yet; then all of it is.
  bench.writer.commitHorizon(1000);
  bench.order.advance();
  assert.equal(bench.handled.at(-1), 'Z');
  for (let i = 0; i < 100; i++) {
    bench.put(0, ['A', 2000 + i], ['b', 2000 + i]);
    bench.writer.commitHorizon(2000 + i);
    bench.order.advance();
  }
  assert.equal(bench.handled.length, 21 + 200);
});

test('a file ends behind what was sure by then, and the rest is of the next', () => {
  const bench = new Bench();
  bench.put(0, ['A', 10], ['b', 30]);
  bench.put(1, ['C', 20], ['D', 40]);
  bench.writer.commitHorizon(30);
  bench.writer.commitSwitch();
  bench.writer.commitHorizon(Infinity);
  bench.order.advance();
  assert.equal(bench.handled, 'ACb|D');
});

test('for a writer without room only the oldest records lose their order', () => {
  const bench = new Bench(1 << 14);
  for (let i = 0; i < 30; i++) {
    bench.put(0, ['A', i], ['A', i]);
    bench.put(1, ['B', i], ['B', i]);
  }
  const control = (bench.reader as unknown as { control: Int32Array }).control;
  Atomics.store(control, 2, 1);
  bench.order.advance();
  const before = bench.handled.length;
  assert.ok(before >= 20 && before < 60, `${before} of 120 records`);
  assert.ok(bench.times.every((time) => time <= before / 4));
  bench.writer.commitHorizon(Infinity);
  bench.order.advance();
  assert.equal(bench.handled.length, 120);
});

test('a writer without room gets it at the cost of order', () => {
  const bench = new Bench(4096);
  bench.put(0, ['A', 10], ['B', 20]);
  bench.writer.commitHorizon(5);
  bench.order.advance();
  assert.equal(bench.handled, '');
  // What a writer that waits leaves for the reader to see (STARVED).
  const control = (bench.reader as unknown as { control: Int32Array }).control;
  Atomics.store(control, 2, 1);
  assert.equal(bench.reader.starved, true);
  bench.order.advance();
  assert.equal(bench.handled, 'AB');
  assert.equal(bench.reader.starved, false);
});
