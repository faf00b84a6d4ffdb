import assert from 'node:assert/strict';
import test, { describe } from 'node:test';

import { FormatError } from '../../base/errors.js';
import { MemorySource } from '../../base/source.js';
import { formatAddress } from '../../base/units.js';
import { readFixture } from '../../testing/fixtures.js';
import { parseFrame, parseSourceLine } from './frame.js';
import { LineReader, MAX_LINE } from './lines.js';
import { ScriptReader } from './reader.js';
import { isPerfScript } from './sniff.js';

/** A sample in one line, as tests compare it. */
function drawn(reader: ScriptReader): string {
  const { comm, event, pid, tid, cpu, time, period, length, frames, sourceLines } = reader.sample;
  const stack = Array.from({ length }, (_, i) => {
    const frame = reader.frame(frames[i]);
    const source = reader.sourceLine(sourceLines[i]);
    const where = frame?.inlined ? 'inlined' : (frame?.dso ?? '?');
    const line = source === undefined ? '' : ` ${source.file}:${source.line}`;
    return `${formatAddress(frame?.address ?? 0)} ${frame?.symbol ?? '?'} in ${where}${line}`;
  });
  const head = [`${pid}/${tid}`, cpu, time, period, reader.events.text(event) || '?'].join(' ');
  return `<${reader.comms.text(comm)}> ${head}${stack.map((one) => `; ${one}`).join('')}`;
}

function read(text: string | Uint8Array): { samples: string[]; reader: ScriptReader } {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const reader = new ScriptReader(new MemorySource(bytes));
  const samples: string[] = [];
  while (reader.next()) samples.push(drawn(reader));
  return { samples, reader };
}

/** Heads of samples, each followed by a stack of one frame. */
const HEADS: readonly (readonly [line: string, expected: string])[] = [
  ['java 25607 4794564.109216: cycles:', '<java> -1/25607 -1 4794564109216000 NaN cycles'],
  [
    'java 12688 [002] 6544038.708352: cpu-clock: ',
    '<java> -1/12688 2 6544038708352000 NaN cpu-clock',
  ],
  [
    'V8 WorkerThread 25607 4794564.109216: cycles:',
    '<V8 WorkerThread> -1/25607 -1 4794564109216000 NaN cycles',
  ],
  [
    'V8 WorkerThread 24636/25607 [000] 94564.109216: cycles:',
    '<V8 WorkerThread> 24636/25607 0 94564109216000 NaN cycles',
  ],
  [
    'vote   913    72.176760:     257597 cycles:uppp:',
    '<vote> -1/913 -1 72176760000 257597 cycles:uppp',
  ],
  [
    'swapper     0 [000] 158665.570607: cpu-clock: ',
    '<swapper> -1/0 0 158665570607000 NaN cpu-clock',
  ],
  [
    'foo bar 3  1234 [003] 12.345678: 100010 cycles:',
    '<foo bar 3> -1/1234 3 12345678000 100010 cycles',
  ],
  ['foo bar 3 1234 12.345678: 100010 cycles:', '<foo bar 3> -1/1234 -1 12345678000 100010 cycles'],
  ['foo 3 1234/1235 cycles:', '<foo 3> 1234/1235 -1 NaN NaN cycles'],
  ['foo 3 1234 100 cycles:', '<foo 3> -1/1234 -1 NaN 100 cycles'],
  [
    'kworker/0:1H-ev  7 [001] 1.000000001: 5 cycles:k:',
    '<kworker/0:1H-ev> -1/7 1 1000000001 5 cycles:k',
  ],
  ['(sd-pam) [x]: 7 [001] 1.000001: 5 cycles:', '<(sd-pam) [x]:> -1/7 1 1000001000 5 cycles'],
  ['12 34 56 [000] 1.000001: 5 cycles:', '<12 34> -1/56 0 1000001000 5 cycles'],
  ['[003] 9 [000] 1.000001: 5 cycles:', '<[003]> -1/9 0 1000001000 5 cycles'],
  ['#weird 9 [000] 1.000001: 5 cycles:', '<#weird> -1/9 0 1000001000 5 cycles'],
  [':-1    -1/-1    [000] 1.000001: 5 cycles:', '<:-1> -1/-1 0 1000001000 5 cycles'],
  [':-2    -2/-2    [000] 1.000001: 5 cycles:', '<:-2> -2/-2 0 1000001000 5 cycles'],
  ['perf 1 [-01] 1.000001: 5 cycles:', '<perf> -1/1 -1 1000001000 5 cycles'],
  ['perf 1/2 [000] U     1.000001: 5 cycles:', '<perf> 1/2 0 1000001000 5 cycles'],
  ['perf 1 2021-05-20 10:11:12.123456 1.000001: 5 cycles:', '<perf> -1/1 -1 1000001000 5 cycles'],
  [
    'perf 1 1.000001: 9007199254740991 cycles:',
    '<perf> -1/1 -1 1000001000 9007199254740991 cycles',
  ],
  [
    'perf 1 1.000001: 7 cpu/name=my event,umask=0x1/u:',
    '<perf> -1/1 -1 1000001000 7 cpu/name=my event,umask=0x1/u',
  ],
  ['perf 1 1.000001: 7 cpu_core/cycles/:', '<perf> -1/1 -1 1000001000 7 cpu_core/cycles/'],
  [
    'perf 1 1.000001: 1 sched:sched_switch: prev_comm=a b ==> next_comm=c (d)',
    '<perf> -1/1 -1 1000001000 1 sched:sched_switch',
  ],
  ['perf 1 1.000001:', '<perf> -1/1 -1 1000001000 NaN ?'],
  ['perf 1 1.000001: 17', '<perf> -1/1 -1 1000001000 17 ?'],
  ['1 [000] 1.000001: 5 cycles:', '<> -1/1 0 1000001000 5 cycles'],
  ['perf 1', '<perf> -1/1 -1 NaN NaN ?'],
  ['> perf 1 1.000001: 5 cycles:', '<perf> -1/1 -1 1000001000 5 cycles'],
];

