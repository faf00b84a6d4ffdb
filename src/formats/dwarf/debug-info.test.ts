import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { FormatError } from '../../base/errors.js';
import { FileSource, MemorySource } from '../../base/source.js';
import type { Address } from '../../base/units.js';
import { readFixture } from '../../testing/fixtures.js';
import { requirePython, skipOrFail } from '../../testing/pythons.js';
import { ElfImage, type ElfSection } from '../elf/image.js';
import { ParseBudget } from './budget.js';
import { DebugInfo } from './debug-info.js';
import type { SourceFrame } from './source-frame.js';
import type { DebugFileFinder } from './split.js';

const NO_FILES: DebugFileFinder = {
  split: () => undefined,
  package: () => undefined,
  alternate: () => undefined,
};

function open(image: ElfImage, files = NO_FILES): DebugInfo | undefined {
  return DebugInfo.open(image, {
    budget: new ParseBudget(Infinity),
    lines: true,
    demangle: (name) => name,
    files,
  });
}

/** Every `step`th address of the code. */
function addressesOf(image: ElfImage, step: number): Address[] {
  const { address, size } = image.section('.text') ?? assert.fail();
  return Array.from({ length: Math.ceil(size / step) }, (_, i) => address + i * step);
}

/** What `addr2line -i -f` says; `undefined`, and the test skipped, where it is not installed. */
function addr2line(
  t: TestContext,
  path: string,
  addresses: readonly Address[],
): SourceFrame[][] | undefined {
  const input = addresses.map((address) => `0x${address.toString(16)}\n`).join('');
  const argv = ['--addresses', '--inlines', '--functions', '--exe', path];
  const output = run(t, 'addr2line', argv, input);
  // Of each address itself, then pairs of lines: a name, and `file:line` with perhaps a discriminator.
  return output
    ?.split(/^0x[0-9a-f]{16}\n/m)
    .slice(1)
    .map((block) =>
      [...block.matchAll(/^(.*)\n(.*):(\d+|\?)(?: \(disc.*\))?$/gm)].map(
        ([, name, file, line]) => ({
          name: name === '??' ? undefined : name,
          file: file === '??' ? undefined : file.replace(/\/(\.?\/)+/g, '/'),
          line: Number(line) > 0 ? Number(line) : -1,
        }),
      ),
    );
}

