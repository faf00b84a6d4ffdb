/** `strata list`: what it names opens, here and for perf. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { parseEvents } from '../linux/events/parse.js';
import { tryToCount } from '../linux/events/try.js';
import { hasCapability, Capability } from '../linux/system.js';
import { strata } from '../testing/cli.js';
import { needsPerf } from '../testing/perf.js';
import { skipOrFail } from '../testing/pythons.js';

interface Listed {
  readonly name: string;
  readonly kind: string;
  readonly aliases?: readonly string[];
  readonly description?: string;
  readonly unit?: string;
  readonly example?: string;
  readonly refusal?: { readonly code: string; readonly reason: string };
}

async function list(...argv: string[]): Promise<Listed[]> {
  const { stdout, stderr, code } = await strata(['list', '--json', ...argv]);
  assert.deepEqual([stderr, code], ['', 0]);
  return JSON.parse(stdout) as Listed[];
}

/** To close a tracepoint's event takes the kernel some 35 ms. */
const TRACEPOINT_SAMPLE = 12;

test('every event that is listed can be opened, by us and by perf', async (t) => {
  if (!needsPerf(t)) return;
  const all = await list();
  const tracepoints = all.filter(({ kind }) => kind === 'tracepoint');
  if (hasCapability(Capability.SYS_ADMIN)) assert.ok(tracepoints.length > 100);
  const step = Math.ceil(tracepoints.length / TRACEPOINT_SAMPLE);
  const sample = all
    .filter(({ kind }) => kind !== 'tracepoint')
    .concat(tracepoints.filter((_, i) => i % step === 0));
  const names = sample.flatMap(({ name, aliases = [], example }) => [example ?? name, ...aliases]);
  const refused = names.filter((name) =>
    parseEvents(name).some(({ events }) => events.some((spec) => tryToCount(spec) !== undefined)),
  );
  assert.deepEqual(refused, []);
  // A PMU's events are counted for the whole system.
  const args = names.flatMap((name) => ['-e', name]);
  const perf = spawnSync('perf', ['stat', '-a', '-x,', ...args, 'true'], { encoding: 'utf8' });
  assert.equal(perf.status, 0, perf.stderr);
  const lines = perf.stderr.split('\n').filter((line) => line.includes(','));
  assert.ok(lines.length >= names.length, perf.stderr);
  assert.deepEqual(
    lines.filter((line) => line.includes('<not supported>')),
    [],
  );
});

test('what is not listed was tried, and --all says why it is refused', async () => {
  const [counted, tried] = [
    await list('hw', 'sw', 'cache', 'raw'),
    await list('hw', 'sw', 'cache', 'raw', '--all'),
  ];
  const refused = tried.filter(({ refusal }) => refusal !== undefined);
  assert.deepEqual(
    tried.filter(({ refusal }) => refusal === undefined),
    counted,
  );
  assert.equal(tried.length, 10 + 12 + 32 + 1);
  for (const { name, example, refusal } of refused) {
    assert.equal(tryToCount(parseEvents(example ?? name)[0].events[0]), refusal?.code, name);
    assert.match(refusal?.reason ?? '', /./);
  }
  assert.ok(counted.some(({ name }) => name === 'cpu-clock'));
});

test('patterns are kinds, shell patterns and parts of names', async (t) => {
  const names = async (...argv: string[]): Promise<string[]> =>
    (await list(...argv)).map(({ name }) => name);
  assert.deepEqual(await names('fault', 'sw').then((found) => found.includes('cpu-clock')), true);
  assert.deepEqual(await names('*-faults', '--all').then((found) => found.slice(0, 3)), [
    'page-faults',
    'minor-faults',
    'major-faults',
  ]);
  // By an alias.
  assert.ok((await names('faults')).includes('page-faults'));
  if (!hasCapability(Capability.SYS_ADMIN)) {
    skipOrFail(t, 'tracefs', 'only root may read it');
    return;
  }
  const scheduler = await names('sched:*');
  assert.ok(scheduler.includes('sched:sched_switch'));
  assert.ok(scheduler.every((name) => name.startsWith('sched:')));
});

test('as text: by kind, with what is refused in a line', async () => {
  const { stdout, code } = await strata(['list', 'sw', 'hw']);
  assert.equal(code, 0);
  assert.match(stdout, /^Software events$/m);
  assert.match(stdout, /^ {2}page-faults, faults +accesses to memory not mapped yet$/m);
  const refused = (await list('hw', '--all')).filter(({ refusal }) => refusal !== undefined);
  if (refused.length > 1) {
    assert.match(
      stdout,
      new RegExp(`^${refused.length} hardware events cannot be counted here: `, 'm'),
    );
  }
});

test('nothing that fits is a failure in words', async () => {
  for (const flags of [[], ['--json']]) {
    const { stdout, stderr, code } = await strata(['list', ...flags, 'no-such-thing']);
    assert.deepEqual([stdout, code], ['', 1]);
    assert.match(stderr, /^strata: no event is called 'no-such-thing'\n/);
  }
});
