import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { test } from 'node:test';

import { loadsLibpython, withElf } from '../../python/interpreter-file.js';
import { FileSource } from '../../base/source.js';
import { CodeModule } from '../../session/modules.js';
import { RunningProgram } from '../../testing/attached.js';
import { pythons, requirePython } from '../../testing/pythons.js';
import { Interpreters, describeStart, type InterpreterStart } from './python-notes.js';

const NONE: readonly number[] = [];

test('perf support is what options say, else the environment where it is heeded', () => {
  const start = (args: string, ...environment: string[]): InterpreterStart =>
    describeStart(['python3', ...args.split(' ')], environment);
  const [map, jit] = ['PYTHONPERFSUPPORT=1', 'PYTHON_PERF_JIT_SUPPORT=1'];
  const heeded = { ignoresEnvironment: false };
  const ignored = { ignoresEnvironment: true };
  assert.deepEqual(start('a.py', map), { ...heeded, perf: 'map' });
  assert.deepEqual(start('a.py', map, jit), { ...heeded, perf: 'jit' });
  assert.deepEqual(start('-E a.py', map, jit), { ...ignored, perf: undefined });
  assert.deepEqual(start('-I -X perf a.py', jit), { ...ignored, perf: 'map' });
  assert.deepEqual(start('a.py -I', map), { ...heeded, perf: 'map' });
});

test('variables are on when they are neither empty nor 0', () => {
  const perf = (...environment: string[]): unknown => describeStart(['python3'], environment).perf;
  assert.equal(perf('PYTHONPERFSUPPORT=1'), 'map');
  assert.equal(perf('PYTHONPERFSUPPORT=0'), undefined);
  assert.equal(perf('PYTHONPERFSUPPORT='), undefined);
  assert.equal(perf('XPYTHONPERFSUPPORT=1', 'PYTHONPERFSUPPORTX=1'), undefined);
});

/** Processes that are not there: nothing but their mappings is known of them. */
const PID = 0x7fff_ff00;

function notes(
  interpreters: Interpreters,
  sampled: readonly number[],
  arenas = { all: NONE, named: NONE },
): string[] {
  return interpreters.notes(sampled, arenas, [], 'at start');
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
  interpreters.forget(PID);
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
  assert.match(
    interpreters.notes([PID], { all: [PID], named: NONE }, [], 'running')[0],
    /were called before perf support was switched on/,
  );
  assert.deepEqual(notes(interpreters, [PID]), [], 'nothing is known: nothing is said');
  assert.match(
    interpreters.notes([PID], { all: NONE, named: NONE }, [], 'off')[0],
    /was not turned on \(--python off\)/,
  );
  const shell = new FileSource('/bin/sh');
  t.after(() => shell.close());
  const without = new CodeModule('/usr/bin/python3.13', undefined, shell);
  const reason = interpreters.notes([PID], { all: NONE, named: NONE }, [without], 'at start')[0];
  assert.match(reason, /built without perf support/);
});

test('of a process that ended before its interpreter was loaded nothing is said', (t) => {
  for (const python of pythons()) {
    const path = realpathSync(python.path);
    if (withElf(path, loadsLibpython) !== true) continue;
    const program = new FileSource(path);
    t.after(() => program.close());
    const interpreters = new Interpreters();
    interpreters.mapped(PID, path);
    const modules = [new CodeModule(path, undefined, program)];
    const nothing = { all: NONE, named: NONE };
    // Too old it is, whatever it had loaded.
    const expected = python.version[1] < 12 ? 1 : 0;
    assert.equal(interpreters.notes([PID], nothing, modules, 'at start').length, expected, path);
  }
});

test('of interpreters that run already it is said what turns their perf support on', async (t) => {
  for (const [python, mend] of [
    [requirePython(t, [3, 12], { below: [3, 14] }), /only from its start on, by -X perf/],
    [requirePython(t, [3, 14]), /--python attach turns it on/],
  ] as const) {
    if (python === undefined) continue;
    const code = 'print(1, flush=True); input()';
    const program = RunningProgram.start(t, [python.path, '-c', code]);
    await program.line();
    const interpreters = new Interpreters();
    interpreters.mapped(program.pid, `/usr/bin/python3.${python.version[1]}`);
    const nothing = { all: NONE, named: NONE };
    const [note] = interpreters.notes([program.pid], nothing, [], 'not of running');
    assert.match(note, mend);
  }
});
