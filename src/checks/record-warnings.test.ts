import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { requirePython } from '../testing/pythons.js';
import { warningsForRecord } from './record-warnings.js';

function warnings(command: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  return warningsForRecord(command, { env: { PATH: '/usr/bin:/bin', ...env }, cwd: '/' }).join(
    '\n',
  );
}

test('a recording that will have all names is not warned of', (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  assert.equal(warnings([python.path, 'app.py', '-I']), '');
  assert.equal(warnings([python.path, '-I', '-X', 'perf', 'app.py']), '');
  assert.equal(warnings([python.path, '-c', '1'], { PYTHON_PERF_JIT_SUPPORT: '1' }), '');
  for (const other of [['ls'], ['no-such-program'], [], ['sh', '-c', 'python3']]) {
    assert.equal(warnings(other), '', other.join(' '));
  }
});

test('what keeps names away is told before', (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  assert.match(warnings([python.path, '-I', 'app.py']), /ignores the environment \(-I\)/);
  assert.match(warnings(['env', 'PYTHONPERFSUPPORT=0', python.path]), /PYTHONPERFSUPPORT=0 stays/);
  const script = join(mkdtempSync(join(tmpdir(), 'strata-warnings-')), 'app');
  t.after(() => rmSync(join(script, '..'), { recursive: true }));
  writeFileSync(script, `#!${python.path} -E\n`);
  chmodSync(script, 0o755);
  assert.match(warnings([script]), /ignores the environment \(-E\)/);
});

test('versions without perf support are told before', (t) => {
  const old = requirePython(t, [3, 8], { below: [3, 12] });
  if (!old) return;
  assert.match(warnings([old.path, 'app.py']), /^CPython 3\.\d+ has no perf support/);
});

test('a JIT that perf support turns off is told before', (t) => {
  const python = requirePython(t, [3, 13]);
  if (!python) return;
  assert.match(warnings([python.path], { PYTHON_JIT: '1' }), /turns the JIT off/);
  assert.equal(warnings([python.path], { PYTHON_JIT: '0' }), '');
});
