import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { FormatError } from '../../base/errors.js';
import { FileSource, MemorySource } from '../../base/source.js';
import { skipOrFail } from '../../testing/pythons.js';
import { readDynamicLinking } from './dynamic.js';
import { ElfImage } from './image.js';

test('a program tells its libraries, their folders and its dynamic linker', (t) => {
  if (spawnSync('cc', ['--version']).error) return skipOrFail(t, 'cc', 'not installed');
  const folder = mkdtempSync(join(tmpdir(), 'strata-dynamic-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = join(folder, 'x.c');
  writeFileSync(source, 'int main(void) { return 0; }\n');
  const read = (...flags: string[]) => {
    const path = join(folder, 'x');
    execFileSync('cc', [source, '-o', path, ...flags]);
    const file = new FileSource(path);
    try {
      return readDynamicLinking(ElfImage.read(file));
    } finally {
      file.close();
    }
  };
  const runPath = '-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib:/opt/lib';
  const found = read('-Wl,--no-as-needed', '-lm', runPath);
  assert.ok(found.needed.includes('libm.so.6'), found.needed.join());
  assert.deepEqual(found.runPath, ['$ORIGIN/../lib', '/opt/lib']);
  assert.match(found.interpreter ?? '', /^\/lib.*\/ld-/);
  assert.deepEqual(read('-Wl,--disable-new-dtags,-rpath,/old').runPath, ['/old']);
  assert.deepEqual(read('-static'), { needed: [], runPath: [], interpreter: undefined });
});

test('a file that is cut anywhere tells what is there, or is a format error', () => {
  const source = new FileSource(process.execPath);
  const start = source.read(0, 20_000).slice();
  source.close();
  for (let length = 0; length < start.length; length += 97) {
    try {
      readDynamicLinking(ElfImage.read(new MemorySource(start.subarray(0, length))));
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  }
});
