/** What `inject` writes: chains in place of stacks, and everything else as it was. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';

import { StrataError } from '../../base/errors.js';
import { FileSource } from '../../base/source.js';
import { formatAddress } from '../../base/units.js';
import { readPerfData, type PerfDataFile } from '../../formats/perfdata/reader.js';
import { SampleView } from '../../formats/perfdata/sample.js';
import {
  HeaderFeature,
  PerfContext,
  PerfMisc,
  PerfRecord,
  PerfSample,
} from '../../formats/perfdata/spec.js';
import {
  CODE_NAMES_PATH,
  decodeStrataSection,
  type StrataSection,
} from '../../formats/perfdata/strata-section.js';
import { Truncation, type Profile } from '../../profile/profile.js';
import { loadProfile } from '../../session/open.js';
import { fixturePath } from '../../testing/fixtures.js';
import { Bytes, fileBytes, recordBytes, RecordingWriter } from '../../testing/perfdata.js';
import { inject } from './inject.js';
import type { InjectResult } from './injection.js';

const root = mkdtempSync(join(tmpdir(), 'strata inject '));
after(() => rmSync(root, { recursive: true, force: true }));

let folder = root;
let made = 0;
beforeEach(() => {
  folder = join(root, `${made++}`);
  mkdirSync(folder);
});

/** No file of this machine is to be found: what is read is the recording alone. */
const NOWHERE = { symfs: '/nonexistent' };

/** Injects `bytes` into `out` of the test's folder. */
function injected(bytes: Uint8Array, symbols: object = NOWHERE): InjectResult {
  writeFileSync(at('in'), bytes);
  return inject({ input: at('in'), output: at('out'), buildIdCache: false, symbols });
}

function at(name: string): string {
  return join(folder, name);
}

/** A recording taken apart; bytes as hexadecimal text. */
interface Contents {
  readonly samples: readonly {
    /** What no injection changes: fields before the chain, between it and the dump, behind. */
    readonly fields: readonly string[];
    /** `PERF_CONTEXT_*` as their names. */
    readonly chain: string;
  }[];
  /** All others but rounds, what pipe mode has for a header, and mappings of names; in any order. */
  readonly records: readonly string[];
  readonly names: number;
  readonly strata: StrataSection | undefined;
  readonly features: ReadonlyMap<number, string>;
}

const NOT_COMPARED: ReadonlySet<number> = new Set([
  PerfRecord.FINISHED_ROUND,
  PerfRecord.HEADER_ATTR,
  PerfRecord.HEADER_FEATURE,
  PerfRecord.HEADER_BUILD_ID,
]);

function contents(path: string): Contents {
  const source = new FileSource(path);
  const file = readPerfData(source);
  const reader = file.records();
  const view = new SampleView();
  const samples: { time: number; fields: string[]; chain: string }[] = [];
  const records: string[] = [];
  let names = 0;
  while (reader.next()) {
    const bytes = Buffer.from(reader.bytes.subarray(reader.at, reader.at + reader.size));
    if (reader.type === PerfRecord.SAMPLE) {
      assert.ok(reader.sample(view));
      const fields = [
        [view.base + 2, view.chainWord],
        [view.chainWord + 2 * (view.callchain === 0 ? 0 : 1 + view.callchainLength), view.dumpWord],
        [view.restWord, view.end],
      ].map(([from, to]) => Buffer.from(view.words.slice(from, to).buffer).toString('hex'));
      samples.push({ time: view.time, fields, chain: chainOf(view) });
      view.callchain = 0;
    } else if (bytes.includes(CODE_NAMES_PATH)) names++;
    else if (!NOT_COMPARED.has(reader.type)) records.push(bytes.toString('hex'));
  }
  const features = new Map(
    [...file.header.features].map(([feature, { offset, size }]) => [
      feature,
      Buffer.from(source.read(offset, size)).toString('hex'),
    ]),
  );
  const { strata } = file.info;
  file.close();
  source.close();
  return {
    samples: samples.sort((a, b) => a.time - b.time),
    records: records.sort(),
    names,
    strata: strata && decodeStrataSection(strata),
    features,
  };
}

