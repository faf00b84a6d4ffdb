/** `--overwrite`: the kernel keeps the latest samples until a snapshot takes them. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { FileSource } from '../base/source.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { SampleView } from '../formats/perfdata/sample.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { steadyTest } from '../testing/again.js';
import { startStrata, until, type LiveRun } from '../testing/live.js';
import { requirePython } from '../testing/pythons.js';
import { hasPerf, Recording, Workplace } from '../testing/recordings.js';

const workplace = new Workplace();
after(() => workplace.close());

/** Burns CPU time in `before`, then says so; with the next line of its input it goes on in `behind`. */
const TWO_PARTS = workplace.path('parts.py');
writeFileSync(
  TWO_PARTS,
  `
import sys, time
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
def before(): spin(0.3)
def behind(): spin(0.3)
before()
print('half', flush=True)
sys.stdin.readline()
behind()
print('done', flush=True)
sys.stdin.readline()
`,
);
/**
 * Faults in pages one after another, again and again, with a thread in between, which the kernel tells of
 * in a ring of its own; then says when it was done.
 */
const FAULTS = workplace.path('faults.py');
writeFileSync(
  FAULTS,
  `
import mmap, sys, threading, time
pages, rounds = 1024, int(sys.argv[1])
memory = mmap.mmap(-1, pages * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_NOHUGEPAGE)
for _ in range(rounds):
    for at in range(0, pages * 4096, 4096): memory[at] = 1
    memory.madvise(mmap.MADV_DONTNEED)
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
print(time.monotonic_ns(), flush=True)
`,
);

function record(name: string, ...argv: string[]): { run: LiveRun; folder: string } {
  const folder = workplace.path(name);
  mkdirSync(folder);
  const env = { ...process.env, ...workplace.environment };
  const run = startStrata(['record', '-o', 'p.data', '--overwrite', ...argv], {
    cwd: folder,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return { run, folder };
}

/** Times of a file's samples, in the order of the file. */
function timesOf(path: string): number[] {
  const source = new FileSource(path);
  const records = readPerfData(source).records();
  const view = new SampleView();
  const times: number[] = [];
  while (records.next()) {
    if (records.type !== PerfRecord.SAMPLE) continue;
    assert.ok(records.sample(view));
    times.push(view.time);
  }
  source.close();
  return times;
}

function snapshots(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /^p\.data\.\d{16}$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

test('a snapshot has what came since the one before, unwound and named', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const { run, folder } = record('parts', python.path, TWO_PARTS);
  await until(() => run.stdout().includes('half'), 'the first part');
  run.child.kill('SIGUSR2');
  await until(() => snapshots(folder).length === 1, 'the first snapshot');
  run.child.stdin?.write('\n');
  await until(() => run.stdout().includes('done'), 'the second part');
  run.child.kill('SIGUSR2');
  await until(() => snapshots(folder).length === 2, 'the second snapshot');
  run.child.stdin?.end('\n');
  assert.equal(await run.ended, 0, run.stderr());
  assert.doesNotMatch(run.stderr(), /still ran|defect/);
  const files = snapshots(folder);
  assert.deepEqual(readdirSync(folder).length, files.length, 'the last one is named, too');
  const times = files.map(timesOf);
  const flat = times.flat();
  assert.ok(times[0].length > 20 && times[1].length > 20, run.stderr());
  assert.deepEqual(
    flat,
    flat.toSorted((a, b) => a - b),
    'in order of time, also from file to file',
  );
  const names = ['before', 'behind'];
  for (const [i, file] of files.slice(0, 2).entries()) {
    const recording = new Recording(workplace, file);
    const { info } = recording.section();
    assert.ok(info.whole > info.unwound * 0.9, `${info.whole} of ${info.unwound} whole`);
    const ours = await recording.strata('report', '-g', 'none', '--sort', 'symbol');
    assert.match(ours, new RegExp(`\\] ${names[i]}\\b`));
    assert.doesNotMatch(ours, new RegExp(`\\] ${names[1 - i]}\\b`));
    if (!hasPerf()) continue;
    assert.match(await recording.perf('report', '--stdio', '-g', 'none'), /py::spin:.*parts\.py/);
    assert.match(await recording.perf('evlist'), /dummy/);
    assert.match(await recording.perf('script', '-F', 'comm,ip,sym'), /py::spin/);
  }
});

steadyTest(
  'without a snapshot the end writes the latest, and what was overwritten is gone',
  async (t) => {
    const python = requirePython(t, [3, 8]);
    if (!python) return;
    const rounds = 250;
    const flags = ['-m', '512K', '-e', 'page-faults:u', '-c', '1', '--call-graph', 'none'];
    const { run, folder } = record('faults', ...flags, python.path, FAULTS, `${rounds}`);
    run.child.stdin?.end();
    assert.equal(await run.ended, 0, run.stderr());
    assert.deepEqual(readdirSync(folder), ['p.data']);
    const times = timesOf(join(folder, 'p.data'));
    const faults = rounds * 1024;
    assert.ok(times.length > 5000 && times.length < faults * 0.6, `${times.length} of ${faults}`);
    assert.ok(times.every((time, i) => i === 0 || times[i - 1] <= time));
    const end = Number(run.stdout().trim());
    const latest = times.filter((time) => time < end).at(-1) ?? 0;
    assert.ok(end - latest < 100e6, `the last fault is ${(end - latest) / 1e6} ms old`);
    const { info } = new Recording(workplace, join(folder, 'p.data')).section();
    assert.equal(info.lost, 0, 'what was overwritten was not lost');
  },
);
