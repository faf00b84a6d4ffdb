import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Capability } from '../linux/system.js';
import type { Check } from './check.js';
import { mountOptions } from './folder-facts.js';
import { machineChecks } from './machine.js';
import { gatherMachineFacts, type EventTries, type MachineFacts } from './machine-facts.js';

const ALL_WORK: EventTries = {
  userClock: 'works',
  clock: 'works',
  allTasks: 'works',
  cycles: 'works',
  tracepoint: 'works',
  breakpoint: 'works',
};

/** An ordinary user where all is allowed. */
const OPEN: MachineFacts = {
  kernel: '6.8.0-45-generic',
  root: false,
  capabilities: 0n,
  paranoid: -1,
  kptrRestrict: 0,
  ptraceScope: 0,
  maxSampleRate: 100_000,
  mlockKb: 516,
  lockLimit: 8 << 20,
  openFiles: 1 << 20,
  cpus: 8,
  container: undefined,
  settingsWritable: true,
  seccomp: false,
  events: ALL_WORK,
  kernelSymbols: 'readable',
};

function capabilities(...names: (keyof typeof Capability)[]): bigint {
  return names.reduce((bits, name) => bits | (1n << BigInt(Capability[name])), 0n);
}

type Facts = Partial<Omit<MachineFacts, 'events'>> & { events?: Partial<EventTries> };

function check(id: string, { events, ...facts }: Facts): Check {
  const all = machineChecks({ ...OPEN, ...facts, events: { ...ALL_WORK, ...events } });
  const found = all.find((one) => one.id === id);
  assert.ok(found, id);
  return found;
}

/** `fail: text` and `$ command`. */
function shown(id: string, facts: Facts): string {
  const { status, text, mend } = check(id, facts);
  return `${status}: ${text}${mend === undefined ? '' : ` $ ${mend.command}`}`;
}

const USER_ONLY = { clock: 'EACCES', allTasks: 'EACCES', tracepoint: 'EACCES' };
const REFUSED = { ...USER_ONLY, userClock: 'EACCES', cycles: 'EACCES', breakpoint: 'EACCES' };

