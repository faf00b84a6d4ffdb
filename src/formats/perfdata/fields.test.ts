/** Every field of a sample, counts read with samples, and the bodies of all other records. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { Cursor } from '../../base/cursor.js';
import { FormatError } from '../../base/errors.js';
import { MemorySource } from '../../base/source.js';
import { Bytes, fileBytes, recordBytes, type WrittenEvent } from '../../testing/perfdata.js';
import { readAux, readAuxOutputHwId, readItraceStart, readRead, readThrottle } from './counters.js';
import { readBpfEvent, readKsymbol, readTextPoke } from './kernel-code.js';
import { readPerfData } from './reader.js';
import { GroupReads } from './reads.js';
import type { RecordReader } from './records.js';
import { SampleView } from './sample.js';
import { readCallchainDeferred, readCgroup, readNamespaces, readSwitch } from './sideband.js';
import { PerfFormat, PerfMisc, PerfRecord, PerfSample } from './spec.js';
import {
  readAuxTrace,
  readAuxTraceError,
  readAuxTraceInfo,
  readBpfMetadata,
  readCpuMap,
  readEventUpdate,
  readIdIndex,
  readStat,
  readStatConfig,
  readStatRound,
  readThreadMap,
  readTimeConversion,
} from './tool-records.js';

/** All bits but READ, WEIGHT (which WEIGHT_STRUCT replaces). */
const ALL = (1 << 25) - 1 - PerfSample.READ - PerfSample.WEIGHT;
const BRANCH = (1n << 17n) | (1n << 19n); // with the index and counters

function readerOf(littleEndian: boolean, event: WrittenEvent, data: Uint8Array): RecordReader {
  return readPerfData(new MemorySource(fileBytes([event], data, { littleEndian }))).records();
}

const EVENT: WrittenEvent = {
  attr: {
    sample_type: ALL,
    branch_sample_type: BRANCH,
    sample_regs_user: 0b11n,
    sample_regs_intr: 0b101n,
    sample_stack_user: 16,
  },
  ids: [9],
};

function sampleBytes(littleEndian: boolean): Uint8Array {
  return recordBytes(littleEndian, PerfRecord.SAMPLE, PerfMisc.USER, (out) => {
    out.u64(9, 0x1234).u32(10).u32(11).u64(1000, 0xadd7, 9, 77).u32(3).u32(0).u64(500);
    out.u64(2, -512, 0x1234); // callchain
    out.u32(5).raw([1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0]);
    out.u64(2, 4).u64(21, 22, 23, 31, 32, 33).u64(41, 42); // branches
    out.u64(2, 0xb0, 0xb1); // user registers
    out.u64(16, 0xd0, 0xd1, 8); // stack
    out.number((3n << 48n) | (2n << 32n) | 1n, 8); // weights
    out.number(0x1_0000_0002n, 8).number(0x5_0000_0004n, 8); // data source, transaction
    out.u64(2, 0xc0, 0xc2); // registers at the interrupt
    out.u64(0x9990, 0xc6, 4096, 2097152); // physical address, cgroup, page sizes
    out.u64(8, 0xa5);
  });
}