describe('heads of samples', () => {
  for (const [line, expected] of HEADS) {
    test(line, () => {
      const stack = '\t    7f00 f+0x1 (/x)\n\n';
      assert.deepEqual(read(`${line}\n${stack}`).samples, [`${expected}; 7f00 f in /x`]);
      // Between others, without blank lines, with carriage returns, and without an end.
      const { samples } = read(
        `\t\t ${line}\r\n${stack}a 1 [000] 1.000001: 5 cycles: 7f01 g (/y)\n${line}\n${stack.trim()}`,
      );
      assert.deepEqual(samples.at(-1), `${expected}; 7f00 f in /x`);
      assert.equal(samples.length, 3);
    });
  }
});

const FRAMES: readonly (readonly [
  line: string,
  symbol: string | undefined,
  dso: string | undefined,
])[] = [
  [
    'ffffffff8103ce3b native_safe_halt ([kernel.kallsyms])',
    'native_safe_halt',
    '[kernel.kallsyms]',
  ],
  ['7f53389994d0 [unknown] ([unknown])', undefined, undefined],
  [
    '7f1e2215d058  (/lib/x86_64-linux-gnu/libc-2.15.so)',
    undefined,
    '/lib/x86_64-linux-gnu/libc-2.15.so',
  ],
  ['7f1e2215d058 (/lib/libc.so)', undefined, '/lib/libc.so'],
  ['7f1e2215d058', undefined, undefined],
  ['55d0 main+0x1f', 'main', undefined],
  [
    '55d0 std::vector<int, std::allocator<int> >::push_back(int const&)+0x1f (/opt/my app/b (1))',
    'std::vector<int, std::allocator<int> >::push_back(int const&)',
    '/opt/my app/b (1)',
  ],
  ['55d0 foo(int (*)(char)) (/x.so (deleted))', 'foo(int (*)(char))', '/x.so (deleted)'],
  ['55d0 (anonymous namespace)::f() (/x)', '(anonymous namespace)::f()', '/x'],
  ['55d0 operator() (/x)', 'operator()', '/x'],
  ['55d0 [unknown] (/tmp/a)b.so)', undefined, '/tmp/a)b.so'],
  [
    '7f72 Ljava/io/PrintStream;::print (/tmp/perf-19982.map)',
    'Ljava/io/PrintStream;::print',
    '/tmp/perf-19982.map',
  ],
  ['13a80b608e0a RegExp:[&<>"\'] (/tmp/perf-7539.map)', 'RegExp:[&<>"\']', '/tmp/perf-7539.map'],
  ['7f00 py::f:/a (b)/c d.py+0xa (/tmp/perf-1.map)', 'py::f:/a (b)/c d.py', '/tmp/perf-1.map'],
  ['4a net/http.(*Client).Do+0x3 (/bin/go)', 'net/http.(*Client).Do', '/bin/go'],
  [
    '4a cpu_startup_entry+0x800047c022ec ([kernel.kallsyms])',
    'cpu_startup_entry',
    '[kernel.kallsyms]',
  ],
  ['4a a+0x1+0x2 (/x+0x1234)', 'a+0x1', '/x'],
  ['4a f+0x (/x)', 'f+0x', '/x'],
];

