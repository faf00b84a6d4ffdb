import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { findProgram } from './programs.js';

test('programs are found as execvp finds them', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-programs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (path: string, mode: number): string => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), '', { mode });
    return join(folder, path);
  };
  put('a/tool', 0o644);
  mkdirSync(join(folder, 'b/tool'), { recursive: true });
  const tool = put('c/tool', 0o755);
  const own = put('own', 0o755);
  const path = `${folder}/a:${folder}/b:${folder}/c`;
  assert.equal(findProgram('tool', path, '/'), tool, 'neither a text file nor a folder');
  assert.equal(findProgram('c/tool', path, folder), tool);
  assert.equal(findProgram('./tool', path, join(folder, 'c')), tool);
  assert.equal(findProgram('a/tool', path, folder), undefined);
  assert.equal(findProgram('own', `${path}:`, folder), own, 'an empty part is the working folder');
  assert.equal(findProgram('own', path, folder), undefined);
  assert.match(findProgram('sh', undefined, '/') ?? '', /bin\/sh$/);
  assert.equal(findProgram('', path, folder), undefined);
  assert.equal(findProgram('x\0y', path, folder), undefined);
});
