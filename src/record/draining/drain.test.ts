import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PerfSample } from '../../formats/perfdata/spec.js';
import { mapMemory, unmapMemory, viewMapped } from '../../linux/memory.js';
import { Ring, type RingMemory } from '../../linux/ring.js';
import {
  COMMON_SAMPLE_TYPE,
  recordedRegisters,
  type RecordedEvent,
} from '../events/sample-layout.js';
import { RecordCopier, drainRing } from './drain.js';
import { createStackTops, StackTops } from './stack-tops.js';
import { QueueReader, QueueWriter, createQueue } from './transfer.js';

const { PERIOD, CALLCHAIN, REGS_USER, STACK_USER } = PerfSample;
const PAGE = 4096;
const { mask, dwarf, stackPointer: STACK_POINTER } = recordedRegisters(process.arch);
const REGISTERS = dwarf.length;
const SAMPLE = 9;
const COMM = 3;
const DATA_HEAD = 1024;
const DATA_TAIL = 1032;

/** A ring in memory of our own, with the kernel's part played by the test. */
class FakeRing {
  readonly memory: RingMemory;
  private readonly bytes: Uint8Array;
  private readonly control: BigUint64Array;

  constructor(dataSize: number, start: number) {
    const memory = mapMemory(PAGE + dataSize);
    this.memory = { ...memory, fd: 3, pageSize: PAGE, dataSize, backward: false };
    const buffer = viewMapped(memory);
    this.bytes = new Uint8Array(buffer, PAGE, dataSize);
    this.control = new BigUint64Array(buffer, 0, PAGE / 8);
    this.control[DATA_HEAD / 8] = this.control[DATA_TAIL / 8] = BigInt(start);
  }

  put(record: Uint8Array): void {
    const head = this.control[DATA_HEAD / 8];
    for (let i = 0; i < record.length; i++) {
      this.bytes[Number((head + BigInt(i)) % BigInt(this.bytes.length))] = record[i];
    }
    this.control[DATA_HEAD / 8] = head + BigInt(record.length);
  }

  get unread(): number {
    return Number(this.control[DATA_HEAD / 8] - this.control[DATA_TAIL / 8]);
  }
}

const TOPS = new StackTops(createStackTops());

const EVENT: RecordedEvent = {
  name: 'cpu-clock',
  role: 'samples',
  attr: {},
  kernelAttr: {
    sample_type: COMMON_SAMPLE_TYPE | PERIOD | CALLCHAIN | REGS_USER | STACK_USER,
    sample_regs_user: mask,
    sample_stack_user: 1024,
    flags: {},
  },
  ids: [1n],
};
/** The same without stacks. */
const PLAIN: RecordedEvent = { ...EVENT, kernelAttr: { sample_type: 0, flags: {} } };

interface SampleShape {
  readonly chain: number;
  readonly registers: boolean;
  /** Bytes that were asked for, and that were there. */
  readonly dumped: number;
  readonly filled: number;
}

/** A PERF_RECORD_SAMPLE as the kernel writes it, or as it is to arrive: with what holds stack alone. */
function sample(shape: SampleShape, trimmed: boolean, seed: number): Uint8Array {
  const filled = shape.dumped === 0 ? 0 : shape.filled & ~7;
  const dump = trimmed ? filled : shape.dumped;
  const registers = shape.registers ? REGISTERS * 8 : 0;
  const size = 64 + shape.chain * 8 + 8 + registers + 8 + dump + (dump === 0 ? 0 : 8);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SAMPLE, true);
  view.setUint16(4, 0x4002, true);
  view.setUint16(6, size, true);
  for (let at = 8; at < 56; at++) bytes[at] = seed + at;
  view.setUint32(56, shape.chain, true);
  let at = 64;
  for (; at < 64 + shape.chain * 8; at++) bytes[at] = seed * 3 + at;
  view.setUint32(at, shape.registers ? 2 : 0, true);
  at += 8;
  for (const end = at + registers; at < end; at++) bytes[at] = seed * 5 + at;
  view.setUint32(at, dump, true);
  at += 8;
  if (dump === 0) return bytes;
  for (let i = 0; i < dump; i++) bytes[at + i] = i < filled ? seed * 7 + i : 0xee;
  view.setUint32(at + dump, trimmed ? filled : shape.filled, true);
  return bytes;
}

function other(size: number, seed: number): Uint8Array {
  const bytes = Uint8Array.from({ length: size }, (_, i) => seed + i);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, COMM, true);
  view.setUint32(4, size << 16, true);
  return bytes;
}

