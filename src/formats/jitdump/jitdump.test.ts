import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { FormatError } from '../../base/errors.js';
import { MemorySource, type ByteSource } from '../../base/source.js';
import { fixturePath } from '../../testing/fixtures.js';
import { JitDumpWriter } from '../../testing/jitdump.js';
import { CfiIndex } from '../dwarf/cfi.js';
import { readJitDump, type JitDump } from './reader.js';

function read(bytes: Uint8Array): JitDump {
  return readJitDump(new MemorySource(bytes, 'jit-7.dump'));
}

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fixturePath(`jitdump/${name}`)));
}

function names(dump: JitDump): string[] {
  return Array.from({ length: dump.length }, (_, row) => dump.name(row));
}

/** `start+size` of the lowest entry of a function's call frame information. */
function covered(dump: JitDump, row: number): string | undefined {
  const bytes = dump.ehFrame(row);
  if (bytes === undefined) return undefined;
  const section = { kind: 'eh_frame', bytes, littleEndian: true, address: 0 } as const;
  const bounds = CfiIndex.fromSection(section).bounds(0);
  return bounds && `${bounds.start}+${bounds.end - bounds.start}`;
}

test("CPython's dumps: names, bounds and unwinding information", () => {
  for (const [name, size, machine] of [
    ['cpython-3.13.0.dump', 11, 0],
    ['cpython-3.15.dump', 12, 62],
  ] as const) {
    const dump = read(fixture(name));
    assert.equal(dump.gap, undefined);
    assert.equal(dump.header.machine, machine);
    assert.equal(dump.header.archTimestamps, false);
    assert.deepEqual(names(dump), [
      'py::<module>:/tmp/strata-fixture/prog.py',
      'py::main:/tmp/strata-fixture/prog.py',
      'py::leaf:/tmp/strata-fixture/prog.py',
      'py::leaf.<locals>.<genexpr>:/tmp/strata-fixture/prog.py',
    ]);
    assert.deepEqual(Array.from(dump.sizes), [size, size, size, size]);
    assert.ok(dump.times.every((time, row) => row === 0 || time > dump.times[row - 1]));
    // As perf lays it out, the code, padded to 16, stands before the table.
    for (let row = 0; row < 4; row++) assert.match(covered(dump, row) ?? '', /^-16\+1[12]$/);
    assert.equal(dump.lines(0), undefined);
  }
});

test("V8's dump: lines, functions with frame pointers only, and what it wrote after it was freed", () => {
  const dump = read(fixture('v8.dump'));
  assert.deepEqual(names(dump), [
    'JS:*leaf /tmp/strata-fixture/hot.js:1:14',
    'JS:^leaf /tmp/strata-fixture/hot.js:1:14',
    'JS:*leaf /tmp/strata-fixture/hot.js:1:14',
    'JS:*main /tmp/strata-fixture/hot.js:2:14',
  ]);
  // The second was made by Sparkplug, for which V8 writes a header alone.
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => covered(dump, row)?.replace(/^-\d+/, '')),
    ['+373', undefined, '+745', '+756'],
  );
  assert.equal(dump.lines(0), undefined, 'file names are garbage, and so is what follows');
  const lines = dump.lines(3);
  assert.equal(lines?.length, 22);
  const file = '/tmp/strata-fixture/hot.js';
  assert.deepEqual(lines.find(0), { file, line: 2 });
  assert.deepEqual(lines.find(0xa8), { file, line: 1 }, 'of the function inlined there');
  assert.deepEqual(lines.find(0xaf), { file, line: 2 });
});

test('both byte orders, a longer header, garbage in reserved words, unknown records', () => {
  for (const littleEndian of [true, false]) {
    const bytes = new JitDumpWriter({ littleEndian, headerSize: 56 })
      .record(99, 1, new Uint8Array(33))
      .load({ time: 5, address: 0x7f0000001000, size: 100, name: 'one' })
      .record(3, 9)
      .load({ time: 9, address: 0x7f0000002000, size: 0, name: 'empty' })
      .load({ time: 8, address: 0x7f0000003000, size: 8, name: 'größer' })
      .bytes();
    const dump = read(bytes);
    assert.equal(dump.header.littleEndian, littleEndian);
    assert.equal(dump.header.pid, 7);
    assert.equal(dump.gap, undefined);
    assert.deepEqual(names(dump), ['one', 'größer']);
    assert.deepEqual(Array.from(dump.addresses), [0x7f0000001000, 0x7f0000003000]);
    assert.deepEqual(Array.from(dump.sizes), [100, 8]);
    assert.deepEqual(Array.from(dump.times), [5, 8]);
  }
});

