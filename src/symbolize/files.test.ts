import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { EM_X86_64 } from '../formats/elf/constants.js';
import { writeSymbolFile } from '../formats/elf/writer.js';
import { skipOrFail } from '../testing/pythons.js';
import type { SymbolOptions } from './options.js';
import { Symbolizer } from './symbolizer.js';

const OURS = 'aa'.repeat(20);
const OTHER = 'bb'.repeat(20);

/** A file of one function, `name`, at [16, 32). */
function put(path: string, buildId: string, name: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    writeSymbolFile({
      buildId: Buffer.from(buildId, 'hex'),
      machine: EM_X86_64,
      symbols: { starts: [16], sizes: [16], names: [name] },
      textSize: 256,
    }),
  );
}

function withFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'strata-files-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is found at address 20 of a module, or why nothing is. */
function found(options: SymbolOptions, path: string, buildId?: string): string {
  const symbolizer = new Symbolizer(options);
  const module = symbolizer.module({ path, buildId });
  const { name, hasName } = module.lookup(20);
  const gap = symbolizer.gap(module);
  symbolizer.close();
  return hasName ? name : `(${gap?.reason ?? 'no gap'})`;
}

test('looks for modules below --symfs, in either layout, and never takes another build', () => {
  withFolder((symfs) => {
    put(join(symfs, 'usr/lib/libx.so'), OURS, 'in_its_place');
    put(join(symfs, 'libx.so'), OURS, 'at_the_top');
    assert.equal(found({ symfs }, '/usr/lib/libx.so'), 'in_its_place');
    assert.equal(found({ symfs, symfsLayout: 'flat' }, '/usr/lib/libx.so'), 'at_the_top');
    assert.equal(found({ symfs, symfsLayout: 'flat' }, '/usr/lib/libx.so', OURS), 'at_the_top');
    assert.equal(found({ symfs }, '/usr/lib/libx.so', OTHER), '(another build)');
    const flat: SymbolOptions = { symfs, symfsLayout: 'flat' };
    assert.equal(found(flat, '/usr/lib/libx.so', OTHER), '(another build)');
    // This machine's own file is another file, unless its build ID says that it is the same.
    const own = join(symfs, 'outside/libx.so');
    put(own, OURS, 'of_this_machine');
    const elsewhere = { symfs: join(symfs, 'empty') };
    assert.equal(found(elsewhere, own), '(no such file)');
    assert.equal(found(elsewhere, own, OURS), 'of_this_machine');
    assert.equal(found(elsewhere, own, OTHER), '(another build)');
  });
});

test('looks for modules anywhere below --symbol-dir, by build ID and else by name', () => {
  withFolder((folder) => {
    const symbolDirs = [join(folder, 'empty'), join(folder, 'symbols')];
    put(join(folder, 'symbols/a/b/libx.so'), OURS, 'by_name');
    put(join(folder, 'symbols/renamed.bin'), OTHER, 'by_content');
    const debug = 'cc'.repeat(20);
    put(join(folder, `symbols/cc/${debug.slice(2)}.debug`), debug, 'by_path');
    assert.equal(found({ symbolDirs }, '/gone/libx.so'), 'by_name');
    assert.equal(found({ symbolDirs }, '/gone/libx.so', OURS), 'by_name');
    assert.equal(found({ symbolDirs }, '/gone/libx.so', OTHER), 'by_content');
    assert.equal(found({ symbolDirs }, '/gone/libx.so', debug), 'by_path');
    assert.equal(found({ symbolDirs }, '/gone/libx.so (deleted)', OURS), 'by_name');
    assert.equal(found({ symbolDirs }, '/gone/libx.so (deleted)'), '(deleted)');
    assert.equal(found({ symbolDirs }, '/gone/libx.so', 'dd'.repeat(20)), '(another build)');
    assert.equal(found({ symbolDirs }, '/gone/liby.so', 'dd'.repeat(20)), '(no such file)');
    assert.equal(found({ symbolDirs }, '[heap]'), '(not a file)');
  });
});

test('is not led round in circles, nor stopped by pipes, below --symbol-dir', () => {
  withFolder((folder) => {
    symlinkSync(folder, join(folder, 'loop'));
    execFileSync('mkfifo', [join(folder, 'pipe'), join(folder, 'libx.so')]);
    symlinkSync('pipe', join(folder, 'link'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    put(join(folder, 'z/other.so'), OURS, 'found');
    const symbolDirs = [folder];
    assert.equal(found({ symbolDirs }, '/gone/libx.so', OURS), 'found');
    assert.equal(found({ symbolDirs }, '/gone/libx.so'), '(no such file)');
  });
});

test('unwinds by a file with code where there is one, and names by the one with symbols', (t) => {
  withFolder((folder) => {
    const file = join(folder, 'x.s');
    const library = join(folder, 'lib/libx.so');
    mkdirSync(dirname(library));
    writeFileSync(file, '.text\n.type inner, @function\ninner:\n.skip 64\n.size inner, 64\n');
    const gcc = ['-shared', '-nostdlib', '-Wl,--build-id', '-o', library, file];
    try {
      execFileSync('gcc', gcc);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      skipOrFail(t, 'gcc', 'not installed');
      return;
    }
    const debug = join(folder, 'a/libx.so'); // before lib/libx.so in order
    mkdirSync(dirname(debug));
    execFileSync('objcopy', ['--only-keep-debug', library, debug]);
    execFileSync('objcopy', ['--strip-all', library]);
    const symbolizer = new Symbolizer({ symbolDirs: [folder] });
    const module = symbolizer.module({ path: '/gone/libx.so' });
    const text = module.image?.section('.text') ?? assert.fail();
    const { buildId } = module.image ?? assert.fail();
    assert.equal(module.image?.sectionBytes(text).length, 64);
    const again = new Symbolizer({ symbolDirs: [folder] });
    const known = again.module({ path: '/gone/libx.so', buildId });
    assert.equal(known.lookup(text.address).name, 'inner');
    symbolizer.close();
    again.close();
  });
});
