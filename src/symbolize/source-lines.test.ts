import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import type { SourceFrame } from '../formats/dwarf/source-frame.js';
import { fixturePath, readFixture } from '../testing/fixtures.js';
import { Symbolizer } from './symbolizer.js';

/** One of `fixtures/dwarf/*.lines`: a range of addresses, and what stands there. */
interface ExpectedLine {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function expectedLines(name: string): ExpectedLine[] {
  const text = Buffer.from(readFixture(`dwarf/${name}.lines`)).toString();
  return [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (.*)$/gm)].map(([, start, end, frames]) => ({
    start: parseInt(start, 16),
    end: parseInt(end, 16),
    text: frames,
  }));
}

/** As the expectations are written. */
function describe(frames: readonly SourceFrame[]): string {
  return frames
    .map(({ name, file, line }) => `${name} ${file?.replace(/^\/src\//, '')}:${line}`)
    .join(' < ');
}

function checkLines(path: string, expected: readonly ExpectedLine[]): void {
  assert.ok(expected.length > 10);
  const symbolizer = new Symbolizer();
  const module = symbolizer.module({ path });
  for (const { start, end, text } of expected) {
    for (let at = start; at < end; at++) {
      assert.equal(describe(module.sourceAt(at)), text, `${path} at ${at.toString(16)}`);
    }
  }
  symbolizer.close();
}

/** A folder with copies of fixtures, each under the name given. */
function withCopies(files: Record<string, string>, run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'strata-lines-'));
  try {
    for (const [name, fixture] of Object.entries(files)) {
      copyFileSync(fixturePath(`dwarf/${fixture}`), join(folder, name));
    }
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('reads the same out of every form of debug information', () => {
  const forms = ['v3', 'v4', 'v5', 'wide', 'gnu-zlib', 'zstd', 'split', 'package', 'shared'];
  const expected = expectedLines('program');
  assert.match(expected.map(({ text }) => text).join('\n'), /^area \S+ < total \S+ < measure /m);
  for (const name of [...forms, 'stripped']) {
    checkLines(fixturePath(`dwarf/${name}.elf`), expected);
  }
});

test('reads DWARF 2, a 32-bit program, and what LLVM makes of Rust', () => {
  for (const name of ['v2', 'narrow', 'rust']) {
    checkLines(fixturePath(`dwarf/${name}.elf`), expectedLines(name));
  }
});

test('names functions of a 32-bit program', () => {
  const symbolizer = new Symbolizer();
  const module = symbolizer.module({ path: fixturePath('dwarf/narrow.elf') });
  const { start } = expectedLines('narrow').find(({ text }) => text.startsWith('give_up')) ?? {};
  assert.equal(module.lookup(start ?? assert.fail()).name, 'give_up');
  symbolizer.close();
});

test('takes a unit from another file only if it is that unit', () => {
  const { start, text } =
    expectedLines('program').find((line) => line.text.includes(' < ')) ?? assert.fail();
  const sourceOf = (folder: string): string => {
    const symbolizer = new Symbolizer();
    const frames = symbolizer.module({ path: join(folder, 'program.elf') }).sourceAt(start);
    symbolizer.close();
    return describe(frames);
  };
  const line = text.replace(/^\S+ (\S+) .*/, 'undefined $1');
  withCopies({ 'program.elf': 'split.elf', 'split-program.dwo': 'split-program.dwo' }, (folder) => {
    assert.equal(sourceOf(folder), text);
  });
  // The program itself has the lines; without the other file there are no functions.
  withCopies({ 'program.elf': 'split.elf' }, (folder) => {
    assert.equal(sourceOf(folder), line);
  });
  withCopies({ 'program.elf': 'split.elf', 'program.elf.dwp': 'package.elf.dwp' }, (folder) => {
    assert.equal(sourceOf(folder), line);
  });
  withCopies({ 'program.elf': 'split.elf', 'split-program.dwo': 'v5.elf' }, (folder) => {
    assert.equal(sourceOf(folder), line);
  });
  // What dwz moved are names, among others; lines are where they were.
  withCopies({ 'program.elf': 'shared.elf', 'alternate.debug': 'v4.elf' }, (folder) => {
    assert.match(sourceOf(folder), /shapes\.h:9 < /);
  });
});

test('finds other files below the folder that stands for /', () => {
  const { start, text } =
    expectedLines('program').find((line) => line.text.includes(' < ')) ?? assert.fail();
  withCopies({ 'program.elf': 'stripped.elf', 'stripped.debug': 'stripped.debug' }, (folder) => {
    const symbolizer = new Symbolizer({ symfs: dirname(folder) });
    const path = join(folder.slice(dirname(folder).length), 'program.elf');
    assert.equal(describe(symbolizer.module({ path }).sourceAt(start)), text);
    symbolizer.close();
  });
});

test('tells functions alone where no lines are wanted', () => {
  const path = fixturePath('dwarf/v5.elf');
  const { start } =
    expectedLines('program').find((line) => line.text.includes(' < ')) ?? assert.fail();
  const frames = (lines: boolean): string[] => {
    const symbolizer = new Symbolizer({ lines });
    const found = symbolizer.module({ path }).sourceAt(start);
    symbolizer.close();
    return found.map(({ name, file, line }) => `${name} ${file !== undefined} ${line > 0}`);
  };
  const whole = frames(true);
  assert.ok(whole.length > 1 && whole.every((text) => text.endsWith(' true true')));
  assert.deepEqual(
    frames(false),
    whole.map((text) => text.replace(' true true', ' false false')),
  );
});

test('reads nothing beyond its budget, and counts what it left out', () => {
  const path = fixturePath('dwarf/v5.elf');
  const { start } = expectedLines('program')[0];
  const spend = (lineBudget: number): [frames: number, spent: boolean, refused: boolean] => {
    const symbolizer = new Symbolizer({ lineBudget });
    const frames = symbolizer.module({ path }).sourceAt(start);
    const { spent, refused } = symbolizer.lineBudget;
    symbolizer.close();
    return [frames.length, spent > 0, refused > 0];
  };
  assert.deepEqual(spend(0), [0, false, false]);
  assert.deepEqual(spend(Infinity), [1, true, false]);
  assert.deepEqual(spend(1 << 20), [1, true, false]);
  assert.deepEqual(spend(200), [0, true, true]);
});

test('knows nothing of a module without debug information, or that is not there', () => {
  const symbolizer = new Symbolizer();
  withCopies({ 'program.elf': 'stripped.elf' }, (folder) => {
    const { start } = expectedLines('program')[0];
    assert.deepEqual(symbolizer.module({ path: join(folder, 'program.elf') }).sourceAt(start), []);
  });
  assert.deepEqual(symbolizer.module({ path: '/not/there' }).sourceAt(4096), []);
  symbolizer.close();
});
