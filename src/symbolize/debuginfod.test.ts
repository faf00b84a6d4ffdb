import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { EM_X86_64 } from '../formats/elf/constants.js';
import { writeSymbolFile } from '../formats/elf/writer.js';
import {
  Behaviour,
  startDebuginfodServer,
  type DebuginfodServer,
} from '../testing/debuginfod-server.js';
import { skipOrFail } from '../testing/pythons.js';
import { DebuginfodClient, type DownloadProgress } from './debuginfod-client.js';
import { debuginfodFromEnvironment } from './debuginfod.js';
import { Symbolizer } from './symbolizer.js';

const OURS = 'aa'.repeat(20);
const OTHER = 'bb'.repeat(20);

function elf(buildId: string): Uint8Array {
  return writeSymbolFile({
    buildId: Buffer.from(buildId, 'hex'),
    machine: EM_X86_64,
    symbols: { starts: [16], sizes: [16], names: ['downloaded'] },
    textSize: 256,
  });
}

let server: DebuginfodServer;
before(async () => {
  server = await startDebuginfodServer({ good: elf(OURS), wrong: elf(OTHER) });
});
after(() => server.close());

/** Asks servers that behave as told, in this order, with an empty cache. */
function withClient(
  behaviours: readonly Behaviour[],
  run: (client: DebuginfodClient, cacheFolder: string) => void,
  onProgress?: (progress: DownloadProgress) => void,
): void {
  const cacheFolder = mkdtempSync(join(tmpdir(), 'strata-debuginfod-'));
  const client = new DebuginfodClient(
    {
      urls: behaviours.map((behaviour) => server.url(behaviour)),
      cacheFolder,
      timeoutSeconds: 0.4,
      maxSize: 1 << 20,
    },
    onProgress,
  );
  try {
    run(client, cacheFolder);
  } finally {
    client.close();
    rmSync(cacheFolder, { recursive: true, force: true });
  }
}

test('downloads into the cache once, and tells of it', () => {
  const told: DownloadProgress[] = [];
  withClient(
    [Behaviour.Good],
    (client, cacheFolder) => {
      const requests = server.requests();
      const path = client.find(OURS, 'debuginfo', '/usr/lib/libx.so');
      assert.equal(path, join(cacheFolder, OURS, 'debuginfo'));
      assert.deepEqual(readFileSync(path), Buffer.from(elf(OURS)));
      assert.equal(client.find(OURS, 'debuginfo', 'libx.so'), path);
      assert.equal(server.requests(), requests + 1);
      assert.deepEqual(readdirSync(join(cacheFolder, OURS)), ['debuginfo']);
      assert.equal(statSync(path).mode & 0o777, 0o400);
      assert.deepEqual(client.problems, []);
      const last = told.at(-1);
      assert.ok(last?.ended && last.name === 'libx.so' && last.received > 0);
    },
    (progress) => told.push(progress),
  );
});

test('follows redirections, and asks the next server where one has nothing', () => {
  withClient([Behaviour.Absent, Behaviour.Redirect], (client) => {
    assert.ok(client.find(OURS, 'executable', 'libx.so') !== undefined);
    assert.deepEqual(client.problems, []);
  });
});

test('remembers as elfutils does that no server has a file', () => {
  withClient([Behaviour.Absent], (client, cacheFolder) => {
    assert.equal(client.find(OURS, 'debuginfo', 'libx.so'), undefined);
    const empty = join(cacheFolder, OURS, 'debuginfo');
    assert.equal(statSync(empty).size, 0);
    const requests = server.requests();
    const asked = (): number => {
      const urls = [server.url(Behaviour.Absent)];
      const other = new DebuginfodClient({ urls, cacheFolder, timeoutSeconds: 1, maxSize: 0 });
      assert.equal(other.find(OURS, 'debuginfo', 'libx.so'), undefined);
      other.close();
      return server.requests() - requests;
    };
    assert.equal(asked(), 0);
    const old = new Date(Date.now() - 601_000);
    utimesSync(empty, old, old);
    assert.equal(asked(), 1);
    writeFileSync(join(cacheFolder, 'cache_miss_s'), '1000\n');
    utimesSync(empty, old, old);
    assert.equal(asked(), 1);
  });
});

test('takes nothing from servers that fail, stall, cut short or lie, and says so', () => {
  const cases: [Behaviour, RegExp][] = [
    [Behaviour.Error, /answered 500/],
    [Behaviour.Silent, /sent 0 bytes in 0\.4 s/],
    [Behaviour.Truncated, /broke the connection|sent \d+ bytes of|aborted/],
    [Behaviour.Half, /sent another file/],
    [Behaviour.Wrong, /sent another file than build aaaa/],
    [Behaviour.Endless, /sent more than 1048576 bytes/],
  ];
  for (const [behaviour, problem] of cases) {
    withClient([behaviour, Behaviour.Absent], (client, cacheFolder) => {
      assert.equal(client.find(OURS, 'debuginfo', 'libx.so'), undefined, behaviour);
      assert.equal(client.problems.length, 1, behaviour);
      assert.match(client.problems[0], problem);
      // Neither a part of the file is left, nor the word that nobody has it.
      assert.deepEqual(readdirSync(join(cacheFolder, OURS)), [], behaviour);
      // A server that failed is not waited for again, of whatever file.
      const requests = server.requests();
      client.find(OTHER, 'debuginfo', 'liby.so');
      assert.equal(server.requests(), requests + 1, behaviour);
    });
    withClient([behaviour, Behaviour.Good], (client) => {
      assert.ok(client.find(OURS, 'debuginfo', 'libx.so') !== undefined, behaviour);
    });
  }
});

