import assert from 'node:assert/strict';
import test from 'node:test';

import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import { ATTR_SIZE, decodeAttr, encodeAttr, EMPTY_ATTR, type EventAttr } from './attr.js';

const FULL: EventAttr = {
  type: 1,
  size: ATTR_SIZE,
  config: 0x0123456789abcdefn,
  sample_period: 999,
  sample_type: 0x107e7,
  read_format: 20,
  flags: { disabled: true, freq: true, sample_id_all: true, comm_exec: true, sigtrap: true },
  precise_ip: 2,
  wakeup_events: 3,
  bp_type: 4,
  config1: 5n,
  config2: 6n,
  branch_sample_type: 7n,
  sample_regs_user: 0xff0fffn,
  sample_stack_user: 8192,
  clockid: -2,
  sample_regs_intr: 9n,
  aux_watermark: 10,
  sample_max_stack: 127,
  aux_sample_size: 11,
  sig_data: 12n,
  config3: 13n,
};

test('an attribute survives encoding and decoding', () => {
  const cursor = new Cursor(encodeAttr(FULL), 'test');
  assert.deepEqual(decodeAttr(cursor, ATTR_SIZE), FULL);
  assert.equal(cursor.remaining, 0);
});

test('flags lie where perf_event.h has them', () => {
  const { buffer } = encodeAttr({
    flags: { disabled: true, mmap: true, mmap_data: true, mmap2: true, sigtrap: true },
    precise_ip: 3,
  });
  const word = new DataView(buffer).getBigUint64(40, true);
  assert.equal(
    word,
    (1n << 0n) | (1n << 8n) | (3n << 15n) | (1n << 17n) | (1n << 23n) | (1n << 37n),
  );
});

test('an older and a newer struct are read by their sizes', () => {
  const older = encodeAttr(FULL);
  new DataView(older.buffer).setUint32(4, 72, true); // PERF_ATTR_SIZE_VER1: up to config2
  const attr = decodeAttr(new Cursor(older, 'test'), ATTR_SIZE);
  assert.deepEqual([attr.config2, attr.branch_sample_type, attr.sample_stack_user], [6n, 0n, 0]);

  const newer = new Uint8Array(ATTR_SIZE + 8);
  newer.set(encodeAttr(FULL));
  const cursor = new Cursor(newer, 'test');
  assert.deepEqual(decodeAttr(cursor, newer.length), FULL);
  assert.equal(cursor.remaining, 0);
});

test('big-endian bit fields begin at the top of their bytes', () => {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 1);
  view.setUint32(4, 64);
  bytes[40] = 0b1100_0000; // disabled, inherit
  bytes[41] = 0b0000_0001; // the upper bit of precise_ip
  bytes[42] = 0b0010_0000; // sample_id_all
  const attr = decodeAttr(new Cursor(bytes, 'test', false), 64);
  assert.deepEqual(attr, {
    ...EMPTY_ATTR,
    type: 1,
    size: 64,
    flags: { disabled: true, inherit: true, sample_id_all: true },
    precise_ip: 2,
  });
});

test('an attribute below the first version is refused', () => {
  assert.throws(() => decodeAttr(new Cursor(new Uint8Array(63), 'test'), 63), FormatError);
  assert.throws(() => decodeAttr(new Cursor(new Uint8Array(63), 'test'), 64), FormatError);
});
