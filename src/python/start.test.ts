import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseStart, type PythonStart } from './start.js';

test('an interpreter’s own options end where its program begins', () => {
  const cases: [string, PythonStart][] = [
    ['', { runs: 'input' }],
    ['-', { runs: 'input' }],
    ['app.py -I', { runs: 'script', name: 'app.py' }],
    ['-I app.py', { runs: 'script', name: 'app.py', ignoresEnvironment: '-I' }],
    ['-sE app.py', { runs: 'script', name: 'app.py', ignoresEnvironment: '-sE' }],
    ['-c pass -I', { runs: 'code' }],
    ['-Bc pass', { runs: 'code' }],
    ['-m http.server -E', { runs: 'module', name: 'http.server' }],
    ['-Ium mod', { runs: 'module', name: 'mod', ignoresEnvironment: '-Ium' }],
    ['-mmod', { runs: 'module', name: 'mod' }],
    ['-X perf -W ignore app.py', { runs: 'script', name: 'app.py', perf: 'map' }],
    ['-Xperf_jit app.py', { runs: 'script', name: 'app.py', perf: 'jit' }],
    ['-X dev -X Importtime app.py', { runs: 'script', name: 'app.py' }],
    ['-W E app.py', { runs: 'script', name: 'app.py' }],
    ['--check-hash-based-pycs never app.py', { runs: 'script', name: 'app.py' }],
    ['-- -I', { runs: 'script', name: '-I' }],
  ];
  for (const [line, expected] of cases) {
    assert.deepEqual(parseStart(line.split(' ').filter(Boolean)), expected, line);
  }
});
