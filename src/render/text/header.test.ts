import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { FileSource } from '../../base/source.js';
import { EMPTY_ATTR } from '../../formats/perfdata/attr.js';
import { readPerfData } from '../../formats/perfdata/reader.js';
import { HeaderFeature } from '../../formats/perfdata/spec.js';
import { fixturePath } from '../../testing/fixtures.js';
import { needsPerf, perfRecord } from '../../testing/perf.js';
import { attrFields } from './header-attr.js';
import { writeHeader, type HeaderOptions, type HeaderSource } from './header.js';

function headerOf(file: HeaderSource, options: HeaderOptions = {}): string {
  let text = '';
  writeHeader(file, options, (part) => (text += part));
  return text;
}

function headerOfFile(path: string, full = false): string {
  const source = new FileSource(path);
  try {
    return headerOf(readPerfData(source), { modified: statSync(path).mtime, full });
  } finally {
    source.close();
  }
}

test('the header of a recording', () => {
  const lines = headerOfFile(fixturePath('perfdata/events.data')).split('\n');
  // When the file was written here, and what its own recording does not tell.
  assert.match(lines[1], /^# captured on {4}: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/);
  const told = lines.filter((line) => /version|offset|nrcpus|# event|available|={8}/.test(line));
  assert.deepEqual(
    told.map((line) => line.replace(/id = \{.*?\}/, 'id = { … }')),
    EVENTS_HEADER,
  );
});

const EVENT =
  '{ sample_period, sample_freq } = 199, sample_type = IP|TID|TIME|ID|PERIOD, ' +
  'read_format = ID|LOST, disabled = 1, inherit = 1, exclude_kernel = 1, exclude_hv = 1';
const EVENTS_HEADER = [
  '# ========',
  '# header version : 1',
  '# data offset    : 424',
  '# feat offset    : 3200',
  '# perf version : 6.1.187',
  '# nrcpus online : 2',
  '# nrcpus avail : 2',
  `# event : name = cpu-clock:u, , id = { … }, type = 1, size = 128, ${EVENT}, mmap = 1, comm = 1, ` +
    'freq = 1, enable_on_exec = 1, task = 1, sample_id_all = 1, exclude_guest = 1, mmap2 = 1, ' +
    'comm_exec = 1, ksymbol = 1, bpf_event = 1',
  `# event : name = page-faults:u, , id = { … }, type = 1, size = 128, config = 0x2, ${EVENT}, ` +
    'freq = 1, enable_on_exec = 1, sample_id_all = 1, exclude_guest = 1',
  '# CPU_TOPOLOGY info available, use -I to display',
  '# NUMA_TOPOLOGY info available, use -I to display',
  '# CACHE info available, use -I to display',
  '# MEM_TOPOLOGY info available, use -I to display',
  '# ========',
];

test('headers are those of perf', (t) => {
  if (!needsPerf(t)) return;
  const kinds: readonly (readonly string[])[] = [
    [
      '-z',
      '-k',
      'monotonic',
      '--call-graph',
      'dwarf,256',
      '-e',
      '{cpu-clock,page-faults}:S',
      'true',
    ],
    ['-d', '-s', '--switch-events', '-c', '100000', '-e', 'task-clock:u', 'sh', '-c', "echo 'a'"],
  ];
  const folder = mkdtempSync(join(tmpdir(), 'strata-header-'));
  try {
    kinds.forEach((argv, i) => {
      const path = join(folder, `${i}.data`);
      perfRecord(path, argv);
      for (const full of [false, true]) {
        const flags = full ? ['-I'] : [];
        const expected = execFileSync('perf', ['script', '--header-only', ...flags, '-i', path], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        // The wall clock is kept to 256 ns, so that its microseconds may be one off.
        const comparable = (text: string): string[] =>
          text.replace(/^(# reference time: .*?)\d{6} = .*? \(TOD\)/m, '$1').split('\n');
        assert.deepEqual(
          comparable(headerOfFile(path, full)),
          comparable(expected),
          argv.join(' '),
        );
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A recording that has a feature of every kind, some of which no machine at hand would tell of. */
function everything(): HeaderSource {
  const source = new FileSource(fixturePath('perfdata/fp.data'));
  try {
    const { header, info, events } = readPerfData(source);
    return {
      header,
      events,
      info: {
        ...info,
        features: new Set(Object.values(HeaderFeature)),
        hostname: 'evil\x1b[2J',
        commandLine: ['perf', "it's"],
        groups: [{ name: 'g', leader: 0, members: 2 }],
        auxTrace: [],
        clockResolution: 1,
        clock: { id: 1, wallClock: 1_795_287_832_344_734_464, time: 12_719_586_761_406 },
        directoryVersion: 1,
        compression: { version: 1, type: 1, level: 3, ratio: 7, bufferSize: 4096 },
        cpuPmuCaps: [
          ['branches', '32'],
          ['max_precise', '3'],
        ],
        hybridPmus: [{ pmu: 'cpu_core', cpus: '0-7' }],
        pmuCaps: [{ pmu: 'cpu_atom', capabilities: [] }],
        pmus: new Map(),
        cpuTopology: { siblingCores: ['0-1'], siblingDies: [], siblingThreads: ['0'], cpus: [] },
        memory: { blockSize: 128 << 20, nodes: [{ node: 0, size: 70, blocks: [7n, 1n << 5n] }] },
        bpfPrograms: [
          {
            id: 6,
            type: 8,
            tag: '6deef7357e7b4530',
            name: 'sd_fw',
            btfId: 0,
            functions: [{ address: -1024, size: 61 }],
          },
        ],
        bpfTypes: [{ id: 9, data: new Uint8Array(0) }],
      },
    };
  } finally {
    source.close();
  }
}

test('features of other machines', () => {
  const lines = headerOf(everything(), { full: true }).split('\n');
  for (const line of [
    '# hostname : evil\\x1b[2J',
    "# cmdline : perf it\\'s ",
    '# contains samples with branch stack',
    '# pmu mappings: not available',
    '# contains AUX area data (e.g. instruction trace)',
    '# contains stat data',
    '# Core ID and Socket ID information is not available',
    '# memory nodes (nr 1, block size 0x8000000):',
    '#    0 [512M]: 0-2,69',
    '# clockid frequency: 1000 MHz',
    '# directory data version : 1',
    '# bpf_prog_info 6: bpf_prog_6deef7357e7b4530_sd_fw addr 0xfffffffffffffc00 size 61',
    '# btf info of id 9',
    '# compressed : Zstd, level = 3, ratio = 7',
    '# cpu pmu capabilities: branches=32, max_precise=3',
    '# clockid: monotonic (1)',
    '# hybrid cpu system:',
    '# cpu_core cpu list : 0-7',
    '# cpu_atom pmu capabilities: not available',
    '# missing features: ',
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join('\n')}`);
  }
  assert.equal(lines.filter((line) => line.startsWith('# group: g{cpu-clock')).length, 1);
  assert.ok(lines.some((line) => line.endsWith('(TOD) = 12719.586761406 (monotonic)')));
});

test('an attribute says what is not 0', () => {
  const attr = {
    ...EMPTY_ATTR,
    type: 4,
    config: 0x1b7n,
    config1: 0x10n,
    precise_ip: 2,
    flags: { freq: true, mmap_data: true },
    branch_sample_type: 0x20009n,
    clockid: -2,
    sample_regs_user: 0xff0fffn,
  };
  assert.deepEqual(attrFields(attr), [
    'type = 4',
    'config = 0x1b7',
    'freq = 1',
    'precise_ip = 2',
    'mmap_data = 1',
    '{ bp_addr, config1 } = 0x10',
    'branch_sample_type = USER|ANY|HW_INDEX',
    'sample_regs_user = 0xff0fff',
    'clockid = -2',
  ]);
});