const SHAPES: readonly SampleShape[] = [
  { chain: 0, registers: true, dumped: 1024, filled: 200 },
  { chain: 5, registers: true, dumped: 512, filled: 512 },
  { chain: 2, registers: true, dumped: 256, filled: 0 },
  { chain: 1, registers: true, dumped: 128, filled: 13 },
  { chain: 3, registers: false, dumped: 0, filled: 0 },
  { chain: 0, registers: true, dumped: 0, filled: 0 },
];

/** Drains all at once; what arrives, in one piece. */
function drain(ring: FakeRing, event: RecordedEvent): Uint8Array {
  const queue = createQueue(1 << 21);
  const reader = new QueueReader(queue);
  const writer = new QueueWriter(queue);
  drainRing(new Ring(ring.memory), writer, new RecordCopier(writer, [event], TOPS));
  const parts: Uint8Array[] = [];
  for (let segment = reader.take(); segment !== undefined; segment = reader.take()) {
    assert.equal(segment.ring, 3);
    parts.push(reader.bytes.slice(segment.start, segment.end));
  }
  assert.equal(ring.unread, 0, 'all was given back to the kernel');
  return Buffer.concat(parts);
}

test('of a stack dump the bytes that hold stack are taken, wherever the ring ends', () => {
  const size = 16384;
  // Every place of the ring's end in the records: head, chain, registers, sizes, stack, their borders.
  const total = SHAPES.reduce((sum, shape) => sum + sample(shape, false, 0).length, 0);
  for (let before = 0; before <= total; before += 8) {
    const ring = new FakeRing(size, 7 * size - before);
    SHAPES.forEach((shape, i) => ring.put(sample(shape, false, i + 1)));
    const expected = Buffer.concat(SHAPES.map((shape, i) => sample(shape, true, i + 1)));
    assert.ok(Buffer.compare(drain(ring, EVENT), expected) === 0, `${before} bytes before the end`);
    unmapMemory(ring.memory);
  }
});

test('other records, and samples without dumps, arrive as they are', () => {
  const ring = new FakeRing(PAGE, 5 * PAGE - 24);
  const records = [other(40, 1), sample({ ...SHAPES[3], dumped: 64 }, false, 2), other(8, 3)];
  for (const record of records) ring.put(record);
  assert.deepEqual(drain(ring, PLAIN), Buffer.concat(records));
});

test('a full ring of the longest records takes several segments', () => {
  const ring = new FakeRing(1 << 20, 1 << 16);
  const records = Array.from({ length: 15 }, (_, i) => other(65528, i));
  for (const record of records) ring.put(record);
  assert.ok(Buffer.compare(drain(ring, EVENT), Buffer.concat(records)) === 0);
});

test('a ring that holds no records is a defect, not a loop', () => {
  for (const head of [0, 4 << 16, 4096 << 16]) {
    const ring = new FakeRing(PAGE, 0);
    const record = new Uint8Array(16);
    new DataView(record.buffer).setUint32(4, head, true);
    ring.put(record);
    assert.throws(() => drain(ring, EVENT), /torn ring/);
  }
});

test('above the known top of a thread nothing is taken', () => {
  const bytes = sample({ chain: 1, registers: true, dumped: 512, filled: 512 }, false, 1);
  const view = new DataView(bytes.buffer);
  const stackPointer = 0x7ffd_1234_5000;
  const registersAt = 64 + 8 + 8;
  view.setBigUint64(registersAt + 8 * STACK_POINTER, BigInt(stackPointer), true);
  const thread = view.getInt32(28, true);
  const stack = [...bytes.subarray(-8 - 512, -8)];
  const sizeWith = (top: number): number => {
    const ring = new FakeRing(16384, 0);
    ring.put(bytes);
    TOPS.set(thread, top);
    const got = drain(ring, EVENT);
    unmapMemory(ring.memory);
    const field = registersAt + REGISTERS * 8;
    const { buffer, byteOffset, length } = got;
    const arrived = new DataView(buffer, byteOffset, length);
    const kept = arrived.getUint32(field, true);
    assert.equal(arrived.getUint32(field + 8 + kept, true), kept);
    assert.equal(arrived.getUint16(6, true), length);
    assert.deepEqual([...got.subarray(field + 8, field + 8 + kept)], stack.slice(0, kept));
    return kept;
  };
  assert.equal(sizeWith(0), 512, 'not known');
  assert.equal(sizeWith(stackPointer + 200), 200);
  assert.equal(sizeWith(stackPointer + 4096), 512, 'higher than what was copied');
  assert.equal(sizeWith(stackPointer - 8), 512, 'of another stack');
});