test('where all is allowed nothing is amiss', () => {
  assert.deepEqual(
    machineChecks(OPEN).filter(({ status }) => status !== 'ok'),
    [],
  );
  const ids = machineChecks(OPEN).map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test('perf_event_paranoid decides what an ordinary user may sample', () => {
  for (const paranoid of [-1, 0, 1]) {
    assert.equal(shown('sampling', { paranoid }), 'ok: of user code and the kernel');
  }
  assert.equal(
    shown('sampling', { paranoid: 2, events: USER_ONLY }),
    'warn: of user code alone, functions of the kernel will be missing: kernel.perf_event_paranoid is 2 ' +
      '$ sudo sysctl kernel.perf_event_paranoid=1',
  );
  // Ubuntu's 3 allows what 2 does, Debian's 3 nothing.
  assert.match(shown('sampling', { paranoid: 3, events: USER_ONLY }), /^warn/);
  for (const paranoid of [3, 4]) {
    assert.equal(
      shown('sampling', { paranoid, events: REFUSED }),
      `fail: nothing can be sampled without CAP_PERFMON: kernel.perf_event_paranoid is ${paranoid} ` +
        '$ sudo sysctl kernel.perf_event_paranoid=1',
    );
  }
  assert.match(
    shown('system-wide', { paranoid: 1, events: { allTasks: 'EACCES' } }),
    /^warn: only own/,
  );
});

test('what a container forbids is not blamed on the kernel’s settings', () => {
  const inside = { container: 'docker', settingsWritable: false, root: true };
  const held = capabilities('PERFMON');
  const refusal = shown('sampling', {
    ...inside,
    capabilities: held,
    paranoid: 2,
    events: { ...REFUSED, userClock: 'EPERM' },
  });
  assert.match(
    refusal,
    /^fail: perf_event_open is refused \(EPERM\), though kernel.perf_event_paranoid is 2/,
  );
  assert.match(refusal, /and this process has CAP_PERFMON: a container’s seccomp profile/);
  assert.match(refusal, /\$ docker run .*seccomp=unconfined/);
  assert.match(
    shown('sampling', { ...inside, events: { userClock: 'ENOSYS' } }),
    /^fail: .*no perf events, or a sandbox hides them/,
  );
  const set = check('sampling', { ...inside, paranoid: 4, events: REFUSED });
  assert.match(set.text, /; to be set on the host$/);
  assert.equal(set.mend?.safe, false);
  assert.match(
    shown('capabilities', inside),
    /^warn: root, but without CAP_PERFMON \$ docker run --cap-add/,
  );
  assert.match(shown('kernel', inside), /in a container \(docker\)/);
});

test('a kernel without perf events fails, and says nothing of the whole system', () => {
  const events = Object.fromEntries(Object.keys(ALL_WORK).map((key) => [key, 'ENOSYS']));
  const checks = machineChecks({
    ...OPEN,
    paranoid: undefined,
    events: { ...ALL_WORK, ...events },
  });
  const [sampling] = checks.filter(({ id }) => id === 'sampling');
  assert.equal(sampling.status, 'fail');
  assert.equal(sampling.mend, undefined);
  assert.ok(checks.every(({ id }) => id !== 'system-wide'));
});

test('kernel symbols are hidden by one of two settings', () => {
  const hidden = { kernelSymbols: 'hidden' } as const;
  assert.match(
    shown('kernel-symbols', { ...hidden, kptrRestrict: 1 }),
    /^warn: hidden, as kernel.kptr_restrict is 1: .* \$ sudo sysctl kernel.kptr_restrict=0$/,
  );
  assert.match(shown('kernel-symbols', { ...hidden, kptrRestrict: 2 }), /kptr_restrict is 2/);
  assert.match(
    shown('kernel-symbols', { ...hidden, kptrRestrict: 0, paranoid: 2 }),
    /perf_event_paranoid is 2: .* \$ sudo sysctl kernel.perf_event_paranoid=1$/,
  );
  assert.match(shown('kernel-symbols', { ...hidden, events: USER_ONLY }), /^ok: not needed/);
  assert.match(
    shown('kernel-symbols', { kernelSymbols: 'absent' }),
    /^warn: there is no \/proc\/kallsyms/,
  );
});

test('Yama decides whose memory may be read', () => {
  const privileged = { capabilities: capabilities('SYS_PTRACE') };
  for (const ptraceScope of [undefined, 0]) assert.match(shown('ptrace', { ptraceScope }), /^ok/);
  assert.match(
    shown('ptrace', { ptraceScope: 1 }),
    /^warn: .*did not start.* \$ sudo sysctl kernel.yama/,
  );
  assert.match(
    shown('ptrace', { ptraceScope: 2 }),
    /^warn: .*no process’s memory.* \$ sudo sysctl/,
  );
  // Nothing changes 3 but a boot.
  assert.match(shown('ptrace', { ptraceScope: 3 }), /^warn: [^$]*$/);
  for (const ptraceScope of [1, 2])
    assert.match(shown('ptrace', { ...privileged, ptraceScope }), /^ok/);
  assert.match(shown('ptrace', { ...privileged, ptraceScope: 3 }), /^warn/);
});

test('buffers need memory that a user may lock', () => {
  const user = { paranoid: 2, cpus: 8 };
  const shownFor = (mlockKb: number, lockLimit: number): string =>
    shown('ring-memory', { ...user, mlockKb, lockLimit });
  assert.equal(shownFor(516, 0), 'ok: 516 KiB for each CPU');
  assert.match(shownFor(256, 0), /^warn: no more than 256 KiB .*perf_event_mlock_kb=2048$/);
  assert.match(shownFor(64, 0), /^fail: no more than 64.0 KiB/);
  assert.match(shownFor(64, 8 << 20), /^ok: 1.1 MiB/);
  assert.match(shownFor(0, Infinity), /^ok/);
  const locks = { capabilities: capabilities('IPC_LOCK'), mlockKb: 0, lockLimit: 0 };
  assert.match(shown('ring-memory', { ...user, ...locks }), /^ok/);
});

test('limits are compared with what a recording needs', () => {
  assert.match(
    shown('sample-rate', { maxSampleRate: 500 }),
    /^warn: .*grants 500 .* \$ sudo sysctl/,
  );
  assert.match(shown('open-files', { openFiles: 256, cpus: 128 }), /^warn: .* \$ ulimit -n 4096$/);
  assert.match(shown('open-files', { openFiles: Infinity }), /^ok: without limit/);
});

test('events that a machine lacks are told with what is lost', () => {
  assert.match(
    shown('hardware-counters', { events: { cycles: 'ENOENT' } }),
    /^warn: no hardware counters/,
  );
  assert.match(
    shown('hardware-counters', { events: REFUSED }),
    /^warn: hardware counters are refused/,
  );
  for (const [tracepoint, mend] of [
    ['no tracefs', /^warn: .* \$ sudo mount -t tracefs tracefs \/sys\/kernel\/tracing$/],
    ['closed tracefs', /^warn: .* \$ sudo mount -o remount,mode=750,gid=\$\(id -g\) \/sys/],
  ] as const) {
    assert.match(shown('tracepoints', { events: { tracepoint } }), mend);
    assert.doesNotMatch(
      shown('tracepoints', { container: 'docker', events: { tracepoint } }),
      / \$ /,
    );
  }
  assert.match(
    shown('tracepoints', { events: { tracepoint: 'EPERM' } }),
    /^warn: refused \(EPERM\)/,
  );
  assert.match(shown('breakpoints', { events: { breakpoint: 'EACCES' } }), /^warn: are refused/);
});

test('old kernels are told by what they lack', () => {
  assert.match(shown('kernel', { kernel: '5.4.0' }), /^warn: .*build IDs/);
  assert.match(shown('kernel', { kernel: '5.15.0' }), /^ok: .*lost samples/);
  assert.equal(shown('kernel', { kernel: '6.18.44' }), 'ok: Linux 6.18.44');
});

test('the facts of this machine are facts', () => {
  const facts = gatherMachineFacts();
  assert.ok(facts.cpus >= 1 && facts.openFiles > 2 && facts.lockLimit >= 0);
  assert.equal(facts.root, process.geteuid?.() === 0);
  const tries: string[] = Object.values({ ...facts.events });
  for (const tried of tries) assert.match(tried, /^(?:works|(?:no|closed) tracefs|E[A-Z]+)$/);
  // What needs less is never refused where more is granted.
  if (facts.events.clock === 'works') assert.equal(facts.events.userClock, 'works');
  assert.equal(machineChecks(facts).length >= 11, true);
});

test('of mounts that cover one another the last and nearest counts', () => {
  const mountinfo = [
    '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '30 27 0:30 / /tmp rw,nosuid,noexec - tmpfs tmpfs rw',
    '31 27 0:31 / /tmp/a\\040b ro,relatime shared:1 - tmpfs tmpfs rw',
    '32 27 0:32 / /over ro - tmpfs a rw',
    '33 32 0:33 / /over rw,noexec - tmpfs b rw',
    '',
  ].join('\n');
  assert.deepEqual(mountOptions('/home', mountinfo), ['rw', 'relatime']);
  assert.deepEqual(mountOptions('/tmp', mountinfo), ['rw', 'nosuid', 'noexec']);
  assert.deepEqual(mountOptions('/tmpx', mountinfo), ['rw', 'relatime']);
  assert.deepEqual(mountOptions('/tmp/a b/c', mountinfo), ['ro', 'relatime']);
  assert.deepEqual(mountOptions('/over/x', mountinfo), ['rw', 'noexec']);
  assert.deepEqual(mountOptions('/x', ''), []);
});
