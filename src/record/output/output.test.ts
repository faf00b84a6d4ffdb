import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';

import { ExitCode, StrataError } from '../../base/errors.js';
import { FileSource } from '../../base/source.js';
import { readPerfData } from '../../formats/perfdata/reader.js';
import { HeaderFeature, PerfRecord } from '../../formats/perfdata/spec.js';
import { encodeStringFeature, type FileEvent } from '../../formats/perfdata/writer.js';
import { smallDisk } from '../../testing/small-disk.js';
import { COMMON_SAMPLE_TYPE } from '../events/sample-layout.js';
import { Output, createOutput } from './output.js';

const root = mkdtempSync(join(tmpdir(), 'strata output '));
after(() => rmSync(root, { recursive: true, force: true }));

let folder = root;
let made = 0;
beforeEach(() => {
  folder = join(root, `${made++}`);
  mkdirSync(folder);
});

const EVENTS: readonly FileEvent[] = [
  {
    name: 'cpu-clock',
    attr: { type: 1, config: 0n, sample_type: COMMON_SAMPLE_TYPE, flags: { sample_id_all: true } },
    ids: [1n],
  },
];
const FEATURES = new Map([[HeaderFeature.HOSTNAME, encodeStringFeature('a host')]]);

/** A COMM record of `size` bytes that carries a number. */
function record(number: number, size = 64): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, PerfRecord.COMM, true);
  view.setUint16(6, size, true);
  view.setUint32(8, number, true);
  return bytes;
}

/** The numbers of a file's records, and its host's name. */
function readBack(path: string): { numbers: number[]; rounds: number; host: string } {
  const source = new FileSource(path);
  try {
    const file = readPerfData(source);
    const records = file.records();
    const numbers: number[] = [];
    let rounds = 0;
    while (records.next()) {
      if (records.type === PerfRecord.FINISHED_ROUND) rounds++;
      else numbers.push(records.body().u32());
    }
    return { numbers, rounds, host: file.info.hostname };
  } finally {
    source.close();
  }
}

test('records come back in their order, across many writes', () => {
  const path = join(folder, 'p.data');
  const created = createOutput(path);
  const output = new Output(created.fd, EVENTS);
  const count = 40_000;
  for (let i = 0; i < count; i++) {
    const expected = output.size;
    assert.equal(output.append(record(i)), expected);
    if (i % 10_000 === 9_999) output.finishRound();
  }
  output.finish(FEATURES);
  assert.equal(created.keep(), undefined);
  assert.deepEqual(readBack(path), {
    numbers: Array.from({ length: count }, (_, i) => i),
    rounds: 4,
    host: 'a host',
  });
  assert.equal(output.fileSize, statSync(path).size);
  assert.equal(output.failure, undefined);
});

test('a record can be changed after it was written, and before', () => {
  const path = join(folder, 'p.data');
  const created = createOutput(path);
  const output = new Output(created.fd, EVENTS);
  const first = output.append(record(1));
  output.flush();
  const second = output.append(record(2));
  output.patch(first + 8, Uint8Array.of(11));
  output.patch(second + 8, Uint8Array.of(22));
  output.append(record(3));
  output.finish(FEATURES);
  created.keep();
  assert.deepEqual(readBack(path).numbers, [11, 22, 3]);
});

test('a recorder that was killed leaves what it had written', () => {
  const path = join(folder, 'p.data');
  const created = createOutput(path);
  const output = new Output(created.fd, EVENTS);
  created.keep();
  output.append(record(1));
  output.append(record(2));
  output.flush();
  output.append(record(3));
  assert.deepEqual(readBack(path), { numbers: [1, 2], rounds: 0, host: '' });
  closeSync(created.fd);
});

