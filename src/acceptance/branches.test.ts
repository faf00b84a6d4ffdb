/**
 * `strata report` and `perf report` of recordings with branch stacks and weights, which no machine at hand
 * records: the files are written here, of a program that was built here. Meant to differ:
 *
 * - the order of rows of equal weight: perf sorts symbols by address there, and files from z to a;
 * - places without a symbol: perf has a row per address;
 * - `mispredict`: perf's comparison has no order, so that one value can have several rows;
 * - with `--children`, weights: perf counts a sample twice where its callers' rows differ from its own in them;
 * - instructions per cycle, which perf adds to `symbol`, and at which perf 6.1 crashes where cycles are known;
 * - `weight` of branches whose cycles differ: perf takes those of a sample's youngest branch for all.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, suite, test, type TestContext } from 'node:test';

import { run, strata, type Run } from '../testing/cli.js';
import {
  hardwareRecording,
  type HardwareForm,
  type HardwareSample,
  type WrittenBranch,
  type WrittenMap,
} from '../testing/hardware-recording.js';
import { needsPerf } from '../testing/perf.js';
import { Workplace } from '../testing/recordings.js';

const PROGRAM = `
__attribute__((noinline)) int leap(int n) { return n * 3; }
__attribute__((noinline)) int bound(int n) { return n > 7 ? leap(n) + 1 : 0; }
int main(int argc, char **argv) { return bound(argc) + leap(argc); }
`;
const LIBRARY = `
int far(int n) { return n + 5; }
int near(int n) { return far(n) * 2; }
`;
const LIBRARY_START = 0x7f00_0000_0000;
const OTHER_PID = 43;

suite('branches and weights of samples', () => {
  const workplace = new Workplace();
  let maps: WrittenMap[] = [];
  /** Run-time addresses. */
  const at = new Map<string, number>();
  const of = (name: string): number => at.get(name) ?? assert.fail(name);
  before(() => {
    const program = build('jumps', PROGRAM, ['-no-pie']);
    const library = build('libfar.so', LIBRARY, ['-shared', '-fPIC']);
    maps = [program, { ...library, start: library.start + LIBRARY_START }].flatMap((map) => [
      map,
      { ...map, pid: OTHER_PID },
    ]);
    for (const [path, bias] of [
      [program.path, 0],
      [library.path, LIBRARY_START],
    ] as const) {
      for (const line of execFileSync('nm', [path], { encoding: 'utf8' }).split('\n')) {
        const [, address, name] = /^([0-9a-f]+) T (\w+)$/.exec(line) ?? [];
        if (name !== undefined) at.set(name, Number.parseInt(address, 16) + bias);
      }
    }
  });
  after(() => workplace.close());

  /** Compiles, and says where its code is. */
  function build(name: string, source: string, flags: readonly string[]): WrittenMap {
    const path = workplace.path(name);
    writeFileSync(`${path}.c`, source);
    execFileSync('cc', ['-O1', ...flags, '-o', path, `${path}.c`]);
    const segments = execFileSync('readelf', ['-lW', path], { encoding: 'utf8' });
    const found = /LOAD +(0x\w+) (0x\w+) 0x\w+ 0x\w+ (0x\w+) R E/.exec(segments);
    assert.ok(found);
    const [pgoff, start, size] = found.slice(1).map(Number);
    return { start, length: (size + 0xfff) & ~0xfff, pgoff, path };
  }

  const jump = (from: string, to: string, rest: Partial<WrittenBranch> = {}): WrittenBranch => ({
    from: of(from) + 2,
    to: of(to),
    ...rest,
  });

  /** Branches within and between files, of two processes. */
  function jumps(cycles?: number): HardwareSample[] {
    const how = cycles === undefined ? {} : { cycles };
    return Array.from({ length: 24 }, (_, i) => ({
      ip: of(i % 2 === 0 ? 'leap' : 'far') + 1,
      pid: i % 3 === 0 ? OTHER_PID : undefined,
      weight: (i % 4) * 50,
      callers: [of('bound') + 4, of('main') + 4],
      branches: [
        jump('bound', 'leap', { mispredicted: i % 5 === 0, ...how }),
        ...(i % 2 === 0 ? [jump('leap', 'bound', { mispredicted: false, ...how })] : []),
        ...(i % 4 === 0 ? [jump('main', 'far', { mispredicted: false, ...how })] : []),
        ...(i < 7 ? [jump('near', 'far', { mispredicted: true, ...how })] : []),
      ].map((branch, nth) => (i === 5 && nth === 0 ? { ...branch, to: of('near') } : branch)),
    })).map(({ pid, ...sample }) => (pid === undefined ? sample : { ...sample, pid }));
  }

  function write(name: string, samples: readonly HardwareSample[], form: HardwareForm): string {
    const path = workplace.path(name);
    writeFileSync(path, hardwareRecording(maps, samples, form));
    return path;
  }

  const report = (file: string, ...flags: string[]): Promise<Run> =>
    strata(['report', '-i', file, ...flags], {
      cwd: workplace.folder,
      env: workplace.environment,
    });

  /** Compares what both print with some flags. */
  async function assertSame(t: TestContext, file: string, ...lines: string[]): Promise<void> {
    if (!needsPerf(t)) return;
    for (const line of lines) {
      const argv = ['--stdio', '-g', 'none', ...line.split(' ')];
      const options = { cwd: workplace.folder, env: workplace.environment };
      const [theirs, ours] = await Promise.all([
        run('perf', ['report', '-i', file, ...argv], options),
        report(file, ...argv),
      ]);
      assert.equal(ours.code, 0, `${line}: ${ours.stderr}`);
      const expected = rowsOf(theirs.stdout);
      assert.ok(expected.length > 1, `${line}: perf has no rows: ${theirs.stderr}`);
      assert.deepEqual(rowsOf(ours.stdout), expected, line);
    }
  }

  const SAMPLE_LINES = [
    '--no-branch-stack --no-children',
    '--no-branch-stack --no-children -s sym,local_weight',
  ];

  test('rows of branches are perf’s', async (t) => {
    const file = write('plain.data', jumps(), { branches: 'plain', weight: 'whole' });
    await assertSame(
      t,
      file,
      '-s symbol_from,symbol_to,dso_from,dso_to,weight,local_weight --show-total-period',
      '-s mispredict,symbol_from,symbol_to -n',
      '-s pid,sym,dso',
      '--hierarchy -s dso_to,sym',
      '-n',
      '-b --comms jumper-43 -s comm,symbol_to',
      ...SAMPLE_LINES,
    );
  });

  test('with the hardware’s index, cycles, call chains and weights in parts', async (t) => {
    const form = { branches: 'indexed', weight: 'parts', chains: true } as const;
    const file = write('indexed.data', jumps(12), form);
    await assertSame(
      t,
      file,
      '-F overhead,sample,symbol_from,symbol_to',
      '-s dso_to,mispredict -n',
      '-s dso_from,cycles,weight,local_weight',
      ...SAMPLE_LINES,
    );
  });

  test('weights are perf’s', async (t) => {
    const parts = write('parts.data', jumps(), { weight: 'parts' });
    await assertSame(t, parts, '-s sym,weight,local_weight -n');
    const whole = write('whole.data', jumps(), { weight: 'whole' });
    await assertSame(
      t,
      whole,
      '-s local_weight,sym',
      '-s weight,comm --percentage relative --comms jumper-43',
      '-F weight,overhead,sym',
    );
  });

  const PAIRS = ['-s', 'symbol_from,symbol_to,mispredict,cycles'];

  test('JSON and CSV tell what is known', async () => {
    const branches = [jump('main', 'leap', { mispredicted: true, cycles: 9 }), jump('leap', 'far')];
    const samples = [{ ip: of('leap'), branches, weight: 2 ** 40 }];
    const file = write('data.data', samples, { branches: 'plain', weight: 'whole' });
    const json = JSON.parse((await report(file, '--json', ...PAIRS)).stdout) as Json;
    const [{ events, rows }] = json.reports;
    assert.deepEqual(events, [{ name: 'cycles', unit: 'count', weight: 2, samples: 2 }]);
    assert.deepEqual(
      rows.map(({ symbol_from, symbol_to, mispredict, cycles, selfSamples, selfPercent }) => [
        ...[symbol_from, symbol_to, mispredict, cycles, selfSamples, selfPercent],
      ]),
      [
        ['leap', 'far', undefined, undefined, 1, 50],
        ['main', 'leap', 'Y', 9, 1, 50],
      ],
    );
    const csv = (await report(file, '--csv', '-s', 'cycles,dso_to,weight,local_weight')).stdout;
    assert.match(csv, /^event,unit,cycles,dso_to,weight,local_weight,/);
    assert.match(csv, /\ncycles,count,9,jumps,9,9,/);
    assert.match(csv, /\ncycles,count,,libfar.so,1,1,/);
    const weights = (await report(file, '--csv', '--no-branch-stack', '-s', 'weight,sym')).stdout;
    assert.match(weights, /\ncycles,count,1099511627776,leap,/);
  });

  test('branches are not shown where they are calls, or none, and keys say what they need', async () => {
    const samples = [{ ip: of('leap'), branches: [jump('main', 'leap')] }];
    const calls = write('calls.data', samples, { branches: 'calls' });
    const bare = write('bare.data', samples, {});
    const [plain, refused, key, weight] = await Promise.all([
      report(calls, '--stdio'),
      report(calls, '--stdio', '-b'),
      report(bare, '--stdio', '-s', 'symbol_to'),
      report(bare, '--stdio', '-s', 'weight'),
    ]);
    assert.match(plain.stdout, /100\.00% {2}jumper-41 +jumps +\[\.\] leap/);
    assert.match(refused.stderr, /the recording has no branches[\s\S]*strata record -b/);
    assert.match(key.stderr, /symbol_to tells branches apart[\s\S]*strata record -b/);
    assert.match(weight.stderr, /weight is what hardware says.*not recorded[\s\S]*record -W/);
    assert.deepEqual([refused.code, key.code, weight.code], [1, 1, 1]);
  });

  test('--symbols and --dsos look at both ends', async () => {
    const branches = [jump('main', 'far'), jump('bound', 'leap'), jump('leap', 'bound')];
    const file = write('ends.data', [{ ip: of('leap'), branches }], { branches: 'plain' });
    const rows = async (...flags: string[]): Promise<string[]> =>
      (await report(file, '--csv', '-s', 'symbol_from,symbol_to', ...flags)).stdout
        .split('\r\n')
        .slice(1, -1)
        .map((line) => line.split(',').slice(2, 4).join('>'));
    assert.deepEqual(await rows('-S', 'main'), ['main>far']);
    assert.deepEqual(await rows('-S', 'leap'), ['bound>leap', 'leap>bound']);
    assert.deepEqual(await rows('-d', 'libfar.so'), ['main>far']);
  });
});

interface Json {
  readonly reports: readonly {
    readonly events: unknown;
    readonly rows: readonly Record<string, unknown>[];
  }[];
}

/** The rows, sorted; of several with the same keys the counts together. */
function rowsOf(text: string): string[] {
  const counts = new Map<string, number>();
  const rows: string[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const row = line
      .replace(/(\S) +/g, '$1 ')
      .trimEnd()
      .replace(/ (?:\d+\.\d+ \[ *\d+\.\d+%\]|- -)$/, '');
    const [, count, keys] = /^ *[\d.]+% (\d+) ([YN].*)$/.exec(row) ?? [];
    if (keys === undefined) rows.push(row);
    else counts.set(keys, (counts.get(keys) ?? 0) + Number(count));
  }
  return [...rows, ...[...counts].map(([keys, count]) => `${count} ${keys}`)].sort();
}
