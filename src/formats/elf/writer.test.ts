/** The reader that the writer is for: the machine's own `perf`. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { FileSource } from '../../base/source.js';
import { skipOrFail } from '../../testing/pythons.js';
import { ElfImage } from './image.js';
import { writeSymbolFile } from './writer.js';

const PAGE = 4096;

test('perf takes its names from the build-ID cache', (t) => {
  const program = realpathSync('/usr/bin/od');
  const source = new FileSource(program);
  const { buildId, machine } = ElfImage.read(source);
  const pages = Math.ceil(source.byteLength / PAGE);
  source.close();
  if (buildId === undefined) {
    skipOrFail(t, 'perf', `${program} has no build ID to look names up by`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'strata-perf-'));
  try {
    const data = join(folder, 'perf.data');
    const record = spawnSync(
      'perf',
      // prettier-ignore
      ['record', '-q', '-e', 'cpu-clock:u', '-F', '2000', '-o', data, '--',
       program, '-An', '-tx1', '-v', '-N', '8000000', '/dev/zero'],
      { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' },
    );
    if (record.status !== 0) {
      skipOrFail(t, 'perf', `cannot record: ${record.error?.message ?? record.stderr}`);
      return;
    }
    // One function per page of the file, so that a name tells the address that it was found for.
    const range = Array.from({ length: pages }, (_, i) => i);
    const cached = join(folder, 'cache', '.build-id', buildId.slice(0, 2), buildId.slice(2));
    mkdirSync(cached, { recursive: true });
    writeFileSync(
      join(cached, 'elf'),
      writeSymbolFile({
        buildId: Buffer.from(buildId, 'hex'),
        machine,
        symbols: {
          starts: range.map((i) => i * PAGE),
          sizes: range.map(() => PAGE),
          names: range.map((i) => `py::f${i}:/path with spaces/ä.py`),
        },
        textSize: pages * PAGE,
      }),
    );
    const script = execFileSync(
      'perf',
      // prettier-ignore
      ['--buildid-dir', join(folder, 'cache'), 'script', '-i', data, '-F', 'ip,sym,dso',
       '--show-mmap-events'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 },
    );
    // PERF_RECORD_MMAP2 1/1: [0x5592e4bf0000(0x9000) @ 0x2000 fe:00 1 0]: r-xp /usr/bin/od
    const [, start, offset] =
      /MMAP2 .*\[0x([0-9a-f]+)\(\S+ @ (?:0x)?([0-9a-f]+) .*r-xp .*\/od$/m.exec(script) ??
      assert.fail(script.slice(0, 2000));
    let named = 0;
    let samples = 0;
    for (const [, ip, symbol] of script.matchAll(/^ *([0-9a-f]+) (.*) \(\S*\/od\)$/gm)) {
      samples++;
      // perf itself adds names of the PLT, which hide the page that they lie in.
      const page = /^py::f(\d+):\/path with spaces\/ä\.py$/.exec(symbol)?.[1];
      if (page === undefined) continue;
      named++;
      const inFile = parseInt(ip, 16) - parseInt(start, 16) + parseInt(offset, 16);
      assert.equal(Number(page), Math.floor(inFile / PAGE), symbol);
    }
    assert.ok(named > 10 && named > samples / 2, `${named} of ${samples} samples named`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
