import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FileSource } from '../../base/source.js';
import { CodeModule } from '../../session/modules.js';
import { Interpreters, describeStart } from './python-notes.js';

const NONE: readonly number[] = [];

test('options of the interpreter end where the program’s begin', () => {
  const ignores = (...args: string[]): boolean =>
    describeStart(['python3', ...args], []).ignoresEnvironment;
  for (const args of [
    ['-I'],
    ['-E', 'a.py'],
    ['-SI', 'a.py'],
    ['-X', 'dev', '-I'],
    ['-Xdev', '-E'],
  ]) {
    assert.equal(ignores(...args), true, args.join(' '));
  }
  for (const args of [
    [],
    ['a.py', '-I'],
    ['-c', 'pass', '-I'],
    ['-cI'],
    ['-m', 'E', '-E'],
    ['-X', '-I'],
    ['-W', 'Ignore'],
    ['-WIgnore', 'a.py'],
    ['--', '-I'],
    ['-', '-I'],
  ]) {
    assert.equal(ignores(...args), false, args.join(' '));
  }
});

test('variables are on when they are neither empty nor 0', () => {
  const support = (...environment: string[]): boolean =>
    describeStart(['python3'], environment).perfSupport;
  assert.equal(support('PYTHONPERFSUPPORT=1'), true);
  assert.equal(support('PYTHONPERFSUPPORT=0'), false);
  assert.equal(support('PYTHONPERFSUPPORT='), false);
  assert.equal(support('XPYTHONPERFSUPPORT=1', 'PYTHONPERFSUPPORTX=1'), false);
  assert.equal(describeStart(['python3'], ['PYTHON_PERF_JIT_SUPPORT=1']).jitSupport, true);
});

/** Processes that are not there: nothing but their mappings is known of them. */
const PID = 0x7fff_ff00;

function notes(
  interpreters: Interpreters,
  sampled: readonly number[],
  arenas = { all: NONE, named: NONE },
): string[] {
  return interpreters.notes(sampled, arenas, [], true);
}

test('versions before 3.12 are told, once for any number of processes', () => {
  const interpreters = new Interpreters();
  for (let i = 0; i < 5; i++) {
    interpreters.mapped(PID + i, '/usr/bin/python3.11');
    interpreters.mapped(PID + i, '/usr/lib/libpython3.11.so.1.0');
    interpreters.mapped(PID + i, '/usr/lib/libc.so.6');
  }
  assert.deepEqual(notes(interpreters, [PID, PID + 1, PID + 4]), [
    'Python functions in /usr/lib/libpython3.11.so.1.0 have no names: ' +
      'CPython 3.11 has no perf support, 3.12 and later have',
  ]);
});

test('interpreters without samples, with names, and programs that are none have no note', () => {
  const interpreters = new Interpreters();
  interpreters.mapped(PID, '/usr/bin/python3.11');
  assert.deepEqual(notes(interpreters, []), []);
  assert.deepEqual(notes(interpreters, [PID + 1]), []);
  assert.deepEqual(notes(interpreters, [PID], { all: [PID], named: [PID] }), []);
  interpreters.executed(PID);
  assert.deepEqual(notes(interpreters, [PID]), []);
});

test('a forked process is one with its parent', () => {
  const interpreters = new Interpreters();
  interpreters.mapped(PID, '/usr/bin/python3.13');
  interpreters.forked(PID + 1, PID);
  interpreters.forked(PID + 2, PID + 1);
  // The child alone has code of its own with names.
  assert.deepEqual(notes(interpreters, [PID + 1], { all: [PID + 2], named: [PID + 2] }), []);
  assert.equal(notes(interpreters, [PID + 1], { all: [PID + 2], named: [] }).length, 1);
});

test('a perf map that is gone, and an interpreter that can have none, are told apart', (t) => {
  const interpreters = new Interpreters();
  interpreters.mapped(PID, '/usr/bin/python3.13');
  assert.match(
    notes(interpreters, [PID], { all: [PID], named: NONE })[0],
    /perf map in \/tmp is missing/,
  );
  assert.deepEqual(notes(interpreters, [PID]), [], 'nothing is known: nothing is said');
  assert.match(
    interpreters.notes([PID], { all: NONE, named: NONE }, [], false)[0],
    /was not turned on \(--python off\)/,
  );
  const shell = new FileSource('/bin/sh');
  t.after(() => shell.close());
  const without = new CodeModule('/usr/bin/python3.13', undefined, shell);
  const reason = interpreters.notes([PID], { all: NONE, named: NONE }, [without], true)[0];
  assert.match(reason, /built without perf support/);
});
