import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';

import { FormatError } from '../base/errors.js';
import { MemorySource } from '../base/source.js';
import { LAYER_NAMES, Truncation, type Profile } from '../profile/profile.js';
import { readFixture } from '../testing/fixtures.js';
import { needsPerf, perfRecord } from '../testing/perf.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';
import { profileOf } from './load.js';
import { loadProfile } from './open.js';
import { profileOfScript } from './script-text.js';

const read = (text: string | Uint8Array): Profile =>
  profileOfScript(new MemorySource(typeof text === 'string' ? Buffer.from(text) : text));

/** A stack as a test compares it, outermost frame first: `name[layer in module]:inline depth`. */
function stackOf(profile: Profile, sample: number): string[] {
  const { samples, stacks, frames, functions, modules, strings } = profile;
  const lines: string[] = [];
  for (let stack = samples.stack[sample]; stack >= 0; stack = stacks.parent[stack]) {
    const frame = stacks.frame[stack];
    const func = frames.func[frame];
    const module = strings[modules.name[functions.module[func]]];
    const depth = frames.inlineDepth[frame];
    const source =
      frames.line[frame] < 0 ? '' : ` ${strings[frames.file[frame]]}:${frames.line[frame]}`;
    const name = `${'^'.repeat(depth)}${strings[functions.name[func]]}`;
    lines.unshift(`${name} [${LAYER_NAMES[functions.layer[func]]} ${module}]${source}`);
  }
  return lines;
}

