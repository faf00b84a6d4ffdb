/** What events, and the flags of `record` that are about them, bring about on a program of known deeds. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { after, test, type TestContext } from 'node:test';

import { strata } from '../testing/cli.js';
import { needsPerf, perfScript, readPerfScript, type ScriptSample } from '../testing/perf.js';
import { skipOrFail } from '../testing/pythons.js';
import { programPath, Workplace, type Recording } from '../testing/recordings.js';

const PAGES = 300;
const WRITES = 200;
const CALLS = 50;
const GETPPID = 'syscalls:sys_enter_getppid';

const workplace = new Workplace();
after(() => workplace.close());

/** The program, where its variable and its function are at fixed addresses. */
interface Touches {
  readonly command: readonly string[];
  addressOf(symbol: string): string;
}

let built: Touches | undefined;

/** Builds it once; without a compiler the test is skipped. */
function touches(t: TestContext): Touches | undefined {
  if (built !== undefined) return built;
  const binary = workplace.path('touches');
  const flags = ['-O1', '-no-pie', '-pthread', '-fno-omit-frame-pointer'];
  const compiled = spawnSync('gcc', [...flags, '-o', binary, programPath('touches.c')]);
  if (compiled.status !== 0) {
    skipOrFail(t, 'gcc', 'not installed');
    return undefined;
  }
  const symbols = execFileSync('nm', [binary], { encoding: 'utf8' });
  built = {
    command: [binary, `${PAGES}`, `${WRITES}`, `${CALLS}`],
    addressOf: (symbol) => {
      const address = new RegExp(`^0*([0-9a-f]+) \\w ${symbol}$`, 'm').exec(symbols)?.[1];
      assert.ok(address, symbol);
      return `0x${address}`;
    },
  };
  return built;
}

