import assert from 'node:assert/strict';
import test from 'node:test';

import { MemorySource } from '../../base/source.js';
import { readFixture } from '../../testing/fixtures.js';
import { attrBytes, Bytes, fileBytes, type WrittenEvent } from '../../testing/perfdata.js';
import { eventName } from './events.js';
import type { FileInfo } from './features.js';
import { EMPTY_ATTR } from './attr.js';
import { readPerfData } from './reader.js';
import { HeaderFeature, PerfMisc } from './spec.js';

const EVENT: WrittenEvent = { attr: { type: 1, sample_type: 4 }, ids: [5] };

/** A feature's content, and what is to be found of it. */
type Written = [feature: number, (out: Bytes) => unknown, Partial<FileInfo>];

const strings = (out: Bytes, ...texts: string[]): Bytes => {
  out.u32(texts.length);
  for (const text of texts) out.string(text);
  return out;
};

const BPF_INFO_SIZE = 136;

const FEATURES: Written[] = [
  [HeaderFeature.TRACING_DATA, (out) => out.raw([1, 2]), { tracingData: Uint8Array.of(1, 2) }],
  [
    HeaderFeature.BUILD_ID,
    (out) => {
      const path = Buffer.from('/lib/x\0\0');
      out
        .u32(0)
        .u16(PerfMisc.GUEST_USER | PerfMisc.BUILD_ID_SIZE)
        .u16(36 + path.length);
      out.u32(0xffffffff).raw(Array(20).fill(0xcd)).raw([16, 0, 0, 0]).raw(path);
    },
    {
      buildIds: [{ path: '/lib/x', buildId: 'cd'.repeat(16), pid: -1, kernel: false, guest: true }],
    },
  ],
  [HeaderFeature.HOSTNAME, (out) => out.string('host'), { hostname: 'host' }],
  [HeaderFeature.OSRELEASE, (out) => out.string('6.1'), { osRelease: '6.1' }],
  [HeaderFeature.VERSION, (out) => out.string('6.2'), { version: '6.2' }],
  [HeaderFeature.ARCH, (out) => out.string('s390x'), { arch: 's390x' }],
  [HeaderFeature.NRCPUS, (out) => out.u32(3).u32(2), { cpusAvailable: 3, cpusOnline: 2 }],
  [HeaderFeature.CPUDESC, (out) => out.string('a CPU'), { cpuDescription: 'a CPU' }],
  [HeaderFeature.CPUID, (out) => out.string('IBM,1'), { cpuId: 'IBM,1' }],
  [HeaderFeature.TOTAL_MEM, (out) => out.u64(1024), { totalMemory: 1024 }],
  [HeaderFeature.CMDLINE, (out) => strings(out, 'perf', 'a b'), { commandLine: ['perf', 'a b'] }],
  [
    HeaderFeature.CPU_TOPOLOGY,
    (out) => {
      strings(strings(out, '0-2'), '0,2', '1');
      out.u32(0).u32(0).u32(1).u32(0).u32(0).u32(1);
      strings(out, '0-1', '2').u32(0).u32(0).u32(7);
    },
    {
      cpuTopology: {
        siblingCores: ['0-2'],
        siblingDies: ['0-1', '2'],
        siblingThreads: ['0,2', '1'],
        cpus: [
          { core: 0, socket: 0, die: 0 },
          { core: 1, socket: 0, die: 0 },
          { core: 0, socket: 1, die: 7 },
        ],
      },
    },
  ],
  [
    HeaderFeature.NUMA_TOPOLOGY,
    (out) => out.u32(1).u32(4).u64(100, 50).string('0-2'),
    { numaNodes: [{ node: 4, memoryTotal: 100, memoryFree: 50, cpus: '0-2' }] },
  ],
  [HeaderFeature.BRANCH_STACK, () => {}, {}],
  [
    HeaderFeature.PMU_MAPPINGS,
    (out) => out.u32(2).u32(4).string('cpu').u32(10).string('msr'),
    {
      pmus: new Map([
        [4, 'cpu'],
        [10, 'msr'],
      ]),
    },
  ],
  [
    HeaderFeature.GROUP_DESC,
    (out) => out.u32(2).string('{anon_group}').u32(0).u32(2).string('mine').u32(2).u32(3),
    {
      groups: [
        { name: '', leader: 0, members: 2 },
        { name: 'mine', leader: 2, members: 3 },
      ],
    },
  ],
  [HeaderFeature.AUXTRACE, (out) => out.u64(1, 64, 32), { auxTrace: [{ offset: 64, size: 32 }] }],
  [
    HeaderFeature.CACHE,
    (out) =>
      out.u32(1).u32(1).u32(3).u32(64).u32(512).u32(8).string('Unified').string('1M').string('0'),
    {
      caches: [
        { level: 3, lineSize: 64, sets: 512, ways: 8, type: 'Unified', size: '1M', cpus: '0' },
      ],
    },
  ],
  [HeaderFeature.SAMPLE_TIME, (out) => out.u64(10, 20), { sampleTime: [10, 20] }],
  [
    HeaderFeature.MEM_TOPOLOGY,
    (out) => out.u64(1, 4096, 1, 0, 66, 66, 3, 2),
    { memory: { blockSize: 4096, nodes: [{ node: 0, size: 66, blocks: [3n, 2n] }] } },
  ],
  [HeaderFeature.CLOCKID, (out) => out.u64(1), { clockResolution: 1 }],
  [HeaderFeature.DIR_FORMAT, (out) => out.u64(1), { directoryVersion: 1 }],
  [
    HeaderFeature.BPF_PROG_INFO,
    (out) => {
      out.u32(1).u32(BPF_INFO_SIZE).u32(12).u64(0);
      out.u32(5).u32(77).raw([1, 2, 3, 4, 5, 6, 7, 8]).raw(Array(48).fill(0));
      out.raw(Buffer.from('my_prog'.padEnd(40, '\0')));
      out.u32(1).u32(1).u64(0, 8).u32(9).u32(0);
      out.u64(-4096).u32(100);
    },
    {
      bpfPrograms: [
        {
          id: 77,
          type: 5,
          tag: '0102030405060708',
          name: 'my_prog',
          btfId: 9,
          functions: [{ address: -4096, size: 100 }],
        },
      ],
    },
  ],
  [
    HeaderFeature.BPF_BTF,
    (out) => out.u32(1).u32(9).u32(3).raw([7, 8, 9]),
    { bpfTypes: [{ id: 9, data: Uint8Array.of(7, 8, 9) }] },
  ],
  [
    HeaderFeature.CPU_PMU_CAPS,
    (out) => out.u32(1).string('branches').string('32'),
    { cpuPmuCaps: [['branches', '32']] },
  ],
  [
    HeaderFeature.CLOCK_DATA,
    (out) => out.u32(1).u32(4).u64(1000, 500),
    { clock: { id: 4, wallClock: 1000, time: 500 } },
  ],
  [
    HeaderFeature.HYBRID_TOPOLOGY,
    (out) => out.u32(1).string('cpu_atom').string('2-3'),
    { hybridPmus: [{ pmu: 'cpu_atom', cpus: '2-3' }] },
  ],
  [
    HeaderFeature.PMU_CAPS,
    (out) => out.u32(1).u32(1).string('max_precise').string('3').string('cpu_core'),
    { pmuCaps: [{ pmu: 'cpu_core', capabilities: [['max_precise', '3']] }] },
  ],
  [
    HeaderFeature.CPU_DOMAIN_INFO,
    (out) => {
      out.u32(17).u32(1).u32(0).u32(1).u32(0).string('MC').string('3').string('0-1').u32(2).u32(0);
    },
    {
      cpuDomains: {
        schedstatVersion: 17,
        maxDomains: 1,
        cpus: [
          { cpu: 0, domains: [{ domain: 0, name: 'MC', cpuMask: '3', cpuList: '0-1' }] },
          { cpu: 2, domains: [] },
        ],
      },
    },
  ],
  [HeaderFeature.E_MACHINE, (out) => out.u32(62).u32(1), { machine: { number: 62, flags: 1 } }],
  [HeaderFeature.CLN_SIZE, (out) => out.u32(64), { cacheLineSize: 64 }],
  [99, (out) => out.u64(1), {}],
];

