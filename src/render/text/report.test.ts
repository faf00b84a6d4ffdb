import assert from 'node:assert/strict';
import { test } from 'node:test';

import { filterSamples } from '../../profile/selection/filter.js';
import type { Profile } from '../../profile/profile.js';
import type { SortKey } from '../../profile/report/sort-keys.js';
import { drawProfile } from '../../testing/drawn.js';
import { writeReport, type ReportOptions } from './report.js';

function report(profile: Profile, options: ReportOptions = {}): string {
  let text = '';
  writeReport(profile, { samples: true, ...options }, (part) => (text += part));
  return text;
}

/** Of one command, with recursion, a kernel frame and a lone branch below the limit. */
const PICTURE = `
  weight:600         weight:250         weight:100         weight:46          weight:4
  _start[libc.so.6]  _start[libc.so.6]  _start[libc.so.6]  _start[libc.so.6]  _start[libc.so.6]
  main[a]            main[a]            main[a]            main[a]            main[a]
  run[a]             run[a]             leaf[a]            -                  leaf[a]
  leaf[a]            run[a]             -                  -                  tick[kernel]
  -                  leaf[a]
`;

test('rows and call graphs stand as perf report --stdio -n -g caller writes them', () => {
  const lines = report(drawProfile(PICTURE)).split('\n');
  const expected = `#
# Total Lost Samples: 0
#
# Samples: 5  of event 'cpu-clock'
# Event count (approx.): 1000
#
# Children      Self       Samples  Command  Shared Object  Symbol    ${''}
# ........  ........  ............  .......  .............  ..........
#
   100.00%     0.00%             0  app      libc.so.6      [.] _start
            |
            ---_start
               main
               |          ${''}
               |--85.00%--run
               |          |          ${''}
               |          |--60.00%--leaf
               |          |          ${''}
               |           --25.00%--run
               |                     leaf
               |          ${''}
                --10.40%--leaf

   100.00%     4.60%             1  app      a              [.] main
            |          ${''}
            |--95.40%--main
            |          |          ${''}
            |          |--85.00%--run
            |          |          |          ${''}
            |          |          |--60.00%--leaf
            |          |          |          ${''}
            |          |           --25.00%--run
            |          |                     leaf
            |          |          ${''}
            |           --10.40%--leaf
            |          ${''}
             --4.60%--_start
                       main

    95.40%    95.00%             3  app      a              [.] leaf
            |          ${''}
             --95.00%--_start
                       main
                       |          ${''}
                       |--85.00%--run
                       |          |          ${''}
                       |          |--60.00%--leaf
                       |          |          ${''}
                       |           --25.00%--run
                       |                     leaf
                       |          ${''}
                        --10.00%--leaf

    85.00%     0.00%             0  app      a              [.] run
            |
            ---run
               |          ${''}
               |--60.00%--leaf
               |          ${''}
                --25.00%--run
                          leaf

     0.40%     0.40%             1  app      [kernel]       [k] tick


`;
  assert.deepEqual(lines, expected.split('\n'));
});

test('without children rows are of leaves alone, callees first', () => {
  const text = report(drawProfile(PICTURE), { children: false, samples: false, percentLimit: 5 });
  const expected = `#
# Total Lost Samples: 0
#
# Samples: 5  of event 'cpu-clock'
# Event count (approx.): 1000
#
# Overhead  Command  Shared Object  Symbol  ${''}
# ........  .......  .............  ........
#
    95.00%  app      a              [.] leaf
            |
            ---leaf
               |          ${''}
               |--85.00%--run
               |          |          ${''}
               |          |--60.00%--main
               |          |          _start
               |          |          ${''}
               |           --25.00%--run
               |                     main
               |                     _start
               |          ${''}
                --10.00%--main
                          _start



`;
  assert.deepEqual(text.split('\n'), expected.split('\n'));
});

const INLINED = drawProfile(`
  weight:600               weight:300               weight:100
  main[a=/src/a.c]:9       main[a=/src/a.c]:9       main[a=/src/a.c]:8
  outer[a=/src/a.c]:4      outer[a=/src/a.c]:4      -
  +inner[a=/src/a.h]:2     +inner[a=/src/a.h]:3     -
`);