for (const littleEndian of [true, false]) {
  const order = littleEndian ? 'little-endian' : 'big-endian';

  test(`${order}: every field of a sample`, () => {
    const reader = readerOf(littleEndian, EVENT, sampleBytes(littleEndian));
    const view = new SampleView();
    assert.ok(reader.next() && reader.sample(view) && view.rest());
    const { words } = view;
    assert.deepEqual(
      [view.id, view.ip, view.pid, view.tid, view.time, view.addr, view.streamId, view.cpu],
      [9, 0x1234, 10, 11, 1000, 0xadd7, 77, 3],
    );
    assert.deepEqual([view.period, view.callchainLength], [500, 2]);
    assert.deepEqual([...reader.raw(view)], [1, 2, 3, 4, 5]);
    const branch = Array.from({ length: 6 }, (_, i) => words[view.branches + i * 2]);
    assert.deepEqual(
      [view.branchCount, view.branchHwIndex, ...branch],
      [2, 4, 21, 22, 23, 31, 32, 33],
    );
    assert.equal(view.number(view.branchCounters + 2), 42);
    assert.deepEqual([view.regsAbi, words[view.regs + 2]], [2, 0xb1]);
    assert.deepEqual([view.stackBytes, words[view.stack]], [8, 0xd0]);
    assert.deepEqual([words[view.weight], words[view.weight + 1]], [1, (3 << 16) | 2]);
    assert.deepEqual([words[view.dataSource], words[view.dataSource + 1]], [2, 1]);
    assert.deepEqual([words[view.transaction], words[view.transaction + 1]], [4, 5]);
    assert.deepEqual([view.regsIntrAbi, words[view.regsIntr + 2]], [2, 0xc2]);
    assert.deepEqual(
      [view.physAddr, view.cgroup, view.dataPageSize, view.codePageSize],
      [0x9990, 0xc6, 4096, 2097152],
    );
    assert.deepEqual([view.auxBytes, words[view.aux]], [8, 0xa5]);
  });

  test(`${order}: a sample that ends early is refused, wherever it ends`, () => {
    const bytes = sampleBytes(littleEndian);
    for (let size = 8; size < bytes.length; size += 8) {
      const cut = bytes.slice(0, size);
      new DataView(cut.buffer).setUint16(6, size, littleEndian);
      const reader = readerOf(littleEndian, EVENT, cut);
      const view = new SampleView();
      assert.ok(reader.next());
      assert.ok(!reader.sample(view) || !view.rest(), `${size} bytes`);
    }
  });

  test(`${order}: the thread and CPU that a record's end names`, () => {
    const { attr } = EVENT;
    const event = { ...EVENT, attr: { ...attr, flags: { sample_id_all: true } } };
    const data = recordBytes(littleEndian, PerfRecord.SWITCH, PerfMisc.SWITCH_OUT, (out) =>
      out.u32(5).u32(6).u64(100, 9, 77).u32(2).u32(0).u64(9),
    );
    const reader = readerOf(littleEndian, event, data);
    assert.ok(reader.next());
    assert.deepEqual([reader.pid, reader.tid, reader.time, reader.cpu], [5, 6, 100, 2]);
    assert.ok(readSwitch(reader.body(), reader.type, reader.misc).out);
  });

  test(`${order}: CPU maps in all encodings`, () => {
    const map = (fill: (out: Bytes) => void): number[] => {
      const out = new Bytes(littleEndian);
      fill(out);
      return readCpuMap(new Cursor(out.done(), 'test', littleEndian));
    };
    const list = [0, 3, 65];
    assert.deepEqual(
      map((out) => out.u16(0).u16(3).u16(0).u16(3).u16(65)),
      list,
    );
    assert.deepEqual(
      map((out) => out.u16(1).u16(3).u16(4).u32(9).u32(0).u32(2)),
      list,
    );
    assert.deepEqual(
      map((out) => out.u16(1).u16(2).u16(8).u32(0).u64(9, 2)),
      list,
    );
    assert.deepEqual(
      map((out) => out.u16(2).raw([1, 0]).u16(2).u16(4)),
      [-1, 2, 3, 4],
    );
    assert.throws(() => map((out) => out.u16(7)), FormatError);
  });
}

