import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { StrataError } from '../../base/errors.js';
import { until } from '../../testing/live.js';
import { pythons, requirePython, skipOrFail, type Python } from '../../testing/pythons.js';
import { enablePerfSupport, ProcessEnded } from './perf-support.js';

/** Calls functions over and over. */
const LOOP = `
import time
def leaf(n): return sum(range(n))
def work():
    for _ in range(20): leaf(100)
while True:
    work(); time.sleep(0.002)
`;

/** Starts an interpreter, and waits until it runs its program; it is killed with the test. */
async function startPython(
  t: TestContext,
  { path }: Pick<Python, 'path'>,
  program: string,
  options: { flags?: string[]; setup?: string; before?: string[] } = {},
): Promise<ChildProcess & { readonly pid: number }> {
  const argv = [...(options.before ?? []), path, ...(options.flags ?? [])];
  const text = `${options.setup ?? ''}\nprint(1, flush=True)\n${program}`;
  const child = spawn(argv[0], [...argv.slice(1), '-c', text], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(mapOf(child.pid!), { force: true });
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  assert.equal(child.exitCode, null, said);
  return child as ChildProcess & { readonly pid: number };
}

/** Waits until a process is in clock_nanosleep(2): x86-64's number, and arm64's. */
function asleep(pid: number): Promise<void> {
  return until(() => /^(230|115) /.test(readFileSync(`/proc/${pid}/syscall`, 'utf8')), 'sleep');
}

function mapOf(pid: number): string {
  return `/tmp/perf-${pid}.map`;
}

/** Perf support is switched on where it can be. */
function remotePythons(t: TestContext): readonly Python[] {
  const found = pythons().filter(({ version: [major, minor] }) => major === 3 && minor >= 14);
  const newest = found.filter(
    ({ version }, i) => found.findIndex((one) => one.version[1] === version[1]) === i,
  );
  if (newest.length === 0) skipOrFail(t, 'python', 'no CPython 3.14 or newer');
  return newest;
}

async function refusal(pid: number, patienceMs = 500): Promise<string> {
  try {
    await enablePerfSupport(pid, patienceMs);
  } catch (error) {
    assert.ok(error instanceof StrataError, String(error));
    return `${error.message}; ${error.hint ?? ''}`;
  }
  return 'none';
}

test('functions that a running process calls from then on are named, until it is over', async (t) => {
  for (const python of remotePythons(t)) {
    const { pid, ...child } = await startPython(t, python, LOOP);
    const map = mapOf(pid);
    const support = await enablePerfSupport(pid);
    assert.equal(support.wasActive, false);
    await until(() => /py::leaf:<string>/.test(readFileSync(map, 'utf8')), 'a name');
    const again = await enablePerfSupport(pid);
    assert.equal(again.wasActive, true);
    assert.equal(await again.disable(), undefined);
    assert.ok(existsSync(map), 'what was on before stays on');
    assert.equal(await support.disable(), undefined);
    assert.ok(!existsSync(map));
    assert.equal(child.exitCode ?? null, null);
  }
});

test('twenty times on and off leaves the process alive, and nothing behind', async (t) => {
  // Short-lived functions of several threads: CPython's own switch is fatal to them the second time.
  const program = `
import threading, time, gc
def churn():
    while True:
        scope = {}
        exec("def f():\\n  return [x for x in range(5)]\\nf()", scope)
        time.sleep(0.001)
for _ in range(3): threading.Thread(target=churn, daemon=True).start()
def steady(): return gc.collect()
while True: steady(); time.sleep(0.005)
`;
  const ours = () => readdirSync('/proc/self/fd').length;
  for (const python of remotePythons(t)) {
    const child = await startPython(t, python, program);
    // libffi, which ctypes needs, keeps a descriptor of itself.
    const theirs = () =>
      readdirSync(`/proc/${child.pid}/fd`)
        .map((fd) => linkOf(child.pid, fd))
        .filter((file) => !file.includes('/libffi.so'));
    const [before, ownBefore] = [theirs(), ours()];
    for (let i = 0; i < 20; i++) {
      const support = await enablePerfSupport(child.pid);
      await until(() => /py::steady:/.test(readFileSync(mapOf(child.pid), 'utf8')), `a name, ${i}`);
      assert.equal(await support.disable(), undefined);
    }
    assert.equal(child.exitCode, null);
    assert.equal(child.signalCode, null, 'it lives');
    assert.deepEqual(theirs(), before);
    assert.equal(ours(), ownBefore);
    assert.ok(!existsSync(mapOf(child.pid)));
    assert.deepEqual(sharedFolders(child.pid), []);
  }
});

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return 'closed';
  }
}