/** Each sample: thread, time, weight, event, and the stack's names as both ways know them. */
function drawn(profile: Profile): string[] {
  const { samples, threads, strings, events } = profile;
  return Array.from({ length: samples.length }, (_, i) => {
    const thread = samples.thread[i];
    const stack = stackOf(profile, i).map((frame) =>
      // What has no name is called by its module, or by where it begins, only where modules can be read.
      frame.replace(/ \[\w+ .*$/, '').replace(/^(?:\[.*\]|.*\+0x[0-9a-f]+|.*@plt)$/, '[unknown]'),
    );
    const who = `${strings[samples.comm[i]]} ${threads.tid[thread]}`;
    const what = `${samples.time[i]} ${samples.weight[i]} ${events[samples.event[i]].name}`;
    return `${who} ${what} ${stack.join(';')}`;
  });
}

const notesOf = ({ notes }: Profile): string => notes.map(({ text }) => text).join('\n');

describe('perf script of the recordings in fixtures: the same samples', () => {
  for (const name of ['fp', 'dwarf', 'events', 'group', 'pipe', 'switch', 'tracepoint', 'zstd']) {
    test(name, () => {
      const nowhere = { symbols: { symfs: '/nonexistent', kallsyms: '/nonexistent' } };
      const bytes = readFixture(`perfdata/${name}.data`);
      const expected = profileOf(new MemorySource(bytes), nowhere);
      const found = read(readFixture(`perfdata/${name}.script`));
      const withoutStacks = (profile: Profile): string[] =>
        drawn(profile).map((line) => line.replace(/\S*$/, ''));
      assert.deepEqual(withoutStacks(found), withoutStacks(expected));
      // The text has its events in the order of their first samples.
      const eventsOf = ({ events }: Profile): string[] =>
        events.map(({ name, unit }) => `${name} ${unit}`).sort();
      assert.deepEqual(eventsOf(found), eventsOf(expected));
      if (name === 'fp' || name === 'zstd') {
        const depths = (profile: Profile): number[] =>
          Array.from({ length: profile.samples.length }, (_, i) => stackOf(profile, i).length);
        assert.deepEqual(depths(found), depths(expected));
      }
    });
  }
});

const PROGRAM = `
import json, threading, time
for _ in range(20): time.sleep(0.001)
def leaf(n): return json.dumps(sorted(range(n), key=lambda x: -x))
def outer():
    for _ in range(40): leaf(4000)
thread = threading.Thread(target=outer); thread.start(); thread.join()
outer()
`;

/** How `perf record` is called, and how many of a hundred stacks must be the same in both. */
const RECORDINGS: readonly (readonly [name: string, same: number, flags: readonly string[]])[] = [
  // Where the C library keeps no frame pointer, a word that is no return address may be a function's first byte,
  // by which perf names it; Strata looks at the call before it.
  ['frame pointers', 90, ['-F', '499', '-g']],
  ['several events, no call chains', 100, ['-e', 'cpu-clock:u', '-e', 'page-faults']],
  // perf loses its way at places where Strata does not, and the other way round.
  ['stack dumps', 80, ['-F', '499', '--call-graph', 'dwarf,16384']],
  ['tracepoints', 100, ['-e', 'sched:sched_switch', '-e', 'sched:sched_process_exit', '-g']],
];

describe('perf script of recordings made now: the same stacks and weights', () => {
  for (const [name, share, flags] of RECORDINGS) {
    test(name, (t) => {
      const recorded = record(t, flags);
      if (recorded === undefined) return;
      const { profile, text } = recorded;
      const [found, expected] = [drawn(read(text)), drawn(profile)];
      assert.equal(found.length, expected.length);
      assert.ok(found.length > 10, `${found.length} samples`);
      const same = found.filter((line, i) => line === expected[i]).length;
      const different = found.findIndex((line, i) => line !== expected[i]);
      assert.ok(
        100 * same >= share * found.length,
        `${same} of ${found.length} are the same; not\n${found[different]}\n${expected[different]}`,
      );
    });
  }
});

/** Records {@link PROGRAM}; skips the test where that cannot be. */
function record(
  t: TestContext,
  flags: readonly string[],
): { profile: Profile; text: Uint8Array } | undefined {
  // Interpreters whose map perf can read come from 3.12 on.
  const python = requirePython(t, [3, 12]);
  if (python === undefined || !needsPerf(t)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'strata-script-'));
  try {
    const program = join(folder, 'a program (1).py');
    const path = join(folder, 'perf.data');
    writeFileSync(program, PROGRAM);
    try {
      perfRecord(path, [
        ...flags,
        '--',
        python.path,
        ...(flags.includes('dwarf,16384') ? [] : ['-X', 'perf']),
        program,
      ]);
    } catch (error) {
      skipOrFail(t, 'perf', `cannot record ${flags.join(' ')}: ${String(error)}`);
      return undefined;
    }
    const text = execFileSync('perf', ['script', '-i', path, '--ns', '--no-inline'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
    });
    const profile = loadProfile(path, { inline: 'off' });
    for (const pid of profile.threads.pid) rmSync(`/tmp/perf-${pid}.map`, { force: true });
    return { profile, text };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('Python functions, the machinery around them, libraries and the kernel', () => {
  const profile = read(readFixture('perfscript/python.txt'));
  assert.equal(profile.meta.hostname, 'build7');
  assert.match(profile.meta.command, /^\/usr\/bin\/perf record .* -X perf app\.py$/);
  assert.deepEqual(profile.events, [{ name: 'cpu-clock:pppH', unit: 'ns' }]);
  const stack = stackOf(profile, 0);
  assert.deepEqual(
    stack.filter((frame) => frame.includes('[python ')),
    ['<module>', 'App.run', 'leaf', 'dumps', 'JSONEncoder.encode', 'JSONEncoder.iterencode'].map(
      (name) => `${name} [python [python]]`,
    ),
  );
  const { functions, strings } = profile;
  const leaf = functions.name.findIndex((name) => strings[name] === 'leaf');
  assert.equal(strings[functions.file[leaf]], '/home/user/app.py');
  assert.ok(stack.includes('_PyObject_MakeTpCall [interpreter python3.15]'));
});

test('layers of frames, by the files that they lie in', () => {
  const lines = [
    'ffffffff81000001 do_syscall_64+0x1 ([kernel.kallsyms])',
    'ffffffff81000002 early+0x1 ([kernel.kallsyms].init.text)',
    'ffffffffc0001000 nf_hook+0x1 ([nf_tables])',
    'ffffffffc0002000 ext4_read+0x1 (/lib/modules/6.1/kernel/fs/ext4/ext4-core.ko.xz)',
    '         8c3453 tcp_sendmsg (/lib/modules/4.3/build/vmlinux)',
    'ffffffffc0003000 bpf_prog_6deef_f+0x1 (bpf_prog_6deef_f)',
    'ffffffff81000003 [unknown] ([unknown])',
    'ffffffff81000004 kvm+0x1 ([guest.kernel.kallsyms.77])',
    '    7fff12345678 __vdso_time+0x1 ([vdso])',
    'ffffffffff600400 gettimeofday+0x1 ([vsyscall])',
    '    7f0000001000 _ZN2ns1fEv+0x1 (/usr/lib/libfoo.so.1 (deleted))',
    '    7f0000001001 malloc@@GLIBC_2.2.5+0x1 (/usr/lib/libc.so.6)',
    '    7f0000001001 malloc@plt+0x1 (/usr/bin/x)',
    '    7f0000001002 LazyCompile:*f app.js:1+0x1 (/tmp/perf-7.map)',
    '    7f0000001003 [unknown] (/tmp/perf-7.map)',
    '    7f0000001004 [unknown] (//anon)',
    '    7f0000001005 [unknown] (/usr/lib/libfoo.so.1)',
    '               0 [unknown] ([unknown])',
  ];
  const profile = read(`a 1/1 1.000001: 5 cycles:\n${lines.map((line) => `\t${line}\n`).join('')}`);
  assert.deepEqual(stackOf(profile, 0).reverse(), [
    'do_syscall_64 [kernel [kernel]]',
    'early [kernel [kernel]]',
    'nf_hook [kernel [nf_tables]]',
    'ext4_read [kernel [ext4_core]]',
    'tcp_sendmsg [kernel [kernel]]',
    'bpf_prog_6deef_f [kernel bpf_prog_6deef_f]',
    '[unknown] [kernel [kernel]]',
    'kvm [kernel [guest.kernel.kallsyms.77]]',
    '__vdso_time [native [vdso]]',
    'gettimeofday [native [vsyscall]]',
    'ns::f() [native libfoo.so.1 (deleted)]',
    'malloc [native libc.so.6]',
    'malloc@plt [native x]',
    'LazyCompile:*f app.js:1 [native [jit]]',
    '[unknown] [unknown [jit]]',
    '[unknown] [unknown [jit]]',
    '[unknown] [native libfoo.so.1]',
    '[unknown] [unknown [unknown]]',
  ]);
});

test('what stands beside a trampoline is machinery, whatever it is called', () => {
  const stack = (first: string, second: string): string[] =>
    stackOf(
      read(`a 1/1 1.000001: 5 cycles:\n 1 ${first} (/usr/bin/python3.12)\n 2 ${second}\n`),
      0,
    );
  const [trampoline, library] = ['py::f:/app.py+0xb (/tmp/perf-1.map)', 'main+0x1 (/usr/bin/x)'];
  assert.match(stack('dict_lookup+0x1', library)[1], /^dict_lookup \[native /);
  assert.match(stack('dict_lookup+0x1', trampoline)[1], /^dict_lookup \[interpreter /);
});

test('inlined functions have the depth and the place of what they are inlined into', () => {
  const text = [
    'a 1/1 1.000001: 5 cycles:',
    '\t 1010 inner+0x10 (inlined)',
    '  a.h:7 (inlined)',
    '\t 1010 middle+0x10 (inlined)',
    '\t 1010 outer+0x10 (/bin/x)',
    '  a.c:12',
    '\t 2020 alias+0x4 (inlined)',
    '\t 3030 main+0x4 (/bin/x)',
    '',
    'a 1/1 1.000002: 5 cycles:',
    '\t 1010 outer+0x10 (/bin/x)',
    '\t 3030 main+0x4 (/bin/x)',
  ];
  const profile = read(text.join('\n'));
  assert.deepEqual(stackOf(profile, 0), [
    'main [native x]',
    'alias [native [unknown]]', // perf's way to say that two names are one function's
    'outer [native x] a.c:12',
    '^middle [native x]',
    '^^inner [native x] a.h:7',
  ]);
  assert.deepEqual(stackOf(profile, 1), ['main [native x]', 'outer [native x]']);
  assert.deepEqual(stackOf(read(readFixture('perfscript/inline.txt')), 0).slice(-2), [
    'main [native work (1)] work.c:6',
    'work [native [unknown]] work.c:5',
  ]);
});

test('what the text does not say is told', () => {
  const profile = read(
    'a 1 [000] 1.000001: cycles:\n\t 7f00 f (/x)\n\nb 2 [001] 1.000002: cycles:\nnonsense\n\t 7f00 f (/x)\n',
  );
  assert.deepEqual([...profile.samples.weight], [1, 1]);
  assert.deepEqual([...profile.threads.pid], [1, 2]);
  assert.match(notesOf(profile), /1 line of the text could not be understood/);
  assert.match(notesOf(profile), /no periods .* each sample counts 1/);
  assert.match(notesOf(profile), /no process IDs/);
  const bare = read('a 1\n\t 7f00 f (/x)\n');
  assert.match(notesOf(bare), /no times/);
  assert.equal(bare.samples.time[0], 0);
});

test('a stack that is deeper than any is cut, and marked', () => {
  const profile = read(`a 1/1 1.000001: 5 cycles:\n${'\t 7f00 f (/x)\n'.repeat(9000)}`);
  assert.deepEqual([...profile.samples.truncation], [Truncation.TooDeep]);
  assert.equal(stackOf(profile, 0).length, 8192);
});

test('a text without samples is refused', () => {
  for (const text of ['', 'nothing here\n', '# hostname : x\n', '\n\n```\n']) {
    assert.throws(() => read(text), FormatError);
  }
});

test('cost grows with distinct stacks, not with samples', () => {
  const sample = (i: number): string =>
    `a 1/1 ${i}.000001: 5 cycles:\n\t 7f00 f (/x)\n\t 7f01 g (/x)\n\n`;
  const profile = read(Array.from({ length: 5000 }, (_, i) => sample(i)).join(''));
  assert.equal(profile.samples.length, 5000);
  assert.deepEqual([profile.stacks.length, profile.frames.length], [2, 2]);
});