test('a sample in an inlined function is the one’s own that has its code, as with perf', () => {
  const rows = (options: ReportOptions): string[] =>
    report(INLINED, options)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  assert.deepEqual(rows({ chain: 'none', samples: false }), [
    '   100.00%    10.00%  app      a              [.] main',
    '    90.00%    90.00%  app      a              [.] outer',
    '    90.00%     0.00%  app      a              [.] inner (inlined)',
  ]);
  assert.deepEqual(rows({ children: false, samples: false }), [
    '    90.00%  app      a              [.] outer',
    '            |',
    '            ---inner (inlined)',
    '               outer',
    '               main',
    '    10.00%  app      a              [.] main',
    '            |',
    '            ---main',
  ]);
  assert.deepEqual(
    rows({ samples: false, chain: 'callee' }).slice(-8),
    [
      '    90.00%    90.00%  app      a              [.] outer',
      '            |',
      '            ---inner (inlined)',
      '               outer',
      '               main',
      '    90.00%     0.00%  app      a              [.] inner (inlined)',
      '            |',
      '            ---inner (inlined)',
      '               outer',
      '               main',
    ].slice(-8),
  );
});

test('rows by line are those of the innermost function, and the symbol has the code', () => {
  const rows = (fields: readonly SortKey[]): string[] =>
    report(INLINED, {
      children: false,
      chain: 'none',
      samples: false,
      sort: { fields, more: false },
    })
      .split('\n')
      .filter((line) => line !== '' && !/^#( [^O].*)?$/.test(line));
  assert.deepEqual(rows(['srcline', 'symbol']), [
    '# Overhead  Source:Line  Symbol   ',
    '    60.00%  a.h:2        [.] outer',
    '    30.00%  a.h:3        [.] outer',
    '    10.00%  a.c:8        [.] main',
  ]);
  assert.deepEqual(rows(['srcfile']), [
    '# Overhead  Source File',
    '    90.00%  a.h',
    '    10.00%  a.c',
  ]);
});

test('each event has its section; without call chains there are no children', () => {
  const profile = drawProfile(
    `
      event:cycles:u  event:cycles:u  event:faults
      weight:30       weight:10       weight:5
      comm:app        comm:my app     comm:app
      f[a]            f[a]            -
    `,
    { meta: { lost: 12 }, notes: [{ text: 'a.so is stripped', samples: 1 }] },
  );
  assert.equal(
    report(profile),
    `#
# Total Lost Samples: 12
#
# Samples: 2  of event 'cycles:u'
# Event count (approx.): 40
#
# Overhead       Samples  Command  Shared Object  Symbol
# ........  ............  .......  .............  ......
#
    75.00%             1  app      a              [.] f
    25.00%             1  my app   a              [.] f


# Samples: 1  of event 'faults'
# Event count (approx.): 5
#
# Overhead       Samples  Command  Shared Object  Symbol       ${''}
# ........  ............  .......  .............  .............
#
   100.00%             1  app      [unknown]      [.] [unknown]


# What this profile cannot tell:
# - a.so is stripped (1 sample)
`,
  );
});

test('large counts are rounded down as perf rounds them', () => {
  const columns = 1703;
  const profile = drawProfile(`${'f  '.repeat(columns)}\n`);
  assert.match(report(profile), /# Samples: 1K of event/);
});

test('a name cannot command the terminal', () => {
  const text = report(drawProfile('evil\x1b[2J'.replace('[', '(')));
  assert.ok(!text.includes('\x1b'));
  assert.match(text, /evil\\x1b/);
});

test('a profile without samples says so', () => {
  const empty = filterSamples(drawProfile('f'), { pids: [] });
  assert.equal(report(empty), '#\n# Total Lost Samples: 0\n#\n# No samples.\n');
});

test('a very long name is shown whole, and widens no row but its own', () => {
  const name = 'n'.repeat(10_000);
  const lines = report(drawProfile(`comm:${name}  comm:app\nf  f\n`)).split('\n');
  const [short, long] = ['app ', name].map((text) => lines.find((line) => line.includes(text)));
  assert.ok(short !== undefined && short.length < 200, short);
  assert.match(long ?? '', / {2}n{10000} {2}app +\[\.\] f$/);
  assert.ok(lines.every((line) => line === long || line.length < 200));
});
