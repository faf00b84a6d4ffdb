/** `strata time` on programs of known behaviour, as a person runs it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { strata } from '../testing/cli.js';
import { startStrata, until } from '../testing/live.js';
import { STRATA } from '../testing/cli.js';
import { requirePython } from '../testing/pythons.js';
import { Terminal } from '../testing/tmux.js';

const folder = mkdtempSync(join(tmpdir(), 'strata time '));
after(() => rmSync(folder, { recursive: true, force: true }));

/** `--json`'s fields that tests look at. */
interface Times {
  readonly real: number;
  readonly user: number;
  readonly system: number;
  readonly cpus: number;
  readonly exitCode: number;
  readonly signal?: string;
  readonly peakMemory: number;
  readonly written: number;
}

test('a command that waits is seen to', async () => {
  const { code, stdout, stderr } = await strata(['time', 'sleep', '0.5']);
  assert.equal(code, 0);
  assert.equal(stdout, '');
  assert.match(stderr, /^real +\d.* +█{40}$/m);
  assert.match(stderr, /^ +ran on a CPU \d% of the time, waited 9\d%|100%$/m);
  assert.match(stderr, /^context switches +[1-9]\d* voluntary \(it waited\), \d+ involuntary/m);
  assert.match(stderr, /^page faults +[1-9]\d* minor, \d+ major/m);
});

test('threads that run at once use more CPU time than real time passes', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const code =
    'import hashlib, threading, time\n' +
    'work = lambda: hashlib.pbkdf2_hmac("sha256", b"x", b"y", 600000)\n' +
    'threads = [threading.Thread(target=work) for _ in range(4)]\n' +
    '[one.start() for one in threads]; [one.join() for one in threads]\n' +
    'print(time.process_time())';
  const { stdout, stderr } = await strata(['time', '--json', python.path, '-c', code]);
  const times = JSON.parse(stderr) as Times;
  const cpu = (times.user + times.system) / 1e9;
  assert.ok(cpu >= Number(stdout) && cpu < Number(stdout) + 1, `${cpu} ${stdout}`);
  assert.ok(Math.abs(times.cpus - (cpu * 1e9) / times.real) < 1e-9);
});

test('what is written to a disk is told', async () => {
  const file = join(folder, 'written');
  const { stderr } = await strata([
    'time',
    '--json',
    'dd',
    'if=/dev/zero',
    `of=${file}`,
    'bs=1M',
    'count=8',
    'conv=fsync',
    'status=none',
  ]);
  const { written } = JSON.parse(stderr) as Times;
  // A file system in memory writes nothing.
  assert.ok(
    written === 0 || (written >= 8 * 1024 * 1024 && written < 9 * 1024 * 1024),
    `${written}`,
  );
});

test('-p prints what POSIX says, -o writes to a file, -a adds to it', async () => {
  const file = join(folder, 'times');
  const run = await strata([
    'time',
    '-p',
    '-o',
    file,
    'sh',
    '-c',
    'echo out; echo err >&2; exit 3',
  ]);
  assert.deepEqual([run.code, run.stdout, run.stderr], [3, 'out\n', 'err\n']);
  const posix = /^real \d+\.\d\d\nuser \d+\.\d\d\nsys \d+\.\d\d\n$/;
  assert.match(readFileSync(file, 'utf8'), posix);
  await strata(['time', '-p', '-a', '-o', file, 'true']);
  assert.equal(readFileSync(file, 'utf8').split('\n').length, 7);
  await strata(['time', '-p', '-o', file, 'true']);
  assert.match(readFileSync(file, 'utf8'), posix);
});

test('the exit code is the command’s own, and why it is not 0 is said', async () => {
  const failed = await strata(['time', 'sh', '-c', 'exit 5']);
  assert.equal(failed.code, 5);
  assert.match(failed.stderr, /^exit code 5\nreal /);
  const killed = await strata(['time', 'sh', '-c', 'kill -SEGV $$']);
  assert.equal(killed.code, 139);
  assert.match(killed.stderr, /^ended by SIGSEGV\nreal /);
  const missing = await strata(['time', 'no-such-program']);
  assert.equal(missing.code, 127);
  assert.equal(missing.stderr, 'strata: cannot run no-such-program: no such program in PATH\n');
});

test('a file that cannot be written is told before the command runs', async () => {
  const run = await strata(['time', '-o', '/no/such/file', 'echo', 'ran']);
  assert.deepEqual([run.code, run.stdout], [1, '']);
  assert.match(run.stderr, /^strata: cannot write \/no\/such\/file: /);
});

test('without a command it says what it needs', async () => {
  const { code, stderr } = await strata(['time']);
  assert.equal(code, 2);
  assert.match(stderr, /time needs a command/);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} reaches the command, whose times are told`, async () => {
    const script = `trap 'echo got; exit 9' ${signal.slice(3)}; echo waiting; while :; do sleep 0.05; done`;
    const run = startStrata(['time', 'sh', '-c', script]);
    await until(() => run.stdout().includes('waiting'), 'the command');
    run.child.kill(signal);
    assert.equal(await run.ended, 9);
    assert.equal(run.stdout(), 'waiting\ngot\n');
    assert.match(run.stderr(), /^exit code 9\nreal /);
  });
}

test('a command that ignores the end of its terminal is timed to its own end', async () => {
  const run = startStrata(['time', 'nohup', 'sh', '-c', 'echo waiting; sleep 0.3']);
  await until(() => run.stdout().includes('waiting'), 'the command');
  run.child.kill('SIGHUP');
  assert.equal(await run.ended, 0);
  assert.match(run.stderr(), /^real /m);
});

test('Ctrl-C ends the command, and its times are told', async (t) => {
  const terminal = Terminal.open(t, { width: 120, cwd: folder });
  if (terminal === undefined) return;
  terminal.line(
    `'${process.execPath}' '${STRATA}' time sh -c 'echo waiting; sleep 60'; echo code $?`,
  );
  await terminal.until(/^waiting$/m);
  terminal.press('C-c');
  await terminal.until(/^code 130$/m);
  const screen = terminal.screen();
  assert.match(screen, /ended by SIGINT\nreal /);
});

test('standard input and further descriptors are the command’s', async () => {
  const run = startStrata(['time', 'sh', '-c', 'cat; cat <&4'], {
    stdio: ['pipe', 'pipe', 'pipe', 'ignore', 'pipe'],
  });
  run.child.stdin?.end('one ');
  (run.child.stdio[4] as NodeJS.WritableStream).end('two');
  assert.equal(await run.ended, 0);
  assert.equal(run.stdout(), 'one two');
});
