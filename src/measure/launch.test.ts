import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { StrataError } from '../base/errors.js';
import { steadyTest } from '../testing/again.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';
import { launch, type MeasuredRun } from './launch.js';
import { starterProgram } from './starter.js';

const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'strata launch '));
after(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** Runs a command whose output goes to a file. */
async function measured(
  ...command: string[]
): Promise<{ run: MeasuredRun; output: string; pid: number }> {
  const path = join(folder, 'output');
  const fd = openSync(path, 'w');
  try {
    const running = await launch(command, { stdio: ['ignore', fd, 'inherit'] });
    return { run: await running.ended, output: readFileSync(path, 'utf8'), pid: running.pid };
  } finally {
    closeSync(fd);
  }
}

test('a command is our child, in our group, with our descriptors and none of the starter’s', async () => {
  const { run, output, pid } = await measured('sh', '-c', 'echo $$ $PPID; ls /proc/$$/fd; exit 7');
  assert.deepEqual(output.split(/\s+/).slice(0, 2), [`${pid}`, `${process.pid}`]);
  const descriptors = output.trim().split('\n').slice(1).map(Number);
  assert.deepEqual(descriptors.slice(0, 3), [0, 1, 2]);
  assert.ok(!descriptors.includes(3), 'the starter’s channel');
  assert.equal(run.code, 7);
  assert.equal(run.signal, undefined);
});

test('memory is the command’s, not what Node.js has', async () => {
  const { run } = await measured('true');
  assert.ok(process.memoryUsage().rss > 30 * MIB);
  assert.ok(run.usage.peakMemory < 15 * MIB, `${run.usage.peakMemory}`);
  assert.ok(run.usage.minorFaults > 0);
});

steadyTest('memory, CPU time and children are those that Python itself tells', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const code =
    'import os, resource\n' +
    'block = b"x" * (200 << 20)\n' +
    'for _ in range(4):\n' +
    '    pid = os.fork()\n' +
    '    if pid == 0:\n' +
    '        sum(range(2000000)); os._exit(0)\n' +
    '    os.waitpid(pid, 0)\n' +
    'own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))\n' +
    'print(own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime)\n' +
    'print(children.ru_utime, own.ru_maxrss, own.ru_minflt + children.ru_minflt)';
  const { run, output } = await measured(python.path, '-c', code);
  const [cpu, ofChildren, peak, faults] = output.split(/\s+/).map(Number);
  const { usage } = run;
  const all = (usage.user + usage.system) / 1e9;
  assert.ok(ofChildren > 0.01, output);
  assert.ok(all >= cpu && all < cpu + 1, `${all} ${cpu}`); // leaving takes a little, too
  assert.ok(usage.peakMemory >= peak * 1024 && usage.peakMemory < peak * 1024 + 5 * MIB, output);
  assert.ok(usage.peakMemory > 200 * MIB && usage.peakMemory < 240 * MIB);
  assert.ok(usage.minorFaults >= faults && usage.minorFaults < faults + 1000, output);
});

steadyTest('waiting is real time without CPU time', async () => {
  const { run } = await measured('sleep', '0.3');
  assert.ok(run.real >= 0.3e9 && run.real < 10e9, `${run.real}`);
  assert.ok(run.usage.user + run.usage.system < 0.1e9);
  assert.ok(run.usage.voluntarySwitches >= 1);
});

steadyTest('the end is looked at when it comes, whatever this thread is busy with', async () => {
  const running = await launch(['sleep', '0.1']);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  const { real } = await running.ended;
  assert.ok(real >= 0.1e9 && real < 0.9e9, `${real}`);
});

test('a signal reaches the command, and ends it by its name', async () => {
  const running = await launch(['sleep', '60']);
  running.signal('SIGTERM');
  const { code, signal } = await running.ended;
  assert.deepEqual([code, signal], [143, 15]);
  running.signal('SIGTERM'); // it is gone: no error
});