test('asks for no file that is larger than allowed', () => {
  const cacheFolder = mkdtempSync(join(tmpdir(), 'strata-debuginfod-'));
  const urls = [server.url(Behaviour.Good)];
  const client = new DebuginfodClient({ urls, cacheFolder, timeoutSeconds: 1, maxSize: 100 });
  assert.equal(client.find(OURS, 'debuginfo', 'libx.so'), undefined);
  assert.deepEqual(client.problems, []);
  client.close();
  rmSync(cacheFolder, { recursive: true });
});

test('goes without a cache that cannot be written, and without build IDs that are none', () => {
  withClient([Behaviour.Good], (client, cacheFolder) => {
    rmSync(cacheFolder, { recursive: true });
    writeFileSync(cacheFolder, 'a file in its place');
    const requests = server.requests();
    for (const buildId of ['../../../etc', 'AA'.repeat(20), '', 'aa'.repeat(65)]) {
      assert.equal(client.find(buildId, 'debuginfo', 'x'), undefined);
    }
    assert.equal(client.find(OURS, 'debuginfo', 'libx.so'), undefined);
    assert.match(client.problems.join(), /cannot keep debug information in/);
    assert.equal(server.requests(), requests);
  });
});

test('names functions of a module that is gone, by what a server has', () => {
  withClient([], (_client, cacheFolder) => {
    const symbolizer = new Symbolizer({
      debuginfod: {
        urls: [server.url(Behaviour.Good)],
        cacheFolder,
        timeoutSeconds: 5,
        maxSize: 0,
      },
    });
    const module = symbolizer.module({ path: '/gone/libx.so', buildId: OURS });
    assert.equal(module.lookup(20).name, 'downloaded');
    assert.ok(module.image !== undefined);
    assert.equal(symbolizer.gap(module), undefined);
    assert.deepEqual(symbolizer.problems, []);
    symbolizer.close();
    assert.deepEqual(readdirSync(join(cacheFolder, OURS)), ['executable']);
  });
});

test('names functions of a stripped module by its debug information', (t) => {
  withClient([], (_client, cacheFolder) => {
    const path = join(cacheFolder, 'libx.so');
    writeFileSync(path, elf(OURS));
    try {
      execFileSync('objcopy', ['--strip-all', path]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      skipOrFail(t, 'objcopy', 'not installed');
      return;
    }
    const named = (urls: readonly string[]): string => {
      const symbolizer = new Symbolizer({
        debuginfod: { urls, cacheFolder, timeoutSeconds: 5, maxSize: 0 },
      });
      const { name } = symbolizer.module({ path, buildId: OURS }).lookup(20);
      symbolizer.close();
      return name;
    };
    assert.equal(named([server.url(Behaviour.Error)]), '[libx.so]');
    assert.equal(named([server.url(Behaviour.Good)]), 'downloaded');
    assert.ok(readdirSync(join(cacheFolder, OURS)).includes('debuginfo'));
  });
});

test('never takes another build out of the cache', () => {
  withClient([], (_client, cacheFolder) => {
    mkdirSync(join(cacheFolder, OURS));
    writeFileSync(join(cacheFolder, OURS, 'executable'), elf(OTHER));
    writeFileSync(join(cacheFolder, OURS, 'debuginfo'), 'no ELF file');
    chmodSync(join(cacheFolder, OURS, 'debuginfo'), 0o400);
    const symbolizer = new Symbolizer({
      debuginfod: {
        urls: [server.url(Behaviour.Good)],
        cacheFolder,
        timeoutSeconds: 5,
        maxSize: 0,
      },
    });
    const module = symbolizer.module({ path: '/gone/libx.so', buildId: OURS });
    assert.equal(module.lookup(20).hasName, false);
    symbolizer.close();
  });
});

test("reads elfutils' environment", () => {
  assert.equal(debuginfodFromEnvironment({}), undefined);
  assert.equal(debuginfodFromEnvironment({ DEBUGINFOD_URLS: ' ' }), undefined);
  assert.deepEqual(
    debuginfodFromEnvironment({
      DEBUGINFOD_URLS: 'https://a.example/ ima:enforcing http://b.example file:///etc',
      HOME: '/nowhere',
    }),
    {
      urls: ['https://a.example/', 'http://b.example'],
      cacheFolder: '/nowhere/.cache/debuginfod_client',
      timeoutSeconds: 90,
      maxSize: 0,
    },
  );
  const set = debuginfodFromEnvironment({
    DEBUGINFOD_URLS: 'http://b.example',
    DEBUGINFOD_TIMEOUT: '-1',
    DEBUGINFOD_MAXSIZE: '1000',
    XDG_CACHE_HOME: '/var/x',
    HOME: '/nowhere',
  });
  assert.equal(set?.timeoutSeconds, 0);
  assert.equal(set.maxSize, 1000);
  assert.equal(set.cacheFolder, '/var/x/debuginfod_client');
  const path = { DEBUGINFOD_URLS: 'http://b.example', DEBUGINFOD_CACHE_PATH: '/c' };
  assert.equal(debuginfodFromEnvironment(path)?.cacheFolder, '/c');
});
