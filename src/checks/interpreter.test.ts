import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { InterpreterAnswers } from '../python/interpreter-answers.js';
import type { InterpreterCode } from '../python/interpreter-code.js';
import type { ResolvedInterpreter } from '../python/interpreter.js';
import type { Check } from './check.js';
import { asRoot } from './check.js';
import type { FolderFacts } from './folder-facts.js';
import {
  framePointerFlag,
  interpreterChecks,
  noInterpreterCheck,
  type InterpreterFacts,
} from './interpreter.js';
import { readsPythonDumps } from './perf-version.js';
import { folderChecks, perfChecks } from './surroundings.js';

const RESOLVED: ResolvedInterpreter = {
  found: true,
  path: '/usr/bin/python3.14',
  program: '/usr/bin/python3',
  library: undefined,
  embeds: false,
  args: ['app.py'],
  start: { runs: 'script', name: 'app.py' },
  env: {},
  steps: [],
};

const ANSWERS: InterpreterAnswers = {
  implementation: 'cpython',
  version: [3, 14, 2],
  versionText: '3.14.2',
  compilerFlags: '-O2 -Wall',
  configArguments: "'--enable-shared'",
  perfTrampoline: true,
  freeThreaded: false,
  debugBuild: false,
  jit: { available: false, enabled: false },
  tailCall: false,
  remoteDebug: true,
  library: undefined,
};

const CODE: InterpreterCode = {
  path: '/usr/bin/python3.14',
  architecture: 'x86_64',
  buildId: 'ab',
  version: [3, 14, 2],
  framePointers: { functions: 7052, keeping: 230, evalLoop: true },
  trampoline: 'x86-64 B',
  hasSymbolTable: true,
  named: 9000,
  debugLink: undefined,
  tailCall: false,
  musl: false,
};

interface Changes {
  readonly resolved?: Partial<ResolvedInterpreter>;
  readonly answers?: Partial<InterpreterAnswers>;
  readonly code?: Partial<InterpreterCode>;
  readonly facts?: Partial<InterpreterFacts>;
}

function factsOf({ resolved, answers, code, facts }: Changes): InterpreterFacts {
  return {
    resolved: { ...RESOLVED, ...resolved },
    inspected: {
      path: RESOLVED.path,
      answers: { ...ANSWERS, ...answers },
      silence: undefined,
      code: { ...CODE, ...code },
    },
    debugFile: undefined,
    downloads: false,
    debugSymbols: undefined,
    ...facts,
  };
}

function shown(id: string, changes: Changes): string {
  return show(interpreterChecks(factsOf(changes)).find((check) => check.id === id));
}

function show(check: Check | undefined): string {
  if (check === undefined) return 'none';
  const { status, text, mend } = check;
  return `${status}: ${text}${mend === undefined ? '' : ` $ ${mend.command}`}`;
}

test('an interpreter with all that is needed is fine without frame pointers', () => {
  const checks = interpreterChecks(factsOf({}));
  assert.deepEqual(
    checks.filter(({ status }) => status !== 'ok'),
    [],
  );
  assert.equal(
    shown('frame-pointers', {}),
    'ok: its flags do not tell, in its code 3 % of 7,052 functions, the eval loop among them; ' +
      'Strata needs none, it unwinds by call frame information',
  );
});

test('versions and implementations without perf support fail', () => {
  const old = { version: [3, 11, 2], versionText: '3.11.2', perfTrampoline: undefined } as const;
  assert.match(shown('version', { answers: old }), /^fail: CPython 3.11.2 has no perf support/);
  assert.equal(shown('perf-support', { answers: old }), 'none');
  assert.match(shown('version', { answers: { implementation: 'pypy' } }), /^fail: pypy 3.14.2/);
  assert.equal(
    shown('version', { answers: { freeThreaded: true }, code: { musl: true } }),
    'ok: CPython 3.14.2, free-threaded, for musl',
  );
  const none = { answers: { perfTrampoline: false }, code: { trampoline: 'none' } };
  assert.match(shown('perf-support', none), /^fail: it was built without/);
  assert.match(
    shown('perf-support', { code: { trampoline: 'unknown' } }),
    /^warn: .*does not know/,
  );
});

test('what keeps perf support off is told with what turns it on', () => {
  const start = { runs: 'script', name: 'my app.py', ignoresEnvironment: '-I' } as const;
  assert.equal(
    shown('environment', { resolved: { start, args: ['-I', 'my app.py'] } }),
    'fail: -I makes it ignore PYTHONPERFSUPPORT, by which record asks for the names of Python functions ' +
      "$ strata record -- /usr/bin/python3 -X perf -I 'my app.py'",
  );
  const told = { resolved: { start: { ...start, perf: 'map' as const } } };
  assert.equal(shown('environment', told), 'ok: perf support is on by -X perf');
  const env = (environment: NodeJS.ProcessEnv): string =>
    shown('environment', { resolved: { env: environment } });
  assert.match(env({ PYTHONPERFSUPPORT: '0' }), /^fail: .* \$ unset PYTHONPERFSUPPORT$/);
  assert.match(env({ PYTHONPERFSUPPORT: '1' }), /^ok/);
  assert.match(env({ PYTHON_PERF_JIT_SUPPORT: '1' }), /^ok: .*jitdump/);
});

