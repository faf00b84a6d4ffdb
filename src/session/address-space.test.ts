import assert from 'node:assert/strict';
import test from 'node:test';

import { MemorySource } from '../base/source.js';
import { readJitDump } from '../formats/jitdump/reader.js';
import { JitDumpWriter } from '../testing/jitdump.js';
import type { CodeRegion } from '../unwind/code-space.js';
import {
  AddressSpace,
  Generations,
  type Mapping,
  type PendingCode,
  type RegionSource,
} from './address-space.js';
import { JitFunction } from './jit-function.js';

/** Regions of whole mappings that know their mapping's path by their bias. */
const regions: RegionSource = {
  region: (_space, { start, end, pgoff }): CodeRegion => ({
    start,
    end,
    bias: start - pgoff,
    code: { kind: 'jit' },
  }),
};

function newSpace(): AddressSpace {
  return new AddressSpace(1, regions, new Generations());
}

function mapping(start: number, end: number, path: string, pgoff = 0): Mapping {
  return { start, end, pgoff, path, buildId: undefined };
}

/** `10-20 a+0 | 20-30 b+5`. */
function drawn(space: AddressSpace): string {
  return space.mappings
    .map(({ start, end, path, pgoff }) => `${start}-${end} ${path}+${pgoff}`)
    .join(' | ');
}

test('a mapping cuts what it covers', () => {
  const cases: [string, [number, number], string][] = [
    ['in the middle', [30, 40], '20-30 a+100 | 30-40 b+0 | 40-60 a+120'],
    ['at the start', [20, 40], '20-40 b+0 | 40-60 a+120'],
    ['at the end', [40, 60], '20-40 a+100 | 40-60 b+0'],
    ['all', [20, 60], '20-60 b+0'],
    ['more than all', [10, 70], '10-70 b+0'],
    ['over the start', [10, 30], '10-30 b+0 | 30-60 a+110'],
    ['over the end', [50, 70], '20-50 a+100 | 50-70 b+0'],
    ['before', [10, 20], '10-20 b+0 | 20-60 a+100'],
    ['behind', [60, 70], '20-60 a+100 | 60-70 b+0'],
  ];
  for (const [title, [start, end], expected] of cases) {
    const space = newSpace();
    space.map(mapping(20, 60, 'a', 100));
    space.map(mapping(start, end, 'b'));
    assert.equal(drawn(space), expected, title);
  }
  const space = newSpace();
  for (const start of [10, 30, 50, 70]) space.map(mapping(start, start + 10, `${start}`));
  space.map(mapping(35, 75, 'x'));
  assert.equal(drawn(space), '10-20 10+0 | 30-35 30+0 | 35-75 x+0 | 75-80 70+5');
});

test('random mappings: every address is found as in a picture of the memory', () => {
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const size = 300;
  for (let round = 0; round < 50; round++) {
    const space = newSpace();
    const memory = new Array<string | undefined>(size);
    for (let i = 0; i < 60; i++) {
      // One at a time, or some at once.
      const some: Mapping[] = [];
      let start = random(size - 1);
      do {
        const end = Math.min(size, start + 1 + random(40));
        some.push(mapping(start, end, `m${i}`, 1000));
        for (let at = start; at < end; at++) memory[at] = `m${i} ${1000 + at - start}`;
        start = end + random(10);
      } while (round % 2 === 0 && start < size);
      if (round % 2 === 0) space.mapAll(some);
      else space.map(some[0]);
    }
    for (let at = 0; at < size; at++) {
      const found = space.find(at);
      const text = found && `${found.path} ${found.pgoff + at - found.start}`;
      assert.equal(text, memory[at]);
      assert.equal(space.regionAt(at) !== undefined, found !== undefined);
    }
  }
});

test('a fork shares until either side changes; states never share a number', () => {
  const parent = newSpace();
  parent.map(mapping(10, 20, 'a'));
  const child = parent.fork(2);
  assert.equal(child.pid, 2);
  assert.equal(child.generation, parent.generation);
  assert.equal(child.regionAt(15), parent.regionAt(15));

  const before = parent.generation;
  child.map(mapping(15, 30, 'b'));
  assert.equal(drawn(parent), '10-20 a+0');
  assert.equal(drawn(child), '10-15 a+0 | 15-30 b+0');
  assert.equal(parent.generation, before);
  assert.notEqual(child.generation, before);
  assert.equal(child.regionAt(15)?.end, 30);
  assert.equal(parent.regionAt(15)?.end, 20);

  parent.map(mapping(0, 5, 'c'));
  assert.equal(drawn(child), '10-15 a+0 | 15-30 b+0');
  assert.equal(new Set([before, child.generation, parent.generation]).size, 3);
});

/** Code of a jitdump, told in advance. */
function pending(name: string, code: readonly (Mapping & { time: number })[]): PendingCode {
  let left = [...code];
  return {
    name,
    get next() {
      return Math.min(Infinity, ...left.map(({ time }) => time));
    },
    take(until) {
      const due = left.filter(({ time }) => time <= until);
      left = left.filter(({ time }) => time > until);
      return due.map(({ time, ...one }) => ({ ...one, path: `jit${time}` }));
    },
  };
}

test('generated code is mapped when its time comes, and memory without a file stays below it', () => {
  const space = newSpace();
  space.map(mapping(10, 100, '//anon'));
  const jit = new JitFunction(readJitDump(new MemorySource(new JitDumpWriter().bytes())), 0);
  const code = [
    { ...mapping(20, 30, ''), jit, time: 5 },
    { ...mapping(40, 50, ''), jit, time: 5 },
    { ...mapping(25, 45, ''), jit, time: 8 },
  ];
  space.expect(pending('dump', code));
  space.expect(pending('dump', code));
  space.catchUp(4);
  assert.equal(drawn(space), '10-100 //anon+0');
  space.catchUp(7);
  const early = '10-20 //anon+0 | 20-30 jit5+0 | 30-40 //anon+20 | 40-50 jit5+0 | 50-100 //anon+40';
  assert.equal(drawn(space), early);

  // Memory whose protection changes, as JIT compilers' does: nothing is new.
  const { generation } = space;
  space.map(mapping(10, 60, '//anon'));
  assert.equal(drawn(space), early);
  assert.equal(space.generation, generation);

  space.map(mapping(5, 60, '[anon:code]', 7));
  assert.equal(
    drawn(space),
    '5-20 [anon:code]+7 | 20-30 jit5+0 | 30-40 [anon:code]+32 | 40-50 jit5+0 | ' +
      '50-60 [anon:code]+52 | 60-100 //anon+50',
  );
  const child = space.fork(2);
  space.catchUp(8);
  space.map(mapping(28, 35, '/lib'));
  const parts = '20-25 jit5+0 | 25-28 jit8+0 | 28-35 /lib+0 | 35-45 jit8+10 | 45-50 jit5+5';
  assert.ok(drawn(space).includes(parts), drawn(space));
  // The child goes on alone.
  child.catchUp(100);
  assert.ok(drawn(child).includes('20-30 jit5+0 | 30-40 [anon:code]+32 | 40-50 jit5+0'));
});

test('an empty mapping changes nothing', () => {
  const space = newSpace();
  const before = space.generation;
  space.map(mapping(10, 10, 'a'));
  space.map(mapping(10, NaN, 'a'));
  assert.deepEqual([space.mappings.length, space.generation], [0, before]);
});
