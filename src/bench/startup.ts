/** What starting the program costs, before it does anything: its help. */
import { formatBytes } from '../base/units.js';
import { cpuOf, measure, tell, type Bench, type Cost } from './measure.js';
import { median, orderOf, spread } from './statistics.js';
import { layOut, ratio, withSpread } from './table.js';

/** Runs are short, so there are more of them than of anything else. */
const RUNS = 5;

export interface StartupResult {
  readonly command: string;
  readonly runs: Cost[];
}

export function benchStartup(
  bench: Bench,
  options: { readonly perf: boolean; readonly repeat: number },
): StartupResult[] {
  const commands: { command: string; argv: readonly string[]; runs: Cost[] }[] = [
    ...(options.perf ? [{ command: 'perf --help', argv: ['perf', '--help'], runs: [] }] : []),
    { command: 'strata --help', argv: [...bench.strata, '--help'], runs: [] },
    { command: 'node -e 0', argv: [process.execPath, '-e', '0'], runs: [] },
  ];
  tell('start-up');
  for (let round = 0; round < RUNS * options.repeat; round++) {
    for (const { argv, runs } of orderOf(commands, round)) runs.push(measure(bench, argv));
  }
  return commands.map(({ command, runs }) => ({ command, runs }));
}

export function startupTable(results: readonly StartupResult[]): string[] {
  const wall = ({ runs }: StartupResult): number => median(runs.map((run) => run.wall));
  const perf = results.find(({ command }) => command.startsWith('perf'));
  const rows = results.map((result) => [
    result.command,
    withSpread(wall(result), spread(result.runs.map((run) => run.wall))),
    median(result.runs.map(cpuOf)).toFixed(2),
    formatBytes(median(result.runs.map((run) => run.peak))),
    result === perf ? '' : ratio(wall(result), perf && wall(perf)),
  ]);
  return layOut(['', 'wall s', 'CPU s', 'memory', 'to perf’s'], rows);
}
