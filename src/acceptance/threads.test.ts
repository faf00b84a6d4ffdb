/** Threads and processes: each has its own functions, for as long as its own clock says. */
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { loadProfile } from '../session/open.js';
import { steadyTest as test } from '../testing/again.js';
import {
  hasPerf,
  perfPythons,
  programPath,
  pythonLabel,
  Workplace,
  type Recording,
} from '../testing/recordings.js';
import { readReport, readScriptStacks, STACK_FLAGS } from '../testing/reports.js';
import { isThreadStart } from '../testing/thread-start.js';

const workplace = new Workplace();
after(() => workplace.close());

interface ThreadsAnswer {
  readonly threads: Readonly<Record<string, { readonly tid: number; readonly cpu: number }>>;
}

interface Child {
  readonly pid: number;
  readonly cpu: number;
}

interface ChildrenAnswer {
  readonly parent: number;
  readonly forked: Child;
  readonly spawned: Child;
}

for (const python of perfPythons()) {
  test(`threads.py under ${pythonLabel(python)}: two threads as 2 to 1`, async (t) => {
    const command = [python.path, programPath('threads.py')];
    const name = `threads ${pythonLabel(python)}.data`;
    const recording = await workplace.record(name, command, ['-F', '2999']);
    const { one_part: one, two_parts: two } = recording.answer<ThreadsAnswer>().threads;
    const truth = (100 * two.cpu) / (one.cpu + two.cpu);
    assert.ok(Math.abs(truth - 200 / 3) < 5, `by their own clocks ${truth} %`);

    const rows = readReport(await recording.strata('report', '-g', 'none'));
    const [first, second] = ['one_part', 'two_parts'].map(
      (name) => rows.find(({ symbol }) => symbol === name)?.children ?? 0,
    );
    const share = (100 * second) / (first + second);
    // A virtual machine that gets no CPU for a while has no timer either: the clocks run on alone.
    const seconds = secondsByThread(recording);
    const total = one.cpu + two.cpu;
    const unsampled = total - [one, two].reduce((sum, { tid }) => sum + (seconds.get(tid) ?? 0), 0);
    const most = 3 + (100 * Math.max(recording.stolen, unsampled)) / total;
    assert.ok(Math.abs(share - truth) < most, `${share} %, by their own clocks ${truth} %`);

    for (const { tid, cpu } of [one, two]) {
      const sampled = seconds.get(tid) ?? 0;
      const error = 0.05 * cpu + recording.stolen;
      assert.ok(Math.abs(sampled - cpu) < error, `${sampled} s, by its own clock ${cpu} s`);
    }
    const { info } = recording.section();
    assert.ok(info.whole >= 0.99 * info.unwound, `${info.whole} of ${info.unwound} are whole`);

    if (!hasPerf()) return t.diagnostic('perf: not installed');
    const ends = readScriptStacks(await recording.perf('script', ...STACK_FLAGS))
      .filter(({ tid }) => tid === one.tid || tid === two.tid)
      .map(({ frames }) => frames[frames.length - 1]);
    const whole = ends.filter((frame) => isThreadStart(frame)).length;
    assert.ok(whole >= 0.99 * ends.length, `${whole} of ${ends.length} end where a thread starts`);
  });

  test(`children.py under ${pythonLabel(python)}: by fork and by spawn`, async () => {
    const command = [python.path, programPath('children.py')];
    const recording = await workplace.record(`children ${pythonLabel(python)}.data`, command);
    const { parent, forked, spawned } = recording.answer<ChildrenAnswer>();
    for (const [name, child] of Object.entries({ forked, spawned })) {
      const flags = ['-g', 'none', '--percentage', 'relative', '--pid', String(child.pid)];
      const rows = readReport(await recording.strata('report', ...flags));
      const row = (symbol: string): number => rows.find((r) => r.symbol === symbol)?.children ?? 0;
      const seconds = secondsByThread(recording).get(child.pid) ?? 0;
      for (const symbol of [name, 'work', 'inherited', 'BaseProcess._bootstrap']) {
        const sampled = (row(symbol) / 100) * seconds;
        const truth = `${sampled} s of ${symbol}, by its own clock ${child.cpu} s`;
        assert.ok(Math.abs(sampled - child.cpu) < 0.1 * child.cpu + recording.stolen, truth);
      }
    }
    const own = readReport(await recording.strata('report', '-g', 'none', '--pid', `${parent}`));
    assert.deepEqual(
      own.filter(({ symbol }) => ['work', 'forked', 'spawned'].includes(symbol)),
      [],
    );
  });
}

/** Sampled CPU time. */
function secondsByThread(recording: Recording): Map<number, number> {
  const { samples, threads, events } = loadProfile(recording.file);
  assert.equal(events[0].unit, 'ns');
  const seconds = new Map<number, number>();
  samples.thread.forEach((thread, i) => {
    const tid = threads.tid[thread];
    seconds.set(tid, (seconds.get(tid) ?? 0) + samples.weight[i] / 1e9);
  });
  return seconds;
}
