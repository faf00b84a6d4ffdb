import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { run } from '../testing/cli.js';
import { requirePython } from '../testing/pythons.js';
import { resolveInterpreter, type Resolution, type ResolvedInterpreter } from './interpreter.js';
import { NEVER_ASK } from './launchers.js';

/** A folder with a `bin` in it, which is the whole `PATH`. */
class Place {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'strata-place-')));
  readonly bin = join(this.folder, 'bin');
  env: NodeJS.ProcessEnv = { PATH: `${this.bin}:/usr/bin:/bin` };

  constructor(t: TestContext) {
    mkdirSync(this.bin);
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  script(name: string, ...lines: string[]): string {
    const path = join(this.bin, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o755 });
    return path;
  }

  link(name: string, target: string): string {
    const path = join(this.bin, name);
    symlinkSync(target, path);
    return path;
  }

  resolve(...command: string[]): Resolution {
    return resolveInterpreter(command, this.env, this.folder);
  }

  /** Of a command that has an interpreter. */
  found(...command: string[]): ResolvedInterpreter {
    const resolution = this.resolve(...command);
    assert.ok(resolution.found, resolution.found ? '' : resolution.reason);
    return resolution;
  }

  why(...command: string[]): string {
    const resolution = this.resolve(...command);
    assert.ok(!resolution.found);
    return `${resolution.why}: ${resolution.reason}`;
  }
}

function kinds({ steps }: Resolution): string {
  return steps.map(({ kind, what }) => `${kind} ${what}`).join(', ');
}

test('links and wrappers lead to the interpreter, with its own options', (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const place = new Place(t);
  place.link('python3', python.path);
  const found = place.found('env', 'A=1', 'nice', '-n', '1', 'python3', '-I', 'app.py', '-x');
  assert.equal(found.path, python.path);
  assert.equal(found.program, join(place.bin, 'python3'));
  assert.deepEqual(found.args, ['-I', 'app.py', '-x']);
  assert.deepEqual(found.start, { runs: 'script', name: 'app.py', ignoresEnvironment: '-I' });
  assert.equal(found.env['A'], '1');
  assert.equal(kinds(found), 'wrapper env, wrapper nice');
});

test('scripts are followed as the kernel follows them', async (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const place = new Place(t);
  const link = place.link('python3', python.path);
  const spaced = join(place.bin, 'with blank');
  mkdirSync(spaced);
  symlinkSync(python.path, join(spaced, 'python3'));
  const body = 'import sys; print(sys.flags.isolated, sys.argv[1:])';
  const scripts: [path: string, isolated: boolean][] = [
    [place.script('plain', `#!${python.path}`, body), false],
    [place.script('isolated', `#!${python.path} -I`, body), true],
    [place.script('by-env', '#!/usr/bin/env python3', body), false],
    [place.script('by-env-s', '#!/usr/bin/env -S python3 -I', body), true],
    [
      place.script('pip', '#!/bin/sh', `'''exec' "${spaced}/python3" "$0" "$@"`, "' '''", body),
      false,
    ],
    [place.script('uv', '#!/bin/sh', `'''exec' ${python.path} -I "$0" "$@"`, "' '''", body), true],
    [place.script('of script', `#!${python.path}`, body), false],
  ];
  for (const [path, isolated] of scripts) {
    const found = place.found(path, 'word');
    assert.equal(found.path, python.path, path);
    assert.equal(found.start.ignoresEnvironment !== undefined, isolated, path);
    assert.deepEqual(found.start.name, path);
    assert.equal(found.args.at(-1), 'word');
    assert.match(kinds(found), new RegExp(`^script ${path}`));
    // It is what really happens.
    const { stdout } = await run(path, ['word'], { env: place.env });
    assert.equal(stdout, `${isolated ? 1 : 0} ['word']\n`, path);
  }
  assert.equal(place.found('by-env').program, link);
});

test('a virtual environment is named, and what is started in it', (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const place = new Place(t);
  const venv = join(place.folder, 'venv');
  execFileSync(python.path, ['-m', 'venv', '--without-pip', venv]);
  const app = place.script('app', `#!${venv}/bin/python`, 'pass');
  for (const command of [[`${venv}/bin/python`, 'x.py'], [app]]) {
    const found = place.found(...command);
    assert.equal(found.path, python.path);
    assert.equal(found.program, `${venv}/bin/python`);
    assert.match(kinds(found), new RegExp(`environment ${venv}$`));
  }
  place.env = { ...place.env, PATH: `${venv}/bin:${place.env['PATH']}` };
  assert.equal(place.found('python', '-m', 'http.server').program, `${venv}/bin/python`);
});