test('a script without a first line is the shell’s', async () => {
  const { run, output } = await measured(script('bare', 'echo "$0 $1"; exit 3\n'), 'x y');
  assert.equal(run.code, 3);
  assert.equal(output, `${join(folder, 'bare')} x y\n`);
});

for (const [what, command, code, message] of [
  ['missing', 'no-such-program', 127, /no such program in PATH/],
  [
    'without its interpreter',
    script('orphan', '#!/no/such/interpreter\n'),
    127,
    /interpreter is missing/,
  ],
  ['not executable', dataFile('data'), 126, /permission denied/],
] as const) {
  test(`a program that is ${what} is told with the shell’s exit code`, async () => {
    await assert.rejects(launch([command]), (error) => {
      assert.ok(error instanceof StrataError);
      assert.match(error.message, message);
      assert.equal(error.exitCode, code);
      return true;
    });
  });
}

function dataFile(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, 'text');
  return path;
}

test('a process waits to become the command until it has been seen to', async () => {
  const seen: [pid: number, program: string][] = [];
  const beforeExec = (pid: number): void => {
    seen.push([pid, readFileSync(`/proc/${pid}/comm`, 'utf8')]);
  };
  const running = await launch(['sh', '-c', 'exit 4'], { beforeExec });
  assert.equal((await running.ended).code, 4);
  assert.equal(seen.length, 1);
  assert.equal(seen[0][0], running.pid);
  assert.notEqual(seen[0][1], 'sh\n');
});

test('what goes wrong before its exec keeps the command from running', async () => {
  const path = join(folder, 'ran');
  const refuse = (): void => {
    throw new Error('no counters');
  };
  const command = ['sh', '-c', `: > '${path}'`];
  await assert.rejects(launch(command, { beforeExec: refuse }), /no counters/);
  const kill = (pid: number): void => void process.kill(pid, 'SIGKILL');
  const { signal, real } = await (await launch(command, { beforeExec: kill })).ended;
  assert.equal(signal, 9);
  assert.ok(real >= 0 && real < 10e9, `${real}`);
  assert.ok(!existsSync(path));
  assert.equal(children(), '');
});

test('many commands leave no descriptor and no process', async () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  await measured('true');
  const before = descriptors();
  for (let i = 0; i < 30; i++) await measured('true');
  assert.ok(descriptors() <= before);
  assert.equal(children(), '');
});

function children(): string {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
}

test('where files in memory may not be executed, a temporary one serves', (t) => {
  const code =
    `const { launch } = await import(${JSON.stringify(new URL('./launch.js', import.meta.url))});` +
    "process.exit((await (await launch(['sh', '-c', 'exit 7'])).ended).code)";
  const inside = `echo 2 > /proc/sys/vm/memfd_noexec && TMPDIR="$2" "$0" --input-type=module -e "$1"; echo $?`;
  const { stdout, status } = spawnSync(
    'unshare',
    [
      '--map-root-user',
      '--pid',
      '--fork',
      '--mount-proc',
      'sh',
      '-c',
      inside,
      process.execPath,
      code,
      folder,
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) {
    skipOrFail(t, 'unshare', 'no namespaces of our own here');
    return;
  }
  assert.equal(stdout, '7\n');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('strata-starter')),
    [],
  );
});

for (const architecture of ['x64', 'arm64'] as const) {
  test(`the starter for ${architecture} is a whole ELF file`, () => {
    const file = Buffer.from(starterProgram(architecture));
    const entry = Number(file.readBigUInt64LE(24)) - Number(file.readBigUInt64LE(64 + 16));
    assert.equal(file.readUInt16LE(18), architecture === 'x64' ? 62 : 183);
    assert.equal(entry, 64 + 2 * 56, 'the entry is the first byte of code');
    assert.equal(Number(file.readBigUInt64LE(64 + 32)), file.length);
    assert.ok(file.length - entry > 200 && file.length - entry < 400);
    if (architecture === 'arm64') assert.equal((file.length - entry) % 4, 0);
  });
}
