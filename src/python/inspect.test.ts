import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { pythons, requirePython, skipOrFail } from '../testing/pythons.js';
import { keepsFramePointers } from './frame-pointers.js';
import { inspectInterpreter } from './inspect.js';
import { readInterpreterCode, type InterpreterCode } from './interpreter-code.js';
import { describeProgram } from './interpreter-file.js';

function folder(t: TestContext): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'strata-inspect-')));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('every interpreter answers, and its file agrees with what it says', (t) => {
  if (!requirePython(t, [3, 8])) return;
  for (const python of pythons()) {
    const { answers, silence, code } = inspectInterpreter(python.path);
    const what = `${python.versionText} at ${python.path}`;
    assert.ok(answers !== undefined && code !== undefined, `${what}: ${silence}`);
    const [major, minor, micro] = python.version;
    assert.deepEqual([...answers.version], [major, minor, micro], what);
    assert.equal(answers.versionText, python.versionText);
    assert.equal(answers.implementation, 'cpython');
    assert.deepEqual(code.version?.slice(0, 2), [major, minor], what);
    // `Py_Version` came in 3.11: before, the file's name tells less.
    if (minor >= 11) assert.equal(code.version?.[2], micro, what);
    assert.equal(code.path, answers.library ?? python.path);
    // 3.12.0 and later on Linux: what is configured is what is exported.
    assert.equal(answers.perfTrampoline, minor >= 12 ? true : undefined, what);
    assert.match(code.trampoline, minor >= 12 ? /^(?:x86-64|arm64)/ : /^none$/, what);
    assert.equal(answers.remoteDebug !== undefined, minor >= 14, what);
    assert.ok(code.named > 1000, what);
    assert.match(code.buildId ?? '', /^[0-9a-f]{16,}$/);
    const { framePointers } = code;
    assert.ok(framePointers !== undefined && framePointers.functions > 3000, what);
    const asked = answers.compilerFlags.includes('-fno-omit-frame-pointer');
    assert.equal(keepsFramePointers(framePointers), asked, what);
    assert.notEqual(framePointers.evalLoop, undefined, what);
  }
});

test('an interpreter tells what its environment would change only by its own configuration', (t) => {
  const python = requirePython(t, [3, 14]);
  if (!python) return;
  const env = { ...process.env, PYTHON_JIT: '1', PYTHONPERFSUPPORT: '1', PYTHONHOME: '/nowhere' };
  const plain = inspectInterpreter(python.path).answers;
  assert.ok(plain !== undefined);
  assert.deepEqual(inspectInterpreter(python.path, { env }).answers, plain);
});

test('frame pointers are in the code where the compiler was told to keep them', (t) => {
  const cc = spawnSync('cc', ['--version']);
  if (cc.error !== undefined) return skipOrFail(t, 'cc', 'not installed');
  const place = folder(t);
  const functions = Array.from(
    { length: 40 },
    (_, i) => `int f${i}(int *p, int n) { int a[9]; g(a, n); return a[n & 7] * ${i} + g(p, n); }`,
  );
  writeFileSync(join(place, 'x.c'), `int g(int *, int);\n${functions.join('\n')}\n`);
  const build = (...flags: string[]): ReturnType<typeof readInterpreterCode> => {
    const out = join(place, 'x.so');
    const argv = ['-O2', '-shared', '-fPIC', ...flags, '-o', out, join(place, 'x.c')];
    execFileSync('cc', argv, { stdio: 'pipe' });
    return readInterpreterCode(out);
  };
  const kept = build('-fno-omit-frame-pointer')?.framePointers;
  assert.ok(kept !== undefined && keepsFramePointers(kept), JSON.stringify(kept));
  assert.ok(kept.functions >= 40 && kept.functions < 60, JSON.stringify(kept));
  const omitted = build('-fomit-frame-pointer')?.framePointers;
  assert.ok(omitted !== undefined && !keepsFramePointers(omitted), JSON.stringify(omitted));
  assert.ok(omitted.keeping < 5, JSON.stringify(omitted));
  assert.equal(build('-fno-asynchronous-unwind-tables', '-nostdlib')?.framePointers, undefined);
});

test('a stripped copy has few names, and the same code', (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  if (spawnSync('strip', ['--version']).error) return skipOrFail(t, 'strip', 'not installed');
  let whole: InterpreterCode | undefined;
  for (const { path } of pythons()) {
    whole = readInterpreterCode(describeProgram(path, process.env)?.library ?? path);
    if (whole?.hasSymbolTable === true) break;
  }
  if (whole?.hasSymbolTable !== true) return skipOrFail(t, 'python', 'none that is not stripped');
  const copy = join(folder(t), 'libpython3.so');
  copyFileSync(whole.path, copy);
  execFileSync('strip', [copy]);
  const stripped = readInterpreterCode(copy);
  assert.ok(stripped !== undefined);
  assert.equal(stripped.hasSymbolTable, false);
  assert.equal(whole.tailCall, false);
  assert.equal(stripped.tailCall, undefined);
  assert.ok(stripped.named < whole.named / 2, `${stripped.named} of ${whole.named}`);
  for (const key of ['framePointers', 'trampoline', 'buildId'] as const) {
    assert.deepEqual(stripped[key], whole[key]);
  }
});

test('what cannot be run is read', (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const place = folder(t);
  const file = inspectInterpreter(python.path).code?.path ?? python.path;
  // A program of an architecture that there is not (e_machine, at byte 18).
  const bytes = readFileSync(file);
  bytes.writeUInt16LE(0x1234, 18);
  const foreign = join(place, 'python3.12');
  writeFileSync(foreign, bytes, { mode: 0o755 });
  const other = inspectInterpreter(foreign);
  assert.equal(other.answers, undefined);
  assert.match(other.silence ?? '', /another architecture/);
  assert.equal(other.code?.architecture, undefined);
  assert.equal(other.code?.framePointers, undefined);
  assert.deepEqual(other.code?.version?.slice(0, 2), [...python.version].slice(0, 2));

  const script = join(place, 'python3');
  writeFileSync(script, '#!/bin/sh\necho no >&2; exit 3\n', { mode: 0o755 });
  const failing = inspectInterpreter(script);
  assert.equal(failing.silence, 'it ends with code 3: no');
  assert.equal(failing.code, undefined);
  writeFileSync(script, '#!/bin/sh\necho hello\n', { mode: 0o755 });
  assert.equal(inspectInterpreter(script).silence, 'its answer cannot be understood');
  writeFileSync(script, 'touch made-by-a-shell\n', { mode: 0o755 });
  assert.equal(inspectInterpreter(script).silence, 'it is no program');
  assert.match(inspectInterpreter(join(place, 'none')).silence ?? '', /it is not there/);
});

test('a damaged file is no interpreter, and no failure of ours', (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const path = join(folder(t), 'python3.12');
  const bytes = readFileSync(python.path);
  for (const length of [0, 3, 64, 500, 5000, bytes.length >> 1]) {
    writeFileSync(path, bytes.subarray(0, length));
    const code = readInterpreterCode(path);
    assert.ok(code === undefined || code.path === path);
  }
});
