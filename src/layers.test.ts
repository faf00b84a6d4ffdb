/**
 * The house's own rules, enforced: floors import only from floors below, code imports only declared
 * dependencies, files stay readable.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix, relative } from 'node:path';
import test from 'node:test';
import ts from 'typescript';

import { repositoryRoot } from './testing/cli.js';

/** Highest first: a floor imports from those after it. */
const FLOORS = [
  'cli',
  'web',
  'server',
  'render',
  'stat',
  'record',
  'checks',
  'measure',
  'session',
  'symbolize',
  'unwind',
  'python',
  'linux',
  'profile',
  'formats',
  'base',
];
/** Folders beside the floors: they may import from all, and only tests and they themselves import them. */
const BESIDE = ['testing', 'bench', 'acceptance', 'fuzz'];
const MOST_LINES = 400;

interface SourceFile {
  /** Path below src/, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Module specifiers as written: static, dynamic and type imports. */
  readonly imports: readonly string[];
}

const ROOT = repositoryRoot();
const FILES = readSources(join(ROOT, 'src'));

test('every folder of src/ is a floor of the house', () => {
  const known = new Set([...FLOORS, ...BESIDE]);
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  assert.deepEqual(
    folders.filter((folder) => !known.has(folder)),
    [],
  );
});

test('a floor imports only from floors below it', () => {
  assert.deepEqual(FILES.flatMap(upwardImports), []);
});

test('the check of floors sees what it must', () => {
  const file = (path: string, ...imports: string[]): SourceFile => ({ path, text: '', imports });
  const faults = [
    file('base/a.ts', '../profile/profile.js'),
    file('formats/elf/b.ts', '../../session/open.js'),
    file('render/c.ts', '../testing/pythons.js'),
  ].flatMap(upwardImports);
  assert.deepEqual(faults, [
    'base/a.ts imports ../profile/profile.js (profile is not below base)',
    'formats/elf/b.ts imports ../../session/open.js (session is not below formats)',
    'render/c.ts imports ../testing/pythons.js (testing is for tests only)',
  ]);
  const fine = [
    file('cli/d.ts', '../base/errors.js', './options.js', 'node:fs'),
    file('unwind/e.test.ts', '../session/open.js', '../testing/pythons.js'),
  ].flatMap(upwardImports);
  assert.deepEqual(fine, []);
});

test('code imports only what package.json declares', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const shipped = new Set(Object.keys(manifest.dependencies));
  const forTests = new Set([...shipped, ...Object.keys(manifest.devDependencies)]);
  const builtin = new Set(builtinModules);
  const faults = FILES.flatMap(({ path, imports }) =>
    imports
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
      .filter((name) => {
        const [scope, rest] = name.split('/');
        const dependency = scope.startsWith('@') ? `${scope}/${rest}` : scope;
        return builtin.has(name) || !(isForTests(path) ? forTests : shipped).has(dependency);
      })
      .map((name) => `${path} imports ${name}`),
  );
  assert.deepEqual(faults, []);
});

test('every dependency is used', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const used = new Set(FILES.filter(({ path }) => !isForTests(path)).flatMap((f) => f.imports));
  const isUsed = (name: string): boolean =>
    [...used].some((one) => one === name || one.startsWith(`${name}/`));
  assert.deepEqual(
    Object.keys(manifest.dependencies).filter((name) => !isUsed(name)),
    [],
  );
});

test(`no file is longer than ${MOST_LINES} lines`, () => {
  const long = FILES.filter(({ text }) => text.split('\n').length - 1 > MOST_LINES);
  assert.deepEqual(
    long.map(({ path }) => path),
    [],
  );
});

/** The imports of a file that do not point down, in words. */
function upwardImports({ path, imports }: SourceFile): string[] {
  const floor = folderOf(path);
  if (isForTests(path)) return [];
  return imports
    .filter((name) => name.startsWith('.'))
    .flatMap((name) => {
      const target = folderOf(posix.join(posix.dirname(path), name));
      if (target === floor || FLOORS.indexOf(target) > FLOORS.indexOf(floor)) return [];
      const why = BESIDE.includes(target) ? 'is for tests only' : `is not below ${floor}`;
      return [`${path} imports ${name} (${target} ${why})`];
    });
}

function isForTests(path: string): boolean {
  return path.endsWith('.test.ts') || BESIDE.includes(folderOf(path));
}

function folderOf(path: string): string {
  return path.split('/', 1)[0];
}

function readSources(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const text = readFileSync(path, 'utf8');
      const imports = ts.preProcessFile(text, true, true).importedFiles.map((one) => one.fileName);
      return { path: relative(folder, path).replaceAll('\\', '/'), text, imports };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
