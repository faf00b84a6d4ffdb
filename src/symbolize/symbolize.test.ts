import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { MemorySource } from '../base/source.js';
import { parseAddress, type Address } from '../base/units.js';
import { EM_X86_64 } from '../formats/elf/constants.js';
import { symbolNamed } from '../formats/elf/symbols.js';
import { writeSymbolFile } from '../formats/elf/writer.js';
import { skipOrFail } from '../testing/pythons.js';
import { crc32 } from './crc32.js';
import { Demangler } from './demangle.js';
import { readKernelSymbols } from './kernel.js';
import { Symbolizer } from './symbolizer.js';
import { readVdso } from './vdso.js';

const OURS = 'aa'.repeat(20);
const OTHER = 'bb'.repeat(20);

/** A file of one function, `name`, at [16, 32), in `root`. */
function put(root: string, path: string, buildId: string, name: string, size = 16): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(
    full,
    writeSymbolFile({
      buildId: Buffer.from(buildId, 'hex'),
      machine: EM_X86_64,
      symbols: { starts: [16], sizes: [size], names: [name] },
      textSize: 256,
    }),
  );
  return full;
}

function withFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'strata-symbolize-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("takes the module's own file, seen through a root, and demangles", () => {
  withFolder((root) => {
    put(root, '/usr/lib/libx.so', OURS, '_Z3foov');
    const symbolizer = new Symbolizer();
    const module = symbolizer.module({ path: '/usr/lib/libx.so', buildId: OURS, root });
    const found = module.lookup(20);
    assert.deepEqual(found, {
      name: 'foo()',
      linkName: '_Z3foov',
      start: 16,
      size: 16,
      hasName: true,
    });
    assert.equal(module.lookup(31), found);
    assert.equal(module.lookup(32).name, '[libx.so]');
    assert.equal(module.vaddrOfOffset(20), 20);
    assert.equal(symbolizer.gap(module), undefined);
    assert.equal(symbolizer.module({ path: '/elsewhere', buildId: OURS, root }), module);
    symbolizer.close();
  });
});

test('never takes another build silently', () => {
  withFolder((root) => {
    const path = put(root, '/lib/libx.so', OTHER, 'wrong');
    const symbolizer = new Symbolizer({ root });
    const module = symbolizer.module({ path: '/lib/libx.so', buildId: OURS });
    assert.equal(module.lookup(20).hasName, false);
    assert.deepEqual(symbolizer.gaps(), [
      {
        path: '/lib/libx.so',
        reason: 'another build',
        detail: `${path} is another build (build ID ${OURS} recorded, ${OTHER} found)`,
      },
    ]);
    // Without a build ID in the recording the file is taken as it is.
    assert.equal(symbolizer.module({ path: '/lib/libx.so' }).lookup(20).name, 'wrong');
    symbolizer.close();
  });
});

test('finds a debug file by build ID, also where the module itself is gone', () => {
  withFolder((root) => {
    put(root, `/usr/lib/debug/.build-id/aa/${OURS.slice(2)}.debug`, OURS, 'from_debug');
    const symbolizer = new Symbolizer({ root });
    const module = symbolizer.module({ path: '/gone/libx.so', buildId: OURS });
    assert.equal(module.lookup(20).name, 'from_debug');
    assert.equal(symbolizer.gap(module)?.reason, 'no such file');
    symbolizer.close();
  });
});

