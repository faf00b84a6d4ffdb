/** What `strata record` is told, and what it tells: events, rates, ends, permissions, full disks. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test, type TestContext } from 'node:test';

import { maxSampleRate, onlineCpus, perfEventParanoid } from '../linux/system.js';
import { STRATA } from '../testing/cli.js';
import { start, startStrata, type LiveRun } from '../testing/live.js';
import { needsPerf } from '../testing/perf.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';
import { Recording, Workplace } from '../testing/recordings.js';
import { readReport } from '../testing/reports.js';
import { smallDisk } from '../testing/small-disk.js';

const workplace = new Workplace();
after(() => workplace.close());

const SPIN = workplace.path('spin.py');
writeFileSync(
  SPIN,
  `
import sys, time
def spin():
    end = time.perf_counter() + float(sys.argv[1])
    while time.perf_counter() < end:
        pass
spin()
sys.exit(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
`,
);
/** A shell's loop of some tenths of a second. */
const BUSY = ['sh', '-c', 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'];

function record(name: string, ...argv: string[]): { run: LiveRun; recording: Recording } {
  const file = resolve(workplace.folder, name);
  const env = { ...process.env, ...workplace.environment };
  const run = startStrata(['record', '-o', file, ...argv], { cwd: workplace.folder, env });
  return { run, recording: new Recording(workplace, file) };
}

/** Whether Python functions are named in both reports. */
async function namedSpin(t: TestContext, recording: Recording): Promise<void> {
  const flags = ['-g', 'none', '--percent-limit', '1'];
  const rows = readReport(await recording.strata('report', ...flags));
  const ours = rows.find(({ object, symbol }) => object === '[python]' && symbol === 'spin');
  assert.ok(ours !== undefined && ours.children > 20, `spin has ${ours?.children} %`);
  if (!needsPerf(t)) return;
  assert.match(await recording.perf('report', '--stdio', '-g', 'none'), /py::spin:.*spin\.py/);
}

test('--duration ends sampling, and the command goes on to its own end', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const { run, recording } = record(
    'short.data',
    '--duration',
    '300ms',
    python.path,
    SPIN,
    '1.5',
    '9',
  );
  assert.equal(await run.ended, 9);
  assert.match(run.stderr(), /sampling has ended; the command goes on/);
  assert.doesNotMatch(run.stderr(), /still ran/);
  const { info } = recording.section();
  assert.ok(info.samples > 10 && info.samples < 1000, `${info.samples} samples`);
  await namedSpin(t, recording);
});

test('a rate above the kernel’s maximum is lowered, and that is said', async () => {
  const most = maxSampleRate();
  const { run, recording } = record('fast.data', '-F', `${most + 1}`, 'true');
  assert.equal(await run.ended, 0);
  const note = `${most + 1} samples per second were asked for; the kernel grants ${most} (kernel.perf_event_max_sample_rate)`;
  assert.ok(run.stderr().includes(note), run.stderr());
  assert.ok(recording.section().info.notes.includes(note));

  const max = record('max.data', '-v', '-F', 'max', 'true');
  assert.equal(await max.run.ended, 0);
  assert.ok(max.run.stderr().includes(` at ${most} Hz on ${onlineCpus().length} CPUs`));
  assert.doesNotMatch(max.run.stderr(), /asked for/);
});

test('two events in one file', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const events = ['-e', 'page-faults,cpu-clock'];
  const { run, recording } = record('events.data', ...events, python.path, SPIN, '0.3');
  assert.equal(await run.ended, 0);
  const report = await recording.strata('report', '-g', 'none');
  assert.match(report, /of event 'page-faults'[^]*of event 'cpu-clock'/);
  const clock = await recording.strata('report', '-g', 'none', '--event', 'cpu-clock');
  assert.match(clock, /\[python\] +\[\.\] spin/);
  if (!needsPerf(t)) return;
  assert.equal(await recording.perf('evlist'), 'page-faults\ncpu-clock\n');
  const theirs = await recording.perf('report', '--stdio', '-g', 'none');
  assert.match(theirs, /of event 'page-faults'[^]*of event 'cpu-clock'[^]*py::spin/);
});

test('an event that the machine lacks is named', async (t) => {
  const lacking = ['cycles', 'bus-cycles', 'stalled-cycles-backend'].find((name) =>
    spawnSync('perf', ['stat', '-e', name, 'true'], { encoding: 'utf8' }).stderr?.includes(
      '<not supported>',
    ),
  );
  if (lacking === undefined) {
    t.skip('hardware: this machine counts everything');
    return;
  }
  const { run, recording } = record(
    'lacking.data',
    '-e',
    `cpu-clock,${lacking}`,
    'sh',
    '-c',
    'echo began',
  );
  assert.equal(await run.ended, 1);
  assert.ok(run.stderr().startsWith(`strata: this machine cannot count '${lacking}': `));
  assert.equal(run.stdout(), '', 'the command never began');
  assert.equal(existsSync(recording.file), false);
});

test(':u has no frames of the kernel', async () => {
  const syscalls = 'import os\nfor _ in range(60000): os.stat("/")';
  const shares: number[] = [];
  for (const event of ['cpu-clock', 'cpu-clock:u']) {
    const { run, recording } = record('levels.data', '-e', event, 'python3', '-c', syscalls);
    assert.equal(await run.ended, 0, run.stderr());
    const report = await recording.strata('report', '--no-children', '-g', 'none');
    shares.push([...report.matchAll(/\[k\]/g)].length);
  }
  if (process.getuid?.() === 0) assert.ok(shares[0] > 0, 'with the kernel there are some');
  assert.equal(shares[1], 0);
});

