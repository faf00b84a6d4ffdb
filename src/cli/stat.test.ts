/** Runs of `strata stat`: against what programs know of themselves, and against `perf stat`. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { steadyTest } from '../testing/again.js';
import { run, strata, STRATA } from '../testing/cli.js';
import { needsPerf } from '../testing/perf.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';
import { byEvent, count, fields, GETPPID, needsTracepoints, perfCount } from '../testing/stat.js';

steadyTest('a program that knows its own figures', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const program = `
import resource, time
for _ in range(25): time.sleep(0.001)
end = time.process_time() + 0.2
while time.process_time() < end: pass
pages = bytearray(8 << 20)
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_nvcsw + usage.ru_nivcsw, usage.ru_minflt + usage.ru_majflt, time.process_time() * 1e3)
`;
  const { counts, done } = await count('cs,faults,task-clock', [python.path, '-c', program]);
  const [switches, faults, milliseconds] = done.stdout.split(' ').map(Number);
  assert.equal(done.code, 0);
  assert.ok(switches >= 25);
  // Since the exec, not the fork; and a little more until the end.
  assert.ok(Math.abs(counts['cs'] - switches) <= 5, `${counts['cs']} switches of ${switches}`);
  assert.ok(Math.abs(counts['faults'] - faults) <= 300, `${counts['faults']} faults of ${faults}`);
  assert.ok(counts['faults'] > 2048);
  const clock = counts['task-clock'];
  assert.ok(
    clock > milliseconds * 0.9 && clock < milliseconds * 1.1 + 30,
    `${clock} of ${milliseconds} ms`,
  );
});

steadyTest('perf stat counts the same', async (t) => {
  if (!needsPerf(t) || !needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const program = `
import os, time
for _ in range(1234): os.getppid()
for _ in range(20): time.sleep(0.001)
end = time.process_time() + 0.15
while time.process_time() < end: pass
`;
  const events = `task-clock,page-faults,context-switches,${GETPPID},msr/tsc/`;
  const command = [python.path, '-I', '-S', '-c', program];
  const { counts } = await count(events, command);
  const perf = perfCount(events, command);
  assert.equal(counts[GETPPID], 1234);
  assert.equal(perf[GETPPID], 1234);
  const ratio = (event: string): number => counts[event] / perf[event];
  assert.ok(Math.abs(ratio('page-faults') - 1) < 0.05, `page faults: ${ratio('page-faults')}`);
  assert.ok(ratio('task-clock') > 0.7 && ratio('task-clock') < 1.4, `${ratio('task-clock')}`);
  for (const one of [counts, perf]) assert.ok(one['context-switches'] >= 20);
  if (perf['msr/tsc/'] > 0) {
    // The counter's own speed, whatever the machine was doing.
    const speed = (one: Record<string, number>): number => one['msr/tsc/'] / one['task-clock'];
    assert.ok(Math.abs(speed(counts) / speed(perf) - 1) < 0.05);
  }
});

steadyTest('a small program’s page faults are perf’s, run for run', async (t) => {
  if (!needsPerf(t)) return;
  const { counts } = await count('page-faults', ['true'], ['-r', '10']);
  const perf = perfCount('page-faults', ['true'], ['-r', '10']);
  assert.ok(Math.abs(counts['page-faults'] - perf['page-faults']) <= 8);
});

test('every child of a tree of a thousand is counted', async (t) => {
  if (!needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const program = `
import os
def fork(count, work):
    children = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            work()
            os._exit(0)
        children.append(pid)
    for pid in children: os.waitpid(pid, 0)
def leaf(): os.getppid()
def branch():
    fork(49, leaf)
    leaf()
fork(20, branch)
leaf()
`;
  const command = [python.path, '-I', '-S', '-c', program];
  const { counts } = await count(GETPPID, command);
  assert.equal(counts[GETPPID], 1001);
  const { counts: alone } = await count(GETPPID, command, ['--no-inherit']);
  assert.equal(alone[GETPPID], 1);
});

test('all of two hundred threads are counted', async (t) => {
  if (!needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const program = `
import os, threading
def work():
    for _ in range(7): os.getppid()
threads = [threading.Thread(target=work) for _ in range(200)]
for thread in threads: thread.start()
for thread in threads: thread.join()
`;
  const { counts } = await count(GETPPID, [python.path, '-I', '-S', '-c', program]);
  assert.equal(counts[GETPPID], 1400);
});

test('CSV and JSON have the fields that perf prints', async (t) => {
  if (!needsPerf(t)) return;
  const forms = [
    ['-r', '2'],
    ['-a', '-A'],
    ['-a', '--per-core'],
    ['-I', '50', '--interval-count', '1'],
  ];
  const compare = async (form: readonly string[]): Promise<void> => {
    const ofBoth = async (format: string): Promise<[ours: string, perfs: string]> => {
      const argv = ['stat', format, ...form, '-e', 'task-clock,page-faults,cs', 'sleep', '0.1'];
      const [ours, perfs] = await Promise.all([strata(argv), run('perf', argv)]);
      return [ours.stderr, perfs.stderr];
    };
    const shape = (csv: string): string[] =>
      fields(csv).map(({ all }) => all.map(shapeOf).join(';'));
    const [csv, perfCsv] = await ofBoth('-x;');
    assert.deepEqual(shape(csv), shape(perfCsv), `-x ${form.join(' ')}`);
    const [json, perfJson] = await ofBoth('-j');
    assert.deepEqual(keysOf(json), keysOf(perfJson), `-j ${form.join(' ')}`);
  };
  await Promise.all(forms.map(compare));
});

/** Numbers by their digits after the point; a rate's unit follows the machine's speed. */
function shapeOf(field: string): string {
  if (/^-?[\d.]+%?$/.test(field.trim()))
    return field.trim().replace(/^\d+/, 'n').replace(/\d/g, '0');
  return field.replace(/^[KMG]?\/sec$/, '/sec');
}

