/** A command that is recorded is as it would be without: what it gets, and what it leaves. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { startStrata } from '../testing/live.js';

const folder = mkdtempSync(join(tmpdir(), 'strata command '));
after(() => rmSync(folder, { recursive: true, force: true }));

const RECORD = ['record', '-q', '-N', '-o', '/dev/null'];

function lines(text: string): string[] {
  return text.split('\0').slice(0, -1).sort();
}

test('streams, working folder and parent’s session are the command’s own', async () => {
  const script = 'cat; pwd; echo to stderr >&2; ps -o pgid= -p $$ | tr -d " "';
  const run = startStrata([...RECORD, 'sh', '-c', script], { cwd: folder, input: 'from stdin\n' });
  assert.equal(await run.ended, 0);
  assert.equal(run.stdout(), `from stdin\n${folder}\n${run.child.pid}\n`);
  assert.equal(run.stderr(), 'to stderr\n');
});

test('the environment is the one that was given, to the letter', async () => {
  const environment = {
    A: '1',
    EMPTY: '',
    'BASH_FUNC_x%%': '() { :; }',
    'a.b-c': 'lines\nand \t tabs',
    größe: 'π',
    PWD: '/somewhere else',
  };
  const expected = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const seen = async (flags: string[], more: NodeJS.ProcessEnv = {}): Promise<string[]> => {
    const run = startStrata([...RECORD, ...flags, '/bin/cat', '/proc/self/environ'], {
      env: { ...environment, ...more },
    });
    assert.equal(await run.ended, 0, run.stderr());
    return lines(run.stdout());
  };
  assert.deepEqual(await seen(['--python', 'off']), [...expected].sort());
  assert.deepEqual(await seen([]), [...expected, 'PYTHONPERFSUPPORT=1'].sort());
  // A choice that was made stays.
  const chosen = { PYTHONPERFSUPPORT: '0' };
  assert.deepEqual(await seen([], chosen), [...expected, 'PYTHONPERFSUPPORT=0'].sort());
});

test('arguments are as written, the first too', async () => {
  const args = ['a b', 'two\nlines', 'größe – π', '', '-q', '--', "it's", '$HOME', '\\'];
  const run = startStrata([...RECORD, 'sh', '-c', 'cat /proc/$$/cmdline', ...args]);
  assert.equal(await run.ended, 0);
  assert.equal(run.stdout(), ['sh', '-c', 'cat /proc/$$/cmdline', ...args, ''].join('\0'));
});

test('descriptors beyond the first three are handed on, and none of ours', async (t) => {
  const path = join(folder, 'descriptor');
  writeFileSync(path, 'by descriptor');
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  // The seventh is a pipe.
  const stdio = ['ignore', 'pipe', 'pipe', 'ignore', fd, 'ignore', 'ignore', 'pipe'] as const;
  const run = startStrata([...RECORD, 'sh', '-c', 'cat <&4; echo; ls /proc/$$/fd'], {
    stdio: [...stdio],
  });
  assert.equal(await run.ended, 0);
  const [text, ...open] = run.stdout().trim().split('\n');
  assert.equal(text, 'by descriptor');
  // Higher ones were not closed by Node.js when the test itself began.
  assert.deepEqual(
    open
      .map(Number)
      .filter((number) => number < 16)
      .sort(),
    [0, 1, 2, 4, 7],
  );
});

test('pipes stay blocking: a slow reader is no error for the command', async () => {
  const flags = 'sleep 0.3; for fd in 0 1 2; do grep flags /proc/self/fdinfo/$fd; done';
  // `grep`'s own standard input is the script's, and its output the pipe that we watch.
  const run = startStrata(['record', '-N', '-o', '/dev/null', 'sh', '-c', flags], { input: '' });
  assert.equal(await run.ended, 0);
  const modes = [...run.stdout().matchAll(/flags:\s+(\d+)/g)].map(([, mode]) => parseInt(mode, 8));
  assert.equal(modes.length, 3);
  const O_NONBLOCK = 0o4000;
  assert.deepEqual(
    modes.map((mode) => mode & O_NONBLOCK),
    [0, 0, 0],
  );
});

test('its exit code is ours; a signal is 128 and its number', async () => {
  for (const [script, code] of [
    ['exit 0', 0],
    ['exit 7', 7],
    ['exit 255', 255],
    ['kill -KILL $$', 137],
    ['kill -SEGV $$', 139],
    ['kill -TERM $$', 143],
  ] as const) {
    const run = startStrata([...RECORD, 'sh', '-c', script], { cwd: folder });
    assert.equal(await run.ended, code, script);
    assert.equal(run.stderr(), '', script);
  }
});

test('what cannot be run is told in a sentence, and an older recording is left alone', async () => {
  const place = join(folder, 'place');
  mkdirSync(place);
  writeFileSync(join(place, 'perf.data'), 'older');
  writeFileSync(join(place, 'no-permission'), '#!/bin/sh\n');
  writeFileSync(join(place, 'no-interpreter'), '#!/missing/interpreter\n');
  chmodSync(join(place, 'no-interpreter'), 0o755);
  const before = readdirSync(place).sort();
  for (const [program, code, message] of [
    ['no-such-program', 127, 'no such program in PATH'],
    ['./no-such-file', 127, 'no such file'],
    ['./no-interpreter', 127, 'its interpreter is missing'],
    ['./no-permission', 126, 'permission denied'],
    ['./', 126, 'it is a directory'],
    ['', 127, 'no such program in PATH'],
  ] as const) {
    const run = startStrata(['record', program, 'argument'], { cwd: place });
    assert.equal(await run.ended, code, program);
    assert.equal(run.stderr(), `strata: cannot run ${program}: ${message}\n`);
    assert.deepEqual(readdirSync(place).sort(), before, program);
  }
  assert.equal(readFileSync(join(place, 'perf.data'), 'utf8'), 'older');
});

test('a script without a first line is run by the shell, as execvp does', async () => {
  const script = join(folder, 'script');
  writeFileSync(script, 'echo "$1"; exit 3\n');
  chmodSync(script, 0o755);
  const run = startStrata([...RECORD, script, 'a b']);
  assert.equal(await run.ended, 3);
  assert.equal(run.stdout(), 'a b\n');
});

test('an older recording is kept, and a recording is its owner’s alone', async () => {
  const place = join(folder, 'two');
  mkdirSync(place);
  for (let i = 0; i < 2; i++) {
    assert.equal(await startStrata(['record', '-q', '-N', 'true'], { cwd: place }).ended, 0);
  }
  assert.deepEqual(readdirSync(place).sort(), ['perf.data', 'perf.data.old']);
  for (const name of readdirSync(place)) {
    const { mode, size } = statSync(join(place, name));
    assert.equal(mode & 0o777, 0o600);
    assert.ok(size > 1000, `${size} bytes`);
  }
});
