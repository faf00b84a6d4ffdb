import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';

import { readLink } from '../../linux/system.js';
import { requirePython, skipOrFail } from '../../testing/pythons.js';
import { Workplace } from '../../testing/recordings.js';
import { LiveProcesses } from './live-processes.js';
import { readPerfMap } from './perf-maps.js';

const workplace = new Workplace();
after(() => workplace.close());

interface Container {
  /** Its first process, by our number. */
  readonly pid: number;
  /** Ends all of it. */
  end(): Promise<void>;
}

/** Descriptors of ours on other mount namespaces. */
function heldNamespaces(): number {
  return readdirSync('/proc/self/fd').filter((fd) =>
    readLink(`/proc/self/fd/${fd}`)?.startsWith('mnt:['),
  ).length;
}

/**
 * Starts what a container is: its own mounts, PIDs and /tmp.
 * @returns `undefined` where this user may not; the test is skipped then
 */
async function container(
  t: TestContext,
  flags: readonly string[] = [],
): Promise<Container | undefined> {
  const unshare = ['unshare', ...flags, '--pid', '--fork', '--mount', '--mount-proc'];
  if (spawnSync(unshare[0], [...unshare.slice(1), 'true']).status !== 0) {
    skipOrFail(t, 'namespaces', 'this user may not make any');
    return undefined;
  }
  const script = `
mount -t tmpfs tmpfs /tmp && mkdir /tmp/below && mount -t tmpfs tmpfs /tmp/below
echo '1000 10 py::inside:/a.py' > /tmp/perf-1.map
echo library > /tmp/below/lib.so
echo ready
read line`;
  const [program, ...argv] = [...unshare, 'sh', '-c', script];
  const child = spawn(program, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return { pid: childOf(child), end: () => ended(child) };
}

function childOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  await once(child, 'exit');
}

for (const [name, flags] of [
  ['mounts and PIDs of its own', []],
  ['users of its own, too', ['--user', '--map-root-user']],
] as const) {
  test(`a process with ${name} is read where its files lie, also when it has ended`, async (t) => {
    const inside = await container(t, flags);
    if (inside === undefined) return;
    const { pid } = inside;
    const live = new LiveProcesses();
    t.after(() => live.close());
    live.attach(pid);
    const process = live.see(pid);
    assert.equal(process.innerPid, 1);
    assert.equal(process.ofCommand, false);
    const read = (path: string): string | undefined => {
      const bytes = live.open(path, pid, undefined)?.read(0, 100);
      return bytes && Buffer.from(bytes).toString();
    };
    for (const when of ['while it runs', 'when it has ended']) {
      assert.equal(readPerfMap(process)?.name(0), 'py::inside:/a.py', when);
      assert.equal(read('/tmp/below/lib.so'), 'library\n', when);
      assert.equal(read(workplace.folder), undefined, 'its /tmp is not ours');
      if (when === 'while it runs') await inside.end();
    }
  });
}

test('many processes of a namespace take two descriptors, and none once they are forgotten', async (t) => {
  const inside = await container(t);
  if (inside === undefined) return;
  const live = new LiveProcesses();
  t.after(() => live.close());
  const count = (): number => readdirSync('/proc/self/fd').length;
  const before = count();
  live.attach(inside.pid);
  // Children that have ended already are taken to be as their parent.
  for (let i = 0; i < 1000; i++) live.see(900_000_000 + i, inside.pid);
  assert.equal(heldNamespaces(), 1);
  assert.equal(count(), before + 2);
  const { root } = live.see(inside.pid);
  assert.equal(live.see(900_000_999).root, root);
  for (let i = 0; i < 1000; i++) live.forget(900_000_000 + i);
  assert.equal(heldNamespaces(), 1);
  live.forget(inside.pid);
  assert.equal(count(), before);
});

test('files of a process without namespaces are found by their paths; a chroot has paths of its own', async (t) => {
  const live = new LiveProcesses();
  t.after(() => live.close());
  const child = spawn('sleep', ['30']);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  assert.deepEqual(live.see(child.pid ?? -1), {
    pid: child.pid,
    innerPid: child.pid,
    root: '',
    ofCommand: true,
  });
  if (process.getuid?.() !== 0) return skipOrFail(t, 'root', 'only root may chroot');
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  writeFileSync(workplace.path('lib.so'), 'jailed\n');
  const script = 'import os, sys; os.chroot(sys.argv[1]); print(1, flush=True); sys.stdin.read()';
  const jailed = spawn(python.path, ['-c', script, workplace.folder]);
  t.after(() => jailed.kill('SIGKILL'));
  await once(jailed.stdout, 'data');
  assert.equal(live.see(jailed.pid ?? -1).root, workplace.folder);
  assert.equal(live.open('/lib.so', jailed.pid ?? -1, undefined)?.byteLength, 7);
  assert.equal(heldNamespaces(), 0);
});

test('a file that was replaced is read as the process has it mapped', async (t) => {
  if (process.getuid?.() !== 0) return skipOrFail(t, 'root', 'only root may open map_files');
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const path = workplace.path('upgraded lib.so');
  writeFileSync(path, 'old');
  const script = `
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
kept = mmap.mmap(fd, 3, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
os.unlink(sys.argv[1]); open(sys.argv[1], 'w').write('newer')
print(1, flush=True); sys.stdin.read()
`;
  const child = spawn(python.path, ['-c', script, path]);
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const live = new LiveProcesses();
  const source = live.open(`${path} (deleted)`, child.pid ?? -1, undefined);
  assert.equal(Buffer.from(source?.read(0, 10) ?? []).toString(), 'old');
  assert.equal(live.open('/no such file (deleted)', child.pid ?? -1, undefined), undefined);
});

test('what the command starts is told from what ran before and from what others start', (t) => {
  const NO_PID = 900_000_000;
  const alone = new LiveProcesses();
  assert.equal(
    alone.see(NO_PID).ofCommand,
    true,
    'where nothing was attached to, all is the command',
  );
  alone.see(NO_PID + 1, NO_PID);
  assert.equal(alone.survivors(), 0, 'they are not there');

  const system = new LiveProcesses();
  t.after(() => system.close());
  system.attach(process.pid);
  system.attach(1);
  assert.equal(system.see(1).ofCommand, false);
  assert.equal(system.see(NO_PID, 1).ofCommand, false);
  assert.equal(system.see(NO_PID + 1, process.pid).ofCommand, true);
  assert.equal(system.see(NO_PID + 2, NO_PID + 1).ofCommand, true);
  assert.equal(system.see(NO_PID + 3).ofCommand, false, 'nobody told where it comes from');
  assert.equal(system.see(NO_PID + 2, 1).ofCommand, false, 'a number given to another process');
});

test('idle threads and threads of the kernel have no files, and do no harm', () => {
  const live = new LiveProcesses();
  for (const pid of [0, 2]) {
    live.attach(pid);
    assert.equal(live.see(pid).pid, pid);
    assert.equal(live.readMemory(pid, 0x1000, 16), undefined);
    assert.equal(readPerfMap(live.see(pid)), undefined);
    live.ended(pid);
    live.forget(pid);
  }
  live.close();
});
