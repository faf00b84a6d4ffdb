import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemorySource } from '../../base/source.js';
import { ElfImage } from '../../formats/elf/image.js';
import { readSymbols } from '../../formats/elf/symbols.js';
import { parsePerfMap, type PerfMap } from '../../formats/perfmap.js';
import { CodeNames } from './code-names.js';

const ARENA = 65536;

function map(...lines: [start: number, size: number, name: string][]): PerfMap {
  const text = lines.map(
    ([start, size, name]) => `${start.toString(16)} ${size.toString(16)} ${name}\n`,
  );
  return parsePerfMap(new TextEncoder().encode(text.join('')));
}

/** The name at an address of a process, found as a reader finds it: by its range, in the file. */
function nameAt(
  names: CodeNames,
  file: Uint8Array,
  pid: number,
  address: number,
): string | undefined {
  const symbols = readSymbols(ElfImage.read(new MemorySource(file, 'names')));
  const range = names.ranges.find(
    (one) => one.pid === pid && address >= one.start && address < one.end,
  );
  if (range === undefined) return undefined;
  const index = symbols.find(address - range.start + range.fileOffset);
  return index < 0 ? undefined : symbols.name(index);
}

test('each process has its own names at the same addresses', () => {
  const names = new CodeNames();
  names.add(10, 0x7f0000000000, 0x7f0000000000 + ARENA, 1);
  names.add(11, 0x7f0000000000, 0x7f0000000000 + ARENA, 2);
  names.add(11, 0x7f1000000000, 0x7f1000000000 + ARENA, 3);
  const maps = new Map([
    [10, map([0x7f0000000000, 11, 'py::main:/a.py'], [0x7f000000000b, 11, 'py::größe π:/a b.py'])],
    [11, map([0x7f0000000000, 16, 'py::other:/b.py'], [0x7f1000000100, 16, 'py::far:/b.py'])],
  ]);
  const built = names.build((pid) => [maps.get(pid) ?? assert.fail()]) ?? assert.fail('no names');
  assert.deepEqual(
    built.named.map(({ recordAt }) => recordAt),
    [1, 2, 3],
  );
  const at = (pid: number, address: number): string | undefined =>
    nameAt(names, built.file, pid, address);
  assert.equal(at(10, 0x7f0000000006), 'py::main:/a.py');
  assert.equal(at(10, 0x7f0000000011), 'py::größe π:/a b.py');
  assert.equal(at(11, 0x7f0000000006), 'py::other:/b.py');
  assert.equal(at(11, 0x7f1000000106), 'py::far:/b.py');
  assert.equal(at(11, 0x7f1000000006), undefined);
  assert.equal(at(10, 0x7f0000000016), undefined, 'behind the last function');
});

test('a child has its own names first, then those that it inherited', () => {
  const names = new CodeNames();
  names.add(11, 0x1000, 0x1000 + ARENA, 1);
  const parent = map([0x1000, 16, 'inherited'], [0x2000, 16, 'replaced']);
  const child = map([0x2000, 16, 'its own']);
  const built = names.build(() => [child, parent]) ?? assert.fail('no names');
  assert.equal(nameAt(names, built.file, 11, 0x1008), 'inherited');
  assert.equal(nameAt(names, built.file, 11, 0x2008), 'its own');
});

test('only what lies in a mapping is taken, and mappings without names stay as they are', () => {
  const names = new CodeNames();
  names.add(1, 0x10000, 0x20000, 7);
  names.add(1, 0x40000, 0x50000, 8);
  const built = names.build(() => [
    map([0xf000, 16, 'before'], [0x10000, 16, 'in'], [0x20000, 16, 'behind']),
  ]);
  assert.deepEqual(
    built?.named.map(({ recordAt }) => recordAt),
    [7],
  );
  const symbols = readSymbols(
    ElfImage.read(new MemorySource(built?.file ?? assert.fail(), 'names')),
  );
  assert.equal(symbols.length, 1);
});

test('without names there is no file', () => {
  const names = new CodeNames();
  assert.equal(
    names.build(() => []),
    undefined,
  );
  names.add(1, 0x10000, 0x20000, 7);
  assert.equal(
    names.build(() => []),
    undefined,
  );
  assert.equal(
    names.build(() => [map([0x30000, 16, 'elsewhere'])]),
    undefined,
  );
});

test('no two recordings have the same file of names', () => {
  const [one, other] = [new CodeNames(), new CodeNames()];
  assert.notEqual(one.path, other.path);
  assert.notDeepEqual(one.buildId, other.buildId);
});
