import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { Check } from '../checks/check.js';
import { strata } from '../testing/cli.js';
import { startStrata, until } from '../testing/live.js';
import { requirePython } from '../testing/pythons.js';
import { Terminal } from '../testing/tmux.js';
import { PLAIN } from '../render/text/style.js';
import { offerMends, type Helper } from './doctor-fix.js';

interface Answer {
  readonly status: string;
  readonly checks: readonly Check[];
  readonly interpreter: { readonly found: boolean; readonly path?: string; readonly code?: object };
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-doctor-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('doctor says what is amiss by its text, its JSON and its exit code', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const whole = await strata(['doctor', '--', python.path, 'no-such-script.py']);
  assert.equal(whole.code, 0, whole.stdout);
  assert.match(whole.stdout, /^Machine\n/);
  assert.match(whole.stdout, /\n {2}ok {4}perf support +built in, with trampolines of kind /);
  const isolated = await strata(['doctor', '--json', '--', python.path, '-I', 'x.py']);
  assert.equal(isolated.code, 1);
  const answer = JSON.parse(isolated.stdout) as Answer;
  assert.equal(answer.status, 'fail');
  assert.equal(answer.interpreter.path, python.path);
  const failing = answer.checks.filter(({ status }) => status === 'fail');
  assert.deepEqual(
    failing.map(({ id }) => id),
    ['environment'],
  );
  assert.match(failing[0].mend?.command ?? '', / -X perf -I x\.py$/);
});

test('a program that is not there fails, one without Python does not', async () => {
  const missing = await strata(['doctor', '--', 'no-such-program']);
  assert.equal(missing.code, 1);
  assert.match(missing.stdout, /fail {2}interpreter +there is no program no-such-program in PATH/);
  const native = await strata(['doctor', '--', 'ls']);
  assert.equal(native.code, 0);
  assert.match(native.stdout, /ok {4}interpreter +\S+\/ls has no Python in it/);
});

test('flags that do not go together are usage errors', async () => {
  for (const argv of [
    ['--json', '--fix'],
    ['--overhead'],
    ['-r', '0', '--overhead', 'ls'],
    ['--yes'],
  ]) {
    assert.equal((await strata(['doctor', ...argv])).code, 2, argv.join(' '));
  }
});

test('without a terminal nothing is mended, and the commands are printed', async (t) => {
  const home = folder(t);
  const run = await strata(['doctor', '--fix', '--', 'ls'], { env: { HOME: home } });
  assert.equal(run.code, 1);
  assert.match(run.stderr, /asks before each mend, and here is no terminal to ask on/);
});

/** Two faults, of which the first is mended by its command. */
function faults(mark: string): Check[] {
  const mended = existsSync(mark);
  const base = { group: 'files', title: 'the mark' } as const;
  const touch = { command: `echo touching; touch '${mark}'`, safe: true, needsRoot: false };
  return [
    mended
      ? { ...base, id: 'mark', status: 'ok', text: 'there' }
      : { ...base, id: 'mark', status: 'fail', text: 'missing', mend: touch },
    {
      ...base,
      id: 'harm',
      status: 'fail',
      text: 'only by hand',
      mend: { ...touch, command: `touch '${mark}-harm'`, safe: false },
    },
    {
      ...base,
      id: 'other',
      status: 'warn',
      text: 'also missing',
      mend: { ...touch, command: 'exit 3' },
    },
  ];
}

test('mends are offered one by one, and run after a yes alone', async (t) => {
  const mark = join(folder(t), 'mark');
  const layout = { width: 80, style: PLAIN };
  const session = async (answers: (boolean | undefined)[]) => {
    const ran: string[] = [];
    let said = '';
    const helper: Helper = {
      ask: () => Promise.resolve(answers.shift()),
      say: (text) => (said += text),
      run: (command) => {
        ran.push(command);
        if (command.includes('touch')) writeFileSync(mark, '');
        return command === 'exit 3' ? 'code 3' : undefined;
      },
    };
    const checks = await offerMends(faults(mark), () => faults(mark), helper, layout);
    return { ran, said, statuses: checks.map(({ status }) => status).join(' ') };
  };
  assert.deepEqual((await session([false, false])).ran, []);
  assert.deepEqual((await session([undefined])).ran, []);
  const refused = await session([false, true]);
  assert.deepEqual(refused.ran, ['exit 3']);
  assert.match(refused.said, /It failed \(code 3\)\.\n {2}warn {2}the mark {2}also missing/);
  const mended = await session([true, false]);
  assert.equal(mended.ran.length, 1);
  assert.match(mended.said, /\$ echo touching; touch .*\n {2}ok {4}the mark {2}there\n/);
  assert.equal(mended.statuses, 'ok fail warn');
  assert.doesNotMatch(mended.said, /-harm/);
});

