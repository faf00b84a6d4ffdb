// Joins the built modules into few files, dist/bin/: Node.js finds, reads and compiles a module at a time,
// which for a hundred small ones takes longer than a small report. What tests import stays as it was built.
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const bin = join(dist, 'bin');

rmSync(bin, { recursive: true, force: true });
const workers = readdirSync(dist, { recursive: true }).filter((path) =>
  path.endsWith('-worker.js'),
);
await build({
  // The program, and the workers, which it finds beside itself.
  entryPoints: [
    { in: join(dist, 'cli', 'main.js'), out: 'strata' },
    ...workers.map((path) => ({ in: join(dist, path), out: basename(path, '.js') })),
  ],
  outdir: bin,
  bundle: true,
  // Commands stay apart and are loaded when they run.
  splitting: true,
  chunkNames: 'chunk-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // They bring files of their own that are not JavaScript.
  external: ['koffi', 'gecko-profiler-demangle'],
  // Packages in the older module format ask for Node.js's own modules by `require`.
  banner: {
    js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
chmodSync(join(bin, 'strata.js'), 0o755);
