/** The other ways to record stacks: all are read by Strata and by perf. */
import assert from 'node:assert/strict';
import { after, type TestContext } from 'node:test';

import { Truncation, type Profile } from '../profile/profile.js';
import { loadProfile } from '../session/open.js';
import { steadyTest as test } from '../testing/again.js';
import { skipOrFail, type Python } from '../testing/pythons.js';
import {
  hasPerf,
  perfPythons,
  programPath,
  pythonLabel,
  Workplace,
  type Recording,
} from '../testing/recordings.js';
import { pythonSymbol, readReport, readScriptStacks, STACK_FLAGS } from '../testing/reports.js';

const workplace = new Workplace();
after(() => workplace.close());

const found = perfPythons();
const ends = [...new Set([found[0], found[found.length - 1]])].filter((one) => one !== undefined);

for (const python of ends) {
  test(`--keep-stacks under ${pythonLabel(python)}: the same stacks, from the copies`, async (t) => {
    const recording = await recordShort(python, '--keep-stacks');
    await checkOuter(recording);
    const { samples } = loadProfile(recording.file);
    const whole = samples.truncation.filter((cause) => cause === Truncation.None).length;
    assert.ok(whole >= 0.99 * samples.length, `${whole} of ${samples.length}`);
    // perf's own unwinder does not know CPython's trampolines; it must read the file, no more.
    await checkPerfReads(t, recording);
  });

  test(`--call-graph none under ${pythonLabel(python)}: samples without stacks`, async (t) => {
    const recording = await recordShort(python, '--call-graph', 'none');
    const { samples, stacks } = loadProfile(recording.file);
    assert.ok(samples.length > 150, `${samples.length} samples`);
    assert.ok(stacks.parent.every((parent) => parent === -1));
    const rows = (await recording.strata('report')).split('\n').filter((line) => /\d%/.test(line));
    assert.ok(rows.length > 5);
    await checkPerfReads(t, recording);
  });

  test(`stacks deeper than a copy under ${pythonLabel(python)}: all of it, or said to end early`, async () => {
    const command = [python.path, programPath('deep.py')];
    const recording = await workplace.record(`deep ${pythonLabel(python)}.data`, command);
    const profile = loadProfile(recording.file);
    const depths = countOnStacks(profile, 'dig');
    let working = 0;
    let whole = 0;
    profile.samples.stack.forEach((stack, i) => {
      if (stack < 0 || depths[stack] === 0) return;
      working++;
      if (profile.samples.truncation[i] !== Truncation.None) return;
      whole++;
    });
    const full = profile.samples.stack.filter(
      (stack) => stack >= 0 && depths[stack] === 500,
    ).length;
    assert.ok(working > 200, `${working} samples of the work`);
    // Those on the way down and up again are few.
    assert.ok(full >= whole - 10, `${full} of ${whole} whole stacks are 500 deep`);
    const { info } = recording.section();
    if (full > 0) assert.match(info.notes.join(), /deeper than the copied bytes/);
  });

  test(`two ways to the same deep calls under ${pythonLabel(python)}: neither has the time of the other`, async () => {
    const command = [python.path, programPath('twins.py')];
    const recording = await workplace.record(`twins ${pythonLabel(python)}.data`, command);
    const answer = recording.answer<{ readonly left: number; readonly right: number }>();
    const profile = loadProfile(recording.file);
    for (const name of ['left', 'right'] as const) {
      const depths = countOnStacks(profile, name);
      let seconds = 0;
      profile.samples.stack.forEach((stack, i) => {
        if (stack >= 0 && depths[stack] > 0) seconds += profile.samples.weight[i] / 1e9;
      });
      const most = 1.1 * answer[name];
      assert.ok(seconds <= most, `${name}: ${seconds} s, by its own clock ${answer[name]} s`);
    }
  });
}

/** Of each stack: how often a function of that name is on it. */
function countOnStacks({ stacks, frames, functions, strings }: Profile, name: string): Int32Array {
  const counts = new Int32Array(stacks.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    const parent = stacks.parent[stack]; // comes before its children
    const isOne = strings[functions.name[frames.func[stacks.frame[stack]]]] === name;
    counts[stack] = (parent < 0 ? 0 : counts[parent]) + (isOne ? 1 : 0);
  }
  return counts;
}

test('--call-graph fp is whole where the interpreter has frame pointers', async (t) => {
  const python = found.find(({ version: [, minor] }) => minor >= 15);
  if (python === undefined) return skipOrFail(t, 'python', 'no CPython 3.15 or newer');
  const recording = await recordShort(python, '--call-graph', 'fp');
  const share = await checkOuter(recording);
  assert.ok(share > 70, `${share} %`);
  if (!hasPerf()) return skipOrFail(t, 'perf', 'not installed');
  const theirs = await perfShare(recording, 'outer');
  assert.ok(Math.abs(theirs - share) < 0.1, `${share} %, perf ${theirs} %`);
});

function recordShort(python: Python, ...flags: string[]): Promise<Recording> {
  const name = `short ${pythonLabel(python)} ${flags.join(' ')}.data`;
  return workplace.record(name, [python.path, programPath('short.py')], flags);
}

/** @returns the share of `outer`, in which `inner` and `leaf` are */
async function checkOuter(recording: Recording): Promise<number> {
  const rows = readReport(await recording.strata('report', '-g', 'none'));
  const [outer, inner, leaf] = ['outer', 'inner', 'leaf'].map(
    (name) => rows.find(({ symbol }) => symbol === name)?.children ?? 0,
  );
  assert.ok(
    outer > 60 && outer >= inner && inner >= leaf && leaf > 0.9 * outer,
    `${outer} ${leaf}`,
  );
  return outer;
}

async function checkPerfReads(t: TestContext, recording: Recording): Promise<void> {
  if (!hasPerf()) return skipOrFail(t, 'perf', 'not installed');
  const { samples } = loadProfile(recording.file);
  const script = await recording.perf('script', '-F', 'pid,tid,ip');
  const heads = script.split('\n').filter((line) => /^ *\d+\/\d+/.test(line));
  assert.equal(heads.length, samples.length);
  assert.match(await recording.perf('report', '--stdio', '-g', 'none'), /\d%/);
}

async function perfShare(recording: Recording, name: string): Promise<number> {
  const flags = ['--stdio', '--children', '-g', 'none', '--max-stack', '1024'];
  const rows = readReport(await recording.perf('report', ...flags));
  const stacks = readScriptStacks(await recording.perf('script', ...STACK_FLAGS));
  assert.ok(stacks.length > 100);
  return rows.find(({ symbol }) => pythonSymbol(symbol)?.name === name)?.children ?? 0;
}