/** Records the program; perf reads the recording, in each of its ways. */
async function record(t: TestContext, ...flags: string[]): Promise<Recorded | undefined> {
  const program = touches(t);
  if (program === undefined || !needsPerf(t)) return undefined;
  const recording = await workplace.record('events.data', program.command, flags);
  const listed = await recording.perf('evlist', '-v');
  const reported = await recording.perf('report', '--stdio', '-g', 'none');
  assert.match(reported, /^# Samples: /m);
  return new Recorded(recording, program, listed);
}

class Recorded {
  readonly samples: readonly ScriptSample[];

  constructor(
    readonly recording: Recording,
    readonly program: Touches,
    /** What `perf evlist -v` says. */
    readonly listed: string,
  ) {
    this.samples = readPerfScript(perfScript(recording.file));
  }

  of(event: string): ScriptSample[] {
    return this.samples.filter((sample) => sample.event === event);
  }

  /** Lines of `perf script -F`. */
  fields(fields: string): string[] {
    const argv = ['script', '-i', this.recording.file, '-F', fields];
    const lines = execFileSync('perf', argv, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return lines.split('\n').filter((line) => line.trim() !== '');
  }
}

test('a tracepoint is sampled each time, in the threads and children too', async (t) => {
  const recorded = await record(t, '-e', GETPPID);
  if (recorded === undefined) return;
  const samples = recorded.of(GETPPID);
  assert.equal(samples.length, 2 * CALLS);
  assert.equal(new Set(samples.map(({ ids }) => ids)).size, 2);
  assert.ok(samples.every(({ ips }) => ips.length > 2));
  // The fields of the tracepoint are there, for both.
  const line = /sys_enter_getppid: /;
  assert.ok(recorded.fields('event,trace').every((text) => line.test(text)));
  assert.match(await recorded.recording.strata('script'), line);
});

test('--filter lets through what fulfils it, of the -e before it alone', async (t) => {
  const dup = 'syscalls:sys_enter_dup2';
  const recorded = await record(t, '-e', dup, '--filter', 'newfd == 78', '-e', GETPPID);
  if (recorded === undefined) return;
  assert.equal(recorded.of(dup).length, 2);
  assert.equal(recorded.of(GETPPID).length, 2 * CALLS);
});

test('a filter of no such field names those that there are', async (t) => {
  const program = touches(t);
  if (program === undefined) return;
  const flags = ['-e', GETPPID, '--filter', 'colour == 1'];
  const { code, stderr } = await strata(['record', ...flags, ...program.command], {
    cwd: workplace.folder,
  });
  assert.equal(code, 2);
  assert.match(stderr, /^strata: the kernel does not understand the filter \(colour == 1\)/);
  assert.match(stderr, /^ {2}its fields are: __syscall_nr$/m);
});

test('breakpoints on writes and on calls', async (t) => {
  const program = touches(t);
  if (program === undefined) return;
  const write = `mem:${program.addressOf('variable')}/8:w`;
  const call = `mem:${program.addressOf('function')}:x`;
  const recorded = await record(t, '-e', `${write}:u`, '-e', `${call}:u`);
  if (recorded === undefined) return;
  assert.equal(recorded.of(`${write}:u`).length, WRITES);
  assert.equal(recorded.of(`${call}:u`).length, WRITES);
  // What calls the function is in its stack.
  const report = await recorded.recording.strata('report', '--event', `${call}:u`);
  assert.match(report, /100\.00% .* main$/m);
});

test('-c takes a sample every so many counts', async (t) => {
  const recorded = await record(t, '-e', `${GETPPID},page-faults:u`, '-c', '10');
  if (recorded === undefined) return;
  // Each thread counts for itself: the main one, another, and the child.
  assert.equal(recorded.of(GETPPID).length, (2 * CALLS) / 10);
  assert.ok(recorded.samples.every(({ period }) => period === 10));
});

test('-d gives the addresses of data, --phys-data where they lie in memory', async (t) => {
  const program = touches(t);
  if (program === undefined) return;
  const write = `mem:${program.addressOf('variable')}/8:w`;
  const recorded = await record(
    t,
    '-d',
    '--phys-data',
    '-e',
    `page-faults:u,${write}:u`,
    '-c',
    '1',
  );
  if (recorded === undefined) return;
  const buffer = parseInt(recorded.recording.run.stdout.split(' ')[2], 16);
  const variable = Number(program.addressOf('variable'));
  const lines = recorded
    .fields('event,addr,phys_addr')
    .map((line) => /(\S+): +(\S+) +(\S+)$/.exec(line)!);
  const addresses = lines.map(([, event, address, physical]) => ({
    isFault: event.includes('page-faults'),
    address: parseInt(address, 16),
    physical: parseInt(physical, 16),
  }));
  const touched = addresses.filter(
    ({ isFault, address }) => isFault && address >= buffer && address < buffer + PAGES * 4096,
  );
  assert.equal(touched.length, PAGES);
  const writes = addresses.filter(({ isFault }) => !isFault);
  assert.equal(writes.length, WRITES);
  for (const { address, physical } of writes) {
    assert.equal(address, variable);
    assert.ok(physical > 0);
    assert.equal(physical % 4096, variable % 4096);
  }
});

test('-W gives weights', async (t) => {
  const recorded = await record(t, '-W', '-e', GETPPID);
  if (recorded === undefined) return;
  assert.match(recorded.listed, /WEIGHT/);
  assert.equal(recorded.fields('event,weight').length, 2 * CALLS);
});

test('events have rates, periods and call graphs of their own', async (t) => {
  const fp = 'page-faults/period=1,call-graph=fp,name=fp/';
  const none = 'minor-faults/period=10,call-graph=no,name=none/';
  const recorded = await record(t, '-e', `${fp},${none}`);
  if (recorded === undefined) return;
  const all = recorded.of('fp');
  const tenth = recorded.of('none');
  assert.ok(all.length > PAGES && all.every(({ period }) => period === 1));
  // Each of three tasks keeps what does not make ten.
  assert.ok(Math.abs(all.length / 10 - tenth.length) <= 3, `${all.length} and ${tenth.length}`);
  assert.ok(tenth.every(({ period, ips }) => period === 10 && ips.length === 1));
});

test('modifiers: user space, the kernel', async (t) => {
  const counts: number[] = [];
  for (const event of ['page-faults:u', 'page-faults:k', 'page-faults']) {
    const recorded = await record(t, '-c', '1', '-e', event);
    if (recorded === undefined) return;
    counts.push(recorded.of(event).length);
  }
  const [user, kernel, all] = counts;
  assert.ok(Math.abs(all - user - kernel) < 20, `${user}, ${kernel}, ${all}`);
  assert.ok(user > PAGES && kernel > 0 && kernel < PAGES, `${user} and ${kernel}`);
});

test('events that the kernel cannot tell apart are named', async (t) => {
  const recorded = await record(t, '-e', 'page-faults:u,page-faults:k');
  if (recorded === undefined) return;
  assert.match(
    await recorded.recording.strata('report'),
    /cannot tell samples of page-faults:u and page-faults:k apart/,
  );
});

test('a group is sampled by its first event, and counts all', async (t) => {
  const program = touches(t);
  if (program === undefined) return;
  const write = `mem:${program.addressOf('variable')}/8:w`;
  const recorded = await record(t, '-e', `{${write},page-faults}:Su`, '-c', `${WRITES / 4}`);
  if (recorded === undefined) return;
  assert.match(recorded.listed, /read_format: ID\|GROUP/);
  const sum = (event: RegExp): number =>
    recorded.samples
      .filter((sample) => event.test(sample.event))
      .reduce((total, { period }) => total + period, 0);
  assert.equal(sum(/^mem:/), WRITES);
  // Pages are touched before the first write; what the child does is told by none of its samples.
  assert.ok(sum(/^page-faults/) >= PAGES && sum(/^page-faults/) < 2 * PAGES);
  assert.match(
    await recorded.recording.strata('report', '-g', 'none'),
    /of events 'anon group \{ mem:.*, page-faults/,
  );
});

test('a group that does not fit together is refused, or taken apart where W allows that', async (t) => {
  const program = touches(t);
  if (program === undefined) return;
  // x86-64 has four debug registers.
  const address = Number(program.addressOf('variable'));
  const five = [0, 1, 2, 3, 4].map((i) => `mem:0x${(address + i * 64).toString(16)}/8:w`);
  const flags = ['-e', `{${five.join(',')}}`];
  const { code, stderr } = await strata(['record', '-N', ...flags, 'true'], {
    cwd: workplace.folder,
  });
  if (code === 0) return;
  assert.match(stderr, /cannot count mem:.* and mem:.* together|debug registers/);
  assert.match(stderr, /\{a,b\}:W|fewer breakpoints/);
});

test('time, CPU and period are in every sample', async (t) => {
  const recorded = await record(t, '-T', '--sample-cpu', '-e', GETPPID);
  if (recorded === undefined) return;
  assert.match(recorded.fields('cpu,time,period')[0], /^\s*\[\d+\]\s+\d+\.\d+:\s+1\s*$/);
});

for (const [flags, reason] of [
  [['-b'], /record branches/],
  [['-j', 'any_call,u'], /record branches/],
  [['--call-graph', 'lbr'], /record branches/],
  [['-e', 'cycles:ppp'], /hardware counters/],
  [['-e', 'LLC-load-misses'], /hardware counters/],
  [['-e', 'r1a8'], /hardware counters/],
] as const) {
  test(`record ${flags.join(' ')}: done, or refused with the reason`, async () => {
    const { code, stderr } = await strata(['record', '-N', ...flags, 'true'], {
      cwd: workplace.folder,
    });
    if (code === 0) return;
    assert.equal(code, 1);
    assert.match(stderr, /^strata: this machine cannot (count '\S+'|record branches): /);
    assert.match(stderr, reason);
  });
}

for (const [flags, message] of [
  [['-e', 'page-fualts'], /^strata: unknown event 'page-fualts'/],
  [['-e', 'sched:no_such'], /^strata: unknown tracepoint 'no_such' of 'sched'/],
  [['-e', 'cpu-clock:z'], /^strata: .*cpu-clock:z/],
  [['-e', 'page-faults', '--filter', 'a == 1'], /no tracepoint/],
  [['-F', '99', '-c', '10'], /exclude each other/],
  [['-j', 'all'], /unknown kind of branch 'all'/],
] as const) {
  test(`record ${flags.join(' ')} is refused`, async () => {
    const { code, stderr } = await strata(['record', ...flags, 'true'], { cwd: workplace.folder });
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  });
}

test('--no-inherit records the command’s first thread alone', async (t) => {
  const recorded = await record(t, '-i', '-c', '1', '-e', `${GETPPID},page-faults:u`);
  if (recorded === undefined) return;
  // It is its thread and its child that make the calls.
  assert.equal(recorded.of(GETPPID).length, 0);
  assert.ok(recorded.of('page-faults:u').length > PAGES);
  assert.equal(new Set(recorded.samples.map(({ ids }) => ids)).size, 1);
});
