/**
 * Whether a profile is true: fixtures/programs/layers.py, which knows by its own clock where its time
 * goes, recorded on every interpreter that knows perf, as Strata and perf show it.
 */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';

import { Truncation } from '../profile/profile.js';
import {
  hasPerf,
  perfPythons,
  programPath,
  pythonLabel,
  Workplace,
  type Recording,
} from '../testing/recordings.js';
import {
  isKernelFrame,
  pythonSymbol,
  readReport,
  readScriptStacks,
  STACK_FLAGS,
  type ReportRow,
  type ScriptStack,
} from '../testing/reports.js';
import { isThreadStart } from '../testing/thread-start.js';
import { skipOrFail } from '../testing/pythons.js';

/** Depth of `down` in the program, and the first argument of its `fib`. */
const DEPTH = 40;
const FIB = 30;
/** Samples per second where `record` is not told otherwise. */
const DEFAULT_FREQUENCY = 999;

interface Answer {
  readonly total: number;
  readonly main: number;
  readonly phases: Readonly<Record<string, number>>;
}

const workplace = new Workplace();
after(() => workplace.close());

const found = perfPythons();
test('there are interpreters that know perf', (t) => {
  if (found.length === 0) skipOrFail(t, 'python', 'no CPython 3.12 or newer');
});

for (const python of found) {
  test(`layers.py under ${pythonLabel(python)}`, async (t) => {
    const file = `layers ${pythonLabel(python)}.data`;
    const recording = await workplace.record(file, [python.path, programPath('layers.py')]);
    const answer = recording.answer<Answer>();
    const own = (100 * answer.main) / answer.total;
    t.diagnostic(`main has ${own.toFixed(2)} % by the program’s own clock`);
    assert.ok(own >= 97, `${own} %`);

    await checkSection(t, recording);
    const ours = await checkReport(t, recording, answer);
    await checkFlameGraph(t, recording);
    if (!hasPerf()) return skipOrFail(t, 'perf', 'not installed');
    await comparePerfReport(t, recording, ours);
    const script = await recording.perf('script', ...STACK_FLAGS);
    await checkStacks(t, readScriptStacks(script));
  });
}

async function checkSection(t: TestContext, recording: Recording): Promise<void> {
  await t.test('99 % of stacks reach their thread’s start, and the rest say why not', () => {
    const { info, truncated } = recording.section();
    assert.equal(info.lost, 0);
    assert.ok(info.samples > 500, `${info.samples} samples`);
    assert.ok(info.unwound > 0.97 * info.samples, `${info.unwound} of ${info.samples}`);
    t.diagnostic(`${info.whole} of ${info.unwound} stacks are whole`);
    assert.ok(info.whole >= 0.99 * info.unwound, `${info.whole} of ${info.unwound} are whole`);
    assert.ok(truncated.ordinals.length >= info.unwound - info.whole);
    assert.ok(truncated.causes.every((cause) => cause !== Truncation.None));
  });
}

async function checkReport(
  t: TestContext,
  recording: Recording,
  { total, main, phases }: Answer,
): Promise<ReportRow[]> {
  const rows = readReport(await recording.strata('report', '-g', 'none'));
  const childrenOf = (name: string): number =>
    rows.find(({ object, symbol }) => object === '[python]' && symbol === name)?.children ?? 0;
  await t.test('strata report shows main at 96 % or more', () => {
    t.diagnostic(`main has ${childrenOf('main')} % in strata report`);
    assert.ok(childrenOf('main') >= 96, `${childrenOf('main')} %`);
  });
  await t.test('the phases have the shares of main that their own clock measured', () => {
    const { samples } = recording.section().info;
    // A virtual machine that gets no CPU for a while has no timer either: then the clocks run on alone.
    const unsampled = Math.max(0, total - samples / DEFAULT_FREQUENCY);
    const missed = Math.max(unsampled, recording.stolen) / main;
    for (const [name, seconds] of Object.entries(phases)) {
      const share = childrenOf(name) / childrenOf('main');
      const own = seconds / main;
      // Four standard deviations of as many independent samples, and what was not sampled at all.
      const error = 4 * Math.sqrt((own * (1 - own)) / samples) + missed;
      assert.ok(Math.abs(share - own) < error, `${name}: ${share}, by its own clock ${own}`);
    }
  });
  await t.test('methods, generators, coroutines, lambdas and names beyond ASCII are there', () => {
    const names = [
      'Orders.count',
      'numbers',
      'step',
      'steps',
      'order.<locals>.<lambda>',
      'recurse.<locals>.fib_until',
      'größe_π',
      'hook',
      'replacement',
    ];
    assert.deepEqual(
      names.filter((name) => childrenOf(name) === 0),
      [],
    );
  });
  return rows;
}

async function checkFlameGraph(t: TestContext, recording: Recording): Promise<void> {
  await t.test('the flame graph shows main at 96 % or more', async () => {
    const svg = await recording.strata('flamegraph', '-o', '-');
    const match = /<title>main\n[^\n]*layers\.py\n[^,]*, ([\d.]+)%/.exec(svg);
    assert.ok(match !== null, 'main is in the picture');
    assert.ok(Number(match[1]) >= 96, `${match[1]} %`);
  });
}

