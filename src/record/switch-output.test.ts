/** `--switch-output`: recordings of several files, each of which is read by itself. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { FileSource } from '../base/source.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { SampleView } from '../formats/perfdata/sample.js';
import { readComm } from '../formats/perfdata/sideband.js';
import { PerfRecord } from '../formats/perfdata/spec.js';
import { startStrata, until, type LiveRun } from '../testing/live.js';
import { hasPerf, Recording, Workplace } from '../testing/recordings.js';
import { requirePython } from '../testing/pythons.js';
import { smallDisk } from '../testing/small-disk.js';

const workplace = new Workplace();
after(() => workplace.close());

const DEEP = workplace.path('deep.py');
writeFileSync(
  DEEP,
  `
import sys, time
def leaf():
    for i in range(1000): pass
def descend(depth):
    leaf() if depth == 0 else descend(depth - 1)
def main():
    end = time.process_time() + float(sys.argv[1])
    while time.process_time() < end:
        descend(10)
main()
`,
);
function record(folder: string, ...argv: string[]): LiveRun {
  const env = { ...process.env, ...workplace.environment };
  return startStrata(['record', '-o', join(folder, 'p.data'), ...argv], { cwd: folder, env });
}

function newFolder(name: string): string {
  const folder = workplace.path(name);
  mkdirSync(folder);
  return folder;
}

interface Content {
  readonly samples: number;
  readonly first: number;
  readonly last: number;
  /** Names of threads. */
  readonly comms: ReadonlySet<string>;
}

function contentOf(path: string): Content {
  const source = new FileSource(path);
  const records = readPerfData(source).records();
  const view = new SampleView();
  const comms = new Set<string>();
  let samples = 0;
  let first = Infinity;
  let last = 0;
  while (records.next()) {
    if (records.type === PerfRecord.COMM) comms.add(readComm(records.body(), records.misc).comm);
    if (records.type !== PerfRecord.SAMPLE) continue;
    assert.ok(records.sample(view));
    samples++;
    first = Math.min(first, view.time);
    last = Math.max(last, view.time);
  }
  source.close();
  return { samples, first, last, comms };
}

/** The files of a recording, oldest first, by the names that they must have. */
function filesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.startsWith('p.data'));
  for (const name of names) assert.match(name, /^p\.data\.20\d{14}$/);
  return names.sort().map((name) => join(folder, name));
}

/** Each sample is in one file, and all of one file are older than those of the next. */
function checkOrder(contents: readonly Content[]): void {
  const filled = contents.filter(({ samples }) => samples > 0);
  for (let i = 1; i < filled.length; i++) assert.ok(filled[i - 1].last <= filled[i].first);
}

test('by size: each file has whole stacks, names and build IDs of its own', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const folder = newFolder('by size');
  const flags = ['-F', '5000', '--switch-output', '100K'];
  const run = record(folder, ...flags, python.path, DEEP, '0.6');
  assert.equal(await run.ended, 0, run.stderr());
  const files = filesIn(folder);
  assert.ok(files.length > 3, run.stderr());
  const contents = files.map(contentOf);
  checkOrder(contents);
  const total = contents.reduce((sum, { samples }) => sum + samples, 0);
  const told = `${files.length} files up to ${files.at(-1)}: ${total.toLocaleString('en')} samples`;
  assert.ok(run.stderr().includes(told), run.stderr());

  for (const file of [files[0], files[2]]) {
    const recording = new Recording(workplace, file);
    const { info } = recording.section();
    const { samples, comms } = contentOf(file);
    assert.equal(info.samples, samples);
    assert.ok(comms.size > 0);
    assert.ok(info.whole > info.unwound * 0.9, `${info.whole} of ${info.unwound} whole`);
    assert.ok(statSync(file).size > 20_000);
    const tree = await recording.strata('report', '-g', 'none', '--sort', 'symbol');
    for (const name of ['<module>', 'main', 'descend', 'leaf']) assert.ok(tree.includes(name));
    if (!hasPerf()) continue;
    const theirs = await recording.perf('report', '--stdio', '-g', 'none');
    assert.match(theirs, /py::descend:.*deep\.py/);
    assert.match(await recording.perf('evlist', '-v'), /cpu-clock|cycles/);
    const script = await recording.perf('script', '-F', 'comm,ip,sym');
    const [comm] = /^\S+/.exec(script) ?? [];
    assert.ok(comm !== undefined && comms.has(comm), `${comm}`);
    assert.doesNotMatch(script, /^\S*:\d+/m, 'each thread has its name');
  }
});

