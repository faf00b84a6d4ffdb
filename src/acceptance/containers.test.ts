/** A program in a container, recorded from outside: it has its own PIDs, its own /tmp and files of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';

import { RunningProgram } from '../testing/attached.js';
import { startStrata, until } from '../testing/live.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';
import { hasPerf, Recording, Workplace } from '../testing/recordings.js';
import { readReport, type ReportRow } from '../testing/reports.js';

const workplace = new Workplace();
after(() => workplace.close());

/** The library comes by descriptor 3, as the container's /tmp is not ours. */
const CONTAINER = `
mount -t tmpfs tmpfs /tmp && cat <&3 > /tmp/libonly.so && exec "$@"`;

const PROGRAM = `
import ctypes
library = ctypes.CDLL('/tmp/libonly.so')
def inside():
    while True: library.spin_inside()
print('on', flush=True)
inside()
`;

const LIBRARY = `
void spin_inside(void) { for (volatile int i = 0; i < 1000000; i++); }
`;

/** Starts the program in its container; `undefined` where something is missing for it. */
async function startInside(
  t: TestContext,
): Promise<{ child: RunningProgram; pid: number } | undefined> {
  const python = requirePython(t, [3, 12]);
  if (!python) return undefined;
  const source = workplace.path('only.c');
  const library = workplace.path('libonly.so');
  writeFileSync(source, LIBRARY);
  const built = spawnSync('gcc', ['-shared', '-fPIC', '-Wl,--build-id', '-o', library, source]);
  if (built.status !== 0) {
    skipOrFail(t, 'gcc', 'not installed');
    return undefined;
  }
  const unshare = [
    'unshare',
    '--kill-child',
    '--pid',
    '--fork',
    '--mount',
    '--mount-proc',
    'sh',
    '-c',
  ];
  if (spawnSync(unshare[0], [...unshare.slice(1), 'mount -t tmpfs tmpfs /tmp']).status !== 0) {
    skipOrFail(t, 'namespaces', 'this user may not make any, or not mount a tmpfs');
    return undefined;
  }
  const command = [python.path, '-X', 'perf', '-c', PROGRAM];
  const outer = ['sh', '-c', 'exec 3<"$1"; shift; exec "$@"', 'sh', library];
  const child = RunningProgram.start(t, [...outer, ...unshare, CONTAINER, 'sh', ...command]);
  await child.line();
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return { child, pid: Number(children.trim()) };
}

async function rows(recording: Recording): Promise<ReportRow[]> {
  return readReport(await recording.strata('report', '-g', 'none'));
}

for (const killed of [false, true]) {
  const title = killed ? 'a container that ends while it is recorded' : 'a container that goes on';
  test(`${title}: Python’s names and its own libraries are found`, async (t) => {
    const inside = await startInside(t);
    if (inside === undefined) return;
    const { pid } = inside;
    const file = workplace.path(killed ? 'killed.data' : 'running.data');
    const env = { ...process.env, ...workplace.environment };
    const flags = ['-p', `${pid}`, ...(killed ? [] : ['--duration', '0.5'])];
    const mapsBefore = new Set(readdirSync('/tmp'));
    const run = startStrata(['record', '-o', file, ...flags], { cwd: workplace.folder, env });
    if (killed) {
      await until(() => existsSync(file), 'the recording');
      await new Promise((resolve) => setTimeout(resolve, 300));
      process.kill(pid, 'SIGKILL');
    }
    assert.equal(await run.ended, 0, run.stderr());
    const result = { stdout: run.stdout(), stderr: run.stderr(), code: 0 };
    const recording = new Recording(workplace, file, result);

    const found = await rows(recording);
    const share = (object: string, symbol: string): number =>
      found.find((row) => row.object === object && row.symbol === symbol)?.children ?? 0;
    assert.ok(share('[python]', 'inside') > 80, `inside ${share('[python]', 'inside')} %`);
    const native = share('libonly.so', 'spin_inside');
    assert.ok(native > 50, `spin_inside ${native} %`);
    const { info } = recording.section();
    assert.ok(info.whole >= 0.9 * info.unwound, `${info.whole} of ${info.unwound}`);

    if (!killed) {
      const map = readFileSync(`/proc/${pid}/root/tmp/perf-1.map`, 'utf8');
      assert.match(map, /py::inside:/, 'its perf map is its own, and stays');
    }
    assert.ok(!readdirSync('/tmp').some((name) => name === 'perf-1.map' && !mapsBefore.has(name)));
    if (!hasPerf()) return t.diagnostic('perf: not installed');
    assert.match(await recording.perf('buildid-list'), /\/tmp\/libonly\.so$/m);
    const report = await recording.perf('report', '--stdio', '--children', '-g', 'none');
    assert.match(report, /libonly\.so +\[\.\] spin_inside/);
    assert.match(report, /py::inside:/);
  });
}
