/** Waiting: each wait under its function and by its kind, for as long as the program's own clock says. */
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { isOffCpu, WAIT_NAMES } from '../profile/waits.js';
import type { Profile } from '../profile/profile.js';
import { loadProfile } from '../session/open.js';
import { steadyTest as test } from '../testing/again.js';
import { strata } from '../testing/cli.js';
import { needsPerf } from '../testing/perf.js';
import type { Python } from '../testing/pythons.js';
import { perfPythons, programPath, pythonLabel, Workplace } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

interface ThreadTimes {
  readonly tid: number;
  readonly wall: number;
  readonly cpu: number;
}

interface WaitsAnswer {
  readonly waits: Readonly<Record<string, number>>;
  readonly held: number;
  readonly threads: Readonly<Record<string, ThreadTimes>>;
}

/** By waits.py's functions. */
const KINDS: Readonly<Record<string, string>> = {
  sleeps: 'sleep',
  reads_a_pipe: 'I/O',
  takes_a_lock: 'lock',
  waits_for_a_child: 'child',
};

/** The newest, and the oldest of each source: trampolines differ, and whether the interpreter is stripped. */
function severalPythons(): Set<Python> {
  const [newest, ...others] = perfPythons();
  const oldest = new Map(others.map((python) => [python.source, python]));
  return new Set(newest === undefined ? [] : [newest, ...oldest.values()]);
}

for (const python of severalPythons()) {
  test(`waits.py under ${pythonLabel(python)}`, async () => {
    const command = [python.path, programPath('waits.py')];
    const name = `waits ${pythonLabel(python)}.data`;
    const recording = await workplace.record(name, command, ['--off-cpu']);
    const { waits, held, threads } = recording.answer<WaitsAnswer>();
    const profile = loadProfile(recording.file);

    for (const [name, kind] of Object.entries(KINDS)) {
      const times = secondsBy(
        profile,
        (sample) => hasFrame(profile, sample, name) && hasFrame(profile, sample, 'measured'),
      );
      const { [kind]: seconds = 0, preempted = 0 } = times;
      // By its own clock it also was preempted, on a busy machine.
      const told = `${name}: ${JSON.stringify(times)}, by its clock ${waits[name]} s`;
      assert.ok(seconds < 1.05 * waits[name], told);
      assert.ok(seconds + preempted > 0.95 * waits[name], told);
    }

    for (const [name, { tid, wall, cpu }] of Object.entries(threads)) {
      const within = name === 'hold' ? 'hold' : 'compete';
      const times = secondsBy(
        profile,
        (sample) => tidOf(profile, sample) === tid && hasFrame(profile, sample, within),
      );
      const away = Object.values(times).reduce((sum, seconds) => sum + seconds, 0);
      const truth = wall - cpu;
      const told = `${name}: ${JSON.stringify(times)}, by its clocks ${truth} s`;
      assert.ok(Math.abs(away - truth) < 0.05 * wall, told);
      const { GIL = 0, preempted = 0, sleep = 0 } = times;
      if (name === 'hold') {
        assert.ok(sleep > 0.8 * (away - GIL - preempted), told);
        continue;
      }
      // It wants the GIL all the time: what it does not get is the GIL, or a CPU.
      assert.ok(GIL + preempted > 0.95 * away, told);
      assert.ok(GIL > 0.75 * Math.min(held, truth) - preempted, `${told}, held for ${held} s`);
    }
  });
}

