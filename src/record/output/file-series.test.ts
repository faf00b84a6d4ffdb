import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { FileSeries } from './file-series.js';

function place(t: TestContext): { folder: string; path: string; fd: number } {
  const folder = mkdtempSync(join(tmpdir(), 'strata series '));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'p.data');
  return { folder, path, fd: openSync(path, 'wx+') };
}

const MOMENT = new Date(2026, 10, 3, 4, 5, 6, 78);

test('files get the local time of their end in hundredths of a second, each its own', (t) => {
  const { folder, path, fd } = place(t);
  const series = new FileSeries(path, fd);
  assert.equal(series.hasNamed, false);
  assert.deepEqual(series.leave(), { path });
  writeSync(fd, 'first');
  closeSync(fd);
  assert.deepEqual(series.name(MOMENT), { path: `${path}.2026110304050607`, removed: [] });
  assert.equal(series.hasNamed, true);
  const second = series.next();
  writeSync(second, 'second');
  closeSync(second);
  assert.equal(series.name(MOMENT).path, `${path}.2026110304050608`);
  assert.equal(readFileSync(`${path}.2026110304050607`, 'utf8'), 'first');
  assert.equal(readFileSync(`${path}.2026110304050608`, 'utf8'), 'second');
  assert.equal(readdirSync(folder).length, 2);
});

test('the oldest of its own files go', (t) => {
  const { folder, path, fd } = place(t);
  writeFileSync(`${path}.2020010101010101`, 'of another recording');
  const series = new FileSeries(path, fd, 2);
  closeSync(fd);
  for (let i = 1; i <= 4; i++) {
    const { removed } = series.name(new Date(2026, 0, i));
    assert.deepEqual(removed, i > 2 ? [`${path}.202601${`0${i - 2}`}00000000`] : []);
    closeSync(series.next());
  }
  assert.deepEqual(readdirSync(folder).sort(), [
    'p.data',
    'p.data.2020010101010101',
    'p.data.2026010300000000',
    'p.data.2026010400000000',
  ]);
});

test('what is not ours is neither renamed nor overwritten', (t) => {
  const { path, fd } = place(t);
  const series = new FileSeries(path, fd);
  closeSync(fd);
  renameSync(path, `${path}.mine`);
  writeFileSync(path, 'of someone else');
  const { path: left, problem } = series.name(MOMENT);
  assert.equal(left, path);
  assert.equal(series.leave().problem, problem);
  assert.match(problem ?? '', /p\.data was moved or removed while it was recorded/);
  assert.equal(readFileSync(path, 'utf8'), 'of someone else');
  closeSync(series.next());
  assert.equal(readFileSync(`${path}.old`, 'utf8'), 'of someone else');
  unlinkSync(path);
  assert.match(series.name(MOMENT).problem ?? '', /moved or removed/);
});

test('/dev/null stays where it is', () => {
  const series = new FileSeries('/dev/null', openSync('/dev/null', 'w'));
  assert.deepEqual(series.name(MOMENT), { path: '/dev/null' });
  closeSync(series.next());
  assert.ok(existsSync('/dev/null'));
  assert.equal(existsSync('/dev/null.2026110304050607'), false);
});