const contentOf = (write: (out: Bytes) => unknown, littleEndian: boolean): Uint8Array => {
  const out = new Bytes(littleEndian);
  write(out);
  return out.done();
};

for (const littleEndian of [true, false]) {
  test(`${littleEndian ? 'little' : 'big'}-endian: every feature`, () => {
    const features = new Map(
      FEATURES.map(([number, write]) => [number, contentOf(write, littleEndian)]),
    );
    const bytes = fileBytes([EVENT], new Uint8Array(8), { littleEndian, features });
    const { info } = readPerfData(new MemorySource(bytes));
    assert.deepEqual(info.damaged, []);
    assert.deepEqual([...info.features], [...features.keys()]);
    for (const [, , expected] of FEATURES) {
      for (const [name, value] of Object.entries(expected)) {
        assert.deepEqual(info[name as keyof FileInfo], value, name);
      }
    }
  });
}

test('a feature cut at any byte is told, and costs nothing but itself', () => {
  for (const [number, write] of FEATURES) {
    const content = contentOf(write, true);
    for (let length = 0; length < content.length; length += 3) {
      const features = new Map([
        [number, content.subarray(0, length)],
        [HeaderFeature.NRCPUS, contentOf((out) => out.u32(3).u32(2), true)],
        [STRATA, Uint8Array.of(1)],
      ]);
      const { info } = readPerfData(
        new MemorySource(fileBytes([EVENT], new Uint8Array(8), { features })),
      );
      assert.deepEqual(info.strata, Uint8Array.of(1));
      assert.ok(info.damaged.length <= 1);
    }
  }
});
const STRATA = 200;