/** Folders of scripts; other tests may be making some just now, of other processes. */
function sharedFolders(pid: number): string[] {
  return readdirSync(`/proc/${pid}/root/tmp`).filter((name) => {
    if (!/^strata-[0-9a-f]{24}$/.test(name)) return false;
    try {
      return readFileSync(`/tmp/${name}/script.py`, 'utf8').includes(`perf-${pid}`);
    } catch {
      return false;
    }
  });
}

test('another thread does it where the main one waits; what waits in the kernel is woken', async (t) => {
  const python = remotePythons(t).at(0);
  if (python === undefined) return;
  const programs = [
    'import threading, time\ndef work():\n  while True: time.sleep(0.001)\n' +
      'threading.Thread(target=work, daemon=True).start()\nthreading.Event().wait()',
    'import asyncio\nasyncio.run(asyncio.sleep(100))',
  ];
  for (const program of programs) {
    const { pid } = await startPython(t, python, program);
    const support = await enablePerfSupport(pid);
    assert.equal(await support.disable(), undefined);
  }
  const { pid } = await startPython(t, python, 'import time\ntime.sleep(100)');
  await asleep(pid);
  assert.match(await refusal(pid), /no thread of process \d+ ran Python code within 0\.5 s/);
  assert.deepEqual(sharedFolders(pid), [], 'the question was taken back');
});

