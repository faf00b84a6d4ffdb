/** What starting the program costs: its help, and a report of a small recording. */
import { formatBytes } from '../base/units.js';
import { DEFAULT_DUMP_SIZE } from '../record/events/attributes.js';
import { cpuOf, measure, tell, type Bench, type Cost } from './measure.js';
import { median, orderOf, spread } from './statistics.js';
import { ordinaryTarget, strataRecord } from './targets.js';
import { layOut, ratio, withSpread } from './table.js';

/** A recording of some hundred samples, below the folder that everything runs in. */
const SMALL = 'small.data';
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
    { command: 'strata report', argv: [...bench.strata, 'report', '-i', SMALL], runs: [] },
    ...(options.perf
      ? [{ command: 'perf report', argv: ['perf', 'report', '--stdio', '-i', SMALL], runs: [] }]
      : []),
    { command: 'node -e 0', argv: [process.execPath, '-e', '0'], runs: [] },
  ];
  tell('start-up');
  const small = strataRecord(999, DEFAULT_DUMP_SIZE);
  measure(bench, small.command(bench, { ...ordinaryTarget(), amount: 200 }, SMALL));
  for (let round = 0; round < RUNS * options.repeat; round++) {
    for (const { argv, runs } of orderOf(commands, round)) runs.push(measure(bench, argv));
  }
  return commands.map(({ command, runs }) => ({ command, runs }));
}

export function startupTable(results: readonly StartupResult[]): string[] {
  const wall = ({ runs }: StartupResult): number => median(runs.map((run) => run.wall));
  const like = ({ command }: StartupResult): StartupResult | undefined =>
    command.startsWith('strata')
      ? results.find((other) => other.command === command.replace('strata', 'perf'))
      : undefined;
  const wallOf = (result: StartupResult | undefined) => result && wall(result);
  const rows = results.map((result) => [
    result.command,
    withSpread(wall(result), spread(result.runs.map((run) => run.wall))),
    median(result.runs.map(cpuOf)).toFixed(2),
    formatBytes(median(result.runs.map((run) => run.peak))),
    ratio(wall(result), wallOf(like(result))),
  ]);
  return layOut(['', 'wall s', 'CPU s', 'memory', 'to perf’s'], rows);
}