test('by signal: a file knows who ran when it began, and not who had ended', async () => {
  const folder = newFolder('by signal');
  const script = `
(exec -a short sh -c 'while :; do :; done') & short=$!
(exec -a long sh -c 'while :; do :; done') & long=$!
echo both; read -r line
kill $short; wait $short
echo one; read -r line
kill $long; wait $long
`;
  const env = { ...process.env, ...workplace.environment };
  const argv = ['record', '-o', 'p.data', '--switch-output', 'signal', 'bash', '-c', script];
  const run = startStrata(argv, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const count = (): number => readdirSync(folder).filter((name) => /\.\d{16}$/.test(name)).length;
  await until(() => run.stdout().includes('both'), 'the children run');
  run.child.kill('SIGUSR2');
  await until(() => count() === 1, 'the first file');
  run.child.stdin?.write('\n');
  await until(() => run.stdout().includes('one'), 'one child has ended');
  run.child.kill('SIGUSR2');
  await until(() => count() === 2, 'the second file');
  run.child.kill('SIGUSR2');
  await until(() => count() === 3, 'the third file');
  run.child.stdin?.end('\n');
  assert.equal(await run.ended, 143, run.stderr());
  const contents = filesIn(folder).map(contentOf);
  assert.equal(contents.length, 4);
  checkOrder(contents);
  const pids = filesIn(folder).map(commandsOf);
  assert.ok(pids[1].size > pids[2].size, 'of processes that had ended the third says nothing');
  assert.ok(pids[2].size >= 2 && pids[3].size >= 2);
});

/** Marks a region in each of two files, and one around both. */
const MARKS = workplace.path('marks.py');
writeFileSync(
  MARKS,
  `
import os, threading, time
def send(line): os.write(control, (line + '\\n').encode())
def mark(kind, name):
    send(f'region-{kind} {name} {os.getpid()} {threading.get_native_id()} {time.monotonic_ns()}')
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
control = os.open(os.environ['STRATA_CONTROL'], os.O_WRONLY)
answers = os.open(os.environ['STRATA_ACK'], os.O_RDONLY)
mark('begin', 'around')
mark('begin', 'one'); spin(0.2); mark('end', 'one')
time.sleep(0.1)
send('snapshot'); os.read(answers, 4)
time.sleep(0.1)
mark('begin', 'two'); spin(0.2); mark('end', 'two')
mark('end', 'around')
`,
);

test('by a command of the program: each file has the regions of its time', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const folder = newFolder('by command');
  const run = record(folder, '--control', 'program', python.path, MARKS);
  assert.equal(await run.ended, 0, run.stderr());
  assert.doesNotMatch(run.stderr(), /region/);
  const files = filesIn(folder);
  const marked = files.map((file) => {
    const recording = new Recording(workplace, file);
    return recording.section().info.regions?.map(({ name }) => name);
  });
  assert.deepEqual(marked, [
    ['around', 'one'],
    ['around', 'two'],
  ]);
  for (const [i, file] of files.entries()) {
    const all = contentOf(file).samples;
    const recording = new Recording(workplace, file);
    const within = await recording.strata('script', '-F', 'time', '--region', ['one', 'two'][i]);
    const samples = within.trim().split('\n').length;
    assert.ok(samples > 100 && samples <= all, `${samples} of ${all}`);
  }
});

/** Processes that a file names. */
function commandsOf(path: string): Set<number> {
  const source = new FileSource(path);
  const records = readPerfData(source).records();
  const pids = new Set<number>();
  while (records.next()) {
    if (records.type === PerfRecord.COMM) pids.add(readComm(records.body(), records.misc).pid);
  }
  source.close();
  return pids;
}

test('by time: of many files the last few are left', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const folder = newFolder('by time');
  const flags = ['--switch-output', '200ms', '--max-files', '2'];
  const home = newFolder('home by time');
  const env = { ...process.env, ...workplace.environment, HOME: home };
  const argv = ['record', '-o', join(folder, 'p.data'), ...flags, python.path, DEEP, '1.2'];
  const run = startStrata(argv, { cwd: folder, env });
  assert.equal(await run.ended, 0, run.stderr());
  const told = [...run.stderr().matchAll(/p\.data\.\d{16}: [\d,]+ samples?$/gm)];
  assert.ok(told.length > 3, run.stderr());
  const files = filesIn(folder);
  assert.equal(files.length, 2);
  assert.ok(run.stderr().includes(`2 files up to ${files[1]}`), run.stderr());
  // What perf's build-ID cache was given for the others is gone from there, too.
  const left = files.map((file) => {
    const recording = new Recording(workplace, file);
    return recording.section().info.namesPath;
  });
  const cached = readdirSync(join(home, '.debug', 'strata'));
  assert.deepEqual(cached.map((name) => `/strata/${name}`).sort(), left.sort());
});

test('a file that was moved while it was recorded is complete where it is', async (t) => {
  const python = requirePython(t, [3, 12]);
  if (!python) return;
  const folder = newFolder('moved');
  const run = record(folder, '--switch-output', 'signal', python.path, DEEP, '1');
  const path = join(folder, 'p.data');
  await until(() => readdirSync(folder).includes('p.data'), 'the file has its name');
  renameSync(path, join(folder, 'elsewhere'));
  run.child.kill('SIGUSR2');
  assert.equal(await run.ended, 0, run.stderr());
  assert.match(run.stderr(), /p\.data was moved or removed while it was recorded/);
  const moved = new Recording(workplace, join(folder, 'elsewhere'));
  assert.equal(moved.section().info.samples, contentOf(moved.file).samples);
  assert.equal(filesIn(folder).length, 1);
});

test('where a disk is full, the files that fitted are whole, and the end is said', async (t) => {
  const python = requirePython(t, [3, 12]);
  const disk = python && smallDisk(t, 512 * 1024);
  if (!python || disk === undefined) return;
  const flags = ['-F', '5000', '--switch-output', '100K', '-N'];
  const run = record(disk, ...flags, python.path, DEEP, '0.8');
  assert.equal(await run.ended, 1, run.stderr());
  assert.match(run.stderr(), /could not be written|cannot write/);
  const names = readdirSync(disk).filter((name) => name.startsWith('p.data'));
  assert.ok(names.length > 2, names.join(' '));
  for (const name of names.slice(0, 2)) assert.ok(contentOf(join(disk, name)).samples > 50);
});