test('events get the names that the file describes them by', () => {
  const event = (config: bigint, id: number): WrittenEvent => ({
    attr: { type: 0, config },
    ids: [id],
  });
  const events = [event(4n << 32n, 1), event(10n << 32n, 2), event(1n, 3)];
  const describe = (out: Bytes): void => {
    out.u32(2).u32(64);
    for (const [name, id] of [
      ['cpu_core/cycles/', 1],
      ['mine', 3],
    ] as const) {
      out
        .raw(attrBytes({}, out.littleEndian, 64))
        .u32(1)
        .string(name)
        .u64(id);
    }
  };
  const features = new Map([
    [HeaderFeature.EVENT_DESC, contentOf(describe, true)],
    [HeaderFeature.PMU_MAPPINGS, contentOf((out) => out.u32(1).u32(10).string('cpu_atom'), true)],
  ]);
  const { events: table } = readPerfData(
    new MemorySource(fileBytes(events, new Uint8Array(8), { features })),
  );
  assert.deepEqual(
    table.events.map(({ name }) => name),
    ['cpu_core/cycles/', 'cpu_atom/cycles/', 'mine'],
  );
});

test('names of events without a description', () => {
  const pmus = new Map([[10, 'msr']]);
  const name = (type: number, config: bigint, more = {}): string =>
    eventName({ ...EMPTY_ATTR, type, config, ...more }, pmus);
  assert.equal(name(0, 0n, { flags: { exclude_kernel: true, exclude_hv: true } }), 'cycles:u');
  assert.equal(name(3, 0x10000n), 'L1-dcache-load-misses');
  assert.equal(name(10, 3n), 'msr/config=0x3/');
  assert.equal(name(4, 0x1b7n), 'raw 0x1b7');
  assert.equal(name(2, 77n), 'tracepoint 77');
});

test('what perf tells of the machine that recorded', () => {
  const { info } = readPerfData(new MemorySource(readFixture('perfdata/pipe.data')));
  assert.deepEqual(info.damaged, []);
  assert.deepEqual([info.cpusOnline, info.cpuTopology?.cpus.length], [2, 2]);
  assert.equal(info.numaNodes.length, 1);
  assert.equal(info.pmus.get(1), 'software');
  assert.ok(info.memory !== undefined);
  const zstd = readPerfData(new MemorySource(readFixture('perfdata/zstd.data'))).info;
  assert.ok(zstd.caches.length > 2 && zstd.caches[0].level === 1);
  assert.deepEqual([zstd.compression?.type, zstd.compression?.level], [1, 1]);
  const group = readPerfData(new MemorySource(readFixture('perfdata/group.data'))).info;
  assert.deepEqual(group.groups, [{ name: '', leader: 0, members: 2 }]);
  const traced = readPerfData(new MemorySource(readFixture('perfdata/tracepoint.data'))).info;
  assert.deepEqual([...(traced.tracingData ?? []).slice(0, 3)], [0x17, 0x08, 0x44]);
});
