import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { parseAddress, type Address } from '../base/units.js';
import { EM_X86_64 } from '../formats/elf/constants.js';
import { writeSymbolFile } from '../formats/elf/writer.js';
import { readKernelSymbols, runningKernelBuildId } from './kernel.js';

const OURS = 'aa'.repeat(20);
const OTHER = 'bb'.repeat(20);

function at(hex: string): Address {
  return parseAddress(hex) ?? assert.fail(hex);
}

const REFERENCE = { name: '_text', address: at('ffffffff92000000') };
const INSIDE = at('ffffffff92000150');
const KALLSYMS = 'ffffffff81000000 T _text\nffffffff81000100 T from_kallsyms\n';

/** A kernel linked at 0x1000: `_text`, and a function 256 bytes on. */
function putVmlinux(path: string, buildId: string, name: string, text = 0x1000): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    writeSymbolFile({
      buildId: Buffer.from(buildId, 'hex'),
      machine: EM_X86_64,
      symbols: { starts: [text, text + 256], sizes: [256, 256], names: ['_text', name] },
      textSize: 0x10000,
    }),
  );
  return path;
}

function withFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'strata-kernel-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('takes the kallsyms that a person names, moved to the recorded place', () => {
  withFolder((folder) => {
    const kallsyms = join(folder, 'kallsyms');
    writeFileSync(kallsyms, KALLSYMS);
    const source = { buildId: OURS, reference: REFERENCE };
    const symbols = readKernelSymbols(source, { kallsyms });
    assert.equal(symbols.gap, undefined);
    assert.equal(symbols.lookup(INSIDE)?.name, 'from_kallsyms');

    const gap = (text: string): string => {
      writeFileSync(kallsyms, text);
      const refused = readKernelSymbols(source, { kallsyms });
      assert.equal(refused.lookup(INSIDE), undefined);
      return refused.gap ?? '';
    };
    assert.match(gap('ffffffff81000100 T one\n'), /kallsyms has no symbol _text/);
    assert.match(gap('ffffffff81000010 T _text\n'), /is not of the kernel that was recorded/);
    assert.match(gap('0000000000000000 T _text\n'), /kptr_restrict/);
    assert.match(gap(''), /there are no kernel symbols in/);
    rmSync(kallsyms);
    assert.match(readKernelSymbols(source, { kallsyms }).gap ?? '', /no such file/);
    assert.match(readKernelSymbols(source, { kallsyms: folder }).gap ?? '', /is not a file/);
  });
});

test('takes the vmlinux that a person names, if it is of the recorded build', () => {
  withFolder((folder) => {
    const vmlinux = putVmlinux(join(folder, 'vmlinux'), OURS, 'from_vmlinux');
    const source = { buildId: OURS, reference: REFERENCE };
    const symbols = readKernelSymbols(source, { vmlinux });
    assert.equal(symbols.gap, undefined);
    assert.deepEqual(symbols.lookup(INSIDE), {
      name: 'from_vmlinux',
      start: at('ffffffff92000100'),
      size: 256,
      module: undefined,
    });
    const refused = readKernelSymbols({ ...source, buildId: OTHER }, { vmlinux });
    assert.equal(refused.lookup(INSIDE), undefined);
    assert.match(refused.gap ?? '', /vmlinux is another build \(build ID bbbb.* recorded, aaaa/);
    // Without its place it would name whatever lies at the addresses that it was linked for.
    assert.match(
      readKernelSymbols({ buildId: OURS }, { vmlinux }).gap ?? '',
      /does not tell where/,
    );
    putVmlinux(vmlinux, OURS, 'moved', 0x1010);
    assert.match(readKernelSymbols(source, { vmlinux }).gap ?? '', /is not of the kernel/);
    writeFileSync(vmlinux, 'no ELF file');
    assert.match(readKernelSymbols(source, { vmlinux }).gap ?? '', /ELF/);
    const nowhere = { vmlinux: join(folder, 'nowhere') };
    assert.match(readKernelSymbols(source, nowhere).gap ?? '', /is not there/);
  });
});

test('finds a file of another kernel by its build ID where such files are', () => {
  withFolder((symfs) => {
    const source = { buildId: OURS, reference: REFERENCE, release: '1.2.3-test', isRunning: false };
    assert.match(readKernelSymbols(source, { symfs }).gap ?? '', /another kernel/);
    for (const place of [
      `usr/lib/debug/.build-id/aa/${OURS.slice(2)}.debug`,
      'usr/lib/debug/boot/vmlinux-1.2.3-test',
      'boot/vmlinux-1.2.3-test',
      'lib/modules/1.2.3-test/build/vmlinux',
    ]) {
      const path = putVmlinux(join(symfs, place), OTHER, 'other');
      assert.match(readKernelSymbols(source, { symfs }).gap ?? '', /another kernel/, place);
      putVmlinux(path, OURS, place);
      assert.equal(readKernelSymbols(source, { symfs }).lookup(INSIDE)?.name, place);
      rmSync(path);
    }
    putVmlinux(join(symfs, 'somewhere'), OURS, 'in_folder');
    const symbols = readKernelSymbols(source, { symbolDirs: [symfs] });
    assert.equal(symbols.lookup(INSIDE)?.name, 'in_folder');
    const hostile = { ...source, release: '../../..', buildId: '../../x' };
    assert.match(readKernelSymbols(hostile, { symfs }).gap ?? '', /another kernel/);
  });
});

test("prefers a recording's own names, then the running kernel's if it was the recorded one", () => {
  const text = Buffer.from(KALLSYMS);
  const carried = readKernelSymbols({ text, buildId: OURS, isRunning: false });
  assert.equal(carried.lookup(at('ffffffff81000150'))?.name, 'from_kallsyms');
  assert.match(readKernelSymbols({ isRunning: false }).gap ?? '', /under another kernel/);
  const buildId = runningKernelBuildId();
  if (buildId === undefined) return; // without sysfs
  const running = readKernelSymbols({ buildId, isRunning: false });
  assert.ok(running.gap === undefined || /kptr_restrict/.test(running.gap), running.gap);
});

test('who is interrupted at the first byte of a function is not in the padding before it', () => {
  const text = [
    'ffffffff81000100 t __cfi_first',
    'ffffffff81000110 t first',
    'ffffffff81000150 t __pfx_second',
    'ffffffff81000160 t second',
    'ffffffff81000200 t __pfx_alone',
    'ffffffff81000210 t other',
  ].join('\n');
  const symbols = readKernelSymbols({ text: Buffer.from(`${text}\n`) });
  const name = (hex: string): string | undefined => symbols.lookup(at(hex))?.name;
  // A return address less one.
  assert.equal(name('ffffffff8100015f'), 'second');
  assert.equal(symbols.lookup(at('ffffffff8100015f'))?.start, at('ffffffff81000160'));
  // What lies behind a call that never returns is the next function's padding: the call is before it.
  assert.equal(name('ffffffff8100014f'), 'first');
  assert.equal(name('ffffffff81000155'), '__pfx_second');
  assert.equal(name('ffffffff8100020f'), '__pfx_alone');
});
