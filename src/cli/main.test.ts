/** The built program, run as a person runs it: what it writes, where, and its exit code. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import test, { after, describe } from 'node:test';

import { repositoryRoot, run, strata, STRATA } from '../testing/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'strata-cli-'));
after(() => rmSync(folder, { recursive: true }));

/** A file of the test's folder. */
function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('what is printed on request', () => {
  test('the version', async () => {
    const manifest = readFileSync(join(repositoryRoot(), 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    assert.deepEqual(await strata(['--version']), {
      stdout: `strata ${version}\n`,
      stderr: '',
      code: 0,
    });
  });

  test('help, on standard output', async () => {
    const { stdout, stderr, code } = await strata(['--help']);
    assert.match(stdout, /^Usage: strata/);
    assert.deepEqual({ stderr, code }, { stderr: '', code: 0 });
  });

  test('a reader that stops early is no failure', async () => {
    const script = `"$0" "$1" report --help | true; echo "\${PIPESTATUS[0]}"`;
    const result = await run('bash', ['-c', script, process.execPath, STRATA]);
    assert.deepEqual(result, { stdout: '0\n', stderr: '', code: 0 });
  });
});

test('starting loads the parser and nothing of the engine', () => {
  const loaded = staticImports(STRATA);
  const packages = [...loaded].filter((name) => !name.startsWith('/') && !name.startsWith('node:'));
  assert.deepEqual(packages, ['commander']);
  const files = [...loaded].filter((name) => name.startsWith('/'));
  const engine = files.filter((path) =>
    /\/(record|render|session|symbolize|unwind|python|linux|formats)\//.test(path),
  );
  assert.deepEqual(engine, []);
  assert.ok(files.some((path) => path.endsWith('/program.js')));
});

/** What a built module loads at once: paths of files, names of packages. Dynamic imports do not count. */
function staticImports(path: string, seen = new Set<string>([path])): Set<string> {
  for (const [, name] of readFileSync(path, 'utf8').matchAll(
    /^(?:import|export)\b[^;']*'([^']+)';/gm,
  )) {
    const target = name.startsWith('.') ? resolve(dirname(path), name) : name;
    if (seen.has(target)) continue;
    seen.add(target);
    if (name.startsWith('.')) staticImports(target, seen);
  }
  return seen;
}

describe('bad usage: one sentence, what is right, exit code 2', () => {
  const cases: readonly (readonly [argv: string[], stderr: string])[] = [
    [[], 'strata: no command given\n  see: strata --help\n'],
    [['recrod', 'x'], "strata: unknown command 'recrod'\n  did you mean record?\n"],
    [['tree', '--al'], "strata: unknown option '--al'\n  did you mean --all?\n"],
    [['report', '-Z'], "strata: unknown option '-Z'\n  see: strata report --help\n"],
    [
      ['record'],
      'strata: record needs a command to run\n  for example: strata record python app.py\n',
    ],
  ];
  for (const [argv, stderr] of cases) {
    test(['strata', ...argv].join(' '), async () => {
      assert.deepEqual(await strata(argv), { stdout: '', stderr, code: 2 });
    });
  }
});

describe('input that cannot be read: one sentence, exit code 1', () => {
  const inputs: readonly (readonly [what: string, path: string, stderr: RegExp])[] = [
    [
      'a missing file',
      join(folder, 'missing.data'),
      /^strata: cannot open .*missing\.data: no such file or directory\n {2}record one with: strata record python app\.py\n$/,
    ],
    ['a directory', folder, /^strata: cannot read .*: it is a directory\n$/],
    ['an empty file', file('empty', ''), /^strata: .*empty.*\n$/],
    [
      'text',
      file('text', 'function,count\nmain,3\n'.repeat(20)),
      /^strata: .*text.*perf\.data.*\n/,
    ],
    ['the magic alone', file('magic', 'PERFILE2'), /^strata: .*magic.*\n$/],
    [
      'a header cut short',
      file('cut', Buffer.concat([Buffer.from('PERFILE2'), Buffer.from([104, 0, 0, 0])])),
      /^strata: .*cut.*\n$/,
    ],
    [
      'a header of absurd sizes',
      file('absurd', Buffer.concat([Buffer.from('PERFILE2'), Buffer.alloc(96, 0x7f)])),
      /^strata: .*absurd.*\n$/,
    ],
  ];
  for (const command of ['report', 'tree', 'flamegraph']) {
    for (const [what, path, stderr] of inputs) {
      test(`strata ${command} of ${what}`, async () => {
        const result = await strata([command, '-i', path], { cwd: folder });
        assert.match(result.stderr, stderr);
        assert.equal(result.stdout, '');
        assert.equal(result.code, 1);
      });
    }
  }

  test('without -i the file is perf.data of this folder', async () => {
    const result = await strata(['tree'], { cwd: folder });
    assert.equal(
      result.stderr,
      'strata: cannot open perf.data: no such file or directory\n' +
        '  record one with: strata record python app.py\n',
    );
  });

  test('a stack trace comes only when asked for', async () => {
    const env = { STRATA_DEBUG: '1' };
    const { stderr } = await strata(['tree'], { cwd: folder, env });
    assert.match(stderr, /^ {4}at .*\(?file:\/\//m);
  });
});