function chainOf({ words, callchain, callchainLength }: SampleView): string {
  const marks = new Map<number, string>([
    [PerfContext.KERNEL, 'KERNEL'],
    [PerfContext.USER, 'USER'],
  ]);
  return Array.from({ length: callchainLength }, (_, i) => {
    const place = callchain + i * 2;
    const address = words[place + 1] * 2 ** 32 + (words[place] >>> 0);
    return marks.get(address) ?? formatAddress(address);
  }).join(' ');
}

/** Every sample's thread, weight, stack and end. */
function drawn(profile: Profile): string[] {
  const { samples, stacks, frames, functions, strings } = profile;
  return Array.from({ length: samples.length }, (_, i) => {
    const names: string[] = [];
    for (let stack = samples.stack[i]; stack >= 0; stack = stacks.parent[stack]) {
      names.push(strings[functions.name[frames.func[stacks.frame[stack]]]]);
    }
    const head = `${strings[samples.comm[i]]} ${samples.time[i]} ${samples.weight[i]}`;
    return `${head}: ${names.join(' < ')} ${samples.truncation[i]}`;
  });
}

const FIXTURES = ['dwarf', 'events', 'fp', 'group', 'pipe', 'switch', 'tracepoint', 'zstd'];
for (const name of FIXTURES) {
  test(`${name}.data: the same profile; fields and records as they were`, () => {
    const input = fixturePath(`perfdata/${name}.data`);
    inject({ input, output: at('out'), buildIdCache: false, symbols: NOWHERE });
    const [before, now] = [contents(input), contents(at('out'))];
    assert.ok(before.samples.length > 5);
    assert.deepEqual(
      now.samples.map(({ fields }) => fields),
      before.samples.map(({ fields }) => fields),
    );
    assert.deepEqual(now.records, before.records);
    for (const [feature, bytes] of before.features) {
      const isMadeAnew = [HeaderFeature.BUILD_ID, HeaderFeature.EVENT_DESC].includes(feature as 2);
      if (isMadeAnew || feature === HeaderFeature.COMPRESSED) continue;
      assert.equal(now.features.get(feature), bytes, `feature ${feature}`);
    }
    if (name !== 'dwarf') {
      assert.deepEqual(
        now.samples.map(({ chain }) => chain),
        before.samples.map(({ chain }) => chain),
      );
    }
    const [one, other] = [input, at('out')].map((path) => loadProfile(path, { symbols: NOWHERE }));
    assert.deepEqual(drawn(other), drawn(one));
    // Of copied stacks nothing is left.
    assert.deepEqual(
      other.events,
      one.events.map(({ copiedStacks: _, ...event }) => event),
    );
    assert.deepEqual(
      other.notes.map(({ text }) => text.replace(at('out'), input)),
      one.notes.map(({ text }) => text),
    );
  });
}

test('every kind of field stays; the chain is the kernel’s part, then what was unwound', () => {
  const writer = new RecordingWriter(true, true)
    .comm(1, 'app', 1)
    .sample({ pid: 1, time: 10, ip: -0x7f000000, callers: [-0x7e000000] })
    .sample({ pid: 1, time: 20 })
    .lost(3, 25)
    .sample({ pid: 1, tid: 2, time: 30, callers: [0x5678] })
    .throttle(40);
  const result = injected(writer.bytes());
  const [before, now] = [contents(at('in')), contents(at('out'))];
  assert.deepEqual(
    now.samples.map(({ fields }) => fields),
    before.samples.map(({ fields }) => fields),
  );
  assert.deepEqual(now.records, before.records);
  assert.deepEqual(
    now.samples.map(({ chain }) => chain),
    // Nothing more: the stack pointer was not recorded.
    ['KERNEL ffffffff81000000 ffffffff82000000 USER', 'USER', 'USER'],
  );
  assert.deepEqual([result.samples, result.unwound, result.whole], [3, 3, 0]);
  const { info, truncated } = now.strata ?? assert.fail('no section of Strata’s');
  assert.deepEqual([info.samples, info.unwound, info.whole, info.lost], [3, 3, 0, 3]);
  assert.deepEqual(info.unwoundEvents, [0]);
  assert.deepEqual([...truncated.ordinals], [0, 1, 2]);
  assert.deepEqual([...truncated.causes], Array(3).fill(Truncation.NoRegisters));

  const { attr } = fileOf(at('out')).events.events[0];
  const dump = PerfSample.REGS_USER | PerfSample.STACK_USER;
  assert.equal(attr.sample_type, RecordingWriter.sampleType & ~dump);
  assert.deepEqual([attr.sample_regs_user, attr.sample_stack_user], [0n, 0]);
});

