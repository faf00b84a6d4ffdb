import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { deflateSync } from 'node:zlib';

import { FormatError } from '../../base/errors.js';
import { FileSource, MemorySource } from '../../base/source.js';
import { pythons, skipOrFail, type Python } from '../../testing/pythons.js';
import { EM_X86_64, SHF_COMPRESSED } from './constants.js';
import { ElfImage } from './image.js';
import { readSymbols, symbolNamed } from './symbols.js';
import { writeSymbolFile } from './writer.js';

const BUILD_ID = '0123456789abcdef0123456789abcdef01234567';
const NAMES = ['py::main:/path with spaces/ä.py', 'py::<lambda>:<string>', '_Z3foov'];

/** Interpreters' programs, and the libraries beside them that hold most of their symbols. */
function interpreterFiles(): string[] {
  const newestOf = (source: string): Python[] =>
    pythons()
      .filter((python) => python.source === source)
      .slice(0, 1);
  return ['pyenv', 'debian', 'system']
    .flatMap(newestOf)
    .flatMap(({ path, version: [major, minor] }) => {
      const library = join(dirname(path), '..', 'lib', `libpython${major}.${minor}.so.1.0`);
      return existsSync(library) ? [library, path] : [path];
    });
}

/** A defined function in `readelf --syms`: address, name. */
const FUNCTION_LINE =
  /^ *\d+: ([0-9a-f]{16}) +\S+ (?:FUNC|IFUNC) +\S+ +\S+ +(?:\[.*\] +)?\d+ (\S+)/;

function sample(names: readonly string[] = NAMES): Buffer {
  return Buffer.from(
    writeSymbolFile({
      buildId: Buffer.from(BUILD_ID, 'hex'),
      machine: EM_X86_64,
      symbols: {
        starts: names.map((_, i) => 16 * i),
        sizes: names.map(() => 11),
        names,
      },
      textSize: 16 * names.length,
    }),
  );
}

function read(bytes: Uint8Array): ElfImage {
  return ElfImage.read(new MemorySource(bytes));
}

/** Everything that a caller may ask of an image. */
function readAll(bytes: Uint8Array): void {
  const image = read(bytes);
  for (const section of image.sections) image.sectionBytes(section);
  void image.debugLink;
  const symbols = readSymbols(image);
  for (let i = 0; i < symbols.length; i++) {
    symbols.name(i);
    symbols.find(symbols.start(i));
  }
  symbolNamed(image, '_Z3foov');
  image.vaddrOfOffset(4096);
  image.offsetOfVaddr(4096);
}

