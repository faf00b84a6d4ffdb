/** The other ways to record stacks: all are read by Strata and by perf. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';

import { TRUNCATION_WORDS, Truncation } from '../profile/profile.js';
import { loadProfile } from '../session/load.js';
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

  test(`a stack deeper than its copy under ${pythonLabel(python)} is said to end early`, async () => {
    const command = [python.path, programPath('deep.py')];
    const recording = await workplace.record(`deep ${pythonLabel(python)}.data`, command);
    const { info, truncated } = recording.section();
    const early = info.unwound - info.whole;
    assert.ok(early > 0.8 * info.unwound, `${early} of ${info.unwound} end early`);
    const tooSmall = truncated.causes.filter((cause) => cause === Truncation.DumpTooSmall).length;
    assert.ok(tooSmall >= 0.99 * early, `${tooSmall} of ${early} for that reason`);
    const report = await recording.strata('report', '-g', 'none');
    assert.ok(report.includes(TRUNCATION_WORDS[Truncation.DumpTooSmall]), report.slice(-500));
  });
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