test('events without a chain get one; events without a stack are left alone', () => {
  const fixed = PerfSample.IDENTIFIER | PerfSample.IP | PerfSample.TID | PerfSample.TIME;
  const dumped = fixed | PerfSample.RAW | PerfSample.REGS_USER | PerfSample.STACK_USER;
  const attr = { type: 1, sample_regs_user: 0b1_1000_0000n, flags: { sample_id_all: true } };
  const events = [
    { ids: [7], attr: { ...attr, sample_type: dumped | PerfSample.WEIGHT } },
    { ids: [8, 9], attr: { type: 1, sample_type: fixed | PerfSample.CALLCHAIN } },
  ];
  const record = (misc: number, id: number, time: number, ...rest: Uint8Array[]): Uint8Array =>
    recordBytes(true, PerfRecord.SAMPLE, misc, (out) => {
      out.u64(id, 0x1234).u32(1).u32(1).u64(time);
      for (const bytes of rest) out.raw(bytes);
    });
  const raw = new Bytes(true).u32(4).u32(0xabcd).done();
  const dump = new Bytes(true).u64(2, 0xbb, 0x7fff0000).u64(16, 0xd0, 0xd1, 16).done();
  const noDump = new Bytes(true).u64(0).u64(0).done();
  const weight = new Bytes(true).u64(0x3e1).done();
  const chain = new Bytes(true).u64(2, 0x1111, 0x2222).done();
  const data = [
    record(PerfMisc.USER, 7, 10, raw, dump, weight),
    record(PerfMisc.USER, 9, 20, chain),
    record(PerfMisc.KERNEL, 7, 30, raw, noDump, weight),
  ];
  injected(fileBytes(events, Buffer.concat(data)));
  const [before, now] = [contents(at('in')), contents(at('out'))];
  assert.deepEqual(
    now.samples.map(({ fields }) => fields),
    before.samples.map(({ fields }) => fields),
  );
  assert.deepEqual(
    now.samples.map(({ chain }) => chain),
    ['USER 7fff0000', '1111 2222', 'KERNEL 1234'],
  );
  assert.deepEqual(
    fileOf(at('out')).events.events.map(({ attr }) => attr.sample_type),
    [fixed | PerfSample.RAW | PerfSample.WEIGHT | PerfSample.CALLCHAIN, events[1].attr.sample_type],
  );
  assert.deepEqual(now.strata?.info.unwoundEvents, [0]);
  const [one, other] = [at('in'), at('out')].map((path) => loadProfile(path, { symbols: NOWHERE }));
  assert.deepEqual(drawn(other), drawn(one));
});