/** What another program prints; `undefined`, and the test skipped, where it is not installed. */
function output(t: TestContext, program: string, ...argv: string[]): string | undefined {
  try {
    return execFileSync(program, argv, { encoding: 'utf8', maxBuffer: 1 << 28 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    skipOrFail(t, program, 'not installed');
    return undefined;
  }
}

test('writes a file that it reads back, and that readelf has nothing to say against', (t) => {
  const image = read(sample());
  assert.equal(image.buildId, BUILD_ID);
  assert.equal(image.machine, EM_X86_64);
  assert.equal(image.littleEndian, true);
  assert.equal(image.debugLink, undefined);
  assert.equal(image.vaddrOfOffset(20), 20);
  assert.equal(image.vaddrOfOffset(48), undefined);
  assert.equal(image.offsetOfVaddr(20), 20);
  const symbols = readSymbols(image);
  assert.deepEqual(
    NAMES.map((_, i) => [symbols.name(i), symbols.start(i), symbols.size(i), symbols.isSized(i)]),
    NAMES.map((name, i) => [name, 16 * i, 11, true]),
  );
  assert.equal(symbols.find(26), 1);
  assert.equal(symbols.find(27), -1);
  assert.deepEqual(symbolNamed(image, '_Z3foov'), { address: 32, size: 11 });
  assert.equal(symbolNamed(image, '_Z3foo'), undefined);

  const folder = mkdtempSync(join(tmpdir(), 'strata-elf-'));
  try {
    const path = join(folder, 'symbols.elf');
    writeFileSync(path, sample());
    const listing = output(t, 'readelf', '--syms', '--headers', '--notes', '--wide', path);
    if (listing === undefined) return;
    assert.match(listing, new RegExp(`Build ID: ${BUILD_ID}`));
    assert.match(listing, /FUNC +GLOBAL DEFAULT +1 _Z3foov/);
    assert.doesNotMatch(listing, /warning|error|corrupt/i);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('holds 100,000 names', () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `py::f${i}:/x.py`);
  const symbols = readSymbols(read(sample(names)));
  assert.equal(symbols.length, names.length);
  assert.equal(symbols.name(symbols.find(16 * 77_777 + 3)), 'py::f77777:/x.py');
});

test('agrees with readelf about every function of an interpreter', (t) => {
  for (const path of interpreterFiles()) {
    const source = new FileSource(path);
    const symbols = readSymbols(ElfImage.read(source));
    source.close();
    const names = new Map<number, Set<string>>();
    const listing = output(t, 'readelf', '--syms', '--wide', path);
    if (listing === undefined) return;
    for (const line of listing.split('\n')) {
      const match = FUNCTION_LINE.exec(line);
      if (match === null) continue;
      const address = Number.parseInt(match[1], 16);
      names.set(address, (names.get(address) ?? new Set()).add(match[2].replace(/@.*/, '')));
    }
    assert.ok(names.size > 0);
    for (const [address, choices] of names) {
      const i = symbols.find(address);
      assert.ok(i >= 0, `${path}: nothing at ${address.toString(16)}`);
      assert.equal(symbols.start(i), address);
      assert.ok(
        choices.has(symbols.name(i)),
        `${symbols.name(i)} is none of ${[...choices].join()}`,
      );
    }
  }
});

test('resolves aliases as perf does', () => {
  const build = (names: string[]): string => {
    const bytes = Buffer.from(
      writeSymbolFile({
        buildId: Buffer.from(BUILD_ID, 'hex'),
        machine: EM_X86_64,
        symbols: { starts: names.map(() => 0), sizes: names.map(() => 8), names },
        textSize: 16,
      }),
    );
    const section = read(bytes).section('.symtab') ?? assert.fail();
    names.forEach((name, i) => {
      const info = section.offset + 24 * (i + 1) + 4;
      if (name.includes('weak')) bytes[info] = 0x22;
      if (name.includes('local')) bytes[info] = 0x02;
    });
    const symbols = readSymbols(read(bytes));
    assert.equal(symbols.length, 1);
    return symbols.name(0);
  };
  const cases: [string[], string][] = [
    [['weak_name', '__strong'], '__strong'],
    [['local_name', '__global'], '__global'],
    [['weak_name', 'local_name'], 'local_name'],
    [['__libc_malloc', 'malloc'], 'malloc'],
    [['memcpy', 'memmove_avx'], 'memmove_avx'],
  ];
  for (const [names, chosen] of cases) {
    assert.equal(build(names), chosen);
    assert.equal(build([...names].reverse()), chosen);
  }
  assert.equal(build(['bbb', 'aaa']), 'bbb'); // the first
});

test('finds the innermost of nested functions, and stretches those without size', () => {
  const names = ['outer', 'inner', 'sizeless', 'after'];
  const bytes = writeSymbolFile({
    buildId: Buffer.from(BUILD_ID, 'hex'),
    machine: EM_X86_64,
    symbols: { starts: [0, 16, 128, 160], sizes: [100, 16, 0, 8], names },
    textSize: 256,
  });
  const symbols = readSymbols(read(bytes));
  const nameAt = (vaddr: number): string | undefined => {
    const i = symbols.find(vaddr);
    return i < 0 ? undefined : symbols.name(i);
  };
  assert.deepEqual(
    [0, 15, 16, 31, 32, 99, 100, 127, 128, 159, 160, 168].map(nameAt),
    // prettier-ignore
    ['outer', 'outer', 'inner', 'inner', 'outer', 'outer', undefined, undefined,
     'sizeless', 'sizeless', 'after', undefined],
  );
  assert.equal(symbols.isSized(symbols.find(128)), false);
});

test('finds the build ID without section headers', () => {
  const bytes = sample();
  bytes.fill(0, 40, 48); // e_shoff
  bytes.fill(0, 60, 64); // e_shnum, e_shstrndx
  const image = read(bytes);
  assert.equal(image.sections.length, 0);
  assert.equal(image.buildId, BUILD_ID);
  assert.equal(readSymbols(image).length, 0);
});

test('reads big-endian files', () => {
  // s390x, as far as a header goes: one PT_LOAD at 0x1000000, file offset 0x1000.
  const bytes = Buffer.alloc(64 + 56);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]);
  bytes.writeUInt16BE(3, 16);
  bytes.writeUInt16BE(22, 18);
  bytes.writeBigUInt64BE(0x1000234n, 24);
  bytes.writeBigUInt64BE(64n, 32);
  bytes.writeUInt16BE(56, 54);
  bytes.writeUInt16BE(1, 56);
  bytes.writeUInt32BE(1, 64);
  bytes.writeUInt32BE(5, 68);
  [0x1000n, 0x1000000n, 0n, 0x500n, 0x600n, 0x1000n].forEach((value, i) =>
    bytes.writeBigUInt64BE(value, 72 + 8 * i),
  );
  const image = read(bytes);
  assert.deepEqual(
    [image.littleEndian, image.machine, image.entry, image.vaddrOfOffset(0x1234)],
    [false, 22, 0x1000234, 0x1000234],
  );
  assert.equal(image.vaddrOfOffset(0x1500), undefined);
});

test('unpacks compressed sections, and refuses those that lie about their size', () => {
  const text = Buffer.from('0123456789'.repeat(100));
  const zlib = deflateSync(text);
  // A frame of one segment with its size less 256, and in it one raw block, the last.
  const zstd = Buffer.concat([Buffer.from('28b52ffd60e802411f00', 'hex'), text]);
  zstd.writeUInt16LE(text.length - 256, 5);
  const packedSection = (
    size: number,
    type = 1,
    data: Uint8Array = zlib,
  ): { image: ElfImage; unpack: () => Uint8Array } => {
    const bytes = sample();
    const header = Buffer.alloc(24);
    header.writeUInt32LE(type);
    header.writeUInt32LE(size, 8);
    const packed = Buffer.concat([header, data]);
    // Section 5, .shstrtab, stays; section 2, the note, becomes the packed one behind the file's end.
    const shdr = Number(bytes.readBigUInt64LE(40)) + 2 * 64;
    bytes.writeUInt32LE(1, shdr + 4);
    bytes.writeUInt32LE(SHF_COMPRESSED, shdr + 8);
    bytes.writeUInt32LE(bytes.length, shdr + 24);
    bytes.writeUInt32LE(packed.length, shdr + 32);
    const image = read(Buffer.concat([bytes, packed]));
    return { image, unpack: () => image.sectionBytes(image.sections[2]) };
  };
  assert.deepEqual(Buffer.from(packedSection(1000).unpack()), text);
  for (const [size, type] of [[999], [1001], [0], [0xffffffff], [1000, 2], [1000, 3]]) {
    assert.throws(packedSection(size, type).unpack, FormatError);
  }
  assert.deepEqual(Buffer.from(packedSection(1000, 2, zstd).unpack()), text);
  for (const size of [999, 1001, 0, 0xffffffff]) {
    assert.throws(packedSection(size, 2, zstd).unpack, FormatError);
  }
  for (let length = 0; length < zstd.length; length++) {
    assert.throws(
      packedSection(1000, 2, zstd.subarray(0, length)).unpack,
      FormatError,
      `${length}`,
    );
  }
});

test('refuses what is no ELF file, saying so', () => {
  const refused = (change: (bytes: Buffer) => void, message: RegExp): void => {
    const bytes = sample();
    change(bytes);
    assert.throws(() => read(bytes), { name: 'FormatError', message });
  };
  refused((bytes) => bytes.fill(0), /expected the magic 7f 45 4c 46, found 00000000/);
  refused((bytes) => (bytes[4] = 3), /expected ELFCLASS32 or 64 \(1 or 2\), found 3/);
  refused((bytes) => (bytes[5] = 3), /ELFDATA2LSB/);
  refused((bytes) => bytes.writeUInt16LE(55, 54), /at least 56 bytes, found 55/);
  refused((bytes) => bytes.writeUInt16LE(0xfffe, 60), /Elf64_Shdr/);
  refused((bytes) => bytes.writeUInt16LE(6, 62), /a section of 6, found number 6/);
});

test('a file cut short at any byte, or with any header byte wrong, ends in a FormatError or is read', () => {
  const bytes = sample();
  const attempt = (damaged: Uint8Array): boolean => {
    try {
      readAll(damaged);
      return true;
    } catch (error) {
      if (error instanceof FormatError) return false;
      throw error;
    }
  };
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(attempt(bytes.subarray(0, length)), false, `cut to ${length}`);
  }
  assert.equal(attempt(bytes), true);
  const image = read(bytes);
  const symtab = image.section('.symtab') ?? assert.fail();
  const sections = Number(bytes.readBigUInt64LE(40));
  for (const [from, to] of [
    [0, symtab.offset + symtab.size],
    [sections, bytes.length],
  ]) {
    for (let at = from; at < to; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = value;
        attempt(damaged);
      }
    }
  }
});

test('reads the libraries that this process runs on as readelf does', (t) => {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  const paths = new Set(maps.match(/\/\S+\.so[.0-9]*$/gm));
  assert.ok(paths.size > 0);
  for (const path of paths) {
    if (path.endsWith('.node')) continue;
    const source = new FileSource(path);
    const image = ElfImage.read(source);
    const listing = output(t, 'readelf', '--headers', '--notes', '--wide', path);
    if (listing === undefined) return;
    assert.equal(image.buildId, /Build ID: ([0-9a-f]+)/.exec(listing)?.[1]);
    const count = Number(/Number of section headers: +(\d+)/.exec(listing)?.[1]);
    assert.equal(image.sections.length, count);
    for (const segment of image.segments) {
      if (segment.type !== 1) continue;
      assert.equal(image.offsetOfVaddr(segment.vaddr), segment.offset);
    }
    source.close();
  }
});