describe('frames', () => {
  for (const [line, symbol, dso] of FRAMES) {
    test(line, () => {
      const frame = parseFrame(`\t   ${line} `);
      assert.deepEqual([frame?.symbol, frame?.dso, frame?.inlined], [symbol, dso, false]);
    });
  }
  test('inlined ones, and what is none', () => {
    assert.deepEqual(parseFrame('55d0 f(int)+0x3 (inlined)'), {
      address: 0x55d0,
      symbol: 'f(int)',
      dso: undefined,
      inlined: true,
    });
    assert.equal(parseFrame('ffffffff81000000 f')?.address, -0x7f000000);
    for (const line of ['', 'THIS_IS_A_WEIRD_LINE', '0x55d0 f (/x)', '12345678901234567 f (/x)']) {
      assert.equal(parseFrame(line), undefined);
    }
  });
  test('source lines', () => {
    assert.deepEqual(parseSourceLine('  a b.c:12'), { file: 'a b.c', line: 12, inlined: false });
    assert.deepEqual(parseSourceLine('  a.c:12 (inlined)'), {
      file: 'a.c',
      line: 12,
      inlined: true,
    });
    assert.equal(parseSourceLine('x.h:7 (discriminator 3)')?.line, 7);
    for (const text of ['main+27', 'libc.so.6[2724a]', ':0', '??:0']) {
      assert.equal(parseSourceLine(text)?.line, -1);
    }
    assert.equal(parseSourceLine('some words'), undefined);
  });
});

test('samples on one line: their frame is found among the other fields', () => {
  const head = 'a 1 [000] 1.000001: 5';
  const frames = [
    'cycles:      7fa68b1f2d84 _dl_start+0x4 (/usr/lib/ld-2.31.so)',
    'cycles:u:  ffffffff9b201293 [unknown] ([unknown])',
    'page-faults:     7ffd00001000     55d0c2a1b2c3 main+0x3 (/bin/x)',
    'page-faults:     7ffd00001000 ffffffff81000001 add+0x3 ([kernel.kallsyms])',
    'cycles:   55d0c2a1b2c3 add (/bin/x)',
    'branches:   call    55d0c2a1b2c3 main+0x3 (/bin/x) =>     7f5338999000 puts+0x0 (/libc)',
    's:s_switch: prev_comm=x (y) ==> next_comm=z ffffffff81001000 __schedule+0x1 ([kernel.kallsyms])',
    's:s_wakeup: comm=a pid=12 (b)',
    'cycles:   55d0c2a1b2c3',
    'cycles:   55d0c2a1b2c3 f+0x1 (/bin/x) 0x1/0x2/P/-/-/0',
  ];
  assert.deepEqual(
    read(frames.map((frame) => `${head} ${frame}\n`).join('')).samples.map(
      (one) => one.split('; ')[1],
    ),
    [
      '7fa68b1f2d84 _dl_start in /usr/lib/ld-2.31.so',
      'ffffffff9b201293 ? in ?',
      '55d0c2a1b2c3 main in /bin/x',
      'ffffffff81000001 add in [kernel.kallsyms]',
      '55d0c2a1b2c3 add in /bin/x',
      '55d0c2a1b2c3 main in /bin/x',
      'ffffffff81001000 __schedule in [kernel.kallsyms]',
      undefined,
      '55d0c2a1b2c3 ? in ?',
      '55d0c2a1b2c3 f in /bin/x',
    ],
  );
});

test('what people paste around samples is passed over, and counted where it says something', () => {
  const { samples, reader } = read(readFixture('perfscript/pasted.txt'));
  assert.deepEqual(samples, [
    '<V8 WorkerThread> 25607/25610 3 4794564109216000 250000 cycles:u; ' +
      '7f722d142778 Ljava/io/PrintStream;::print in /tmp/perf-19982.map; ' +
      '7f722d100000 ? in /usr/lib/libjvm (copy).so (deleted); 0 ? in ?',
    '<foo bar 3> -1/1234 1 4794564209216000 NaN cycles:u; ' +
      'ffffffff8103ce3b native_safe_halt in [kernel.kallsyms]; ' +
      '55d0c2a1 std::vector<int, std::allocator<int> >::push_back(int const&) in /opt/my app/bin',
  ]);
  assert.equal(reader.notUnderstood, 2);
  assert.equal(reader.hostname, 'build7');
  assert.equal(reader.commandLine, '/usr/bin/perf record -g -- java -jar app.jar');
});