test('reports name the waits, together with time on the CPU or without it', async () => {
  const [python] = perfPythons();
  const command = [python.path, '-c', 'import time; time.sleep(0.3); sum(range(4_000_000))'];
  const recording = await workplace.record('sleeps.data', command, ['--off-cpu']);
  const flags = ['--event', 'offcpu-time', '-s', 'wait', '-g', 'none', '--no-children'];
  const report = await recording.strata('report', ...flags);
  assert.match(report, /^# Waiting: .*[3-5]\d\d ms sleep/m);
  assert.match(report, /^ +\d+\.\d+% +[3-5]\d\d ms {2}sleep$/m);
  const script = await recording.strata('script', '-F', 'event,period', '--event', 'offcpu-time');
  assert.match(script, /^\s+[3-5]\d{8} offcpu-time:\s*$/m);

  const view = ['--view', 'python', '--min-percent', '5'];
  const off = await recording.strata('tree', '--event', 'offcpu-time', ...view);
  assert.match(off, /<module>.*\n.*\[sleeps\]/);
  const both = await recording.strata('tree', '--event', 'all', ...view);
  assert.match(both, /of cpu-clock, offcpu-time in/);
  assert.match(both, /\[sleeps\]/);
  const on = await recording.strata('tree', ...view);
  assert.doesNotMatch(on, /\[sleeps\]/);
  assert.match(on, /- \d+ ms of waiting: --event offcpu-time shows it/);
});

test('what is waited for when recording ends is in it', async () => {
  const [python] = perfPythons();
  const file = workplace.path('cut.data');
  const command = [python.path, '-c', 'import time; time.sleep(2.5)'];
  const flags = ['record', '-q', '--off-cpu', '--duration', '1.5', '-o', file];
  const { code, stderr } = await strata([...flags, '--', ...command], {
    cwd: workplace.folder,
    env: workplace.environment,
  });
  assert.equal(code, 0, stderr);
  const profile = loadProfile(file);
  const { sleep } = secondsBy(profile, () => true);
  // Sampling ended 1.5 s after the start, the interpreter's own start went before the sleep.
  assert.ok(sleep > 0.3 && sleep < 1.55, `${sleep} s`);
  const { start, end } = profile.meta;
  assert.ok(end - start > 1.2e9, 'the sleep is told of at its end');
});

test('perf reads the waits as its own', async (t) => {
  if (!needsPerf(t)) return;
  const [python] = perfPythons();
  const command = [python.path, '-c', 'import time; time.sleep(0.2); time.sleep(0.1)'];
  const recording = await workplace.record('perf.data', command, ['--off-cpu']);
  const list = await recording.perf('evlist', '-v');
  assert.match(list, /^offcpu-time: type: 1, .*config: 0xa/m);
  const fields = ['-F', 'event,period', '-G'];
  const lines = async (printed: Promise<string>): Promise<string[]> =>
    (await printed).split('\n').flatMap((line) => {
      const match = /^\s*(\d+)\s+(\S+):\s*$/.exec(line);
      return match === null ? [] : [`${match[1]} ${match[2]}`];
    });
  const ours = await lines(recording.strata('script', ...fields));
  assert.deepEqual(await lines(recording.perf('script', ...fields)), ours);
  assert.ok(ours.some((line) => /^[2-4]\d{8} offcpu-time/.test(line)));
  assert.match(await recording.perf('report', '--stdio', '-g', 'none'), /of event 'offcpu-time'/);
});

/** Seconds by kind of those samples off the CPU that `isChosen`. */
function secondsBy(
  profile: Profile,
  isChosen: (sample: number) => boolean,
): Record<string, number> {
  const { samples, events } = profile;
  const seconds: Record<string, number> = {};
  for (let sample = 0; sample < samples.length; sample++) {
    if (!isOffCpu(events[samples.event[sample]]) || !isChosen(sample)) continue;
    const kind = WAIT_NAMES[samples.wait[sample]];
    seconds[kind] = (seconds[kind] ?? 0) + samples.weight[sample] / 1e9;
  }
  return seconds;
}

function tidOf({ samples, threads }: Profile, sample: number): number {
  return threads.tid[samples.thread[sample]];
}

function hasFrame(
  { samples, stacks, frames, functions, strings }: Profile,
  sample: number,
  name: string,
): boolean {
  for (let stack = samples.stack[sample]; stack >= 0; stack = stacks.parent[stack]) {
    if (strings[functions.name[frames.func[stacks.frame[stack]]]] === name) return true;
  }
  return false;
}
