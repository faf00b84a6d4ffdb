import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';

import { Cursor } from '../../base/cursor.js';
import { FileSource } from '../../base/source.js';
import { readPerfData } from '../../formats/perfdata/reader.js';
import {
  readComm,
  readFork,
  readMmap,
  type CommRecord,
  type ForkRecord,
  type MmapRecord,
} from '../../formats/perfdata/sideband.js';
import { PerfCountSw, PerfRecord, PerfSample, PerfType } from '../../formats/perfdata/spec.js';
import { encodeFileStart } from '../../formats/perfdata/writer.js';
import { threadsOf } from '../../linux/proc.js';
import { run } from '../../testing/cli.js';
import { needsPerf } from '../../testing/perf.js';
import { requirePython, skipOrFail } from '../../testing/pythons.js';
import { Workplace } from '../../testing/recordings.js';
import { synthesize, type Synthesized } from './synthesize.js';

const workplace = new Workplace();
after(() => workplace.close());

const SAMPLE_ID = new Uint8Array(40);

interface Told {
  readonly result: Synthesized;
  readonly forks: readonly ForkRecord[];
  readonly comms: readonly CommRecord[];
  readonly maps: readonly MmapRecord[];
}

/** What is synthesized, as our reader sees it. */
function told(pids: Iterable<number> | 'all'): Told {
  const forks: ForkRecord[] = [];
  const comms: CommRecord[] = [];
  const maps: MmapRecord[] = [];
  const emit = (record: Uint8Array): void => {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    const type = view.getUint32(0, true);
    const misc = view.getUint16(4, true);
    assert.equal(view.getUint16(6, true), record.byteLength);
    assert.equal(record.byteLength % 8, 0);
    const end = record.byteLength - SAMPLE_ID.byteLength;
    assert.ok(record.subarray(end).every((byte) => byte === 0));
    const body = new Cursor(record.subarray(8, end), 'synthesized');
    if (type === PerfRecord.FORK) forks.push(readFork(body, misc));
    else if (type === PerfRecord.COMM) comms.push(readComm(body, misc));
    else maps.push(readMmap(body, type, misc));
  };
  return { result: synthesize(pids, emit, SAMPLE_ID), forks, comms, maps };
}

/** Starts a program and waits for its first line. */
async function started(
  t: TestContext,
  program: string,
  argv: readonly string[],
): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn(program, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, pid: Number(line.toString()) };
}

const MAPS = `
import ctypes, mmap, os, sys
def mapped(fd, size=8192, offset=4096, flags=mmap.MAP_PRIVATE):
    prot = mmap.PROT_READ | mmap.PROT_EXEC
    return mmap.mmap(fd, size, flags=flags, prot=prot, offset=offset)
def new(name):
    fd = os.open(name, os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, 12288)
    return fd
os.chdir(sys.argv[1])
kept = [mapped(new('a b (c)')), mapped(new('line\\nend')), mapped(new('ü \\\\ 012')),
        mapped(new('shared'), flags=mmap.MAP_SHARED),
        mapped(-1, 65536, 0)]
memory = os.memfd_create('in memory'); os.ftruncate(memory, 12288); kept.append(mapped(memory))
print(os.getpid(), flush=True)
sys.stdin.read()
`;

test('mappings are told as the kernel itself tells them', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python || !needsPerf(t)) return;
  const folder = workplace.path('maps');
  mkdirSync(folder);
  const file = workplace.path('kernel.data');
  const record = ['record', '-q', '--buildid-mmap', '-o', file, '-e', 'dummy:u', '--'];
  const { child, pid } = await started(t, 'perf', [...record, python.path, '-c', MAPS, folder]);
  const { maps } = told([pid]);
  child.stdin?.end();
  await once(child, 'exit');

  const ofKernel = new Set<string>();
  const source = new FileSource(file);
  const records = readPerfData(source).records();
  while (records.next()) {
    const { type, misc } = records;
    if (type === PerfRecord.MMAP2) ofKernel.add(described(readMmap(records.body(), type, misc)));
  }
  source.close();

  const ours = maps.filter(({ path }) => path !== '[vsyscall]').map(described);
  assert.deepEqual(
    ours.filter((one) => !ofKernel.has(one)),
    [],
    `the kernel told of ${[...ofKernel].join('\n')}`,
  );
  for (const path of [
    'a b (c)',
    'line\nend',
    'ü \\ 012',
    'shared',
    'in memory (deleted)',
    '//anon',
  ]) {
    assert.equal(maps.filter((map) => map.path.endsWith(path)).length, 1, path);
  }
  assert.ok(maps.some(({ path }) => path === '[vdso]'));
  assert.ok(
    maps.filter(({ buildId }) => buildId !== undefined).length > 2,
    'libraries have build IDs',
  );
});

/** All but what /proc does not tell: an inode's generation, the page offset of memory without a file. */
function described(map: MmapRecord): string {
  const { pid, start, length, pgoff, path, buildId, inode = '', prot, flags } = map;
  const offset = path === '//anon' ? 0 : pgoff;
  const file = buildId ?? inode.replace(/ \d+$/, '');
  return [pid, start, length, offset, path, file, prot, flags].join(' ');
}