test('a JIT that is on is turned off by perf support', () => {
  const jit = { jit: { available: true, enabled: false } };
  assert.equal(shown('jit', {}), 'none');
  assert.equal(shown('jit', { answers: jit }), 'ok: built in, and off');
  assert.match(shown('jit', { answers: jit, resolved: { env: { PYTHON_JIT: '1' } } }), /^warn: on/);
  const isolated = {
    start: { runs: 'input', ignoresEnvironment: '-E' },
    env: { PYTHON_JIT: '1' },
  } as const;
  assert.match(shown('jit', { answers: jit, resolved: isolated }), /^ok/);
  const on = { jit: { available: true, enabled: true } };
  assert.match(shown('jit', { answers: on, resolved: { env: { PYTHON_JIT: '0' } } }), /^ok/);
  assert.match(shown('jit', { answers: on }), /^warn/);
  const of313 = { jit: undefined, configArguments: "'--enable-experimental-jit=yes-off' 'CC=gcc'" };
  assert.match(shown('jit', { answers: of313 }), /^ok: built in/);
});

test('names that were stripped are looked for', () => {
  const stripped = { hasSymbolTable: false, named: 1655 };
  const mend = asRoot('apt-get install python3.14-dbg');
  assert.match(
    shown('symbols', { code: stripped, facts: { debugSymbols: mend } }),
    /^warn: stripped: only 1,655 functions .* \$ sudo apt-get install python3.14-dbg$/,
  );
  assert.match(
    shown('symbols', { code: stripped, facts: { debugFile: '/d.debug' } }),
    /^ok: .*\/d.debug/,
  );
  assert.match(
    shown('symbols', { code: stripped, facts: { downloads: true } }),
    /^ok: .*debuginfod/,
  );
});

test('builds of other kinds are described', () => {
  assert.match(shown('eval-loop', { code: { tailCall: true } }), /_TAIL_CALL_/);
  assert.match(
    shown('eval-loop', { answers: { tailCall: true }, code: { tailCall: undefined } }),
    /^ok/,
  );
  assert.match(shown('attach', { answers: { remoteDebug: false } }), /remote debugging is off/);
  assert.match(shown('attach', { answers: { version: [3, 13, 1] } }), /3.14 can be told later/);
  assert.match(
    shown('frame-pointers', { code: { framePointers: undefined } }),
    /^warn: .*cut short/,
  );
  const steps = [
    { kind: 'shim', what: 'pyenv' },
    { kind: 'script', what: '/bin/app' },
  ] as const;
  assert.equal(
    shown('interpreter', { resolved: { steps } }),
    'ok: /usr/bin/python3.14, by pyenv’s choice, the first line of /bin/app',
  );
});

test('a command without an interpreter fails only where it cannot run', () => {
  const none = (why: 'missing' | 'native' | 'unknown'): string =>
    noInterpreterCheck({ found: false, why, reason: 'x', steps: [] }).status;
  assert.deepEqual([none('missing'), none('native'), none('unknown')], ['fail', 'ok', 'warn']);
});

test('the last flag of frame pointers counts', () => {
  assert.equal(framePointerFlag('-O2'), undefined);
  assert.equal(framePointerFlag('-fomit-frame-pointer -fno-omit-frame-pointer -g'), true);
  assert.equal(framePointerFlag('-fno-omit-frame-pointer -fomit-frame-pointer'), false);
  assert.equal(framePointerFlag('-mno-omit-leaf-frame-pointer'), undefined);
});

test('perf reads CPython’s jitdumps from 6.7.2 on, by its own version and not its package’s', () => {
  for (const version of [
    '6.8',
    '6.8.0-45',
    '6.8.rc1.gabc',
    '6.10.14',
    '6.7.2',
    '6.7.12-1',
    '7.0',
  ]) {
    assert.ok(readsPythonDumps(version), version);
  }
  for (const version of [
    '6.7-3',
    '6.7-200.fc39',
    '6.7.1',
    '6.7',
    '6.1.187',
    '5.15',
    '4.18.0',
    '?',
  ]) {
    assert.ok(!readsPythonDumps(version), version);
  }
  const perf = (version: string | undefined): string =>
    show(perfChecks({ path: '/usr/bin/perf', version }, undefined)[0]);
  assert.match(perf('6.7-3'), /^warn: .*behind the hyphen stands the package’s own number/);
  assert.doesNotMatch(perf('6.1.187'), /hyphen/);
  assert.match(perf(undefined), /^warn: .*does not run/);
  assert.match(show(perfChecks(undefined, undefined)[0]), /^ok: not installed/);
});

test('missing frame pointers are a warning for perf alone', () => {
  const stacks = (facts: InterpreterFacts): string =>
    show(
      perfChecks({ path: 'perf', version: '6.8' }, facts).find(({ id }) => id === 'perf-stacks'),
    );
  assert.match(stacks(factsOf({})), /^warn: shows wrong stacks/);
  const framePointers = { functions: 7908, keeping: 7907, evalLoop: true };
  assert.match(stacks(factsOf({ code: { framePointers } })), /^ok/);
});

test('folders are judged by what goes there', () => {
  const fine: FolderFacts = {
    path: '/f',
    writable: true,
    blocked: false,
    readOnly: false,
    noexec: false,
    free: 1e12,
  };
  const statuses = (facts: Partial<FolderFacts>): string => {
    const folder = { ...fine, ...facts };
    const checks = folderChecks({ temporary: folder, output: folder, buildIdCache: folder });
    return checks.map(({ status }) => status).join(' ');
  };
  assert.equal(statuses({}), 'ok ok ok');
  assert.equal(statuses({ writable: false }), 'fail warn warn');
  assert.equal(statuses({ readOnly: true }), 'fail warn warn');
  assert.equal(statuses({ noexec: true }), 'warn ok ok');
  assert.equal(statuses({ free: 1 << 24 }), 'ok warn ok');
  assert.equal(statuses({ free: 1 << 10 }), 'fail warn ok');
});