async function comparePerfReport(
  t: TestContext,
  recording: Recording,
  ours: readonly ReportRow[],
): Promise<void> {
  // `--max-stack`: else perf cuts stacks at kernel.perf_event_max_stack, 127 frames.
  const flags = ['--stdio', '--children', '-g', 'none', '--max-stack', '1024'];
  const theirs = readReport(await recording.perf('report', ...flags));
  await t.test('perf report shows main at 96 % or more', () => {
    const main = theirs.find(({ symbol }) => /^py::main:.*layers\.py$/.test(symbol));
    t.diagnostic(`main has ${main?.children} % in perf report`);
    assert.ok(main !== undefined && main.children >= 96, `${main?.children} %`);
  });
  await t.test('perf report and strata report agree on every Python function', () => {
    const strata = byName(ours, ({ object, symbol }) =>
      object === '[python]' ? symbol : undefined,
    );
    const perf = byName(theirs, ({ symbol }) => pythonSymbol(symbol)?.name);
    assert.deepEqual([...strata.keys()].sort(), [...perf.keys()].sort());
    assert.ok(strata.size > 50, `${strata.size} functions`);
    for (const [name, rows] of strata) {
      const others = perf.get(name) ?? [];
      // perf has a row per code object, Strata per function: lambdas of one line are apart in perf's.
      if (rows.length !== others.length) continue;
      rows.forEach((row, i) => {
        for (const column of ['children', 'self'] as const) {
          const difference = Math.abs(row[column] - others[i][column]);
          assert.ok(difference < 0.1, `${name}: ${row[column]} %, perf ${others[i][column]} %`);
        }
      });
    }
  });
}

/** The rows of each name, most first. */
function byName(
  rows: readonly ReportRow[],
  nameOf: (row: ReportRow) => string | undefined,
): Map<string, ReportRow[]> {
  const map = new Map<string, ReportRow[]>();
  for (const row of rows) {
    const name = nameOf(row);
    if (name !== undefined) map.set(name, [...(map.get(name) ?? []), row]);
  }
  for (const list of map.values()) list.sort((a, b) => b.children - a.children || b.self - a.self);
  return map;
}

/** As perf reads the file's call chains. */
async function checkStacks(t: TestContext, stacks: readonly ScriptStack[]): Promise<void> {
  const user = stacks
    .map(({ frames }) => frames.filter((frame) => !isKernelFrame(frame)))
    .filter((frames) => frames.length > 0);
  const chains = user.map((frames) =>
    frames.map(
      ({ symbol }) => pythonSymbol(symbol)?.name ?? (symbol === '[unknown]' ? '' : symbol),
    ),
  );

  await t.test('99 % of call chains end where a thread starts', () => {
    const whole = user.filter((frames) => isThreadStart(frames[frames.length - 1])).length;
    assert.ok(whole >= 0.99 * user.length, `${whole} of ${user.length}`);
  });
  await t.test('recursion has its depth', () => {
    const depths = chains.map((chain) => chain.filter((name) => name === 'down').length);
    assert.equal(Math.max(...depths), DEPTH);
    const atBottom = depths.filter((depth) => depth === DEPTH).length;
    const inDown = depths.filter((depth) => depth > 0).length;
    assert.ok(atBottom >= 0.97 * inDown, `${atBottom} of ${inDown}`);

    const fibs = chains.map(
      (chain) => chain.filter((name) => name === 'fib' || name.endsWith('.fib_until')).length,
    );
    const deepest = Math.max(...fibs);
    assert.ok(deepest > FIB / 2 && deepest <= FIB + 1, `fib ${deepest} times in a stack`);
  });
  await t.test('C extensions stand between the Python functions that they join', () => {
    const between = [
      ['hook', 'JSONDecoder.raw_decode', /scan_once_unicode|_json/],
      ['replacement', 'sub', /pattern_subx/],
      ['order.<locals>.<lambda>', 'order', /list_sort_impl/],
    ] as const;
    for (const [inner, outer, native] of between) {
      const joined = chains.filter((chain) => chain.includes(inner));
      assert.ok(joined.length > 5, `${joined.length} samples of ${inner}`);
      for (const chain of joined) {
        const from = chain.lastIndexOf(inner);
        const to = chain.indexOf(outer, from);
        assert.ok(to > 0, `${inner} without ${outer}: ${chain.join(' ')}`);
        const frames = chain.slice(from + 1, to);
        // Of a stripped interpreter the frames have addresses alone: then their number must do.
        const named = frames.some((name) => native.test(name));
        assert.ok(named || frames.filter((name) => name === '').length > 0, chain.join(' '));
      }
    }
  });
  await t.test('the time of zlib is spent in libz, called by the function that calls it', () => {
    const squeezed = user.filter((_, i) => chains[i].includes('squeeze'));
    const native = squeezed.filter((frames) => {
      const caller = frames.findIndex(({ symbol }) => symbol.startsWith('py::squeeze:'));
      return frames.slice(0, caller).some(({ object }) => object.includes('libz.'));
    });
    assert.ok(squeezed.length > 20, `${squeezed.length} samples`);
    assert.ok(native.length > 0.75 * squeezed.length, `${native.length} of ${squeezed.length}`);
  });
}