test('a library that was replaced is told as deleted, one below a root folder by its path there', async (t) => {
  if (process.getuid?.() !== 0) return skipOrFail(t, 'root', 'only root may chroot');
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const root = workplace.path('root folder');
  mkdirSync(root);
  const script = `
import os, sys, mmap
os.chroot(sys.argv[1]); os.chdir('/')
fd = os.open('/lib x', os.O_RDWR | os.O_CREAT); os.ftruncate(fd, 4096)
kept = mmap.mmap(fd, 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
print(os.getpid(), flush=True)
sys.stdin.readline()
os.unlink('/lib x')
print('gone', flush=True)
sys.stdin.read()
`;
  const { child, pid } = await started(t, python.path, ['-c', script, root]);
  const inRoot = (): string[] =>
    told([pid])
      .maps.map(({ path }) => path)
      .filter((path) => path.includes('lib x'));
  assert.deepEqual(inRoot(), ['/lib x']);
  child.stdin?.write('\n');
  await once(child.stdout!, 'data');
  assert.deepEqual(inRoot(), ['/lib x (deleted)']);
});

test('two hundred threads have their names', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const script = `
import os, sys, threading
end = threading.Event()
def wait(i):
    open(f'/proc/self/task/{threading.get_native_id()}/comm', 'w').write(f't) {i}')
    ready.wait(); end.wait()
ready = threading.Barrier(201)
for i in range(200): threading.Thread(target=wait, args=(i,), daemon=True).start()
ready.wait()
print(os.getpid(), flush=True)
sys.stdin.read()
`;
  const { pid } = await started(t, python.path, ['-c', script]);
  const { result, forks, comms, maps } = told([pid]);
  assert.deepEqual([result.processes, result.threads, result.unreadable], [1, 201, []]);
  const tids = threadsOf(pid).sort((a, b) => a - b);
  for (const records of [forks, comms]) {
    assert.ok(records.every((record) => record.pid === pid));
    assert.deepEqual(
      records.map(({ tid }) => tid).sort((a, b) => a - b),
      tids,
    );
  }
  assert.deepEqual(
    new Set(comms.filter(({ tid }) => tid !== pid).map(({ comm }) => comm)),
    new Set(Array.from({ length: 200 }, (_, i) => `t) ${i}`)),
  );
  assert.ok(forks.every(({ synthesized }) => synthesized));
  const [leader] = forks.filter(({ tid }) => tid === pid);
  assert.deepEqual([leader.parentPid, leader.parentTid], [process.pid, process.pid]);
  assert.ok(maps.every((map) => map.pid === pid && map.tid === pid && map.executable));
});

test('names of processes may hold anything', async (t) => {
  const path = workplace.path('x) S 1 (y');
  writeFileSync(path, readFileSync('/bin/sleep'), { mode: 0o755 });
  const child = spawn(path, ['30']);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const { comms, forks } = told([child.pid ?? -1]);
  assert.equal(comms[0].comm, 'x) S 1 (y');
  assert.equal(forks[0].parentPid, process.pid);
});

test('the whole machine: idle threads, threads of the kernel, everyone', () => {
  const { result, comms, maps } = told('all');
  assert.deepEqual(comms[0], { pid: 0, tid: 0, comm: 'swapper', exec: false });
  const kthreadd = comms.find(({ comm }) => comm === 'kthreadd');
  if (kthreadd !== undefined) assert.ok(maps.every(({ pid }) => pid !== kthreadd.pid));
  for (const tid of threadsOf(process.pid)) {
    assert.equal(comms.filter((one) => one.pid === process.pid && one.tid === tid).length, 1);
  }
  assert.ok(maps.some(({ pid, path }) => pid === process.pid && path === process.execPath));
  assert.ok(result.processes > 1 && result.threads >= result.processes);
});

test('a process that has ended is left out, one that may not be looked at is named', async (t) => {
  const child = spawn('sleep', ['30']);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid ?? -1;
  if (process.getuid?.() === 0) {
    process.seteuid?.(65534);
    try {
      const { result, comms, maps } = told([pid]);
      assert.deepEqual(result.unreadable, [pid]);
      assert.equal(comms.length, 1);
      assert.equal(maps.length, 0);
    } finally {
      process.seteuid?.(0);
    }
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  const { result, forks, comms, maps } = told([pid]);
  assert.deepEqual([result.processes, forks.length, comms.length, maps.length], [0, 0, 0, 0]);
});

test('perf reads a file made of them', async (t) => {
  if (!needsPerf(t)) return;
  const { TID, TIME, ID, CPU, IDENTIFIER } = PerfSample;
  const event = {
    name: 'dummy:u',
    attr: {
      type: PerfType.SOFTWARE,
      config: BigInt(PerfCountSw.DUMMY),
      sample_type: TID | TIME | ID | CPU | IDENTIFIER,
      flags: { sample_id_all: true, mmap: true, mmap2: true, comm: true, task: true },
    },
    ids: [7n],
  };
  const records: Uint8Array[] = [];
  const { processes, threads } = synthesize(
    'all',
    (record) => records.push(record.slice()),
    SAMPLE_ID,
  );
  const data = Buffer.concat(records);
  const file = workplace.path('all.data');
  writeFileSync(file, Buffer.concat([encodeFileStart([event], data.byteLength, []), data]));

  const flags = ['--show-task-events', '--show-mmap-events', '-F', 'comm,pid,tid'];
  const { code, stdout, stderr } = await run('perf', ['script', '-i', file, ...flags]);
  assert.equal(code, 0, stderr);
  const count = (pattern: RegExp): number => stdout.match(pattern)?.length ?? 0;
  assert.equal(count(/ PERF_RECORD_FORK/g), threads);
  assert.equal(count(/ PERF_RECORD_COMM: /g), threads + 1); // with swapper
  assert.ok(count(/ PERF_RECORD_MMAP2 /g) > processes / 2);
  assert.ok(stdout.includes(process.execPath), 'it names our own mappings');
  assert.equal(spawnSync('perf', ['report', '-i', file, '--stdio']).status, 0);
});
