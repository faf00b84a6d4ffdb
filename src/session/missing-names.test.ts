import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { ProfileBuilder, EMPTY_META } from '../profile/builder.js';
import { Layer, type Profile } from '../profile/profile.js';
import { SymbolAdvice } from '../symbolize/advice.js';
import type { SymbolOptions } from '../symbolize/options.js';
import type { SymbolGap } from '../symbolize/symbolizer.js';
import { missingNames } from './missing-names.js';

/** A stack per entry: paths of the modules whose nameless functions it passes through; its samples. */
function profileOf(
  stacks: readonly (readonly [paths: readonly string[], samples: number])[],
): Profile {
  const builder = new ProfileBuilder();
  const event = builder.event('cpu-clock', 'ns');
  const thread = builder.thread(1, 1, 'app');
  const text = builder.string('app');
  for (const [paths, samples] of stacks) {
    let stack = -1;
    for (const path of ['/usr/bin/app', ...paths]) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const module = builder.module(name, path);
      const func = builder.function(
        path === '/usr/bin/app'
          ? 'main'
          : path === '[kernel.kallsyms]'
            ? '[kernel]'
            : `${name}+0x10`,
        module,
        -1,
        Layer.Native,
      );
      stack = builder.stack(stack, builder.frame(func, 16, -1, 0));
    }
    for (let i = 0; i < samples; i++) builder.addSample(thread, text, i, stack, 0, event, 1, 0);
  }
  return builder.finish(EMPTY_META);
}

function gap(path: string, reason: SymbolGap['reason'], detail = ''): SymbolGap {
  return { path, reason, detail };
}

function told(
  profile: Profile,
  modules: readonly SymbolGap[],
  options: SymbolOptions = {},
  kernel?: string,
): string[] {
  return missingNames(profile, { kernel, modules, options }).map(
    ({ text, samples }) => `${text} (${samples})`,
  );
}

test('says why names are missing, most samples first, a stack counted once per file', () => {
  const profile = profileOf([
    [['/opt/a.so', '/opt/a.so'], 3],
    [['/opt/b.so', '/opt/a.so'], 2],
    [['/opt/b.so', '[kernel.kallsyms]'], 4],
    [[], 10],
  ]);
  const build = 'ab'.repeat(20);
  const gaps = [
    gap('/opt/a.so', 'no such file', '/opt/a.so is not there'),
    gap('/opt/b.so', 'another build', `/opt/b.so is another build (build ID ${build} recorded)`),
  ];
  assert.deepEqual(told(profile, gaps, {}, 'another kernel runs now'), [
    'functions of /opt/b.so have no names: it is another build (build ID abababababab… recorded) (6)',
    'functions of /opt/a.so have no names: it is not there; name a folder that has it with --symbol-dir (5)',
    'functions of [kernel.kallsyms] have no names: another kernel runs now; name its own with --kallsyms or --vmlinux (4)',
  ]);
  assert.deepEqual(told(profileOf([[[], 10]]), gaps), []);
});

test('puts files of few samples, and those past the eighth, into one sentence', () => {
  const many = profileOf(
    Array.from({ length: 12 }, (_, i) => [[`/opt/${i}.so`], 100 - i] as const),
  );
  const lines = told(many, []);
  assert.equal(lines.length, 9);
  assert.equal(lines[0], 'functions of /opt/0.so have no names (100)');
  assert.equal(lines[8], 'functions of 4 more files have no names (362)');
  const few = profileOf([
    [['/opt/a.so'], 1000],
    [['/opt/b.so', '/opt/c.so'], 2],
    [['/opt/c.so'], 1],
  ]);
  assert.deepEqual(told(few, []), [
    'functions of /opt/a.so have no names (1000)',
    'functions of 2 more files have no names (3)',
  ]);
  const one = profileOf([
    [['/opt/a.so'], 1000],
    [['/opt/b.so'], 2],
  ]);
  assert.equal(told(one, []).at(-1), 'functions of /opt/b.so have no names (2)');
});

test('advises by the distribution that the files are of, and names its server once', () => {
  const symfs = mkdtempSync(join(tmpdir(), 'strata-advice-'));
  try {
    mkdirSync(join(symfs, 'etc'));
    writeFileSync(join(symfs, 'etc/os-release'), 'NAME="X"\nID=mint\nID_LIKE="ubuntu debian"\n');
    const libraries = [
      gap('/usr/lib/liba.so.1', 'stripped'),
      gap('/usr/lib/libb.so.1', 'stripped'),
    ];
    const profile = profileOf([
      [['/usr/lib/liba.so.1'], 2],
      [['/usr/lib/libb.so.1'], 1],
    ]);
    assert.deepEqual(told(profile, libraries, { symfs }), [
      'liba.so.1 is stripped: install its debug symbols, or set DEBUGINFOD_URLS=https://debuginfod.ubuntu.com (2)',
      'libb.so.1 is stripped (1)',
    ]);
    const debuginfod = { urls: ['http://x'], cacheFolder: '', timeoutSeconds: 1, maxSize: 0 };
    assert.match(told(profile, libraries, { symfs, debuginfod })[0], /servers have no symbols/);
    const advice = new SymbolAdvice({ symfs });
    assert.equal(advice.about(gap('/opt/venv/x.so', 'stripped')), undefined);
    assert.equal(advice.about(gap('/usr/local/lib/x.so', 'stripped')), undefined);
    assert.equal(advice.about(gap('/usr/lib/x.so', 'another build')), undefined);
    rmSync(join(symfs, 'etc'), { recursive: true });
    const unknown = new SymbolAdvice({ symfs });
    assert.equal(unknown.about(libraries[0]), 'install its debug symbols');
  } finally {
    rmSync(symfs, { recursive: true });
  }
});
