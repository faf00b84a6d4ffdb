/** Recordings that are switched on and off while the program runs: by time, by commands, by a signal. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import process from 'node:process';
import { after, type TestContext } from 'node:test';

import type { Profile } from '../profile/profile.js';
import { loadProfile } from '../session/open.js';
import { steadyTest as test } from '../testing/again.js';
import { STRATA } from '../testing/cli.js';
import { start, startStrata } from '../testing/live.js';
import { needsPerf } from '../testing/perf.js';
import { requirePython } from '../testing/pythons.js';
import { programPath, Workplace, type Recording } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

/** How many samples have each of the program's functions on their stack. */
function samplesOf({
  stacks,
  frames,
  functions,
  strings,
  samples,
}: Profile): Record<string, number> {
  const counts: Record<string, number> = { before: 0, during: 0, after: 0 };
  for (let stack of samples.stack) {
    for (; stack >= 0; stack = stacks.parent[stack]) {
      const name = strings[functions.name[frames.func[stacks.frame[stack]]]];
      if (name in counts) counts[name]++;
    }
  }
  return counts;
}

/** Records the program; perf reads the recording. */
async function record(
  t: TestContext,
  flags: readonly string[],
  args: readonly string[],
): Promise<Recording | undefined> {
  const python = requirePython(t, [3, 12]);
  if (python === undefined || !needsPerf(t)) return undefined;
  const command = [python.path, programPath('phases.py'), ...args];
  const recording = await workplace.record('switched.data', command, flags);
  assert.match(await recording.perf('evlist', '-v'), /^cpu-clock|^cycles/m);
  assert.match(await recording.perf('report', '--stdio', '-g', 'none'), /^# Samples: /m);
  return recording;
}

/** Only the middle function, and all of it. */
function assertDuringAlone(recording: Recording): void {
  const counts = samplesOf(loadProfile(recording.file));
  assert.deepEqual({ ...counts, during: 0 }, { before: 0, during: 0, after: 0 });
  // 250 ms at 999 Hz; a virtual machine may stand still meanwhile, or just before the program looks at its clock.
  assert.ok(counts['during'] > 80 && counts['during'] < 500, `${counts['during']} samples`);
}

function makeFifos(): [commands: string, answers: string] {
  const paths = [workplace.path('commands'), workplace.path('answers')] as [string, string];
  for (const path of paths) if (!existsSync(path)) execFileSync('mkfifo', [path]);
  return paths;
}

test('--control fifo: a command is answered when it is done', async (t) => {
  const fifos = makeFifos();
  const flags = ['-D', '-1', '--control', `fifo:${fifos.join(',')}`];
  const recording = await record(t, flags, ['fifo', ...fifos]);
  if (recording !== undefined) assertDuringAlone(recording);
});

test('--control program: the program is told where its recorder listens', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (python === undefined) return;
  const command = `exec ${python.path} '${programPath('phases.py')}' fifo "$STRATA_CONTROL" "$STRATA_ACK"`;
  const flags = ['-D', '-1', '--control', 'program'];
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('strata-control-'));
  const recording = await workplace.record('own.data', ['sh', '-c', command], flags);
  assertDuringAlone(recording);
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith('strata-control-'));
  assert.deepEqual(
    left.filter((name) => !before.includes(name)),
    [],
  );
});

test('--control signal: SIGUSR2 switches sampling on, and off again', async (t) => {
  const recording = await record(t, ['-D', '-1', '--control', 'signal'], ['signal']);
  if (recording !== undefined) assertDuringAlone(recording);
});

test('--delay and --duration bound what is sampled', async (t) => {
  // 0 to 0.3 s is before, where the program does not come late, from 3 s on during, from 6 s on after.
  const recording = await record(t, ['-D', '1500', '--duration', '3s'], ['clock', '3', '6']);
  if (recording !== undefined) assertDuringAlone(recording);
});

test('--control fd: stop ends the recording, not the program; evlist names the events', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (python === undefined) return;
  const [commands] = makeFifos();
  const file = workplace.path('stopped.data');
  const script = [
    'exec 7<>"$0"',
    '"$@" --control fd:7 -- sh -c \'sleep 1; echo evlist >"$0"; echo ping >"$0"; echo nonsense >"$0"; echo stop >"$0"; sleep 1; echo done\' "$0"',
  ].join('\n');
  const run = start(
    [
      'sh',
      '-c',
      script,
      commands,
      process.execPath,
      STRATA,
      'record',
      '-N',
      '-o',
      file,
      '-e',
      'cpu-clock',
    ],
    { cwd: workplace.folder, env: { ...process.env, ...workplace.environment } },
  );
  assert.equal(await run.ended, 0, run.stderr());
  assert.equal(run.stdout(), 'done\n');
  assert.match(run.stderr(), /^strata: cpu-clock$/m);
  assert.match(run.stderr(), /sampling has ended; the command goes on/);
  assert.ok(loadProfile(file).events.length > 0);
});

test('what cannot be listened to is an error before the command starts', async () => {
  for (const [how, message] of [
    [`fifo:${workplace.path('nowhere')}`, /cannot listen at .*nowhere: no such file/],
    ['fd:99', /descriptor 99: it is not open/],
    ['fifo:/dev/null', /cannot listen at \/dev\/null: it is no FIFO/],
  ] as const) {
    const run = startStrata(['record', '--control', how, 'echo', 'began'], {
      cwd: workplace.folder,
    });
    assert.equal(await run.ended, 1, run.stderr());
    assert.equal(run.stdout(), '');
    assert.match(run.stderr(), message);
  }
});

test('signals that mean nothing do not end the recorder', async () => {
  const command = 'kill -USR2 $PPID; kill -USR1 $PPID; echo done';
  const run = startStrata(['record', 'sh', '-c', command], { cwd: workplace.folder });
  assert.equal(await run.ended, 0, run.stderr());
  assert.equal(run.stdout(), 'done\n');
  assert.doesNotMatch(run.stderr(), /debugger/i);
});
