import assert from 'node:assert/strict';
import test, { describe } from 'node:test';

import { StrataError } from '../base/errors.js';
import type { Invocation } from './options/commands.js';
import type { FlamegraphOptions } from './options/flamegraph.js';
import type { RowChoice } from './options/report-rows.js';
import type { ReportOptions } from './options/report.js';
import type { TreeOptions } from './options/tree.js';
import { COMMANDS } from './options/commands.js';
import { parseCommandLine } from './program.js';
import { parseName } from '../profile/selection/names.js';
import { RECORD_OPTIONS } from '../testing/record-options.js';

const INPUT = { input: 'perf.data', symbols: {}, inline: 'auto' } as const;
const ROWS: RowChoice = {
  samples: false,
  period: false,
  utilization: false,
  children: true,
  hierarchy: false,
  excludeOther: false,
};
const REPORT: ReportOptions = {
  ...INPUT,
  selection: { view: 'full' },
  rows: ROWS,
  graph: {},
  percentLimit: 0,
};
const TREE: TreeOptions = {
  ...INPUT,
  selection: { leavesWaiting: true },
  format: 'text',
  output: '-',
  color: 'auto',
  all: false,
  mergeThreads: false,
  minPercent: 1,
};
const FLAMEGRAPH: FlamegraphOptions = {
  ...INPUT,
  selection: { leavesWaiting: true },
  output: 'flamegraph.svg',
  format: 'svg',
  inverted: false,
  width: 1200,
  minWidth: 0.1,
  colors: 'layer',
  sort: 'name',
  threads: false,
  chart: false,
  folded: { count: 'period', root: 'comm', annotate: { kernel: false, jit: false } },
};