test('of a group that is read each member gets what its count has grown', () => {
  const group = PerfFormat.GROUP | PerfFormat.ID | PerfFormat.TOTAL_TIME_ENABLED | PerfFormat.LOST;
  const sample_type = PerfSample.IDENTIFIER | PerfSample.TID | PerfSample.READ;
  const leader = { attr: { sample_type, read_format: group }, ids: [1, 3] };
  const member = { attr: { sample_type, read_format: group, config: 1n }, ids: [2, 4] };
  const sample = (tid: number, ...counts: [id: number, value: number][]): Uint8Array =>
    recordBytes(true, PerfRecord.SAMPLE, 0, (out) => {
      out.u64(counts[0][0]).u32(1).u32(tid).u64(counts.length, 99);
      for (const [id, value] of counts) out.u64(value, id, 0);
    });
  const samples = [
    sample(1, [1, 100], [2, 7]),
    sample(1, [3, 50], [4, 2]), // the same events on another CPU
    sample(1, [1, 160], [2, 7]),
    sample(2, [1, 200], [99, 5], [2, 8]),
  ];
  const split = (inherit: boolean): number[][] => {
    const events = [leader, member].map((event) => ({
      ...event,
      attr: { ...event.attr, flags: { inherit } },
    }));
    const file = readPerfData(new MemorySource(fileBytes(events, Buffer.concat(samples))));
    const groups = new GroupReads(file.events);
    assert.ok(groups.isNeeded);
    const reader = file.records();
    const view = new SampleView();
    const found: number[][] = [];
    while (reader.next()) {
      assert.ok(reader.sample(view));
      groups.split(view);
      for (let i = 0; i < groups.length; i++) found.push([groups.events[i], groups.periods[i]]);
    }
    assert.equal(groups.unknownIds, 1);
    return found;
  };
  const first = [
    [0, 100],
    [1, 7],
    [0, 50],
    [1, 2],
    [0, 60],
  ];
  assert.deepEqual(split(false), [...first, [0, 40], [1, 1]]);
  // Where threads inherit events each counts for itself.
  assert.deepEqual(split(true), [...first, [0, 200], [1, 8]]);
});

test('an event that is read alone', () => {
  const attr = { sample_type: PerfSample.READ, read_format: PerfFormat.ID | 1 };
  const data = recordBytes(true, PerfRecord.SAMPLE, 0, (out) => out.u64(30, 99, 5));
  const file = readPerfData(new MemorySource(fileBytes([{ attr, ids: [5] }], data)));
  const groups = new GroupReads(file.events);
  const reader = file.records();
  const view = new SampleView();
  assert.ok(reader.next() && reader.sample(view));
  groups.split(view);
  assert.deepEqual([groups.length, groups.events[0], groups.periods[0]], [1, 0, 30]);
});

