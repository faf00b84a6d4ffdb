/**
 * The documents against the house: every path, command, flag and npm script that they name exists, and
 * what must be described is.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { describe } from 'node:test';

import { COMMANDS } from './cli/options/commands.js';
import { parseCommandLine } from './cli/program.js';
import { repositoryRoot } from './testing/cli.js';

const ROOT = repositoryRoot();
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'samples/README.md',
];
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};
/** Folders and files at the top whose paths documents name, and what the program writes while it runs. */
const TOP = readdirSync(ROOT).filter((name) => !name.startsWith('.git') && name !== 'node_modules');
const WRITTEN = /^(out|dist|node_modules)\b/;
/** Every command has these. */
const COMMON_FLAGS = new Set(['--version', '--help']);
const FLAGS = new Set(
  COMMANDS.flatMap(({ flags }) => flags.flatMap((flag) => flag.flags.match(/-{1,2}[\w-]+/g) ?? [])),
);

/** What a faultless document has none of. */
interface Faults {
  readonly links: string[];
  readonly paths: string[];
  readonly commands: string[];
  readonly flags: string[];
  readonly scripts: string[];
}

for (const name of DOCUMENTS) {
  describe(name, () => {
    const faults = check(readFileSync(join(ROOT, name), 'utf8'), name);
    for (const [kind, found] of Object.entries(faults) as [string, string[]][]) {
      test(`names only ${kind} that exist`, () => assert.deepEqual(found, []));
    }
  });
}

test('the check of documents sees what it must', () => {
  const text = [
    'See [this](docs/nowhere.md), `src/nowhere.ts`, `npm run nowhere` and `--nowhere`.',
    '```sh',
    'npm run neither',
    'strata report --childen | head',
    'STRATA_DEBUG=1 strata recrod python x.py   # why',
    '```',
    'Fine: [that](README.md), `src/cli/main.ts`, `npm test`, `strata tree --all`, `-F`, `--view`.',
  ].join('\n');
  assert.deepEqual(check(text, 'README.md'), {
    links: ['docs/nowhere.md'],
    paths: ['src/nowhere.ts'],
    commands: [
      "strata report --childen: unknown option '--childen'",
      "strata recrod python x.py: unknown command 'recrod'",
    ],
    flags: ['--nowhere'],
    scripts: ['npm run nowhere', 'npm run neither'],
  });
});

test('README.md names every command', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  for (const { name } of COMMANDS) assert.match(readme, new RegExp(`strata ${name}\\b`));
});

test('ARCHITECTURE.md has a line for every folder of src/ and every dependency', () => {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((e) =>
    e.isDirectory(),
  );
  for (const { name } of folders)
    assert.match(text, new RegExp(`^ *${name}/ `, 'm'), `src/${name}`);
  const tools = /^(@types\/|@eslint\/|typescript-eslint$)/; // parts of what is named already
  const all = Object.keys({ ...MANIFEST.dependencies, ...MANIFEST.devDependencies });
  for (const name of all.filter((one) => !tools.test(one))) {
    assert.ok(text.includes(`\`${name}\``), `${name} has no line in ARCHITECTURE.md`);
  }
});

function check(markdown: string, name: string): Faults {
  const blocks = [...markdown.matchAll(/^```(?:sh|console|text)?\n([\s\S]*?)^```/gm)].map(
    (m) => m[1],
  );
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '');
  const code = [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]);
  const lines = [...code, ...blocks.flatMap((block) => block.split('\n'))].map((line) =>
    line.replace(/\s+#.*$/, '').trim(),
  );
  const words = lines.flatMap((line) => line.split(/[\s,]+/));
  return {
    links: [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1].replace(/#.*$/, ''))
      .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(ROOT, dirname(name), target))),
    paths: words.filter(isOurPath).filter((path) => !existsSync(join(ROOT, path))),
    commands: lines.flatMap(strataLines).flatMap(refused),
    flags: code.filter((one) => /^--?[a-zA-Z][\w-]*$/.test(one) && !isKnownFlag(one)),
    scripts: lines
      .flatMap((line) => line.match(/\bnpm (?:run )?[a-z][\w:-]*/g) ?? [])
      .filter((line) => !isKnownScript(line)),
  };
}

/** Whether a word is a path below one of the repository's own folders, or looks like one. */
function isOurPath(word: string): boolean {
  if (WRITTEN.test(word) || /[*<>{}$|…]/.test(word)) return false;
  const top = word.split('/', 1)[0];
  return word.includes('/') && (TOP.includes(top) || ['src', 'docs', 'scripts'].includes(top));
}

function isKnownFlag(flag: string): boolean {
  return FLAGS.has(flag) || COMMON_FLAGS.has(flag);
}

function isKnownScript(line: string): boolean {
  const [, word, name] = line.split(' ');
  return word === 'run'
    ? name in MANIFEST.scripts
    : ['ci', 'install', 'link', 'test'].includes(word);
}

/** The `strata …` commands of a shell line, without prompts, variables, pipes and redirections. */
function strataLines(line: string): string[] {
  return line
    .split(/\s*(?:&&|\||;)\s*/)
    .map((part) => part.replace(/^(?:\$ )?(?:sudo )?(?:\w+=\S+ )*/, '').replace(/\s*[<>].*$/, ''))
    .filter((part) => /^strata [a-z-]/.test(part));
}

function refused(line: string): string[] {
  try {
    // Quotes do not matter to what is a command and a flag.
    parseCommandLine(line.split(/\s+/).slice(1), '0');
    return [];
  } catch (error) {
    return [`${line}: ${error instanceof Error ? error.message : String(error)}`];
  }
}