/** Command line → what differs from the defaults. */
const UNDERSTOOD: readonly (readonly [line: string, invocation: Invocation])[] = [
  ...cases('record', RECORD_OPTIONS, {
    'python app.py': {},
    '-- python app.py': {},
    '-F 99 python app.py': { frequency: 99 },
    '-F99 python app.py': { frequency: 99 },
    '--freq=max python app.py': { frequency: 'max' },
    // From the command's first word on, every word is the command's.
    '-F 99 python -c x -o y --help': {
      frequency: 99,
      command: ['python', '-c', 'x', '-o', 'y', '--help'],
    },
    '-o x -- -strange --name': { output: 'x', command: ['-strange', '--name'] },
    'ls -- -l': { command: ['ls', '--', '-l'] },
    '-e cycles:u -e page-faults,cpu/event=0x3c,umask=1/ python app.py': {
      events: ['cycles:u', 'page-faults,cpu/event=0x3c,umask=1/'],
    },
    '-e sched:sched_switch --filter a==1 -e {a,b}:S -e x:y --filter b==2 python app.py': {
      events: ['sched:sched_switch', '{a,b}:S', 'x:y'],
      filters: [
        { text: 'a==1', after: 1 },
        { text: 'b==2', after: 3 },
      ],
    },
    '-p 12,13': { command: [], target: { kind: 'processes', pids: [12, 13] } },
    '-t 12 -i sleep 1': {
      command: ['sleep', '1'],
      target: { kind: 'threads', tids: [12] },
      inherit: false,
    },
    '-a sleep 1': { command: ['sleep', '1'], target: { kind: 'system' } },
    '-C 0,2-3': { command: [], target: { kind: 'system', cpus: [0, 2, 3] } },
    '-u nobody': { command: [], target: { kind: 'user', user: 'nobody' } },
    '-c 1000 -b -d --phys-data -W --off-cpu -T --sample-cpu python app.py': {
      period: 1000,
      branches: ['any'],
      data: true,
      physicalData: true,
      weight: true,
      offCpu: true,
    },
    '-j any_call,u --call-graph lbr python app.py': {
      branches: ['any_call', 'u'],
      callGraph: { kind: 'lbr' },
    },
    '-D 500 --control fifo:/a,/b python app.py': {
      delaySeconds: 0.5,
      control: { kind: 'given', commands: '/a', acknowledgements: '/b' },
    },
    '-D -1 --control fd:7 python app.py': {
      delaySeconds: -1,
      control: { kind: 'given', commands: 7 },
    },
    '--delay 2s --control signal python app.py': {
      delaySeconds: 2,
      control: { kind: 'signal' },
    },
    '--control program python app.py': { control: { kind: 'own' } },
    '--overwrite --switch-output signal python app.py': {
      overwrite: true,
      switchOutput: { on: 'signal' },
    },
    '--switch-output 100M --max-files 3 python app.py': {
      switchOutput: { on: { bytes: 104857600 }, maxFiles: 3 },
    },
    '--switch-output 5m --switch-max-files 3 python app.py': {
      switchOutput: { on: { seconds: 300 }, maxFiles: 3 },
    },
    '-m 128 python app.py': { bufferSize: { pages: 128 } },
    '--mmap-pages 64M python app.py': { bufferSize: { bytes: 67108864 } },
    '--python attach -p 1': {
      command: [],
      target: { kind: 'processes', pids: [1] },
      python: 'attach',
    },
    '--call-graph dwarf,16381 python app.py': { callGraph: { kind: 'dwarf', size: 16384 } },
    '--call-graph fp python app.py': { callGraph: { kind: 'fp' } },
    '--call-graph=none python app.py': { callGraph: { kind: 'none' } },
    '-g python app.py': {},
    '--duration 10 python app.py': { durationSeconds: 10 },
    '--duration 1.5 python app.py': { durationSeconds: 1.5 },
    '--duration 2m python app.py': { durationSeconds: 120 },
    '--duration 500ms python app.py': { durationSeconds: 0.5 },
    '--python off --keep-stacks -N -q python app.py': {
      python: 'off',
      keepStacks: true,
      buildIdCache: false,
      verbosity: -1,
    },
    '--no-buildid-cache -v python app.py': { buildIdCache: false, verbosity: 1 },
  }),
  ...cases('report', REPORT, {
    '--symfs /copy --symbol-dir a --symbol-dir b --kallsyms k -k v --perf-map-dir m --no-inline': {
      symbols: {
        symfs: '/copy',
        symfsLayout: 'hierarchy',
        symbolDirs: ['a', 'b'],
        kallsyms: 'k',
        vmlinux: 'v',
        perfMapDir: 'm',
      },
      inline: 'off',
    },
    '--symfs /a,b': { symbols: { symfs: '/a,b', symfsLayout: 'hierarchy' } },
    '--symfs /a,hierarchy': { symbols: { symfs: '/a', symfsLayout: 'hierarchy' } },
    '--symfs=/copy,flat --inline': {
      symbols: { symfs: '/copy', symfsLayout: 'flat' },
      inline: 'on',
    },
    '': {},
    '--stdio -i x.data -n --no-children': {
      input: 'x.data',
      form: 'stdio',
      rows: { ...ROWS, samples: true, children: false },
    },
    '--no-call-graph --percent-limit 2.5%': { graph: { type: 'none' }, percentLimit: 2.5 },
    '-g none': { graph: { type: 'none' } },
    '-g graph,2,callee': { graph: { type: 'graph', order: 'callee', limit: 2 } },
    '-g --children --view python': { selection: { view: 'python' } },
    '--pid 1,2 --tid 3 --comm python,x --event cycles': {
      selection: {
        view: 'full',
        pids: [1, 2],
        tids: [3],
        comms: ['python', 'x'],
        event: 'cycles',
      },
    },
    '-c python': { selection: { view: 'full', comms: ['python'] } },
    '--thread 7,main -C 0,2-3 --time 10%-20% --symbol a*,/b/i --module json --layer kernel --invert':
      {
        selection: {
          view: 'full',
          threads: ['7', 'main'],
          cpus: [0, 2, 3],
          times: { unit: 'share', spans: [{ start: 0.1, end: 0.2 }] },
          symbols: [parseName('a*'), /b/i],
          modules: ['json'],
          layers: [3],
          invert: true,
        },
        graph: { order: 'caller' },
      },
    '--exclude f(int,char),g --focus /x,y/': {
      selection: { view: 'full', excluded: ['f(int,char)', 'g'], focus: [/x,y/] },
    },
  }),
  ...cases('tree', TREE, {
    '': {},
    '--view native --all --merge --min-percent 0 --max-depth 3': {
      selection: { leavesWaiting: true, view: 'native' },
      all: true,
      mergeThreads: true,
      minPercent: 0,
      maxDepth: 3,
    },
  }),
  ...cases('flamegraph', FLAMEGRAPH, {
    '': {},
    '-o - --title T --inverted --width 800 --min-width 0.5% --threads --view full': {
      output: '-',
      title: 'T',
      inverted: true,
      width: 800,
      minWidth: '0.5%',
      threads: true,
      selection: { leavesWaiting: true, view: 'full' },
    },
  }),
];

