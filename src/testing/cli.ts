/** Runs of the built program, as a person would run it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code, or -1 where a signal ended it. */
  readonly code: number;
}

const here = dirname(fileURLToPath(import.meta.url));

/** The built program, of the same build as the tests: the bundle that is shipped, where one was made. */
export const STRATA = [
  join(here, '..', 'bin', 'strata.js'),
  join(here, '..', 'cli', 'main.js'),
].find((path) => existsSync(path))!;

/** The repository: the first folder above that holds package.json and src/. */
export function repositoryRoot(): string {
  let folder = here;
  while (!(existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'src')))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no repository above ${here}`);
    folder = parent;
  }
  return folder;
}

/** Runs `strata` with `argv` to its end. */
export function strata(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Run> {
  return run(process.execPath, [STRATA, ...argv], options);
}

/** Runs a program to its end, collecting what it writes. */
export function run(
  program: string,
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ stdout, stderr, code: code ?? -1 }));
  });
}
