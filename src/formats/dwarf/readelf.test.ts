/**
 * Rows against binutils: `readelf --debug-dump=frames-interp` prints the rows of every entry.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { FileSource } from '../../base/source.js';
import { requirePython, skipOrFail } from '../../testing/pythons.js';
import { ElfImage } from '../elf/image.js';
import { CfiIndex, type FoundRow } from './cfi.js';
import { CFA_EXPRESSION, RuleKind } from './rows.js';

const NAMES = [
  ...['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'ra'],
];

test('every row of the interpreter and its libraries is what readelf prints', (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  try {
    execFileSync('readelf', ['--version']);
  } catch {
    skipOrFail(t, 'readelf', 'binutils is not installed');
    return;
  }
  const files = mappedFiles(python.path).filter((file) =>
    /libc\.so|libpython|ld-|python3|libm\./.test(file),
  );
  assert.ok(files.length >= 3, files.join());
  let rows = 0;
  for (const file of files) rows += compareFile(file);
  assert.ok(rows > 10_000, `${rows} rows compared`);
});

function mappedFiles(python: string): string[] {
  const script = 'import math; print(open("/proc/self/maps").read())';
  const maps = execFileSync(python, ['-c', script], { encoding: 'utf-8' });
  const paths = maps.split('\n').map((line) => /r-xp.* (\/.*)$/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}

function compareFile(file: string): number {
  const source = new FileSource(file);
  const cfi = CfiIndex.fromElf(ElfImage.read(source));
  source.close();
  const text = execFileSync('readelf', ['--debug-dump=frames-interp', file], {
    encoding: 'utf-8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let rows = 0;
  let columns: string[] = [];
  let start = -1;
  let end = -1;
  for (const line of text.split('\n')) {
    const fde = / FDE .* pc=([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line);
    // A register that is kept in another is printed as `r9 (r9)` or `r1 (rdx)`.
    const words = line
      .trim()
      .replace(/\w+ \((\w+)\)/g, '$1')
      .split(/ +/);
    if (fde) {
      [start, end] = [parseInt(fde[1], 16), parseInt(fde[2], 16)];
      // An entry without instructions of its own is printed without rows.
      assert.deepEqual(boundsAt(cfi, start), { start, end }, `${file} ${line}`);
    } else if (line.includes(' CIE ')) start = -1;
    else if (words[0] === 'LOC') columns = words.slice(2);
    else if (start >= 0 && words.length >= 2 && /^[0-9a-f]{16}$/.test(words[0])) {
      const at = parseInt(words[0], 16);
      if (at >= end) continue; // past the function's last instruction
      const found = cfi.rowAt(at);
      assert.ok(found, `${file} ${line}`);
      assert.equal(describe(found, columns), words.join(' '), `${file} in ${start.toString(16)}`);
      rows++;
    }
  }
  return rows;
}

function boundsAt(cfi: CfiIndex, vaddr: number): unknown {
  return cfi.bounds(cfi.find(vaddr));
}

/** As readelf prints a row. */
function describe({ fde, rows, row }: FoundRow, columns: readonly string[]): string {
  const loc = (fde.start + rows.offset.data[row]).toString(16).padStart(16, '0');
  const register = rows.cfaRegister.data[row];
  const cfa =
    register === CFA_EXPRESSION ? 'exp' : `${NAMES[register]}${signed(rows.cfaValue.data[row])}`;
  const cells = columns.map((column) => {
    const at = rows.ruleOf(row, NAMES.indexOf(column));
    if (at < 0) return 'u';
    const value = rows.rules.data[at + 1];
    switch (rows.rules.data[at] & 7) {
      case RuleKind.Undefined:
        return 'u';
      case RuleKind.SameValue:
        return 's';
      case RuleKind.Offset:
        return `c${signed(value)}`;
      case RuleKind.ValueOffset:
        return `v${signed(value)}`;
      case RuleKind.Register:
        return NAMES[value];
      case RuleKind.Expression:
        return 'exp';
      default:
        return 'vexp';
    }
  });
  return [loc, cfa, ...cells].join(' ');
}

function signed(value: number): string {
  return value < 0 ? `${value}` : `+${value}`;
}
