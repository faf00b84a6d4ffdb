import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { fixturePath } from '../../testing/fixtures.js';
import { openRecording } from './open.js';
import { readPerfData } from './reader.js';

test('a recording is a file or a directory with one', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-open-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.throws(() => openRecording(folder), /a directory without a recording/);
  copyFileSync(fixturePath('perfdata/fp.data'), join(folder, 'data'));
  for (const path of [folder, join(folder, 'data')]) {
    const source = openRecording(path);
    assert.equal(readPerfData(source).events.length, 1);
    source.close();
  }
  writeFileSync(join(folder, 'data.0'), '');
  assert.throws(() => openRecording(folder), /one file per thread/);
  assert.throws(() => openRecording(join(folder, 'missing')), /no such file/);
});