describe('command lines that are understood', () => {
  for (const [line, invocation] of UNDERSTOOD) {
    test(`strata ${line}`, () => {
      assert.deepEqual(parseCommandLine(line.split(' ').filter(Boolean), '1.2.3'), invocation);
    });
  }
});

/** Command line → message and hint. */
const REFUSED: readonly (readonly [line: string, message: RegExp, hint: RegExp])[] = [
  ['', /^no command given$/, /^see: strata --help$/],
  ['tree --layer x', /^--layer 'x' is none of python, /, /^$/],
  ['tree --time x', /^--time 'x' is no span of time$/, /^times: START,STOP/],
  ['report --symbol /(/', /^--symbol '\/\(\/': '\(' is no regular expression: /, /^$/],
  ['recrod python', /^unknown command 'recrod'$/, /^did you mean record\?$/],
  ['help recrod', /^unknown command 'recrod'$/, /^did you mean record\?$/],
  ['recrod --help', /^unknown command 'recrod'$/, /^did you mean record\?$/],
  ['zzz', /^unknown command 'zzz'$/, /^see: strata --help$/],
  ['--verison', /^unknown option '--verison'$/, /^did you mean --version\?$/],
  ['report --no-childern', /^unknown option '--no-childern'$/, /^did you mean --no-children\?$/],
  ['report -Z', /^unknown option '-Z'$/, /^see: strata report --help$/],
  ['report a.data b.data', /^too many arguments for 'report'$/, /strata diff A B/],
  [
    'report -i a.data b.data',
    /^one recording is read, and two are named: a.data and b.data$/,
    /diff/,
  ],
  ['script perf.data', /^too many arguments for 'script'$/, /strata script -i FILE$/],
  ['report -s comm,nope', /^--sort 'comm,nope': 'nope' is no key$/, /^Keys: comm, pid/],
  ['report -s sybm', /^--sort 'sybm' is no key$/, /^did you mean sym\? Keys: comm/],
  ['report -F overhaed,comm', /'overhaed' is no key$/, /^did you mean overhead\?/],
  [
    'record -F fast ls',
    /'fast' is invalid: samples per second: 1 to 1000000, or max$/,
    /record --help/,
  ],
  ['record -F 0 ls', /'0' is invalid/, /record --help/],
  ['record -F', /^-F needs a value$/, /record --help/],
  ['record --call-graph lbrr ls', /'lbrr' is invalid: dwarf, fp, lbr or none/, /record --help/],
  [
    'record --filter a==1 ls',
    /it stands after the -e whose tracepoints it is for$/,
    /record --help/,
  ],
  ['record -p 1 -a', /^only one of -p, -t, -u and -a/, /one list/],
  ['record -p one', /'one' is invalid/, /record --help/],
  ['record --control fd:x ls', /'fd:x' is invalid/, /record --help/],
  ['record --switch-output 5 ls', /'5' is invalid: signal, a size/, /record --help/],
  ['record --max-files 5 ls', /^--max-files is for recordings/, /--switch-output 100M/],
  ['record -D soon ls', /^-D 'soon' is invalid: milliseconds/, /record --help/],
  ['record --call-graph dwarf,65536 ls', /up to 65528$/, /record --help/],
  ['record --duration 0 ls', /'0' is invalid: a duration above zero/, /record --help/],
  ['record --duration 5y ls', /'5y' is invalid/, /record --help/],
  ['record --python yes ls', /allowed choices are auto, off, attach$/, /record --help/],
  ['report --view all', /allowed choices are full, mixed, python, native$/, /report --help/],
  ['report --percent-limit 101', /'101' is invalid: a percentage from 0 to 100$/, /report --help/],
  ['report -g nonsense', /'nonsense' is invalid: none, graph, flat/, /report --help/],
  ['report --json --csv', /^--json and --csv exclude each other$/, /^give one of them$/],
  ['report --tui --stdio', /^--tui and --stdio exclude each other$/, /^give one of them$/],
  ['report --pid x', /'x' is invalid: numbers separated by commas$/, /report --help/],
  [
    'report --cpu 0-4000000000',
    /is invalid: numbers and ranges separated by commas/,
    /report --help/,
  ],
  ['report --cpu 0-99999,0-99999', /is invalid: at most 100000 numbers$/, /report --help/],
  ['stat -A ls', /^-A, --per-core and --per-socket are for whole CPUs/, /stat -a -A/],
  ['stat -o x --log-fd 3 ls', /^either --output or --log-fd/, /stat --help/],
  ['stat --append ls', /^--append needs a file/, /-o FILE/],
  ['time -a ls', /^--append needs a file/, /-o FILE/],
  ['doctor -r 3', /^--repeat is for --overhead/, /doctor --overhead -r 10/],
  ['python-helper --print --remove', /^--print installs nothing/, /python-helper --help/],
  ['tree --max-depth 0', /'0' is invalid/, /tree --help/],
  ['tree --min-percent -1', /^--min-percent '-1' is invalid/, /tree --help/],
  ['flamegraph --min-width 1x', /'1x' is invalid: pixels, as 0.1, or/, /flamegraph --help/],
  ['flamegraph --width 1e9', /'1e9' is invalid/, /flamegraph --help/],
];

