import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseExecTrick, parseShebang } from './shebang.js';

test('the kernel takes a first line apart into a path and one argument', () => {
  assert.deepEqual(parseShebang('#!/usr/bin/python3\nx'), { interpreter: '/usr/bin/python3' });
  assert.deepEqual(parseShebang('#! /usr/bin/env\tpython3 \n'), {
    interpreter: '/usr/bin/env',
    argument: 'python3',
  });
  assert.deepEqual(parseShebang('#!/usr/bin/env -S python3 -I'), {
    interpreter: '/usr/bin/env',
    argument: '-S python3 -I',
  });
  // What does not fit into the kernel's buffer is cut off.
  assert.equal(parseShebang(`#!/${'x'.repeat(300)}\n`)?.interpreter.length, 254);
  for (const none of ['', '#', 'import x\n#!/bin/sh', '#!\n', '#!  \n']) {
    assert.equal(parseShebang(none), undefined, JSON.stringify(none));
  }
});

test('scripts that the shell starts an interpreter for name it in their second line', () => {
  const script = (line: string): string => `#!/bin/sh\n'''exec' ${line}\n' '''\nimport sys\n`;
  assert.deepEqual(parseExecTrick(script('"/a b/bin/python3" "$0" "$@"')), ['/a b/bin/python3']);
  assert.deepEqual(parseExecTrick(script('/a/bin/python3 -I -X perf "$0" "$@"')), undefined);
  assert.deepEqual(parseExecTrick(script('/a/bin/python3 -I -s "$0" "$@"')), [
    '/a/bin/python3',
    '-I',
    '-s',
  ]);
  assert.equal(parseExecTrick('#!/bin/sh\nexec python3 "$0" "$@"\n'), undefined);
});