test('in a PID and mount namespace of its own', async (t) => {
  const python = remotePythons(t).at(0);
  if (python === undefined) return;
  if (process.getuid?.() !== 0) return skipOrFail(t, 'root', 'namespaces need it');
  const folder = mkdtempSync(join(tmpdir(), 'strata-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const inside = `mount -t tmpfs none /tmp && mount -t proc none /proc && exec "$@"`;
  const outer = await startPython(t, python, LOOP, {
    before: ['unshare', '--pid', '--mount', '--fork', '--kill-child', 'sh', '-c', inside, 'sh'],
  });
  const children = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8');
  const pid = Number(children.trim());
  const support = await enablePerfSupport(pid);
  const map = `/proc/${pid}/root/tmp/perf-1.map`;
  await until(() => /py::leaf/.test(readFileSync(map, 'utf8')), 'a name');
  assert.equal(await support.disable(), undefined);
  assert.deepEqual(readdirSync(`/proc/${pid}/root/tmp`), []);
});

test('a process of another user is asked by root, and refused to others', async (t) => {
  const python = remotePythons(t).at(0);
  if (python === undefined) return;
  if (process.getuid?.() !== 0) return skipOrFail(t, 'root', 'changing users needs it');
  const nobody = 65534;
  // It may lie where only its owner looks (in a home): the capability lets it start.
  const { pid } = await startPython(t, python, LOOP, {
    before: [
      'setpriv',
      ...[`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'],
      ...['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'],
    ],
  });
  const support = await enablePerfSupport(pid);
  assert.equal(await support.disable(), undefined);
  assert.ok(!existsSync(mapOf(pid)));

  const own = await startPython(t, python, LOOP);
  const script = `import(${JSON.stringify(new URL('./perf-support.js', import.meta.url).href)})
    .then((m) => m.enablePerfSupport(${own.pid})).catch((e) => console.log(e.message))`;
  const said = execFileSync(
    'setpriv',
    [`--reuid=${nobody}`, '--clear-groups', process.execPath, '-e', script],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  assert.match(said, /belongs to another user/);
});

test('a process that ends meanwhile is said to have, and its map goes with it', async (t) => {
  const python = remotePythons(t).at(0);
  if (python === undefined) return;
  const first = await startPython(t, python, 'import time\ntime.sleep(100)');
  await asleep(first.pid);
  const asked = enablePerfSupport(first.pid);
  setTimeout(() => first.kill('SIGKILL'), 100);
  await assert.rejects(asked, (error) => error instanceof ProcessEnded);

  const second = await startPython(t, python, LOOP);
  const support = await enablePerfSupport(second.pid);
  await until(() => existsSync(mapOf(second.pid)), 'a map');
  second.kill('SIGKILL');
  await once(second, 'exit');
  assert.equal(await support.disable(), undefined);
  assert.ok(!existsSync(mapOf(second.pid)));
  await assert.rejects(enablePerfSupport(second.pid), (error) => error instanceof ProcessEnded);
});

test('who cannot is told why', async (t) => {
  const sleeping = spawn('sleep', ['100'], { stdio: 'ignore' });
  t.after(() => sleeping.kill('SIGKILL'));
  await until(() => readlinkSync(`/proc/${sleeping.pid}/exe`).includes('sleep'), 'exec');
  assert.match(await refusal(sleeping.pid!), /\(.*\/sleep\) runs no CPython/);
  const older: [min: [number, number], below: [number, number], reason: RegExp][] = [
    [[3, 8], [3, 12], /CPython 3\.\d+, which has no perf support; 3\.12 and later have/],
    [[3, 12], [3, 13], /CPython 3\.12, where .*; start it with PYTHONPERFSUPPORT=1/],
    [[3, 13], [3, 14], /CPython 3\.13\.\d+, where .* or python3\.13 -X perf/],
  ];
  for (const [min, below, reason] of older) {
    const python = requirePython(t, min, { below });
    if (python === undefined) return;
    const { pid } = await startPython(t, python, LOOP);
    assert.match(await refusal(pid), reason);
  }
  const python = remotePythons(t).at(0);
  if (python === undefined) return;
  const disabled = await startPython(t, python, LOOP, { flags: ['-X', 'disable-remote-debug'] });
  assert.match(await refusal(disabled.pid), /remote debugging is disabled in it/);
  const spent = await startPython(t, python, LOOP, {
    setup:
      'import sys\nsys.activate_stack_trampoline("perf")\ndef kept(): pass\nkept()\n' +
      'sys.deactivate_stack_trampoline()',
  });
  assert.match(await refusal(spent.pid), /CPython crashes where it is switched on a second time/);
  const stopped = await startPython(t, python, LOOP);
  stopped.kill('SIGSTOP');
  assert.match(await refusal(stopped.pid), /is stopped; let it run: kill -CONT/);
  stopped.kill('SIGCONT');
  assert.equal(await refusal(stopped.pid), 'none', 'a question taken back leaves no trace');
});

test('a process that someone debugs is left to them', async (t) => {
  const python = remotePythons(t).at(0);
  if (python === undefined) return;
  const { pid } = await startPython(t, python, LOOP);
  const tracer = await startPython(t, python, 'import time\ntime.sleep(100)', {
    setup: `import ctypes\nassert ctypes.CDLL(None).ptrace(0x4206, ${pid}, None, None) == 0`,
  });
  assert.match(await refusal(pid), new RegExp(`is traced by process ${tracer.pid}`));
});

test('the program’s own exceptions, files and modules stay as they are', async (t) => {
  for (const python of remotePythons(t)) {
    const folder = mkdtempSync(join(tmpdir(), 'strata-test-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [go, result] = [join(folder, 'go'), join(folder, 'result')];
    const program = `
import os, sys, time
before = set(globals())
while not os.path.exists(${JSON.stringify(go)}): time.sleep(0.005)
new = sorted(set(globals()) - before - {"before"})
open(${JSON.stringify(result)}, "w").write(repr((new, sys.is_stack_trampoline_active())))
`;
    const child = await startPython(t, python, program);
    let said = '';
    child.stderr!.on('data', (text: string) => (said += text));
    const support = await enablePerfSupport(child.pid);
    assert.equal(await support.disable(), undefined);
    writeFileSync(go, '');
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0, 'it ends as it would have');
    assert.equal(readFileSync(result, 'utf8'), '([], False)');
    assert.equal(said, '');
  }
});
