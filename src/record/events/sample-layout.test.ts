/** Samples with any fields, through the drain and the unwinder, read back from the file. */
import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { FileSource } from '../../base/source.js';
import type { EventAttr } from '../../formats/perfdata/attr.js';
import type { EventTable } from '../../formats/perfdata/events.js';
import { readPerfData } from '../../formats/perfdata/reader.js';
import { SampleReads } from '../../formats/perfdata/reads.js';
import { SampleView } from '../../formats/perfdata/sample.js';
import {
  PERF_SAMPLE_BRANCH_COUNTERS,
  PERF_SAMPLE_BRANCH_HW_INDEX,
  PerfContext,
  PerfFormat,
  PerfRecord,
  PerfSample,
} from '../../formats/perfdata/spec.js';
import { recordBytes, type Bytes } from '../../testing/perfdata.js';
import { RecordCopier } from '../draining/drain.js';
import { StackTops, createStackTops } from '../draining/stack-tops.js';
import { Output } from '../output/output.js';
import { RecordingFile } from '../output/recording-file.js';
import { Recorder } from '../unwinding/recorder.js';
import {
  COMMON_SAMPLE_TYPE,
  isUnwound,
  kernelEvents,
  recordedRegisters,
  type RecordedEvent,
} from './sample-layout.js';

const { mask, dwarf } = recordedRegisters(process.arch);
const DUMP = PerfSample.REGS_USER | PerfSample.STACK_USER;
/** Fields that may be there or not, beside the stack's. */
const FIELDS = [
  'ADDR',
  'READ',
  'CALLCHAIN',
  'RAW',
  'BRANCH_STACK',
  'WEIGHT',
  'WEIGHT_STRUCT',
  'DATA_SRC',
  'TRANSACTION',
  'REGS_INTR',
  'PHYS_ADDR',
  'CGROUP',
  'DATA_PAGE_SIZE',
  'CODE_PAGE_SIZE',
] as const;

const { GROUP, ID: WITH_ID, LOST } = PerfFormat;
/** Not that of the recorder's own groups, whose counts are added up. */
const READ_FORMATS = [
  0,
  WITH_ID,
  LOST,
  WITH_ID | LOST,
  GROUP,
  GROUP | LOST,
  GROUP | WITH_ID | LOST,
];

const folder = mkdtempSync(join(tmpdir(), 'strata layouts '));
after(() => rmSync(folder, { recursive: true, force: true }));

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

/** What the user part of a chain is where nothing is mapped: the innermost address alone. */
const IP = 0x1234_5678;
const ID = 42;
const TIME = 1_000_000;
const KERNEL = [PerfContext.KERNEL, -0x7eff_0000, -0x7eff_0100];

/** A sample as the kernel writes it: every field that the event has, filled with numbers made up. */
function kernelSample(attr: RecordedEvent['kernelAttr'], id: number, next: Random): Uint8Array {
  const { sample_type: type, read_format: format = 0 } = attr;
  const has = (bit: number): boolean => (type & bit) !== 0;
  return recordBytes(true, PerfRecord.SAMPLE, 2, (out) => {
    const u64 = (): Bytes => out.u64(next(1 << 30) + 1);
    out.u64(id, IP).u32(77).u32(78).u64(TIME);
    if (has(PerfSample.ADDR)) u64();
    out.u32(next(8)).u32(0); // cpu
    u64(); // period
    if (has(PerfSample.READ)) {
      const isGroup = (format & PerfFormat.GROUP) !== 0;
      const count = isGroup ? 1 + next(3) : 1;
      const value = (): void => {
        u64();
        if ((format & PerfFormat.ID) !== 0) u64();
        if ((format & PerfFormat.LOST) !== 0) u64();
      };
      if (isGroup) out.u64(count);
      for (let i = 0; i < count; i++) value();
    }
    if (has(PerfSample.CALLCHAIN)) {
      const chain = next(3) === 0 ? [] : KERNEL;
      out.u64(chain.length, ...chain);
    }
    if (has(PerfSample.RAW)) {
      const size = 4 + 8 * next(6);
      out.u32(size).raw(Array.from({ length: size }, () => next(256)));
    }
    if (has(PerfSample.BRANCH_STACK)) {
      const count = next(4);
      const branches = Number(attr.branch_sample_type ?? 0n);
      out.u64(count);
      if ((branches & PERF_SAMPLE_BRANCH_HW_INDEX) !== 0) u64();
      for (let i = 0; i < count * 3; i++) u64();
      if ((branches & PERF_SAMPLE_BRANCH_COUNTERS) !== 0) for (let i = 0; i < count; i++) u64();
    }
    if (has(PerfSample.REGS_USER)) {
      // A kernel thread has neither registers nor stack.
      const isUser = next(4) !== 0;
      out.u64(isUser ? 2 : 0);
      if (isUser) dwarf.forEach((register) => out.u64(register === 16 || register === 32 ? IP : 0));
      const dumped = isUser ? 64 * (1 + next(4)) : 0;
      out.u64(dumped);
      if (dumped > 0) {
        out.raw(Array.from({ length: dumped }, () => next(256)));
        out.u64(next(3) === 0 ? dumped : next(dumped));
      }
    }
    if (has(PerfSample.WEIGHT) || has(PerfSample.WEIGHT_STRUCT)) u64();
    if (has(PerfSample.DATA_SRC)) u64();
    if (has(PerfSample.TRANSACTION)) u64();
    if (has(PerfSample.REGS_INTR)) {
      const isThere = next(2) === 0;
      out.u64(isThere ? 2 : 0);
      if (isThere) for (let i = 0; i < 3; i++) u64();
    }
    if (has(PerfSample.PHYS_ADDR)) u64();
    if (has(PerfSample.CGROUP)) u64();
    if (has(PerfSample.DATA_PAGE_SIZE)) u64();
    if (has(PerfSample.CODE_PAGE_SIZE)) u64();
  });
}