test('follows .gnu_debuglink only to the file with its checksum or build ID', (t: TestContext) => {
  withFolder((root) => {
    const debug = put(root, '/lib/.debug/libx.debug', OURS, 'linked');
    const stripped = put(root, '/lib/libx.so', OURS, 'own');
    try {
      execFileSync('objcopy', ['--strip-all', `--add-gnu-debuglink=${debug}`, stripped]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      skipOrFail(t, 'objcopy', 'not installed');
      return;
    }
    const nameIn = (path: string): string => {
      const symbolizer = new Symbolizer({ root });
      const { name } = symbolizer.module({ path }).lookup(20);
      symbolizer.close();
      return name;
    };
    assert.equal(nameIn('/lib/libx.so'), 'linked');
    put(root, '/lib/.debug/libx.debug', OTHER, 'stale');
    assert.equal(nameIn('/lib/libx.so'), '[libx.so]');
  });
});

test('names functions without symbol by their bounds, and stretches no name over them', () => {
  withFolder((root) => {
    put(root, '/lib/libx.so', OURS, 'label', 0);
    // 16 ....... 64 ........... 96 ... by unwind information; the label alone would reach to 256
    const extents = [
      { start: 16, end: 64 },
      { start: 64, end: 96 },
    ];
    const symbolizer = new Symbolizer({
      root,
      boundsOf: () => ({
        boundsAt: (vaddr) => extents.find(({ start, end }) => vaddr >= start && vaddr < end),
      }),
    });
    const module = symbolizer.module({ path: '/lib/libx.so' });
    assert.equal(module.lookup(20).name, 'label');
    const nameless = module.lookup(70);
    assert.deepEqual(nameless, {
      name: 'libx.so+0x40',
      linkName: undefined,
      start: 64,
      size: 32,
      hasName: false,
    });
    assert.equal(module.lookup(95), nameless);
    symbolizer.close();
  });
});

test('tells why there is nothing', () => {
  withFolder((root) => {
    const reasons = (path: string): string | undefined => {
      const symbolizer = new Symbolizer({ root });
      const gap = symbolizer.gap(symbolizer.module({ path }));
      symbolizer.close();
      return gap?.reason;
    };
    writeFileSync(join(root, 'text'), 'no ELF file');
    mkdirSync(join(root, 'folder'));
    put(root, '/x.so', OURS, 'x');
    assert.equal(reasons('/text'), 'unreadable');
    assert.equal(reasons('/folder'), 'no such file');
    assert.equal(reasons('/nowhere'), 'no such file');
    assert.equal(reasons('[heap]'), 'not a file');
    assert.equal(reasons('//anon'), 'not a file');
    assert.equal(reasons('/memfd:code (deleted)'), 'not a file');
    assert.equal(reasons('/x.so (deleted)'), 'deleted');
    assert.equal(reasons('/x\0.so'), 'not a file');
    execFileSync('mkfifo', [join(root, 'pipe')]);
    assert.equal(reasons('/pipe'), 'no such file'); // opening it would wait for ever
  });
});

test('names functions of the running program, with and without symbols', () => {
  const symbolizer = new Symbolizer();
  const libc = /\/\S*\/libc\.so\.6$/m.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0];
  assert.ok(libc !== undefined);
  const module = symbolizer.module({ path: libc });
  const image = module.image ?? assert.fail();
  for (const name of ['malloc', 'qsort', 'printf']) {
    const { address, size } = symbolNamed(image, name) ?? assert.fail(name);
    const found = module.lookup(address + size - 1);
    assert.equal(found.start, address);
    assert.ok(found.hasName && !found.name.includes('@'), found.name);
  }
  symbolizer.close();
});

test("reads this machine's vdso", (t) => {
  const image = readVdso();
  if (image === undefined) {
    skipOrFail(t, 'vdso', 'none is mapped');
    return;
  }
  assert.equal(readVdso(OURS), undefined);
  const name = ['__vdso_clock_gettime', '__kernel_clock_gettime'].find(
    (candidate) => symbolNamed(image, candidate) !== undefined,
  );
  assert.ok(name !== undefined);
  const { address } = symbolNamed(image, name) ?? assert.fail();
  const symbolizer = new Symbolizer();
  const found = symbolizer.moduleOfImage('[vdso]', image).lookup(address);
  assert.ok(found.hasName && found.name.includes('clock_gettime'));
});

test('moves kernel symbols to where the recorded kernel had them', () => {
  const at = (hex: string): Address => parseAddress(hex) ?? assert.fail(hex);
  const text = Buffer.from(
    'ffffffff81000000 T _text\nffffffff81000100 T do_one\nffffffff81000200 T do_two\n' +
      'ffffffffc0000000 t mod_fn\t[mod]\n',
  );
  const same = readKernelSymbols({ text });
  assert.deepEqual(same.lookup(at('ffffffff81000150')), {
    name: 'do_one',
    start: at('ffffffff81000100'),
    size: 0x100,
    module: undefined,
  });
  assert.equal(same.lookup(at('ffffffffc0000010'))?.module, '[mod]');
  const moved = readKernelSymbols({
    text,
    reference: { name: '_text', address: at('ffffffff92000000') },
  });
  assert.equal(moved.lookup(at('ffffffff92000150'))?.name, 'do_one');
  assert.equal(moved.lookup(at('ffffffff92000150'))?.start, at('ffffffff92000100'));
  assert.equal(moved.lookup(at('ffffffffd1000010')), undefined); // modules move on their own
  assert.match(readKernelSymbols({ text: Buffer.from('0 T _text\n') }).gap ?? '', /withholds/);
  assert.match(readKernelSymbols({ buildId: OURS }).gap ?? '', /another kernel/);
});

test('demangles C++ and Rust, and leaves the rest alone', () => {
  const demangler = new Demangler();
  const cases: [string, string][] = [
    ['_ZN4core3fmt9Formatter3pad17h1234567890abcdefE', 'core::fmt::Formatter::pad'],
    ['_RNvC5crate3bar', 'crate::bar'],
    ['_ZNK3foo3barEi', 'foo::bar(int) const'],
    ['_ZN2v88internal4Heap7CollectEv.cold', 'v8::internal::Heap::Collect() [clone .cold]'],
    ['PyDict_New', 'PyDict_New'],
    ['_Zfoo', '_Zfoo'],
    ['_Z', '_Z'],
    ['', ''],
    ['_PyEval_EvalFrameDefault', '_PyEval_EvalFrameDefault'],
    [`_Z${'N'.repeat(5000)}`, `_Z${'N'.repeat(5000)}`],
  ];
  for (const [name, plain] of cases) {
    assert.equal(demangler.demangle(name), plain);
    assert.equal(demangler.demangle(name), plain); // from memory
  }
});

test('computes CRC-32 as the standard does', () => {
  assert.equal(crc32(new MemorySource(Buffer.from('123456789'))), 0xcbf43926);
});