test('shims of version managers are asked what they would choose', (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const place = new Place(t);
  const program = place.script('versions/3/python', `#!${python.path}`, '');
  rmSync(program);
  symlinkSync(python.path, program);
  // Each answers `which NAME` alone; whatever else they are asked to do is a failure.
  const manager = place.script(
    'tools/pyenv',
    '#!/bin/sh',
    `[ "$1 $2" = "which python" ] && [ "$PYENV_VERSION" = 3 ] && echo '${program}'`,
  );
  place.script(
    'python',
    '#!/usr/bin/env bash',
    'set -e',
    'program="${0##*/}"',
    `exec "${manager}" exec "$program" "$@"`,
  );
  place.env = { ...place.env, PYENV_VERSION: '3' };
  const found = place.found('python', 'app.py');
  assert.equal(found.path, python.path);
  assert.equal(kinds(found), 'shim pyenv');
  assert.deepEqual(found.args, ['app.py']);
  assert.ok(found.env['PATH']?.startsWith(`${dirname(program)}:`));

  place.env = { ...place.env, PYENV_VERSION: '4' };
  assert.equal(place.why('python', 'app.py'), 'unknown: pyenv does not say what it would run');

  const asdf = place.script(
    'tools/asdf',
    '#!/bin/sh',
    `[ "$*" = "which tool" ] && echo '${program}'`,
  );
  place.script('tool', '#!/usr/bin/env bash', `exec ${asdf} exec "tool" "$@"`);
  assert.equal(kinds(place.found('tool', 'x.py')), 'shim asdf');

  const mise = place.script(
    'tools/mise',
    '#!/bin/sh',
    `[ "$*" = "which py" ] && echo '${program}'`,
  );
  place.link('py', mise);
  assert.equal(kinds(place.found('py', 'x.py')), 'shim mise');
});

test('tools that run in a project’s environment are asked for it', (t) => {
  const python = requirePython(t, [3, 8]);
  if (!python) return;
  const place = new Place(t);
  const venv = join(place.folder, 'venv');
  execFileSync(python.path, ['-m', 'venv', '--without-pip', venv]);
  writeFileSync(join(venv, 'bin', 'app'), `#!${venv}/bin/python -E\n`, { mode: 0o755 });
  const answers = (name: string, question: string, answer: string): void => {
    place.script(name, '#!/bin/sh', `[ "$*" = "${question}" ] && echo note && echo '${answer}'`);
  };
  answers('uv', 'python find --project p 3.12', `${venv}/bin/python3`);
  const uv = (...words: string[]): ResolvedInterpreter =>
    place.found('uv', '-q', 'run', '--project', 'p', '-p', '3.12', '--with', 'rich', ...words);
  assert.deepEqual(uv('app.py', '-I').start, { runs: 'script', name: 'app.py' });
  assert.deepEqual(uv('-m', 'mod').start, { runs: 'module', name: 'mod' });
  assert.deepEqual(uv('--', 'python', '-c', '1').start, { runs: 'code' });
  assert.equal(uv('app').start.ignoresEnvironment, '-E');
  assert.equal(uv('app').program, `${venv}/bin/python`);
  assert.match(kinds(uv('app')), /^runner uv, script .*app, environment .*venv$/);
  assert.equal(place.why('uv', 'run', 'app.py'), 'unknown: uv does not say what it would run');
  place.link('uvx', join(place.bin, 'uv'));
  assert.equal(place.why('uvx', 'ruff'), 'unknown: uvx does not say what it would run');

  answers('poetry', 'env info --path', venv);
  assert.equal(place.found('poetry', '-C', 'x', 'run', 'python', 'x.py').path, python.path);
  answers('pipx', 'environment --value PIPX_DEFAULT_PYTHON', python.path);
  assert.equal(place.found('pipx', 'run', '--spec', 'x', 'app').path, python.path);
});

test('what is no interpreter is told as what it is', (t) => {
  const place = new Place(t);
  assert.match(place.why('ls'), /^native: \/(?:usr\/)?bin\/\w+ has no Python in it$/);
  assert.equal(place.why('no-such'), 'missing: there is no program no-such in PATH');
  assert.equal(place.why('./no-such'), 'missing: ./no-such is not there');
  assert.match(place.why(place.folder), /^missing: .* is a directory$/);
  assert.match(
    place.why(place.script('sh-script', '#!/bin/sh', 'exec python3')),
    /^unknown: .*script/,
  );
  assert.match(place.why(place.script('text', 'import sys')), /^native:/);
  assert.match(place.why(place.script('bad', '#!/no/such/python')), /^missing:/);
  place.script('a', `#!${place.bin}/b`);
  place.script('b', `#!${place.bin}/a`);
  assert.equal(place.why('a'), 'unknown: the command goes in a circle');
  assert.equal(place.why('nice'), 'missing: no program is named');
});

test('nothing is started where nothing may be', (t) => {
  const place = new Place(t);
  const mark = join(place.folder, 'mark');
  place.script('pyenv', '#!/bin/sh', `touch '${mark}'`);
  place.script('python', '#!/bin/sh', `touch '${mark}'`);
  place.script('python3', '#!/bin/sh', `exec "${place.bin}/pyenv" exec "$program" "$@"`);
  place.script('uv', '#!/bin/sh', `touch '${mark}'`);
  for (const command of [['python'], ['python3', 'x.py'], ['uv', 'run', 'x.py']]) {
    const resolution = resolveInterpreter(command, place.env, place.folder, NEVER_ASK);
    assert.equal(resolution.found, false);
  }
  assert.throws(() => execFileSync('test', ['-e', mark]));
});
