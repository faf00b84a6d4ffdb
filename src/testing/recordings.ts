/** Recordings of the programs in fixtures/programs, made as a person would make them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { FileSource } from '../base/source.js';
import { readPerfData } from '../formats/perfdata/reader.js';
import { decodeStrataSection, type StrataSection } from '../formats/perfdata/strata-section.js';
import { run, strata, type Run } from './cli.js';
import { fixturePath } from './fixtures.js';
import { debianPythonsFolder, pythons, type Python } from './pythons.js';
import { readReport } from './reports.js';

/** The interpreters that know perf. */
export function perfPythons(): readonly Python[] {
  return pythons().filter(({ version: [major, minor] }) => major === 3 && minor >= 12);
}

/** `3.15.2 of debian`. */
export function pythonLabel({ versionText, source }: Python): string {
  return `${versionText} of ${source}`;
}

/** Whether `perf` is on PATH. */
export function hasPerf(): boolean {
  return spawnSync('perf', ['--version']).error === undefined;
}

export function programPath(name: string): string {
  return fixturePath(join('programs', name));
}

/** A folder with a home of its own, so that perf's and Strata's caches are the test's. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'strata test '));
  readonly home = join(this.folder, 'home');
  readonly environment: NodeJS.ProcessEnv;

  constructor() {
    mkdirSync(this.home);
    this.environment = {
      HOME: this.home,
      PERF_BUILDID_DIR: undefined,
      PYENV_ROOT: process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'),
      // Compiled once per machine: interpreters that were unpacked bring no compiled library.
      PYTHONDONTWRITEBYTECODE: undefined,
      PYTHONPYCACHEPREFIX: join(debianPythonsFolder(), '..', 'pycache'),
    };
  }

  /** Where perf looks for files by build ID. */
  get buildIdCache(): string {
    return join(this.home, '.debug');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Runs `strata record -q` with `flags`; `run` is of the recorded command itself. */
  async record(
    name: string,
    command: readonly string[],
    flags: readonly string[] = [],
    environment: NodeJS.ProcessEnv = {},
  ): Promise<Recording> {
    const file = this.path(name);
    const stolenBefore = stolenSeconds();
    const result = await strata(['record', '-q', '-o', file, ...flags, ...command], {
      cwd: this.folder,
      env: { ...this.environment, ...environment },
    });
    const stolen = stolenSeconds() - stolenBefore;
    if (result.code !== 0) throw new Error(`${command.join(' ')}: ${result.code} ${result.stderr}`);
    return new Recording(this, file, result, stolen);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Of all CPUs, since boot (proc(5), `/proc/stat`: user nice system idle iowait irq softirq steal, in 10 ms). */
function stolenSeconds(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].split(/\s+/);
  return Number(fields[8] ?? 0) / 100;
}

export class Recording {
  constructor(
    readonly workplace: Workplace,
    readonly file: string,
    /** Of the command; where a test runs it by itself it is nothing. */
    readonly run: Run = { stdout: '', stderr: '', code: 0 },
    /**
     * Seconds in which the virtual machine got no CPU: programs' own clocks ran on, but no timer did, so
     * that nothing was sampled.
     */
    readonly stolen = 0,
  ) {}

  /** What the program printed. */
  answer<T>(): T {
    return JSON.parse(this.run.stdout) as T;
  }

  /** The recorder's own section. */
  section(): StrataSection {
    const source = new FileSource(this.file);
    try {
      const { strata: bytes } = readPerfData(source).info;
      if (bytes === undefined) throw new Error(`${this.file} has no section of Strata's`);
      return decodeStrataSection(bytes);
    } finally {
      source.close();
    }
  }

  /** What `strata COMMAND -i FILE` prints. */
  strata(command: string, ...flags: string[]): Promise<string> {
    const { folder, environment } = this.workplace;
    return printed(strata([command, '-i', this.file, ...flags], { cwd: folder, env: environment }));
  }

  /** What `perf COMMAND -i FILE` prints. */
  perf(command: string, ...flags: string[]): Promise<string> {
    const { folder, environment } = this.workplace;
    const argv = [command, '-i', this.file, ...flags];
    return printed(run('perf', argv, { cwd: folder, env: environment }));
  }
}

/** Python functions of a recording by their share of it, in percent: their own and what they called. */
export async function pythonShares(recording: Recording): Promise<Map<string, number>> {
  const shares = new Map<string, number>();
  for (const row of readReport(await recording.strata('report', '-g', 'none'))) {
    if (row.object !== '[python]') continue;
    shares.set(row.symbol, (shares.get(row.symbol) ?? 0) + row.children);
  }
  return shares;
}

/** That the machine's perf reads a recording in each of its ways; what it prints of the events. */
export async function readByPerf(recording: Recording): Promise<string> {
  assert.match(
    await recording.perf('report', '--stdio', '-g', 'none'),
    /^# Samples: \S+ {2}of event/m,
  );
  assert.match(await recording.perf('script'), /^\S.* \d+\.\d{6}: /m);
  const events = await recording.perf('evlist', '-v');
  assert.match(events, /^\S.*: .*sample_id_all: 1/m);
  return events;
}

async function printed(running: Promise<Run>): Promise<string> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stdout;
}