test('records between samples are counted; a stack pasted with blank lines is whole', () => {
  const { samples, reader } = read(
    [
      'swapper     0     0.000000: PERF_RECORD_MMAP -1/0: [0xffffffff81000000(0x12) @ 0]: x [kernel]',
      'perf-exec     0     0.000000: PERF_RECORD_COMM: perf-exec:21812/21812',
      'a 7 [000] 1.000001: 5 cycles:',
      '',
      '  7f00 f+0x1 (/x)',
      '',
      '  7f01 \xff\xfe+0x1 (/x)',
      'a 7 [000] 1.000002: PERF_RECORD_FORK(1:2):(3:4)',
    ].join('\n'),
  );
  assert.equal(samples.length, 1);
  assert.match(samples[0], /7f00 f in \/x; 7f01 ÿþ in \/x$/);
  assert.deepEqual([reader.records, reader.notUnderstood], [3, 0]);
});

test('text that is not UTF-8 is read, and equal lines are one', () => {
  const line = Buffer.from('\t 7f00 caf\xe9+0x1 (/x)\n', 'latin1');
  const head = Buffer.from('na\xefve 1 [000] 1.000001: 5 cycles:\n', 'latin1');
  const { samples, reader } = read(Buffer.concat([head, line, head, line]));
  assert.equal(samples[0], '<na\ufffdve> -1/1 0 1000001000 5 cycles; 7f00 caf\ufffd in /x');
  assert.equal(samples[1], samples[0]);
  assert.equal(reader.lineCount, 1);
});

test('lines are the same whatever the chunks, and too long ones are passed over', () => {
  const long = 'x'.repeat(MAX_LINE + 1);
  const text = Buffer.from(`one\r\n\n${long}\nthree\n${long}${long}\nlast`);
  for (const chunk of [7, 8, 9, 64, MAX_LINE, MAX_LINE * 2, 1 << 20]) {
    const lines = new LineReader(new MemorySource(text), chunk);
    const found: string[] = [];
    while (lines.next()) {
      found.push(Buffer.from(lines.bytes.subarray(lines.start, lines.end)).toString());
      assert.equal(
        text.toString('latin1', lines.offset, lines.offset + found.at(-1)!.length),
        found.at(-1),
      );
    }
    assert.deepEqual(found, ['one', '', 'three', 'last'], `chunks of ${chunk}`);
    assert.equal(lines.overlong, 2);
  }
});

test('a text cut anywhere gives the samples before the cut', () => {
  const bytes = readFixture('perfscript/inline.txt');
  const whole = read(bytes).samples;
  let last = 0;
  for (let length = 0; length <= bytes.length; length++) {
    const { samples } = read(bytes.subarray(0, length));
    assert.ok(samples.length >= last || samples.length === last - 1, `${length} bytes`);
    // All but the last, which may be cut, are whole.
    assert.deepEqual(samples.slice(0, -1), whole.slice(0, Math.max(0, samples.length - 1)));
    last = samples.length;
  }
  assert.equal(last, whole.length);
});

test('is told from other texts by its first kilobytes', () => {
  for (const name of ['python', 'inline', 'tracepoint', 'lines', 'pasted']) {
    const bytes = readFixture(`perfscript/${name}.txt`);
    assert.ok(isPerfScript(bytes), name);
    assert.ok(isPerfScript(bytes.subarray(0, 1024)), name);
  }
  const others = [
    '',
    'main;work;leaf 12\nmain;work 3\n',
    '{"version":"1"}',
    'PERFILE2\0\0\0',
    '          <idle>-0     [001] d..1  4342.324896: sched_switch: prev_comm=swapper/1\n',
    'Nov 21 18:40:01 host kernel: [12.345678] usb 1-1: new device number 3\n',
    '1234 1613472000.123456 read(3, "", 10) = 0\n',
    'some 12 words: and\nmore 3 words:\n',
    '# a readme\n\nIt takes 12 seconds: too long.\n',
  ];
  for (const text of others) assert.equal(isPerfScript(Buffer.from(text)), false, text);
});

test('the error says what was found instead', () => {
  const { reader } = read('once upon a time\n');
  assert.ok(reader.nothingFound() instanceof FormatError);
  assert.match(reader.nothingFound().message, /found once upon a time/);
});