test('moves: the function that bears the index, the latest of those', () => {
  const dump = read(
    new JitDumpWriter()
      .load({ time: 1, address: 0x1000, size: 16, name: 'a', index: 4 })
      .load({ time: 2, address: 0x2000, size: 16, name: 'b', index: 5 })
      .move(3, 4, 0x3000, 16)
      .move(4, 6, 0x4000, 16)
      .load({ time: 5, address: 0x5000, size: 16, name: 'c', index: 4 })
      .move(6, 4, 0x6000, 16)
      .bytes(),
  );
  assert.deepEqual(names(dump), ['a', 'b', 'a', 'c', 'c']);
  assert.deepEqual(Array.from(dump.addresses), [0x1000, 0x2000, 0x3000, 0x5000, 0x6000]);
  assert.equal(dump.gap, '1 of its records are damaged', 'a move of what was never loaded');
});

test('debug and unwinding information belong to the load behind them, and are of its address', () => {
  const cie = Buffer.from('1400000000000000017a5200017810011b0c070890010000', 'hex');
  const fde = Buffer.from('140000001c000000d0ffffff0b00000000440e10460e0800', 'hex');
  const header = Buffer.from('011b033bccffffff01000000c0ffffffe8ffffff', 'hex');
  const dump = read(
    new JitDumpWriter()
      .unwinding(Buffer.concat([header, cie, fde]), 20)
      .debug(0x1000, [
        [0x1000, 10, 'a.js'],
        [0x1008, 12, '\xff'],
        [0x1004, 11, 'b.js'],
      ])
      .load({ time: 1, address: 0x1000, size: 11, name: 'a' })
      .debug(0x9000, [[0x9000, 1, 'other.js']])
      .load({ time: 2, address: 0x2000, size: 11, name: 'b' })
      .unwinding(Buffer.concat([cie, fde, header]), 20)
      .load({ time: 3, address: 0x3000, size: 11, name: 'c' })
      .bytes(),
  );
  assert.equal(covered(dump, 0), '-16+11', 'the header first, as the specification has it');
  assert.equal(covered(dump, 1), undefined);
  assert.equal(covered(dump, 2), '-16+11', 'the header last, as writers have it');
  const lines = dump.lines(0);
  assert.deepEqual(lines?.find(3), { file: 'a.js', line: 10 });
  assert.deepEqual(lines.find(4), { file: 'b.js', line: 11 });
  assert.deepEqual(lines.find(10), { file: 'a.js', line: 12 });
  assert.equal(dump.lines(1), undefined, 'of another function, which a thread wrote between');
  assert.equal(dump.lines(2), undefined);
});

test("the functions at a dump's end", () => {
  const functions = read(
    new JitDumpWriter()
      .load({ time: 1, address: 0x2000, size: 16, name: 'a', index: 1 })
      .load({ time: 2, address: 0x1000, size: 16, name: 'b', index: 2 })
      .load({ time: 3, address: 0x1008, size: 32, name: 'c', index: 3 })
      .bytes(),
  ).latest();
  assert.equal(functions.length, 2);
  assert.deepEqual(Array.from(functions.starts), [0x1008, 0x2000]);
  assert.deepEqual(Array.from(functions.sizes), [32, 16]);
  assert.deepEqual([functions.name(0), functions.name(1)], ['c', 'a']);
});

