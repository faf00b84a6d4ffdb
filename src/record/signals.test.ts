/** Signals and the terminal: the command gets what was meant for it, once, and the recording ends well. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';

import { STRATA, strata } from '../testing/cli.js';
import { startStrata, until } from '../testing/live.js';
import { Terminal } from '../testing/tmux.js';

const folder = mkdtempSync(join(tmpdir(), 'strata signals '));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Long enough to be sampled. */
const BUSY = 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done';

const RECORD = `'${process.execPath}' '${STRATA}' record -N`;

/** Counts a signal for a second after the first, then leaves with 5. */
function counting(signal: string): string {
  return (
    `n=0; trap 'n=$((n+1)); echo got $n; i=0' ${signal}; echo waiting; i=-600; ` +
    'while [ $i -lt 10 ]; do sleep 0.1; i=$((i+1)); done; echo in all $n; exit 5'
  );
}

async function samplesIn(file: string): Promise<number> {
  const { code, stdout, stderr } = await strata(['report', '-i', file, '-g', 'none', '-n']);
  assert.equal(code, 0, stderr);
  return stdout.split('\n').filter((line) => /^ +\d/.test(line)).length;
}

function open(t: TestContext, columns = 120): Terminal | undefined {
  return Terminal.open(t, { width: columns, height: 40, cwd: folder });
}

function linesOf(terminal: Terminal): string[] {
  return terminal.screen().split('\n');
}

/** Clears the screen, and waits for it: what is typed meanwhile would be echoed and wiped. */
async function cleared(terminal: Terminal): Promise<void> {
  terminal.line('clear; echo ready');
  await terminal.until(/^ready$/m);
}

for (const [what, redirection] of [
  ['', ''],
  [', wherever its standard input comes from', ' </dev/null'],
] as const) {
  test(`Ctrl-C reaches the command once${what}`, async (t) => {
    const terminal = open(t);
    if (terminal === undefined) return;
    const file = join(folder, `keys${redirection.length}.data`);
    terminal.line(
      `${RECORD} -o '${file}' sh -c "${counting('INT').replace(/\$/g, '\\$')}"${redirection}; echo code $?`,
    );
    await terminal.until(/^waiting/m);
    terminal.press('C-c');
    await terminal.until(/^code \d/m);
    const screen = terminal.screen();
    // Progress may stand at the line's end.
    assert.match(screen, /^in all 1( +strata: .*)?$/m);
    assert.match(screen, /^code 5$/m);
    assert.match(screen, /samples? of \S+ at 999 Hz/);
    assert.ok((await samplesIn(file)) > 0);
  });
}

test('Ctrl-C that ends the command ends the recording, too', async (t) => {
  const terminal = open(t);
  if (terminal === undefined) return;
  const file = join(folder, 'ended.data');
  const script = `${BUSY}; echo waiting; while :; do :; done`;
  terminal.line(`${RECORD} -o '${file}' sh -c '${script}'; echo code $?`);
  await terminal.until(/^waiting/m);
  terminal.press('C-c');
  await terminal.until(/^code \d/m);
  assert.match(terminal.screen(), /^code 130$/m);
  assert.ok((await samplesIn(file)) > 0);
});

for (const columns of [100, 40]) {
  test(`where only errors go to the terminal, progress comes and goes on a line of ${columns} columns`, async (t) => {
    const terminal = open(t, columns);
    if (terminal === undefined) return;
    await cleared(terminal);
    const script = `i=0; until [ -e "${folder}/stop${columns}" ]; do i=$((i+1)); done`;
    terminal.line(`${RECORD} -o /dev/null sh -c '${script}' >/dev/null`);
    const progress = /^strata: \d+\.\d s, [\d,]+ samples/;
    await until(() => linesOf(terminal).some((line) => progress.test(line)), 'progress');
    const samples = (): number => {
      const line = linesOf(terminal).find((one) => progress.test(one)) ?? '';
      return Number(/([\d,]+) samples/.exec(line)?.[1].replaceAll(',', '') ?? 0);
    };
    await until(() => samples() > 300, 'progress goes on');
    assert.equal(
      linesOf(terminal).filter((line) => progress.test(line)).length,
      1,
      'it stays on its line',
    );
    writeFileSync(join(folder, `stop${columns}`), '');
    await terminal.until(/\/dev\/null: /);
    assert.ok(
      linesOf(terminal).every((line) => !progress.test(line)),
      'it is cleared at the end',
    );
  });
}

test('where the command writes to the terminal, too, progress stands aside', async (t) => {
  const terminal = open(t);
  if (terminal === undefined) return;
  await cleared(terminal);
  const script = `printf prompt; until [ -e "${folder}/stop" ]; do :; done; echo " answered"`;
  terminal.line(`${RECORD} -o /dev/null sh -c '${script}'`);
  const progress = /^prompt +strata: \d+\.\d s, [\d,]+ samples, [\d,]+ lost$/;
  await until(() => linesOf(terminal).some((line) => progress.test(line.trimEnd())), 'progress');
  writeFileSync(join(folder, 'stop'), '');
  await terminal.until(/^prompt answered/m);
});

test('a signal that is sent to the recorder alone reaches the command', async () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const file = join(folder, `${signal}.data`);
    const run = startStrata([
      'record',
      '-q',
      '-N',
      '-o',
      file,
      'sh',
      '-c',
      `${BUSY}; ${counting(signal.slice(3))}`,
    ]);
    await until(() => run.stdout().includes('waiting'), 'the command');
    run.child.kill(signal);
    assert.equal(await run.ended, 5, run.stderr());
    assert.match(run.stdout(), /got 1\nin all 1\n$/);
    assert.ok((await samplesIn(file)) > 0);
  }
});

test('a signal that ends the command leaves a whole recording', async () => {
  const file = join(folder, 'terminated.data');
  const script = `${BUSY}; echo waiting; while :; do :; done`;
  const run = startStrata(['record', '-q', '-N', '-o', file, 'sh', '-c', script]);
  await until(() => run.stdout().includes('waiting'), 'the command');
  run.child.kill('SIGTERM');
  assert.equal(await run.ended, 143);
  assert.ok((await samplesIn(file)) > 0);
});

test('a recorder that is killed leaves a file that can be read, and the command alone', async (t) => {
  const file = join(folder, 'killed.data');
  const script = 'echo $$; while :; do :; done';
  const run = startStrata(['record', '-N', '-o', file, 'sh', '-c', script]);
  await until(() => /\n/.test(run.stdout()), 'the command');
  const pid = Number(run.stdout());
  t.after(() => {
    process.kill(pid, 'SIGKILL');
  });
  await until(
    () => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 20_000,
    'samples on the disk',
  );
  run.child.kill('SIGKILL');
  await until(() => run.child.signalCode !== null, 'the end of the recorder');
  process.kill(pid, 0); // throws where it is gone
  const { code, stdout } = await strata(['report', '-i', file, '-g', 'none']);
  assert.equal(code, 0);
  assert.match(stdout, /the recorder did not finish the file/);
  assert.match(stdout, /^ +\d+\.\d+% .* sh /m);
});
