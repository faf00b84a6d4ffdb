import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { StrataError } from './errors.js';
import { FileSource } from './source.js';
import { openSource, Spool } from './spool.js';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'strata-spool-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

for (const [where, limit] of [
  ['memory', 1 << 20],
  ['a file', 100],
] as const) {
  test(`what is appended is read from anywhere, in ${where}`, () => {
    const spool = new Spool('test', limit);
    const all: number[] = [];
    for (let i = 0; i < 50; i++) {
      const piece = Array.from({ length: i }, (_, k) => (i * 7 + k) & 0xff);
      spool.append(Uint8Array.from(piece));
      all.push(...piece);
    }
    assert.equal(spool.byteLength, all.length);
    for (const [offset, length] of [
      [0, 5],
      [90, 30],
      [all.length - 3, 10],
      [all.length, 1],
      [all.length + 9, 1],
    ]) {
      assert.deepEqual([...spool.read(offset, length)], all.slice(offset, offset + length));
      const target = new Uint8Array(length);
      const got = spool.readInto(target, offset);
      assert.deepEqual([...target.subarray(0, got)], all.slice(offset, offset + length));
    }
    spool.close();
    assert.equal(spool.byteLength, 0);
  });
}

test('the file has no name', (t) => {
  const folder = temporaryFolder(t);
  const before = process.env.TMPDIR;
  t.after(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  process.env.TMPDIR = folder;
  const spool = new Spool('test', 10);
  spool.append(new Uint8Array(100));
  assert.deepEqual(readdirSync(folder), []);
  spool.close();
  process.env.TMPDIR = join(folder, 'missing');
  assert.throws(() => new Spool('test', 10).append(new Uint8Array(100)), /temporary file/);
});

test('a regular file is read where it is; folders and missing files are refused', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'x');
  writeFileSync(path, 'abc');
  const source = openSource(path);
  assert.ok(source instanceof FileSource);
  source.close();
  assert.throws(() => openSource(folder), /it is a directory/);
  assert.throws(() => openSource(join(folder, 'y')), /no such file/);
  assert.throws(() => openSource('/dev/null/y'), StrataError);
});

test('a FIFO is read to its end', (t) => {
  const path = join(temporaryFolder(t), 'fifo');
  execFileSync('mkfifo', [path]);
  spawn('sh', ['-c', `(echo one; sleep 0.1; echo two) > ${path}`], { stdio: 'ignore' });
  const source = openSource(path);
  assert.equal(Buffer.from(source.read(0, 100)).toString(), 'one\ntwo\n');
  source.close();
});

test('standard input is read from a pipe, a socket, a file', () => {
  const program = `
    import { openSource } from ${JSON.stringify(new URL('spool.js', import.meta.url).href)};
    const source = openSource('-');
    process.stdout.write(source.constructor.name + ' ' + source.byteLength);
  `;
  const node = [process.execPath, '--input-type=module', '-e', program];
  const shell = (line: string): string =>
    execFileSync('sh', ['-c', line, ...node], { encoding: 'utf-8' });
  assert.equal(shell('(echo 1; sleep 0.1; echo 2) | "$0" "$@"'), 'Spool 4');
  assert.equal(shell('"$0" "$@" < "$0"').split(' ')[0], 'FileSource');
  const viaSocket = execFileSync(node[0], node.slice(1), { input: 'x'.repeat(300_000) });
  assert.equal(viaSocket.toString(), 'Spool 300000');
});
