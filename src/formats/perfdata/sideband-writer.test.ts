import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cursor } from '../../base/cursor.js';
import { encodeComm, encodeFork, encodeMmap, encodeMmap2 } from './sideband-writer.js';
import { readComm, readFork, readMmap } from './sideband.js';
import { PerfMisc, PerfRecord, PROT_EXEC } from './spec.js';

const SAMPLE_ID = new Uint8Array(16).fill(7);
const MAPPING = { pid: 12, tid: 13, start: -0x7f000000, length: 0x3000, pgoff: 0x1000 };

/** What a record says of itself, and the part that readers take. */
function opened(record: Uint8Array): { type: number; misc: number; body: Cursor } {
  const view = new DataView(record.buffer);
  assert.equal(view.getUint16(6, true), record.byteLength);
  assert.equal(record.byteLength % 8, 0);
  const end = record.byteLength - SAMPLE_ID.byteLength;
  assert.deepEqual(record.slice(end), SAMPLE_ID);
  return {
    type: view.getUint32(0, true),
    misc: view.getUint16(4, true),
    body: new Cursor(record.subarray(8, end), 'record'),
  };
}

test('names of any length come back, and end in a zero byte', () => {
  for (const comm of ['', 'seven b', 'eight by', 'nine byte', 'ü'.repeat(40)]) {
    const { type, misc, body } = opened(
      encodeComm({ pid: 1, tid: 2 }, Buffer.from(comm), SAMPLE_ID),
    );
    assert.equal(type, PerfRecord.COMM);
    assert.equal(body.bytes.at(-1), 0);
    assert.deepEqual(readComm(body, misc), { pid: 1, tid: 2, comm, exec: false });
  }
  const long = encodeComm({ pid: 1, tid: 2 }, new Uint8Array(100_000).fill(65), SAMPLE_ID);
  assert.equal(readComm(opened(long).body, 0).comm.length, 4096);
});

test('a fork tells child and parent', () => {
  const child = { pid: 3, tid: 4 };
  const { type, misc, body } = opened(
    encodeFork(child, { pid: 1, tid: 2 }, PerfMisc.FORK_EXEC, SAMPLE_ID),
  );
  assert.equal(type, PerfRecord.FORK);
  assert.deepEqual(readFork(body, misc), {
    ...child,
    parentPid: 1,
    parentTid: 2,
    synthesized: true,
  });
});

test('mappings, with a build ID, an inode or neither', () => {
  const name = Buffer.from('/a b');
  const user = { ...MAPPING, start: 0x7f00_1234_5000, name, prot: PROT_EXEC, flags: 2 };
  const told = { ...MAPPING, start: user.start, path: '/a b', executable: true };
  const read = (record: Uint8Array): unknown => {
    const { type, misc, body } = opened(record);
    return readMmap(body, type, misc);
  };
  const mmap2 = { ...told, prot: PROT_EXEC, flags: 2, buildId: undefined };
  assert.deepEqual(read(encodeMmap2(user, SAMPLE_ID)), { ...mmap2, inode: '0:0 0 0' });
  const file = { major: 8, minor: 1, inode: 2n ** 63n };
  assert.deepEqual(read(encodeMmap2({ ...user, file }, SAMPLE_ID)), {
    ...mmap2,
    inode: '8:1 9223372036854775808 0',
  });
  const buildId = Uint8Array.of(0xab, 0xcd);
  assert.deepEqual(read(encodeMmap2({ ...user, file: { buildId } }, SAMPLE_ID)), {
    ...mmap2,
    buildId: 'abcd',
    inode: undefined,
  });
  assert.deepEqual(read(encodeMmap({ ...MAPPING, name }, PerfMisc.KERNEL, SAMPLE_ID)), {
    ...told,
    start: MAPPING.start,
    prot: 0,
    flags: 0,
    buildId: undefined,
    inode: undefined,
  });
});
