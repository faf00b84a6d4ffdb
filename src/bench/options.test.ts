import assert from 'node:assert/strict';
import test from 'node:test';

import { StrataError } from '../base/errors.js';
import { parseBenchOptions } from './options.js';

test('the defaults run everything', () => {
  assert.deepEqual(parseBenchOptions([]), {
    seconds: 5,
    repeat: 3,
    parts: ['recording', 'report', 'drawing', 'startup'],
    json: false,
  });
});

test('each option is taken', () => {
  const argv = '--seconds 30 --repeat 1 --only startup --only report --json --python /bin/python3';
  assert.deepEqual(parseBenchOptions(argv.split(' ')), {
    seconds: 30,
    repeat: 1,
    parts: ['startup', 'report'],
    json: true,
    python: '/bin/python3',
  });
});

test('help is no options', () => {
  assert.equal(parseBenchOptions(['--help']), undefined);
});

for (const line of ['--seconds 0', '--repeat x', '--only all', '--nothing', 'operand']) {
  test(`${line} is refused with exit code 2`, () => {
    assert.throws(
      () => parseBenchOptions(line.split(' ')),
      (error) => error instanceof StrataError && error.exitCode === 2,
    );
  });
}