type Random = (below: number) => number;

/** An event with fields of its own; where it copies stacks, they are unwound for the file, or kept. */
function event(id: number, next: Random): RecordedEvent {
  const dump = next(3) > 0 ? DUMP : 0;
  let type = COMMON_SAMPLE_TYPE | PerfSample.PERIOD | dump;
  for (const field of FIELDS) if (next(2) === 0) type |= PerfSample[field];
  // These two share a place.
  if ((type & PerfSample.WEIGHT) !== 0) type &= ~PerfSample.WEIGHT_STRUCT;
  const branches = [0, PERF_SAMPLE_BRANCH_HW_INDEX, PERF_SAMPLE_BRANCH_COUNTERS][next(3)];
  const kernelAttr: RecordedEvent['kernelAttr'] = {
    type: 1,
    sample_type: type,
    read_format: READ_FORMATS[next(READ_FORMATS.length)],
    branch_sample_type: BigInt(branches),
    sample_regs_user: dump === 0 ? 0n : mask,
    sample_stack_user: dump === 0 ? 0 : 256,
    sample_regs_intr: 0b111n,
    flags: { sample_id_all: true },
  };
  const attr: Partial<EventAttr> =
    dump === 0 || next(4) === 0
      ? kernelAttr
      : {
          ...kernelAttr,
          sample_type: (type & ~DUMP) | PerfSample.CALLCHAIN,
          sample_regs_user: 0n,
          sample_stack_user: 0,
        };
  return { name: `event ${id}`, role: 'samples', kernelAttr, attr, ids: [BigInt(id)] };
}

/** All of a sample but for its chain, its stack, and what stands in other words for that. */
function fieldsOf(view: SampleView): unknown {
  const words = (at: number, count: number): number[] => [...view.words.subarray(at, at + count)];
  const isRestThere = view.rest();
  const reads = new SampleReads();
  reads.load(view);
  return {
    isRestThere,
    ids: [view.id, view.ip, view.pid, view.tid, view.time, view.addr, view.cpu, view.period],
    reads: [...reads.values.subarray(0, reads.length), ...reads.ids.subarray(0, reads.length)],
    raw: view.raw === 0 ? [] : words(view.raw, (view.rawBytes + 4) >> 2),
    branches:
      view.branches === 0
        ? []
        : [view.branchHwIndex, ...words(view.branches, view.branchCount * 6)],
    counters: view.branchCounters === 0 ? [] : words(view.branchCounters, view.branchCount * 2),
    rest: [
      view.weight,
      view.dataSource,
      view.transaction,
      view.physAddrWord,
      view.cgroupWord,
      view.dataPageSizeWord,
      view.codePageSizeWord,
    ].map((at) => view.number(at)),
    registers: view.regsIntrAbi === 0 ? [] : words(view.regsIntr, 6),
  };
}

function chainOf(view: SampleView): number[] {
  return Array.from({ length: view.callchainLength }, (_, i) => {
    const at = view.callchain + i * 2;
    return view.words[at + 1] * 2 ** 32 + (view.words[at] >>> 0);
  });
}