test('generated code is named inside: also what a child inherits or adds, and what is mapped anew', () => {
  writeFileSync(at('perf-1.map'), '10000 40 py::outer:/a.py\n10100 40 inner\n10200 40 unsampled\n');
  writeFileSync(at('perf-2.map'), '10300 40 py::own:/b.py\n');
  const stack = { ip: 0x10110, callers: [0x10020] };
  const writer = new RecordingWriter()
    .comm(1, 'app', 1)
    .mmap(1, 0x10000, 0x10000, 0, '//anon', 2)
    .mmap(1, 0x30000, 0x1000, 0, '/bin/app', 3)
    .sample({ pid: 1, time: 1_000_000, ip: 0x30010, callers: [0x10020] })
    .fork(2, 1, 2_000_000)
    .sample({ pid: 1, time: 3_000_000, ...stack })
    .sample({ pid: 2, time: 4_000_000, ip: 0x10310, callers: [0x10110, 0x10020] })
    .mmap(1, 0x10000, 0x10000, 0, '//anon', 5_000_000)
    .sample({ pid: 1, time: 6_000_000, ...stack })
    .sample({ pid: 1, time: 7_000_000, ip: 0x10300 })
    .mmap(1, 0x10000, 0x1000, 0, '/bin/other', 8_000_000)
    .sample({ pid: 1, time: 9_000_000, ...stack });
  injected(writer.bytes(), { ...NOWHERE, perfMapDir: folder });
  const { records, names, strata } = contents(at('out'));
  assert.deepEqual(records, contents(at('in')).records);
  // outer; inner; three of the child's; two again.
  assert.equal(names, 7);

  const expected = [
    'app 1000000 1000: [app] < outer 0',
    'app 3000000 1000: inner < outer 0',
    'app 4000000 1000: own < inner < outer 0',
    'app 6000000 1000: inner < outer 0',
    'app 7000000 1000: [unknown] 0',
    'app 9000000 1000: [other] < [other] 0',
  ];
  const withMaps = loadProfile(at('in'), { symbols: { ...NOWHERE, perfMapDir: folder } });
  assert.deepEqual(drawn(withMaps), expected);
  assert.deepEqual(drawn(loadProfile(at('out'), { symbols: NOWHERE })), expected);
  assert.ok(!Buffer.from(strata?.names ?? []).includes('unsampled'));

  // Once more: what is inside is enough.
  inject({ input: at('out'), output: at('again'), buildIdCache: false, symbols: NOWHERE });
  assert.deepEqual(drawn(loadProfile(at('again'), { symbols: NOWHERE })), expected);
});

test('a mapping whose record is younger than the sample does not hide the name', () => {
  writeFileSync(at('perf-1.map'), '10000 40 made\n');
  const writer = new RecordingWriter()
    .sample({ pid: 1, time: 1_000_000, ip: 0x10010 })
    .mmap(1, 0x10000, 0x10000, 0, '//anon', 1_000_500)
    .sample({ pid: 1, time: 2_000_000, ip: 0x10010 });
  injected(writer.bytes(), { ...NOWHERE, perfMapDir: folder });
  assert.deepEqual(drawn(loadProfile(at('out'), { symbols: NOWHERE })), [
    ':1 1000000 1000: made 0',
    ':1 2000000 1000: made 0',
  ]);
});

test('of a file cut at any seventh byte comes what is there, or one sentence and no file', () => {
  const writer = new RecordingWriter(true, true)
    .comm(1, 'app', 1)
    .mmap(1, 0x7fff0000, 0x1000, 0, '//anon', 2)
    .sample({ pid: 1, time: 10, ip: -0x7f000000, callers: [-0x7e000000] })
    .sample({ pid: 1, time: 20 });
  const bytes = writer.bytes({ features: new Map([[3, Buffer.alloc(68, 4)]]) });
  let last = 0;
  for (let length = bytes.byteLength % 7; length <= bytes.byteLength; length += 7) {
    try {
      last = injected(bytes.subarray(0, length)).samples;
      assert.equal(contents(at('out')).samples.length, last);
      rmSync(at('out'));
    } catch (error) {
      assert.ok(error instanceof StrataError, String(error));
    }
    assert.deepEqual(readdirSync(folder), ['in']);
  }
  assert.equal(last, 2);
});

function fileOf(path: string): PerfDataFile {
  assert.ok(existsSync(path));
  const source = new FileSource(path);
  try {
    return readPerfData(source);
  } finally {
    source.close();
  }
}