test('at a terminal questions are asked until they are answered', async (t) => {
  const place = folder(t);
  const mark = join(place, 'mark');
  // The built program's own modules, with faults made up.
  const script = join(place, 'fix.mjs');
  const module = new URL('./doctor-fix.js', import.meta.url).href;
  const style = new URL('../render/text/style.js', import.meta.url).href;
  writeFileSync(
    script,
    `import { existsSync } from 'node:fs';
    import { helperAtTerminal, offerMends } from '${module}';
    import { PLAIN } from '${style}';
    const mark = '${mark}';
    ${faults.toString()}
    const layout = { width: 80, style: PLAIN };
    const look = () => faults(mark);
    const checks = await offerMends(look(), look, helperAtTerminal(look()), layout);
    console.log('end:', checks.map(({ status }) => status).join(' '));`,
  );
  const terminal = Terminal.open(t, { width: 80, height: 40, cwd: place });
  if (terminal === undefined) return;
  await terminal.until(/[$#]/);
  terminal.line(`'${process.execPath}' '${script}'`);
  await terminal.until(/the mark: missing\n {2}\$ echo touching; touch .*\nRun it\? \[y\/n\]/s);
  assert.equal(existsSync(mark), false);
  terminal.line('perhaps');
  await terminal.until(/perhaps\nRun it\? \[y\/n\]/);
  assert.equal(existsSync(mark), false);
  terminal.line('y');
  await terminal.until(/\ntouching\n {2}ok {4}the mark {2}there\n/);
  assert.equal(existsSync(mark), true);
  await terminal.until(/also missing\n {2}\$ exit 3\nRun it\?/);
  terminal.press('C-d');
  await terminal.until(/end: ok fail warn/);
  assert.equal(existsSync(`${mark}-harm`), false);
});

test('overhead is measured of runs in turn', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const place = folder(t);
  const log = join(place, 'log');
  const code = `import os, sys, time
with open(${JSON.stringify(log)}, 'a') as log: print(sys.is_stack_trampoline_active(), file=log)
print('output'); time.sleep(0.05)`;
  const argv = ['doctor', '--overhead', '--json', '-r', '2', '--', python.path, '-c', code];
  const run = await strata(argv, { cwd: place });
  assert.equal(run.code, 0, run.stderr);
  const { times, recorder } = JSON.parse(run.stdout) as {
    times: Record<string, number[]>;
    recorder: number[];
  };
  // One to warm up, then plain, with names and recorded, twice.
  const turns = readFileSync(log, 'utf8').trim().split('\n');
  assert.deepEqual(turns, ['False', 'False', 'True', 'True', 'False', 'True', 'True']);
  for (const kind of ['plain', 'named', 'recorded']) {
    assert.equal(times[kind].length, 2);
    for (const time of times[kind]) assert.ok(time > 0.05e9 && time < 60e9, `${kind}: ${time}`);
  }
  assert.ok(recorder.every((time) => time > 0));
  assert.equal(existsSync(join(place, 'perf.data')), false);

  const text = await strata(['doctor', '--overhead', '-r', '1', '--', 'true']);
  assert.match(text.stdout, /\nplain .*\nwith names turned on .*× .*\nwhile recorded .*× .*\n/);
  const failing = await strata(['doctor', '--overhead', '--', 'sh', '-c', 'echo so >&2; exit 4']);
  assert.equal(failing.code, 1);
  assert.match(failing.stderr, /a run of the command ended with code 4: so/);
});

test('a measurement of overhead that is interrupted leaves nothing behind', async (t) => {
  const place = folder(t);
  const run = startStrata(['doctor', '--overhead', '--', 'sleep', '60'], {
    env: { ...process.env, TMPDIR: place },
  });
  await until(() => readdirSync(place).length > 0, 'a folder for recordings');
  run.child.kill('SIGTERM');
  assert.equal(await run.ended, 143, run.stderr());
  assert.deepEqual(readdirSync(place), []);
});
