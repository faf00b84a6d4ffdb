import assert from 'node:assert/strict';
import { test } from 'node:test';

import { unwrap } from './wrappers.js';

const env = { PATH: '/bin', HOME: '/home/u' };

function unwrapped(...argv: string[]): string | undefined {
  return unwrap(argv[0], { argv, env, cwd: '/w' })?.argv.join(' ');
}

test('the command begins where a wrapper’s own words end', () => {
  for (const line of [
    'nice CMD',
    'nice -n 5 CMD',
    'nice -n5 CMD',
    'nice --adjustment=5 CMD',
    'nohup CMD',
    'timeout 10 CMD',
    'timeout -k 5 --signal INT --foreground 10s CMD',
    'stdbuf -oL -e 0 CMD',
    'taskset -c 0-3 CMD',
    'chrt -f 10 CMD',
    'ionice -c 2 -n 0 CMD',
    'sudo -u www-data -E A=1 CMD',
    'time -v -o out CMD',
    'xvfb-run -a -s -screen CMD',
    'tini -s -- CMD',
    'env CMD',
    'env -i A=1 B= CMD',
    'env -u HOME -C /tmp -- CMD',
  ]) {
    assert.equal(unwrapped(...line.split(' '), '-I', 'a=b'), 'CMD -I a=b', line);
  }
  assert.equal(unwrapped('python3', 'x.py'), undefined);
  assert.equal(unwrapped('nice'), '');
});

test('env changes what the command is run in', () => {
  const state = { argv: [], env, cwd: '/w' };
  const run = (...argv: string[]) => unwrap('env', { ...state, argv: ['env', ...argv] });
  assert.deepEqual(run('-u', 'HOME', 'A=b=c', 'x'), {
    argv: ['x'],
    env: { PATH: '/bin', A: 'b=c' },
    cwd: '/w',
  });
  assert.deepEqual(run('-i', '--chdir=sub', 'A=', 'x'), {
    argv: ['x'],
    env: { A: '' },
    cwd: '/w/sub',
  });
  assert.deepEqual(run('-', 'x')?.env, {});
  assert.deepEqual(run('-S', 'A=1 python3 "a b" \'c\' d\\ e ${HOME} # no', 'x.py'), {
    argv: ['python3', 'a b', 'c', 'd e', '/home/u', 'x.py'],
    env: { ...env, A: '1' },
    cwd: '/w',
  });
  // As a first line has it: all in one argument.
  assert.deepEqual(
    run('-S -i python3 -I', 'x.py')?.argv,
    ['-S', '-i', 'python3', '-I', 'x.py'].slice(2),
  );
  assert.deepEqual(run('-vS', 'python3 -u', 'x.py')?.argv, ['python3', '-u', 'x.py']);
});