test('an older file becomes .old, but only once there is a new one', () => {
  const path = join(folder, 'p.data');
  const names = (): string[] => readdirSync(folder).sort();
  writeFileSync(path, 'older');
  writeFileSync(`${path}.old`, 'oldest');

  const discarded = createOutput(path);
  assert.equal(readFileSync(path, 'utf8'), 'older');
  closeSync(discarded.fd);
  discarded.discard();
  assert.deepEqual(names(), ['p.data', 'p.data.old']);
  assert.equal(readFileSync(`${path}.old`, 'utf8'), 'oldest');

  const kept = createOutput(path);
  assert.equal(kept.keep(), undefined);
  closeSync(kept.fd);
  assert.deepEqual(names(), ['p.data', 'p.data.old']);
  assert.equal(readFileSync(`${path}.old`, 'utf8'), 'older');
  assert.equal(statSync(path).mode & 0o777, 0o600, 'recordings are their owner’s alone');
});

test('an empty file of that name is not worth keeping', () => {
  const path = join(folder, 'p.data');
  writeFileSync(path, '');
  const created = createOutput(path);
  created.keep();
  closeSync(created.fd);
  assert.deepEqual(readdirSync(folder), ['p.data']);
});

test('a link of that name is moved, and what it leads to is left alone', () => {
  const path = join(folder, 'p.data');
  const target = join(folder, 'target');
  writeFileSync(target, 'mine');
  symlinkSync(target, path);
  const created = createOutput(path);
  created.keep();
  closeSync(created.fd);
  assert.equal(readFileSync(target, 'utf8'), 'mine');
  assert.ok(statSync(path).isFile());
});

test('where no recording can go is said in a sentence, and nothing is touched', () => {
  const path = join(folder, 'p.data');
  writeFileSync(path, 'older');
  mkdirSync(`${path}.old`);
  const expectations: [path: string, message: RegExp, exitCode: number][] = [
    ['-', /standard output/, ExitCode.Usage],
    ['', /no name/, ExitCode.Usage],
    [folder, /it is a directory$/, ExitCode.Failed],
    ['/dev/full', /it is no regular file$/, ExitCode.Failed],
    [join(folder, 'missing', 'p.data'), /no such file or directory$/, ExitCode.Failed],
    [join(path, 'p.data'), /not a directory$/, ExitCode.Failed],
    [path, /p\.data\.old is a directory$/, ExitCode.Failed],
  ];
  for (const [name, message, exitCode] of expectations) {
    assert.throws(
      () => createOutput(name),
      (error) => {
        assert.ok(error instanceof StrataError, name);
        assert.match(error.message, message);
        assert.equal(error.exitCode, exitCode, name);
        return true;
      },
    );
  }
  assert.deepEqual(readdirSync(folder).sort(), ['p.data', 'p.data.old']);
});

test('/dev/null swallows a recording', () => {
  const created = createOutput('/dev/null');
  const output = new Output(created.fd, EVENTS);
  output.append(record(1));
  output.finish(FEATURES);
  assert.equal(created.keep(), undefined);
  created.discard();
  assert.ok(statSync('/dev/null').isCharacterDevice());
  assert.equal(output.failure, undefined);
});

test('on a full disk whole records are kept, and room is made for what follows them', (t) => {
  const disk = smallDisk(t, 256 * 1024);
  if (disk === undefined) return;
  const features = new Map([[HeaderFeature.HOSTNAME, encodeStringFeature('x'.repeat(100_000))]]);
  // Full in the first write, and in a later one.
  for (const flushEvery of [1_000_000, 700]) {
    const path = join(disk, `${flushEvery}`);
    const created = createOutput(path);
    const output = new Output(created.fd, EVENTS);
    const first = output.append(record(0, 72));
    let last = first;
    for (let i = 1; i < 10_000; i++) {
      last = output.append(record(i, 72));
      if (i % flushEvery === 0) output.flush();
    }
    output.flush();
    assert.equal(output.failure, 'no space left on device');
    output.patch(first + 8, Uint8Array.of(0xff));
    output.patch(last + 8, Uint8Array.of(0xff)); // past the cut
    output.finish(features);
    created.keep();
    const { numbers, host } = readBack(path);
    assert.equal(host.length, 100_000);
    assert.ok(numbers.length > 1000 && numbers.length < 2300, `${numbers.length} records are left`);
    assert.deepEqual(numbers, [
      0xff,
      ...Array.from({ length: numbers.length - 1 }, (_, i) => i + 1),
    ]);
    rmSync(path);
  }
});