test('samples of any fields keep them, and stacks become chains', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed * 7919);
    const events = Array.from({ length: 1 + next(4) }, (_, i) => event(ID + i, next));
    const bytes = new Uint8Array(1 << 16);
    const memory = { bytes, words: new Int32Array(bytes.buffer) };
    const tops = new StackTops(createStackTops());
    const copier = new RecordCopier(memory, events, tops);
    const path = join(folder, `${seed}.data`);
    const file = new RecordingFile(new Output(openSync(path, 'wx+'), events));
    const recorder = new Recorder({
      architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
      queue: { ...memory, pausedAt: 0 },
      events,
      tops,
      dropped: -1,
      alone: false,
      tids: [],
    });
    recorder.begin(file);

    const table = kernelEvents(events);
    const expected: { event: RecordedEvent; fields: unknown; chain: number[]; abi: number }[] = [];
    for (let i = 0; i < 20; i++) {
      const which = next(events.length);
      const { kernelAttr } = events[which];
      const sample = kernelSample(kernelAttr, ID + which, next);
      const ring = { size: 1 << 13, bytes: new Uint8Array(1 << 13), words: new Int32Array(0) };
      ring.words = new Int32Array(ring.bytes.buffer);
      const position = (next(ring.size) & ~7) % ring.size;
      sample.forEach((byte, at) => (ring.bytes[(position + at) % ring.size] = byte));

      const original = readOne(sample, table, which);
      expected.push({
        event: events[which],
        fields: fieldsOf(original),
        chain: chainOf(original),
        abi: original.regsAbi,
      });
      const stack = original.stack === 0 ? [] : stackOf(original);
      const size = copier.copy(ring, position, sample.length, 0);
      const drained = readOne(bytes.slice(0, size), table, which);
      assert.deepEqual(fieldsOf(drained), fieldsOf(original), 'drained');
      assert.deepEqual(drained.stack === 0 ? [] : stackOf(drained), stack);
      recorder.record(0, size, TIME);
    }
    file.output.finish(new Map());

    const source = new FileSource(path);
    const records = readPerfData(source).records();
    for (const { event, fields, chain, abi } of expected) {
      while (records.next() && records.type !== PerfRecord.SAMPLE);
      const view = new SampleView();
      assert.ok(records.sample(view));
      assert.deepEqual(fieldsOf(view), fields, `${event.name} of ${seed}`);
      const user = isUnwound(event) && abi !== 0 ? [PerfContext.USER, IP] : [];
      assert.deepEqual(chainOf(view), [...chain, ...user]);
      assert.equal(view.stack, isUnwound(event) ? 0 : view.stack);
    }
    assert.equal(file.counts.samples, expected.length);
    source.close();
  }
});

test('samples of no known event and of the recorder itself are left out, the former counted', () => {
  const next = random(1);
  const events = [event(ID, next), event(ID + 1, next)];
  const bytes = new Uint8Array(1 << 16);
  const recorder = new Recorder({
    architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    queue: { bytes, words: new Int32Array(bytes.buffer), pausedAt: 0 },
    tids: [],
    events,
    tops: new StackTops(createStackTops()),
    dropped: 77,
    alone: false,
  });
  const file = new RecordingFile(new Output(openSync(join(folder, 'x.data'), 'wx+'), events));
  recorder.begin(file);
  const put = (id: number, pid: number): void => {
    const sample = kernelSample(events[id === ID ? 0 : 1].kernelAttr, id, next);
    new DataView(sample.buffer).setInt32(24, pid, true);
    bytes.set(sample);
    recorder.record(0, sample.length, TIME);
  };
  put(ID, 78);
  put(ID, 77);
  put(ID + 1, 78);
  put(ID + 2, 78);
  put(2 ** 40, 78);
  assert.equal(file.counts.samples, 2);
  assert.deepEqual(recorder.takeNotes(), ['2 samples of no known event left out']);
  assert.deepEqual(recorder.takeNotes(), []);
  file.output.finish(new Map());
});

function readOne(bytes: Uint8Array, table: EventTable, event: number): SampleView {
  const view = new SampleView();
  const words = new Int32Array(bytes.slice().buffer);
  assert.ok(table.layouts[event].decode(words, 0, bytes.length, view), 'a whole sample');
  return view;
}

function stackOf(view: SampleView): number[] {
  return [...view.words.subarray(view.stack, view.stack + ((view.stackBytes & ~7) >> 2))];
}