describe('command lines that are refused, with exit code 2', () => {
  for (const [line, message, hint] of REFUSED) {
    test(`strata ${line}`, () => {
      assert.throws(
        () => parseCommandLine(line.split(' ').filter(Boolean), '1.2.3'),
        (error) => {
          assert.ok(error instanceof StrataError);
          assert.match(error.message, message);
          assert.match(error.hint ?? '', hint);
          assert.equal(error.exitCode, 2);
          return true;
        },
      );
    });
  }
});

describe('help', () => {
  test('names every command', () => {
    const text = printed('--help');
    for (const name of ['record', 'report', 'tree', 'flamegraph']) {
      assert.match(text, new RegExp(`^  ${name} `, 'm'));
    }
    assert.match(text, /^Examples:$/m);
  });

  test('of help is that of the program', () => {
    assert.equal(printed('help help'), printed('--help'));
  });

  for (const { name, examples } of COMMANDS) {
    test(`of ${name} has the flags and examples, by --help and by help ${name}`, () => {
      const text = printed(`${name} --help`);
      assert.equal(printed(`help ${name}`), text);
      assert.match(text, new RegExp(`^Usage: strata ${name} `));
      assert.match(text, /^Examples:$/m);
      for (const line of text.split('\n')) {
        assert.ok(line.length <= 80, `wider than a terminal: ${line}`);
      }
      // What it shows as an example it understands.
      for (const [line] of examples) {
        assert.ok(text.includes(`  ${line}`));
        const ours = line.replace(/ (?:[|>]|&&) .*/, '').replace(/^.* \| /, '');
        if (!ours.startsWith('strata')) continue;
        const words = ours
          .match(/'[^']*'|"[^"]*"|\S+/g)
          ?.map((word) => word.replace(/^['"]|['"]$/g, ''));
        assert.doesNotThrow(() => parseCommandLine(words?.slice(1) ?? [], '1.2.3'), line);
      }
    });
  }

  test('of --version', () => {
    assert.equal(printed('--version'), 'strata 1.2.3\n');
    assert.equal(printed('-V'), 'strata 1.2.3\n');
  });
});

function printed(line: string): string {
  const invocation = parseCommandLine(line.split(' '), '1.2.3');
  assert.equal(invocation.command, 'print');
  return invocation.command === 'print' ? invocation.text : '';
}

function cases<Command extends Invocation['command'], Options extends object>(
  command: Command,
  defaults: Options,
  lines: Record<string, Partial<Options>>,
): (readonly [string, Invocation])[] {
  return Object.entries(lines).map(([line, changed]) => [
    `${command} ${line}`.trim(),
    { command, options: { ...defaults, ...changed } } as unknown as Invocation,
  ]);
}