function keysOf(json: string): string[][] {
  return json
    .trim()
    .split('\n')
    .map((line) => Object.keys(JSON.parse(line) as object));
}

test('repeated runs: the mean and its deviation, as computed from what each did', async (t) => {
  if (!needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const path = folder(t);
  // The first run calls once, the second twice, …
  const program = `
import os
with open('runs', 'a') as file: file.write('x')
for _ in range(os.path.getsize('runs')): os.getppid()
`;
  const { stderr, stdout, code } = await strata(
    ['stat', '-r', '5', '-x;', '-e', GETPPID, python.path, '-I', '-S', '-c', program],
    { cwd: path },
  );
  assert.deepEqual([code, stdout], [0, '']);
  const [{ value, all }] = fields(stderr);
  assert.deepEqual([value, all[3]], ['3', '23.57%']); // √(2.5 / 5) of 3
  assert.equal(readFileSync(join(path, 'runs'), 'utf8').length, 5);
});

test('intervals add up to the whole', async (t) => {
  if (!needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const program = `
import os, time
for i in range(8):
    for _ in range(100 + i): os.getppid()
    time.sleep(0.05)
`;
  const command = [python.path, '-I', '-S', '-c', program];
  const events = `${GETPPID},task-clock,page-faults`;
  const { stderr } = await strata([
    'stat',
    '-I',
    '60',
    '--summary',
    '-x;',
    '-e',
    events,
    ...command,
  ]);
  const lines = stderr.split('\n');
  const intervals = fields(lines.filter((line) => line.startsWith(' ')).join('\n'), 1);
  const whole = byEvent(lines.filter((line) => !line.startsWith(' ')).join('\n'));
  assert.ok(intervals.length >= 3 * 3, `${intervals.length / 3} intervals`);
  for (const [event, total] of Object.entries(whole)) {
    const own = intervals.filter((one) => one.event === event);
    const sum = own.reduce((all, { value }) => all + Number(value), 0);
    // Milliseconds are rounded in each.
    assert.ok(Math.abs(sum - total) <= (event === 'task-clock' ? 0.01 * own.length : 0), event);
  }
  assert.equal(whole[GETPPID], 828);
  const times = intervals.map(({ all }) => Number(all[0]));
  assert.ok(times.every((time, i) => i === 0 || time >= times[i - 1]));

  const two = await strata([
    'stat',
    '-I',
    '20',
    '--interval-count',
    '2',
    '-x;',
    '-e',
    events,
    ...command,
  ]);
  assert.equal(fields(two.stderr).length, 2 * 3);
});

test('what cannot be counted is said: in its place where it was asked for, else in a line', async (t) => {
  const probe = await strata(['stat', '-e', 'cycles', 'true']);
  if (!probe.stderr.includes('<not supported>')) {
    t.skip('this machine has hardware counters');
    return;
  }
  assert.match(probe.stderr, /<not supported> +cycles\n/);
  const usual = await strata(['stat', 'true']);
  assert.doesNotMatch(usual.stderr, /<not/);
  assert.match(
    usual.stderr,
    /not counted: cycles, instructions, branches, branch-misses; this machine/,
  );
  const grouped = await count('{cycles,faults},{faults,cs}', ['true']);
  assert.ok(grouped.counts['faults'] > 10);
});

test('the exit code and the output are the command’s', async (t) => {
  const path = folder(t);
  const out = join(path, 'counts');
  const codes = async (...argv: string[]): Promise<number> =>
    (await strata(['stat', '-o', out, '-e', 'faults', ...argv])).code;
  assert.equal(await codes('sh', '-c', 'exit 3'), 3);
  assert.equal(await codes('sh', '-c', 'kill -TERM $$'), 143);
  assert.equal(await codes('--timeout', '100', 'sleep', '20'), 143);
  assert.equal(await codes('no-such-program'), 127);
  assert.equal(await codes('--per-thread', 'true'), 2);
  assert.equal(await codes('-p', '999999999'), 1);

  const { stdout, stderr } = await strata([
    'stat',
    '-o',
    out,
    '-e',
    'faults',
    'sh',
    '-c',
    'echo out; echo err >&2',
  ]);
  assert.deepEqual([stdout, stderr], ['out\n', 'err\n']);
  await strata(['stat', '-o', out, '--append', '-e', 'cs', 'true']);
  const text = readFileSync(out, 'utf8');
  assert.match(
    text,
    /^# started on \w+ \w+ +\d+ .* \d{4}\n\n\n Performance counter stats for 'sh -c/,
  );
  assert.match(text, / faults[^]*# started on[^]* cs\n/);
});

test('counting begins after a delay, and not before', async (t) => {
  if (!needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  // A child of before the delay counts, too.
  const program = `
import os, time
child = os.fork()
for _ in range(50): os.getppid()
time.sleep(0.8)
for _ in range(3): os.getppid()
if child: os.wait()
`;
  const [{ counts }, { done }] = await Promise.all([
    count(GETPPID, [python.path, '-I', '-S', '-c', program], ['-D', '400']),
    count('faults', ['true'], ['-D', '60000']),
  ]);
  assert.equal(counts[GETPPID], 6);
  assert.deepEqual(
    fields(done.stderr).map(({ value }) => value),
    ['<not counted>'],
  );
});

test('a filter counts only what it lets through', async (t) => {
  if (!needsTracepoints(t)) return;
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const program = 'import os\nfor fd in range(90, 99):\n try: os.close(fd)\n except OSError: pass';
  const argv = [
    'stat',
    '-x;',
    '-e',
    'syscalls:sys_enter_close',
    '--filter',
    'fd >= 93 && fd < 98',
    '--filter',
    'fd != 95',
  ];
  const { stderr } = await strata([...argv, python.path, '-I', '-S', '-c', program]);
  assert.equal(byEvent(stderr)['syscalls:sys_enter_close'], 4);
  const wrong = await strata(['stat', '-e', GETPPID, '--filter', 'nosuch == 1', 'true']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /does not understand the filter \(nosuch == 1\)/);
  assert.match(wrong.stderr, /its fields are: __syscall_nr/);
});

test('PMUs that count whole CPUs do so on the CPUs that they name', async (t) => {
  const { counts, done } = await count('power/energy-psys/,{power/energy-psys/,faults}', ['true']);
  if (done.code === 2) {
    skipOrFail(t, 'power/energy-psys/', 'no such PMU');
    return;
  }
  assert.ok(counts['faults'] > 10);
  const psys = fields(done.stderr).filter(({ event }) => event === 'power/energy-psys/');
  assert.deepEqual(
    psys.map(({ unit }) => unit),
    ['Joules', 'Joules'],
  );
  assert.ok(psys.every(({ value }) => /^\d+\.\d\d$/.test(value)));
  const { stderr } = await strata(['stat', '-e', 'power/energy-psys/', 'true']);
  assert.match(stderr, /counted for the whole machine/);
});

test('an ordinary user counts user space, or is told why not', async (t) => {
  const paranoid = Number(readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8'));
  if (process.getuid?.() !== 0 || paranoid !== 2) {
    t.skip('needs root, to be someone else, and kernel.perf_event_paranoid at 2');
    return;
  }
  const asNobody = [
    '--reuid',
    '65534',
    '--regid',
    '65534',
    '--clear-groups',
    process.execPath,
    STRATA,
    'stat',
  ];
  const usual = await run('setpriv', [...asNobody, 'true']);
  assert.equal(usual.code, 0);
  assert.match(usual.stderr, / task-clock:u .*\n +\d+ +page-faults:u /);
  // They would always be 0.
  assert.doesNotMatch(usual.stderr, /\d +context-switches/);
  assert.match(
    usual.stderr,
    /only user space is counted .* is 2, without context-switches, cpu-migrations/,
  );
  const asked = await run('setpriv', [...asNobody, '-x;', '-e', 'cs,cs:u,faults:u', 'true']);
  assert.deepEqual(
    fields(asked.stderr).map(
      ({ event, value }) => `${event} ${Number(value) > 10 ? 'many' : value}`,
    ),
    ['cs:u <not counted>', 'cs:u 0', 'faults:u many'],
  );
  const all = await run('setpriv', [...asNobody, '-a', 'true']);
  assert.equal(all.code, 1);
  assert.match(all.stderr, /perf_event_paranoid is 2/);
});

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-stat-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
