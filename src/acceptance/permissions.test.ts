/** Who may record what: each either gets it, or is told in one line what forbids it and what mends that. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';

import { FileSource } from '../base/source.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { PerfMisc, PerfRecord } from '../formats/perfdata/spec.js';
import { RunningProgram } from '../testing/attached.js';
import { run, STRATA, type Run } from '../testing/cli.js';
import { asUser, needsRoot, ORDINARY_USER, OrdinaryUser } from '../testing/privileges.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';
import { Workplace } from '../testing/recordings.js';

const PARANOID = '/proc/sys/kernel/perf_event_paranoid';

/** User space and the kernel have some of it each. */
const WORK = [
  'sh',
  '-c',
  'dd if=/dev/zero of=/dev/null bs=64k count=20000 2>/dev/null; ' +
    'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done',
];

const workplace = new Workplace();
after(() => workplace.close());

/** Of the user, who owns it. */
const usersWorkplace = new Workplace();
after(() => usersWorkplace.close());

/** Lets `body` run under a setting of the whole machine; privileged processes do not feel it. */
async function withParanoid(
  t: TestContext,
  value: number,
  body: () => Promise<void>,
): Promise<void> {
  const before = readFileSync(PARANOID, 'utf8');
  try {
    writeFileSync(PARANOID, `${value}`);
  } catch {
    return skipOrFail(t, 'sysctl', `${PARANOID} cannot be written`);
  }
  try {
    await body();
  } finally {
    writeFileSync(PARANOID, before);
  }
}

/** Samples of the recording: in user space, and in the kernel. It is removed. */
function modes({ folder }: Workplace): { user: number; kernel: number } {
  const file = join(folder, 'perf.data');
  const source = new FileSource(file);
  try {
    const records = readPerfData(source).records();
    const found = { user: 0, kernel: 0 };
    while (records.next()) {
      if (records.type !== PerfRecord.SAMPLE) continue;
      const isKernel = (records.misc & PerfMisc.CPUMODE_MASK) === PerfMisc.KERNEL;
      found[isKernel ? 'kernel' : 'user']++;
    }
    return found;
  } finally {
    source.close();
    rmSync(file);
  }
}

/** One line that says why, one that says what mends it. */
function assertRefused({ code, stderr }: Run, why: RegExp, mend: RegExp): void {
  assert.equal(code, 1, stderr);
  const [first, second, ...more] = stderr.trimEnd().split('\n');
  assert.match(first, /^strata: /);
  assert.match(first, why);
  assert.match(second ?? '', mend);
  assert.deepEqual(more, []);
}

const RECORD = ['record'];
const ATTACH = [...RECORD, '--duration', '0.2'];

test('an ordinary user where perf_event_paranoid is 2: own programs, their user space', async (t) => {
  if (!needsRoot(t)) return;
  const user = new OrdinaryUser(usersWorkplace);
  const target = RunningProgram.start(t, asUser(['sh', '-c', 'echo on; while :; do :; done']));
  await target.line();
  await withParanoid(t, 2, async () => {
    const own = await user.strata(...RECORD, ...WORK);
    assert.equal(own.code, 0, own.stderr);
    assert.match(own.stderr, /only user space was sampled.*sudo sysctl .*perf_event_paranoid=1/);
    const { user: inUser, kernel } = modes(usersWorkplace);
    assert.ok(inUser > 0 && kernel === 0, `${inUser}, ${kernel}`);

    const whose = [
      ['-p', `${target.pid}`],
      ['-u', `${ORDINARY_USER}`],
    ];
    for (const flags of whose) {
      const attached = await user.strata(...ATTACH, ...flags);
      assert.equal(attached.code, 0, attached.stderr);
      assert.ok(modes(usersWorkplace).user > 0);
    }
    assertRefused(
      await user.strata(...ATTACH, '-p', `${process.pid}`),
      new RegExp(`process ${process.pid} runs as another user \\(uid 0\\), .* no CAP_PERFMON$`),
      /sudo strata/,
    );
    assertRefused(
      await user.strata(...ATTACH, '-a'),
      /measuring whole CPUs is forbidden: kernel\.perf_event_paranoid is 2 /,
      /sudo sysctl kernel\.perf_event_paranoid=0 /,
    );
    assertRefused(
      await user.strata(...RECORD, '-e', 'context-switches', ...WORK),
      /'context-switches' in the kernel is forbidden/,
      /sudo sysctl kernel\.perf_event_paranoid=1 /,
    );
  });
});

test('an ordinary user where perf_event_paranoid is 1: the kernel, too', async (t) => {
  if (!needsRoot(t)) return;
  const user = new OrdinaryUser(usersWorkplace);
  await withParanoid(t, 1, async () => {
    const own = await user.strata(...RECORD, ...WORK);
    assert.equal(own.code, 0, own.stderr);
    assert.doesNotMatch(own.stderr, /only user space/);
    const { user: inUser, kernel } = modes(usersWorkplace);
    assert.ok(inUser > 0 && kernel > 0, `${inUser}, ${kernel}`);
    const all = await user.strata(...ATTACH, '-a');
    assertRefused(all, /whole CPUs .* is 1 /, /sudo sysctl kernel\.perf_event_paranoid=0 /);
  });
});