/** Bodies, how they are read, and what is in them. */
const BODIES: [string, (out: Bytes) => unknown, (body: Cursor) => unknown, unknown][] = [
  ['THROTTLE', (out) => out.u64(1, 2, 3), readThrottle, { time: 1, id: 2, streamId: 3 }],
  [
    'READ',
    (out) => out.u32(1).u32(2).u64(3, 4, 5, 6),
    (body) => readRead(body, 2 | 4 | 16),
    { pid: 1, tid: 2, value: 3, timeEnabled: 0, timeRunning: 4, id: 5, lost: 6 },
  ],
  ['AUX', (out) => out.u64(1, 2, 4), readAux, { offset: 1, size: 2, flags: 4 }],
  ['ITRACE_START', (out) => out.u32(1).u32(2), readItraceStart, { pid: 1, tid: 2 }],
  ['AUX_OUTPUT_HW_ID', (out) => out.u64(7), readAuxOutputHwId, 7n],
  [
    'SWITCH_CPU_WIDE',
    (out) => out.u32(4).u32(5),
    (body) => readSwitch(body, PerfRecord.SWITCH_CPU_WIDE, PerfMisc.SWITCH_OUT_PREEMPT),
    { out: false, preempted: true, otherPid: 4, otherTid: 5 },
  ],
  [
    'NAMESPACES',
    (out) => out.u32(1).u32(2).u64(2, 3, 4, 5, 6),
    readNamespaces,
    {
      pid: 1,
      tid: 2,
      namespaces: [
        { device: 3, inode: 4 },
        { device: 5, inode: 6 },
      ],
    },
  ],
  ['CGROUP', (out) => out.u64(8).text('/user.slice'), readCgroup, { id: 8, path: '/user.slice' }],
  [
    'CALLCHAIN_DEFERRED',
    (out) => out.u64(9, 2, -512, 0x400),
    readCallchainDeferred,
    { cookie: 9n, addresses: [-512, 0x400] },
  ],
  [
    'KSYMBOL',
    (out) => out.u64(-4096).u32(64).u16(1).u16(1).text('bpf_prog_x'),
    readKsymbol,
    { address: -4096, size: 64, type: 1, unregistered: true, name: 'bpf_prog_x' },
  ],
  [
    'BPF_EVENT',
    (out) => out.u16(1).u16(0).u32(12).raw([1, 2, 3, 4, 5, 6, 7, 8]),
    readBpfEvent,
    { type: 1, flags: 0, id: 12, tag: '0102030405060708' },
  ],
  [
    'TEXT_POKE',
    (out) => out.u64(-8).u16(1).u16(2).raw([0x90, 0xeb, 0xfe]),
    readTextPoke,
    { address: -8, before: Uint8Array.of(0x90), after: Uint8Array.of(0xeb, 0xfe) },
  ],
  [
    'EVENT_UPDATE',
    (out) => out.u64(1, 3).raw([0, 0, 0, 0, 0, 0, 0xe0, 0x3f]),
    readEventUpdate,
    { id: 3, kind: 'scale', scale: 0.5 },
  ],
  [
    'ID_INDEX',
    (out) => out.u64(1, 7, 0, 1, -1, 99, 2),
    readIdIndex,
    [{ id: 7, index: 0, cpu: 1, tid: -1, machinePid: 99, vcpu: 2 }],
  ],
  [
    'THREAD_MAP',
    (out) => out.u64(1, 5).raw(Buffer.from('main'.padEnd(16, '\0'))),
    readThreadMap,
    [{ tid: 5, comm: 'main' }],
  ],
  ['STAT_CONFIG', (out) => out.u64(1, 1, 1000), readStatConfig, new Map([[1, 1000]])],
  [
    'STAT',
    (out) => out.u64(1).u32(2).u32(3).u64(4, 5, 6),
    readStat,
    { id: 1, cpu: 2, thread: 3, value: 4, timeEnabled: 5, timeRunning: 6 },
  ],
  ['STAT_ROUND', (out) => out.u64(1, 2), readStatRound, { final: true, time: 2 }],
  [
    'TIME_CONV',
    (out) => out.u64(1, 2, 3),
    readTimeConversion,
    { shift: 1, multiplier: 2, zero: 3n, cycles: 0n, mask: 0n },
  ],
  [
    'AUXTRACE_INFO',
    (out) => out.u32(1).u32(0).u64(7, 8),
    readAuxTraceInfo,
    { type: 1, values: [7n, 8n] },
  ],
  [
    'AUXTRACE',
    (out) => out.u64(1, 2, 3).u32(4).u32(5).u32(6).u32(0),
    readAuxTrace,
    { size: 1, offset: 2, reference: 3n, index: 4, tid: 5, cpu: 6 },
  ],
  [
    'AUXTRACE_ERROR',
    (out) => out.u32(1).u32(2).u32(3).u32(4).u32(5).u32(1).u64(0x40, 9).text('overflow'),
    readAuxTraceError,
    { type: 1, code: 2, cpu: 3, pid: 4, tid: 5, ip: 0x40, time: 9, message: 'overflow' },
  ],
  [
    'BPF_METADATA',
    (out) => {
      out.raw(Buffer.from('prog'.padEnd(256, '\0'))).u64(1);
      out.raw(Buffer.from('version'.padEnd(64, '\0') + '1.2'.padEnd(256, '\0')));
    },
    readBpfMetadata,
    { program: 'prog', entries: [['version', '1.2']] },
  ],
];

for (const [name, write, read, expected] of BODIES) {
  test(`${name}: in both byte orders; cut at every byte it is refused or shorter`, () => {
    const little = new Bytes(true);
    write(little);
    const bytes = little.done();
    assert.deepEqual(read(new Cursor(bytes, 'test')), expected);
    if (name !== 'EVENT_UPDATE') {
      const big = new Bytes(false);
      write(big);
      assert.deepEqual(read(new Cursor(big.done(), 'test', false)), expected);
    }
    for (let length = 0; length < bytes.length; length++) {
      try {
        read(new Cursor(bytes.subarray(0, length), 'test'));
      } catch (error) {
        assert.ok(error instanceof FormatError);
      }
    }
  });
}