function run(t: TestContext, program: string, argv: string[], input = ''): string | undefined {
  try {
    return execFileSync(program, argv, {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    skipOrFail(t, program, 'not installed');
    return undefined;
  }
}

/**
 * Compares every frame. The name of the function that is not inlined is left out, for which addr2line takes
 * the symbol's (`f.cold`); so are addresses without lines. With DWARF 5, addr2line up to 2.40 takes some
 * files' names for others.
 * @returns how many addresses had inlined functions
 */
function compare(
  t: TestContext,
  path: string,
  step: number,
  withFiles: boolean,
): number | undefined {
  const source = new FileSource(path);
  try {
    const image = ElfImage.read(source);
    const info = open(image) ?? assert.fail();
    const addresses = addressesOf(image, step);
    const expected = addr2line(t, path, addresses);
    if (expected === undefined) return undefined;
    let inlined = 0;
    addresses.forEach((address, i) => {
      const found = info.framesAt(address);
      if (found.length > 1) inlined++;
      if ([...expected[i], ...found].every(({ line }) => line < 0)) return;
      const parts = (frames: readonly SourceFrame[]): unknown[] =>
        frames.map(({ name, file, line }, frame) => [
          frame === frames.length - 1 ? '' : name,
          withFiles ? file : '',
          line,
        ]);
      assert.deepEqual(parts(found), parts(expected[i]), `${path} at ${address.toString(16)}`);
    });
    return inlined;
  } finally {
    source.close();
  }
}

test('tells what addr2line tells of a Python interpreter', (t) => {
  const python = requirePython(t, [3, 8], { source: 'pyenv' });
  if (!python) return;
  const [major, minor] = python.version;
  const library = join(dirname(python.path), '..', 'lib', `libpython${major}.${minor}.so.1.0`);
  const inlined = compare(t, existsSync(library) ? library : python.path, 2003, false);
  if (inlined !== undefined) assert.ok(inlined > 100, `${inlined}`);
});

const HEADER = `
  static inline __attribute__((always_inline)) int inner(int x) { return x * x + side(x); }
  static inline __attribute__((always_inline)) int outer(int x) { int s = 0; for (int i = 0; i < x; i++) s ^= inner(i); return s; }
`;
const FIRST = `int side(int); int second(int);
  #include "header.h"
  __attribute__((noinline)) int first(int x) { if (x > 40) __builtin_trap(); return outer(x) + inner(x + 1); }
  int main(int argc, char **argv) { return first(argc) + second(argc); }
`;
const SECOND = `int side(int x) { return x ^ 3; }
  #include "header.h"
  int second(int x) { return outer(x + 2); }
  int dropped(int x) { return outer(x - 2); }
`;

test('tells what addr2line tells of programs that gcc makes', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-dwarf-'));
  try {
    writeFileSync(join(folder, 'header.h'), HEADER);
    const sources = [join(folder, 'first.c'), join(folder, 'second.c')];
    writeFileSync(sources[0], FIRST);
    writeFileSync(sources[1], SECOND);
    for (const [name, withFiles, ...flags] of [
      ['v2', true, '-gdwarf-2'],
      ['v3', true, '-gdwarf-3'],
      ['v4', true, '-gdwarf-4'],
      ['v5', false, '-gdwarf-5'],
      ['sections', true, '-gdwarf-4', '-ffunction-sections', '-Wl,--gc-sections'],
      ['lto', true, '-gdwarf-4', '-flto'],
    ] as const) {
      const path = join(folder, name);
      const argv = ['-g', '-O2', ...flags, ...sources, '-o', path];
      if (run(t, 'gcc', argv) === undefined) return;
      const inlined = compare(t, path, 1, withFiles);
      if (inlined === undefined) return;
      assert.ok(inlined > 20, `${name}: ${inlined}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A fixture's bytes, and where its section headers' fields are. */
class Patched {
  readonly bytes: Buffer;

  constructor(name: string) {
    this.bytes = Buffer.from(readFixture(`dwarf/${name}`));
  }

  get image(): ElfImage {
    return ElfImage.read(new MemorySource(this.bytes));
  }

  section(name: string): ElfSection {
    return this.image.section(name) ?? assert.fail(name);
  }

  /** Position of a 64-bit section header. */
  header(name: string): number {
    const index = this.image.sections.findIndex((section) => section.name === name);
    return Number(this.bytes.readBigUInt64LE(40)) + 64 * index;
  }
}

const LINES_OF_MEASURE: readonly SourceFrame[] = [
  { name: 'area', file: '/src/shapes.h', line: 9 },
  { name: 'measure', file: '/src/program.c', line: 14 },
];

/** An address of `measure` in the fixtures, see `fixtures/dwarf/program.lines`. */
const IN_MEASURE = 0x400108;

test('finds units that .debug_aranges does not tell of, or tells wrongly', () => {
  const patched = new Patched('v5.elf');
  assert.deepEqual(open(patched.image)?.framesAt(IN_MEASURE), LINES_OF_MEASURE);
  const { offset } = patched.section('.debug_aranges');
  patched.bytes.writeUInt16LE(99, offset + 4); // its version
  assert.deepEqual(open(patched.image)?.framesAt(IN_MEASURE), LINES_OF_MEASURE);
  // A unit that says nothing of its code, either: its functions do.
  const abbreviations = patched.section('.debug_abbrev').offset;
  // DW_AT_ranges, sec_offset, DW_AT_low_pc, addr; DW_AT_location is none of a root's.
  const at = patched.bytes.indexOf(Buffer.from([0x55, 0x17, 0x11, 0x01]), abbreviations);
  patched.bytes[at] = 0x02;
  patched.bytes[at + 2] = 0x02;
  assert.deepEqual(open(patched.image)?.framesAt(IN_MEASURE), LINES_OF_MEASURE);
});

test('gives less of information that is damaged', () => {
  const without = (section: string): readonly SourceFrame[] => {
    const patched = new Patched('v5.elf');
    const { offset, size } = patched.section(section);
    patched.bytes.fill(0xff, offset, offset + size);
    return open(patched.image)?.framesAt(IN_MEASURE) ?? [];
  };
  const [area, measure] = LINES_OF_MEASURE;
  assert.deepEqual(without('.debug_line'), [
    { name: area.name, file: undefined, line: -1 },
    { name: measure.name, file: undefined, line: measure.line },
  ]);
  assert.deepEqual(without('.debug_abbrev'), []);
  assert.deepEqual(without('.debug_info'), []);
  assert.equal(without('.debug_rnglists').at(-1)?.file, area.file);
  assert.deepEqual(
    without('.debug_line_str').map(({ line }) => line),
    [9, 14],
  );
});

/** All of the code, so that each part of the debug information is read. */
function readAll(image: ElfImage): number {
  const files = {
    ...NO_FILES,
    split: () => ElfImage.read(new MemorySource(readFixture('dwarf/split-program.dwo'))),
  };
  const info = open(image, files);
  return addressesOf(image, 9).reduce((sum, at) => sum + (info?.framesAt(at).length ?? 0), 0);
}

test('debug information cut short at any byte gives frames or none, never an error', () => {
  for (const name of ['v2.elf', 'v5.elf']) {
    const patched = new Patched(name);
    const all = readAll(patched.image);
    for (const section of patched.image.sections) {
      if (!section.name.startsWith('.debug_')) continue;
      const field = patched.header(section.name) + 32; // sh_size
      for (let size = 0; size < section.size; size++) {
        patched.bytes.writeUInt32LE(size, field);
        assert.ok(readAll(patched.image) <= all, `${section.name} cut to ${size}`);
      }
      patched.bytes.writeUInt32LE(section.size, field);
    }
  }
});

test('any byte of debug information may be wrong', () => {
  for (const name of ['v5.elf', 'split.elf', 'rust.elf']) {
    const { image, bytes } = new Patched(name);
    for (const section of image.sections) {
      if (!section.name.startsWith('.debug_')) continue;
      for (let at = section.offset; at < section.offset + section.size; at++) {
        const before = bytes[at];
        bytes[at] = [0, 0x7f, 0xff][at % 3];
        readAll(image);
        bytes[at] = before;
      }
    }
  }
});

test('does not open what is packed in a way that it does not know', () => {
  const patched = new Patched('zstd.elf');
  patched.bytes.writeUInt32LE(9, patched.section('.debug_info').offset);
  assert.equal(open(patched.image), undefined);
  assert.throws(
    () => patched.image.sectionBytes(patched.section('.debug_info')),
    (error) => error instanceof FormatError,
  );
});
