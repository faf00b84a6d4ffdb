/** The built program, run as a person runs it: what it writes, where, and its exit code. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import test, { after, describe, type TestContext } from 'node:test';

import { repositoryRoot, run, strata, STRATA } from '../testing/cli.js';
import { requirePython, skipOrFail } from '../testing/pythons.js';

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

  test('where nothing can be written any more, the reason is told', async () => {
    const script = '"$0" "$1" report --help > /dev/full';
    const result = await run('bash', ['-c', script, process.execPath, STRATA]);
    assert.deepEqual(result, {
      stdout: '',
      stderr: 'strata: cannot write to standard output: no space left on device\n',
      code: 1,
    });
  });

  test('where nobody hears what goes wrong, the exit code tells it nonetheless', async () => {
    const script = '"$0" "$1" recrod 2> /dev/full';
    const result = await run('bash', ['-c', script, process.execPath, STRATA]);
    assert.deepEqual(result, { stdout: '', stderr: '', code: 2 });
  });
});

test('starting loads the parser and nothing of the engine', () => {
  const loaded = staticImports(join(import.meta.dirname, 'main.js'));
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
    /^(?:import|export)\b[^;'=]*'([^']+)';/gm,
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
    [['tree', '--show-al'], "strata: unknown option '--show-al'\n  did you mean --show-all?\n"],
    [['report', '-Z'], "strata: unknown option '-Z'\n  see: strata report --help\n"],
    [
      ['record'],
      'strata: record needs a command to run, or something that runs already\n' +
        '  for example: strata record python app.py, strata record -p 1234, strata record -a\n',
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
    ['a directory', folder, /^strata: cannot read .*: it is a directory without a recording\n$/],
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

  for (const flag of ['--symfs', '--symbol-dir', '--perf-map-dir', '--kallsyms', '--vmlinux']) {
    test(`a ${flag} that is not there`, async () => {
      const input = file('x.folded', 'main;f 1\n');
      for (const command of ['report', 'script']) {
        const { code, stderr } = await strata([command, '-i', input, flag, '/nonexistent']);
        assert.equal(code, 1);
        assert.match(
          stderr,
          new RegExp(`^strata: ${flag} /nonexistent cannot be read: no such file`),
        );
      }
    });
  }
});

describe('a recording, from one end to the other', () => {
  const recording = join(folder, 'demo.data');
  const demo = join(repositoryRoot(), 'samples', 'demo.py');

  /** Records the sample once; the tests after the first one read what it wrote. */
  async function record(t: TestContext): Promise<boolean> {
    if (existsSync(recording)) return true;
    const python = requirePython(t, [3, 12]);
    if (python === undefined) return false;
    const result = await strata(['record', '-o', recording, python.path, demo, '0.5']);
    if (/perf_event_paranoid|perf events/.test(result.stderr)) {
      skipOrFail(t, 'perf_events', result.stderr.trim());
      return false;
    }
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /^strata: .*demo\.data: [\d,]+ samples/);
    return true;
  }

  test('tree shows who spent the time', async (t) => {
    if (!(await record(t))) return;
    const { stdout, stderr, code } = await strata(['tree', '-i', recording, '--view', 'python']);
    assert.deepEqual({ stderr, code }, { stderr: '', code: 0 });
    const names = [/<module>/, /main/, /work_for/, /count_leaves/];
    for (const name of names) assert.match(stdout, name);
    assert.ok(!stdout.includes('\x1b'), 'no colours without a terminal');
  });

  test('report has perf’s layout', async (t) => {
    if (!(await record(t))) return;
    const argv = ['report', '--stdio', '-n', '--percent-limit', '5', '-i', recording];
    const { stdout, stderr, code } = await strata(argv);
    assert.deepEqual({ stderr, code }, { stderr: '', code: 0 });
    assert.match(stdout, /^# Children +Self +Samples +Command +Shared Object +Symbol/m);
    assert.match(stdout, /^ +\d+\.\d\d% +\d+\.\d\d% .* main\b/m);
    assert.match(stdout, /--\d+\.\d\d%--/, 'with call graphs');
    const flat = await strata([...argv, '-g', 'none']);
    assert.doesNotMatch(flat.stdout, /--\d+\.\d\d%--/);
  });

  test('report of a thread has only its samples', async (t) => {
    if (!(await record(t))) return;
    const whole = await strata(['tree', '-i', recording]);
    const [, tid] = /tid (\d+)/.exec(whole.stdout) ?? [];
    const one = await strata(['tree', '-i', recording, '--tid', tid]);
    assert.equal(one.stdout.match(/, tid \d+:/g)?.length, 1);
    const none = await strata(['tree', '-i', recording, '--tid', '1']);
    assert.match(none.stderr, /^strata: .* has no samples of what was asked for/);
    assert.equal(none.code, 1);
  });

  test('an event that the recording has not', async (t) => {
    if (!(await record(t))) return;
    const { stderr, code } = await strata(['report', '-i', recording, '--event', 'nonsense']);
    assert.match(stderr, /^strata: the recording has no event 'nonsense'\n {2}it has: .+\n$/);
    assert.equal(code, 1);
  });

  test('flamegraph writes an SVG, to a file or to standard output', async (t) => {
    if (!(await record(t))) return;
    const path = join(folder, 'demo.svg');
    const argv = ['flamegraph', '-i', recording, '--title', 'A <b> & c'];
    const result = await strata([...argv, '-o', path]);
    assert.match(result.stderr, /^strata: wrote .*demo\.svg \([\d,]+ frames\)\n$/);
    assert.equal(result.code, 0);
    const svg = readFileSync(path, 'utf8');
    assert.match(svg, /<svg\b[\s\S]*<title>A &lt;b&gt; &amp; c<\/title>[\s\S]*<\/svg>\s*$/);
    assert.equal((await strata([...argv, '-o', '-'])).stdout, svg);
    const refused = await strata([...argv, '-o', join(folder, 'no', 'where.svg')]);
    assert.match(
      refused.stderr,
      /^strata: cannot write .*where\.svg: no such file or directory\n$/,
    );
    assert.equal(refused.code, 1);
  });

  test('a recording cut short is read to where it ends, and says so', async (t) => {
    if (!(await record(t))) return;
    const whole = readFileSync(recording);
    const cut = file('half.data', whole.subarray(0, whole.length / 3));
    const { stdout, code } = await strata(['tree', '-i', cut]);
    assert.equal(code, 0);
    assert.match(stdout, /half\.data is cut/);
  });

  test('record passes on how the command ended', async (t) => {
    if (!(await record(t))) return;
    const output = join(folder, 'ends.data');
    const ends: readonly (readonly [command: string[], code: number])[] = [
      [['sh', '-c', 'exit 7'], 7],
      [['sh', '-c', 'kill -KILL $$'], 128 + 9],
      [['sh', '-c', 'echo to its own stdout; exit 0'], 0],
      [[join(folder, 'no-such-program')], 127],
    ];
    for (const [command, code] of ends) {
      const result = await strata(['record', '-q', '-o', output, '--', ...command]);
      assert.equal(result.code, code, `${command.join(' ')}: ${result.stderr}`);
      assert.equal(result.stdout, code === 0 ? 'to its own stdout\n' : '');
    }
  });
});
