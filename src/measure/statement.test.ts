import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { StrataError } from '../base/errors.js';
import { steadyTest } from '../testing/again.js';
import { pythons, requirePython } from '../testing/pythons.js';
import { autorange, measureStatement, StatementError, type Statement } from './statement.js';

const QUIET = { showOutput: false, started: () => undefined };

function code(python: string, statement: string, setup = 'pass'): Statement {
  return { python, setup, statement };
}

const measure = (
  statement: Statement,
  loops = 1,
  warmup = 0,
): ReturnType<typeof measureStatement> => measureStatement(statement, loops, warmup, QUIET);

describe('every Python', { concurrency: 4 }, () => {
  for (const { path, version, versionText } of pythons()) {
    if (version[0] === 3 && version[1] < 8) continue;
    steadyTest(`${versionText} (${path})`, async () => {
      const busy = 'sum(range(10000))';
      // Setup is not measured, though it comes twice.
      const slow = code(path, busy, 'time.sleep(0.3)');
      const { real, cpu, version: told } = await measure(slow, 2, 1);
      assert.ok(real > 0 && real < 0.3e9, `${real}`);
      assert.ok(cpu > 0 && cpu < 0.3e9, `${cpu}`);
      assert.equal(told, versionText);
      await assert.rejects(measure(code(path, 'é = 1/0')), StatementError);
    });
  }
});

test('an older Python is told that it is too old', async (t) => {
  const old = pythons().find(({ version }) => version[1] < 8);
  if (old === undefined) {
    t.skip('no Python before 3.8');
    return;
  }
  await assert.rejects(
    measure(code(old.path, 'pass')),
    /is Python 3\.\d; timeit needs 3\.8 or newer/,
  );
});

test('loops are as many as Python’s timeit takes: the first of 1, 2, 5, 10, … that last 0.2 s', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const loops = (statement: string): Promise<number> =>
    autorange(code(python.path, statement), QUIET);
  assert.equal(await loops('time.sleep(0.25)'), 1);
  // A busy machine makes a sleep longer, and the loops fewer.
  assert.ok([2, 5].includes(await loops('time.sleep(0.06)')));
  const many = await loops('pass');
  assert.match(`${many}`, /^[125]0{5,}$/);
});

test('garbage collection is off, unless the setup turns it on', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  await measure(code(python.path, 'import gc; assert not gc.isenabled()'));
  await measure(code(python.path, 'assert gc.isenabled()', 'gc.enable()'));
});

test('the statement runs as often as asked for, after the warm-up', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const counting = (total: number): Statement =>
    code(
      python.path,
      'sys.seen += 1',
      `sys.seen = getattr(sys, "seen", 0); assert sys.seen in (0, ${total})`,
    );
  // The setup of the measured run sees what the warm-up did.
  await measure(counting(3), 7, 3);
  await assert.rejects(measure(counting(4), 7, 3), /AssertionError/);
});

test('each measurement has an interpreter of its own', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const once = code(python.path, 'sys.once = 1', 'assert not hasattr(sys, "once")');
  await measure(once);
  await measure(once);
});

for (const [what, statement, setup, shown] of [
  [
    'a statement',
    'x = 1\nx / 0',
    'pass',
    /^Traceback[^]*<timeit-src>[^]*x \/ 0\n[^]*ZeroDivisionError: division by zero$/,
  ],
  [
    'a setup',
    'pass',
    'import no_such',
    /^Traceback[^]*import no_such\n[^]*No module named 'no_such'$/,
  ],
  [
    'what it calls',
    'f()',
    'def f(): raise ValueError("inner é")',
    /in f\n[^]*ValueError: inner é$/,
  ],
  [
    'syntax',
    'x = = 2',
    'pass',
    /^ {2}File "<timeit-src>"[^]*x = = 2\n[^]*SyntaxError: invalid syntax$/,
  ],
  [
    'syntax of the setup',
    'pass',
    'def f(',
    /^ {2}File "<timeit-src>"[^]*def f\(\n[^]*SyntaxError: /,
  ],
  ['leaving', 'exit(4)', 'pass', /SystemExit: 4$/],
] as const) {
  test(`an error of ${what} is shown as Python shows it, without our part`, async (t) => {
    const python = requirePython(t, [3, 12], { below: [3, 14] });
    if (!python) return;
    await assert.rejects(measure(code(python.path, statement, setup)), (error) => {
      assert.ok(error instanceof StatementError);
      assert.match(error.message, shown);
      assert.doesNotMatch(error.message, /<string>|strata_begins/);
      return true;
    });
  });
}

test('an interpreter that dies is told with what ended it', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  for (const [statement, message] of [
    ['import os; os._exit(3)', /ended with exit code 3/],
    ['import os; os.kill(os.getpid(), 9)', /was ended by SIGKILL/],
  ] as const) {
    await assert.rejects(measure(code(python.path, statement)), message);
  }
  await assert.rejects(measure(code('/bin/true', 'pass')), (error) => {
    assert.ok(error instanceof StrataError);
    assert.match(error.message, /\/bin\/true ended with exit code 0 before it had measured/);
    return true;
  });
});