test('cut at every byte: what is whole is read, and nothing but FormatError leaves', () => {
  for (const file of ['v8.dump', 'cpython-3.15.dump']) {
    const bytes = fixture(file);
    const whole = names(read(bytes));
    let most = 0;
    for (let length = 0; length < bytes.byteLength; length++) {
      const cut = bytes.subarray(0, length);
      if (length < 40) {
        assert.throws(() => read(cut), FormatError);
        continue;
      }
      const dump = read(cut);
      assert.deepEqual(names(dump), whole.slice(0, dump.length));
      assert.ok(dump.length >= most);
      most = dump.length;
      for (let row = 0; row < dump.length; row++) {
        dump.lines(row);
        dump.ehFrame(row);
      }
    }
    // Only code is missing of the last.
    assert.equal(most, whole.length);
  }
  const start = fixture('cpython-3.15.dump').subarray(0, 100);
  assert.equal(read(start).gap, 'it ends in the middle of a record');
});

test('a piece that was written twice, as by a forked child and its parent', () => {
  const bytes = fixture('cpython-3.13.0.dump');
  const whole = names(read(bytes));
  // From anywhere, up to the end of a record.
  for (const [from, to] of [
    [300, 692],
    [150, 476],
    [60, 927],
  ]) {
    const twice = Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
    const dump = read(twice);
    assert.equal(dump.gap, undefined);
    assert.deepEqual([...new Set(names(dump))].sort(), [...whole].sort(), `${from} to ${to}`);
    // What comes again may begin behind the unwinding information of its first load.
    const unwinding = names(dump).map((_, row) => covered(dump, row));
    assert.ok(unwinding.filter((bounds) => bounds !== '-16+11').length <= 1, unwinding.join(' '));
  }
});

test('hostile sizes are refused before anything is allocated', () => {
  const huge = 2 ** 53 - 1;
  const address = 0x7f0000001000;
  const load = (size: number, at = address): Uint8Array => {
    const bytes = new JitDumpWriter().load({ time: 1, address: at, size: 1, name: 'a' }).bytes();
    new DataView(bytes.buffer).setBigUint64(40 + 40, BigInt(size), true);
    return bytes;
  };
  for (const bytes of [load(huge), load(2 ** 40), load(1, 2 ** 60), load(1, 0)]) {
    assert.equal(read(bytes).length, 0);
    assert.equal(read(bytes).gap, '1 of its records are damaged');
  }
  // A size below the prefix's would never end.
  const stuck = new JitDumpWriter().load({ time: 1, address, size: 1, name: 'a' }).bytes();
  new DataView(stuck.buffer).setUint32(44, 0, true);
  assert.equal(read(stuck).gap, 'it is damaged at byte 40');
  const counts = new JitDumpWriter()
    .debug(address, [[address, 1, 'a']])
    .unwinding(new Uint8Array(24), 20)
    .load({ time: 1, address, size: 1, name: 'a' })
    .bytes();
  const view = new DataView(counts.buffer);
  view.setBigUint64(40 + 24, BigInt(huge), true);
  const unwinding = 40 + view.getUint32(44, true);
  view.setBigUint64(unwinding + 16, BigInt(huge), true);
  assert.equal(read(counts).lines(0), undefined);
  assert.equal(read(counts).ehFrame(0), undefined);
});

test('no dump at all', () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(40), Buffer.from('hello, world')]) {
    assert.throws(() => read(bytes), FormatError);
  }
  const version2 = new JitDumpWriter().bytes();
  version2[4] = 2;
  assert.throws(() => read(version2), /expected version 1, found 2/);
});

test('code is not read: a dump of large functions takes few bytes of its file', () => {
  const writer = new JitDumpWriter();
  for (let i = 0; i < 8; i++) {
    writer.load({ time: i, address: 0x10000000 * (i + 1), size: 3 << 20, name: `f${i}` });
  }
  const memory = new MemorySource(writer.bytes());
  let bytesRead = 0;
  const counting: ByteSource = {
    name: 'counting',
    byteLength: memory.byteLength,
    read: (offset, length) => {
      const got = memory.read(offset, length);
      bytesRead += got.byteLength;
      return got;
    },
  };
  const dump = readJitDump(counting);
  assert.equal(names(dump).join(' '), 'f0 f1 f2 f3 f4 f5 f6 f7');
  assert.ok(bytesRead < memory.byteLength / 2, `${bytesRead} of ${memory.byteLength}`);
});