test('an ordinary user where perf_event_paranoid is 0: the whole machine', async (t) => {
  if (!needsRoot(t)) return;
  const user = new OrdinaryUser(usersWorkplace);
  await withParanoid(t, 0, async () => {
    const all = await user.strata(...RECORD, '-a', '--', ...WORK);
    assert.equal(all.code, 0, all.stderr);
    // This test's own process was sampled, too, which the user may not look into.
    assert.match(all.stderr, /^strata: this user may not read the mappings of process(es)? \d/m);
    const { user: inUser, kernel } = modes(usersWorkplace);
    assert.ok(inUser > 0 && kernel > 0, `${inUser}, ${kernel}`);
  });
});

for (const paranoid of [3, 4]) {
  test(`an ordinary user where perf_event_paranoid is ${paranoid}`, async (t) => {
    if (!needsRoot(t)) return;
    const user = new OrdinaryUser(usersWorkplace);
    await withParanoid(t, paranoid, async () => {
      // The kernel knows no more than 2; Debian's forbids everything from 3 on, Ubuntu's from 4.
      const own = await user.strata(...RECORD, ...WORK);
      if (own.code === 0) {
        t.diagnostic('this kernel takes it for 2');
        assert.match(own.stderr, /only user space was sampled/);
        assert.equal(modes(usersWorkplace).kernel, 0);
      } else {
        const why = `sampling is forbidden: kernel\\.perf_event_paranoid is ${paranoid} `;
        assertRefused(own, new RegExp(why), /sudo sysctl kernel\.perf_event_paranoid=1 /);
      }
      const all = await user.strata(...ATTACH, '-a');
      assertRefused(all, new RegExp(`perf_event_paranoid is ${paranoid} `), /sudo sysctl/);
    });
  });
}

const NAMESPACES = ['--pid', '--fork', '--mount', '--mount-proc'];

/** Root that lacks what the ways to make containers take away. */
const CONTAINERS: Readonly<Record<string, { argv: readonly string[]; why: RegExp }>> = {
  'a container without CAP_PERFMON': {
    argv: [
      'unshare',
      ...NAMESPACES,
      'setpriv',
      '--bounding-set=-perfmon,-sys_admin,-sys_ptrace',
      '--inh-caps=-all',
    ],
    why: /this root has no CAP_PERFMON$/,
  },
  'a user namespace': {
    argv: ['unshare', '--user', '--map-root-user', ...NAMESPACES],
    why: /CAP_PERFMON of a user namespace does not count outside of it$/,
  },
};

for (const [name, { argv, why }] of Object.entries(CONTAINERS)) {
  test(`root of ${name}`, async (t) => {
    const [program, ...flags] = argv;
    if (spawnSync(program, [...flags, 'true']).status !== 0) {
      return skipOrFail(t, 'namespaces', 'this user may not make any');
    }
    const inside = (...words: string[]): Promise<Run> =>
      run(program, [...flags, process.execPath, STRATA, 'record', ...words], {
        cwd: workplace.folder,
        env: workplace.environment,
      });
    await withParanoid(t, 2, async () => {
      const own = await inside(...WORK);
      assert.equal(own.code, 0, own.stderr);
      assert.match(own.stderr, /only user space was sampled/);
      const { user, kernel } = modes(workplace);
      assert.ok(user > 0 && kernel === 0, `${user}, ${kernel}`);
      const mend = /start the container with --cap-add PERFMON; or on the host: sudo sysctl/;
      assertRefused(await inside('-a', '--duration', '0.2'), why, mend);
    });
  });
}

/** Forbids perf_event_open by a seccomp filter, as Docker's default profile does, and runs a command. */
const FILTERED = `
import ctypes, os, platform, struct, sys
call = 298 if platform.machine() == 'x86_64' else 241
# Load the number of the system call; where it is the one, EPERM; else go on (linux/filter.h, seccomp.h).
program = b''.join(struct.pack('=HBBI', *line) for line in [
    (0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)])
code = ctypes.create_string_buffer(program)
class Filter(ctypes.Structure): _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0, 'PR_SET_NO_NEW_PRIVS'
assert libc.prctl(22, 2, ctypes.byref(Filter(4, ctypes.addressof(code))), 0, 0) == 0, 'PR_SET_SECCOMP'
os.execv(sys.argv[1], sys.argv[1:])
`;

test('a container’s filter of system calls', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const filtered = ['-c', FILTERED, process.execPath, STRATA, 'record'];
  const options = { cwd: workplace.folder, env: workplace.environment };
  const own = await run(python.path, [...filtered, ...WORK], options);
  assertRefused(own, /seccomp/, /--cap-add PERFMON|--security-opt seccomp=unconfined/);
});
