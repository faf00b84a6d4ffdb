/** Where `inject` writes, and where it refuses to. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';

import { ExitCode, StrataError } from '../../base/errors.js';
import { fixturePath } from '../../testing/fixtures.js';
import { RecordingWriter } from '../../testing/perfdata.js';
import { smallDisk } from '../../testing/small-disk.js';
import { inject } from './inject.js';

const root = mkdtempSync(join(tmpdir(), 'strata inject '));
after(() => rmSync(root, { recursive: true, force: true }));

let folder = root;
let made = 0;
beforeEach(() => {
  folder = join(root, `${made++}`);
  mkdirSync(folder);
});

function at(name: string): string {
  return join(folder, name);
}

test('what cannot be injected is said in a sentence, and nothing is touched', () => {
  const bytes = new RecordingWriter().sample({ pid: 1, time: 5 }).bytes();
  writeFileSync(at('perf.data'), bytes);
  writeFileSync(at('big'), new RecordingWriter(false).sample({ pid: 1, time: 5 }).bytes());
  writeFileSync(at('text'), 'no recording');
  writeFileSync(at('x.old'), bytes);
  writeFileSync(at('x'), 'older');
  symlinkSync('perf.data', at('link'));
  const before = readdirSync(folder);
  const expectations: [input: string, output: string, message: RegExp, exitCode?: number][] = [
    ['perf.data', 'perf.data', /both are the same file$/],
    ['perf.data', 'link', /both are the same file$/],
    ['link', 'perf.data', /both are the same file$/],
    ['x.old', 'x', /an older .*x would become it$/],
    ['big', 'out', /big-endian/],
    ['text', 'out', /is not a perf\.data file/],
    ['missing', 'out', /no such file or directory$/],
    ['.', 'out', /it is a directory$/],
    ['perf.data', '.', /it is a directory$/],
    ['perf.data', 'missing/out', /no such file or directory$/],
    ['perf.data', '-', /cannot go to standard output$/, ExitCode.Usage],
  ];
  for (const [input, output, message, exitCode = ExitCode.Failed] of expectations) {
    assert.throws(
      () =>
        inject({
          input: at(input),
          output: output === '-' ? '-' : at(output),
          buildIdCache: false,
        }),
      (error) => {
        assert.ok(error instanceof StrataError, `${input} ${String(error)}`);
        assert.match(error.message, message);
        assert.equal(error.exitCode, exitCode);
        return true;
      },
    );
  }
  assert.deepEqual(readdirSync(folder), before);
  assert.equal(readFileSync(at('x'), 'utf8'), 'older');
});

test('the new file is its owner’s, as old as the recording; one before it becomes .old', () => {
  const bytes = new RecordingWriter().sample({ pid: 1, time: 5 }).bytes();
  writeFileSync(at('in'), bytes);
  writeFileSync(at('out'), 'older');
  const captured = new Date('2020-02-02T02:02:02Z');
  utimesSync(at('in'), captured, captured);
  inject({ input: at('in'), output: at('out'), buildIdCache: false });
  const { mode, mtime } = statSync(at('out'));
  assert.equal(mode & 0o777, 0o600);
  assert.equal(mtime.getTime(), captured.getTime());
  assert.equal(readFileSync(at('out.old'), 'utf8'), 'older');
  assert.deepEqual(readFileSync(at('in')), Buffer.from(bytes));
});

test('on a full disk there is no file, and the older one stays', (t) => {
  const disk = smallDisk(t, 16 * 1024);
  if (disk === undefined) return;
  const output = join(disk, 'out');
  writeFileSync(output, 'older');
  for (const [name, more] of [
    ['tracepoint', 0],
    ['fp', 8000],
  ] as const) {
    writeFileSync(join(disk, 'filler'), Buffer.alloc(more));
    assert.throws(
      () => inject({ input: fixturePath(`perfdata/${name}.data`), output, buildIdCache: false }),
      /cannot write .*out: no space left on device$/,
    );
    assert.deepEqual(readdirSync(disk).sort(), ['filler', 'out']);
    assert.equal(readFileSync(output, 'utf8'), 'older');
  }
});
