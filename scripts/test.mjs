// Runs the built tests: all of them, or those whose path contains one of the words given.
//   npm test              npm test -- unwind cli/
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const words = process.argv.slice(2);

// From the sources and not from dist/, which may still hold tests whose source is gone. (Node.js 20's
// own runner takes no patterns.)
const tests = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
  .map((entry) => relative(join(root, 'src'), join(entry.parentPath, entry.name)))
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  .map((path) => join(root, 'dist', path.replace(/\.ts$/, '.js')))
  .sort();

const missing = tests.filter((path) => !existsSync(path));
if (tests.length === 0 || missing.length > 0) {
  process.stderr.write(
    tests.length === 0
      ? `no test matches ${words.join(' ')}\n`
      : `not built: ${missing.join(' ')}\n`,
  );
  process.exit(1);
}

// One process per file; the default leaves one CPU idle, which on small machines is half of them.
const concurrency = Math.max(2, availableParallelism() - 1);
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`, ...tests],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