test('interpreters without names are told, and why', async (t) => {
  const python = requirePython(t, [3, 12]);
  const old = requirePython(t, [3, 8], { below: [3, 12] });
  if (!python || !old) return;
  const [major, minor] = old.version;
  for (const [argv, reason] of [
    [[python.path, '-I', SPIN], 'it ignored PYTHONPERFSUPPORT'],
    [['--python', 'off', python.path, SPIN], 'perf support was not turned on'],
    [
      ['env', '-u', 'PYTHONPERFSUPPORT', python.path, SPIN],
      'it was started without PYTHONPERFSUPPORT=1',
    ],
    [[old.path, SPIN], `CPython ${major}.${minor} has no perf support`],
    [[python.path, '-I', '-X', 'perf', SPIN], undefined],
  ] as const) {
    const { run, recording } = record('python.data', ...argv, '0.2');
    assert.equal(await run.ended, 0, run.stderr());
    const notes = recording.section().info.notes.filter((note) => note.includes('have no names'));
    // Once: before the recording where that is known by then, else after it.
    const told = run
      .stderr()
      .split('\n')
      .filter((line) => /have no names|names of Python functions will be missing/.test(line));
    assert.equal(told.length, reason === undefined ? 0 : 1, run.stderr());
    assert.equal(notes.length, told.length);
    if (reason !== undefined) assert.ok(notes[0].includes(`have no names: ${reason}`), notes[0]);
  }
});

test('the perf maps that a recording causes are removed again', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const code = 'import os; print(os.getpid(), os.path.exists(f"/tmp/perf-{os.getpid()}.map"))';
  for (const flags of [[], ['--python', 'off', 'env', 'PYTHONPERFSUPPORT=1']]) {
    const { run } = record('maps.data', ...flags, python.path, '-c', code);
    assert.equal(await run.ended, 0);
    const [pid, existed] = run.stdout().trim().split(' ');
    const path = `/tmp/perf-${pid}.map`;
    t.after(() => rmSync(path, { force: true }));
    assert.equal(existed, 'True');
    assert.equal(existsSync(path), flags.length > 0, 'what the user asked for stays');
  }
});

test('a full disk ends the recording, not the command; what is there can be read', async (t) => {
  const python = requirePython(t, [3, 12]);
  const disk = smallDisk(t, 256 * 1024);
  if (!python || disk === undefined) return;
  const { run, recording } = record(join(disk, 'p.data'), '-F', '9999', python.path, SPIN, '1');
  assert.equal(await run.ended, 1);
  assert.match(
    run.stderr(),
    /the recording is cut, as .* could not be written: no space left on device/,
  );
  assert.deepEqual(readdirSync(disk), ['p.data']);
  await namedSpin(t, recording);
  assert.match(await recording.strata('report', '-g', 'none'), /the recording is cut/);

  const failing = record(join(disk, 'p.data'), '-F', '9999', python.path, SPIN, '0.6', '5');
  assert.equal(await failing.run.ended, 5, 'the command’s own failure goes before');
});

/** As a user without rights of any kind. */
function asNobody(
  t: TestContext,
  folder: string,
  argv: readonly string[],
  limits: readonly string[] = [],
): LiveRun | undefined {
  const drop = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];
  const strata = [...drop, ...limits, process.execPath, STRATA];
  const env = { ...process.env, HOME: folder };
  if (spawnSync(strata[0], [...strata.slice(1), '--version'], { env }).status !== 0) {
    skipOrFail(
      t,
      'unprivileged',
      'this user may not become another, or that one may not read the program',
    );
    return undefined;
  }
  return start([...strata, ...argv], { cwd: folder, env });
}

function nobodysFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'strata nobody '));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o777);
  return folder;
}

test('a user who may not sample the kernel gets user space, and is told', async (t) => {
  if (perfEventParanoid() !== 2) {
    t.skip('paranoid: kernel.perf_event_paranoid is not 2');
    return;
  }
  const folder = nobodysFolder(t);
  const run = asNobody(t, folder, ['record', ...BUSY]);
  if (run === undefined) return;
  assert.equal(await run.ended, 0, run.stderr());
  const told = [...run.stderr().matchAll(/only user space was sampled.*perf_event_paranoid/g)];
  assert.equal(told.length, 1, run.stderr());
  const recording = new Recording(workplace, join(folder, 'perf.data'));
  const { info } = recording.section();
  assert.ok(info.samples > 10);
  assert.ok(info.notes.some((note) => note.startsWith('only user space was sampled')));
});

test('a user who may lock little memory gets small buffers, and is told of both', async (t) => {
  const folder = nobodysFolder(t);
  const run = asNobody(t, folder, ['record', '-F', 'max', ...BUSY], ['prlimit', '--memlock=65536']);
  if (run === undefined) return;
  assert.equal(await run.ended, 0, run.stderr());
  assert.match(
    run.stderr(),
    /the buffers hold \S+ KiB a CPU instead of \S+ MiB, as the user may lock no more/,
  );
  const recording = new Recording(workplace, join(folder, 'perf.data'));
  const { info } = recording.section();
  assert.match(run.stderr(), new RegExp(` ${info.lost.toLocaleString('en')} lost`));
});

test('a folder that may not be written to', async (t) => {
  const folder = nobodysFolder(t);
  const place = join(folder, 'place');
  mkdirSync(place);
  const run = asNobody(t, place, ['record', 'sh', '-c', 'echo began']);
  if (run === undefined) return;
  assert.equal(await run.ended, 1);
  assert.equal(run.stderr(), 'strata: cannot write perf.data: permission denied\n');
  assert.equal(run.stdout(), '', 'the command never began');
});
