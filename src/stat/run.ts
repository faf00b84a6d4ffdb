/** `strata stat`: counts events of a command, of tasks or of CPUs, once or several times. */
import { usageError } from '../base/errors.js';
import { inheritedDescriptors, stdioWith } from '../linux/command.js';
import { catchSignals, ENDING_SIGNALS } from '../linux/signals.js';
import { countOnce, type Counted } from './count.js';
import { estimate, type Estimate } from './deviation.js';
import { wantedEvents } from './events.js';
import { labelling } from './labels.js';
import { notesOf } from './notes.js';
import type { StatOptions } from './options.js';
import { averageRows, type Row } from './rows.js';
import type { Interval } from './watch.js';

export type { Interval };

export interface StatResult {
  /** Means where there were several runs. */
  readonly rows: readonly Row[];
  /** How many runs there were: fewer than were asked for where one was interrupted. */
  readonly runs: number;
  /** Nanoseconds, of the wall's clock. */
  readonly elapsed: Estimate;
  /** Nanoseconds, of the command and what it waited for; absent where it is not what is counted. */
  readonly user?: Estimate;
  readonly system?: Estimate;
  /** The command's own, 128 + the signal that ended it; the first run's that failed. 0 without a command. */
  readonly exitCode: number;
  /** What a reader must know of the counts, in sentences. */
  readonly notes: readonly string[];
}

/**
 * @param onInterval told of each interval as it ends
 * @throws StrataError where nothing can be counted, or the command not be started
 */
export async function runStat(
  options: StatOptions,
  onInterval: (interval: Interval) => void,
): Promise<StatResult> {
  if (options.command.length === 0 && options.target.kind === 'command') {
    throw usageError(
      'stat needs a command to run, or something that runs already',
      'for example: strata stat python app.py, strata stat -p PID',
    );
  }
  const stdio = stdioWith(inheritedDescriptors());
  const groups = wantedEvents(options);
  const labelOf = labelling(options.aggregation);
  const stop = catchStop();
  const signals = catchSignals();
  const runs: Counted[] = [];
  try {
    while (runs.length < options.runs && !stop.isAsked()) {
      runs.push(
        await countOnce(options, {
          groups,
          labelOf,
          stdio,
          interrupted: stop.asked,
          onStart: (command) => signals.passTo(command),
          onInterval,
        }),
      );
    }
  } finally {
    signals.release();
    stop.release();
  }
  return summarize(options, runs);
}

function summarize(options: StatOptions, runs: readonly Counted[]): StatResult {
  const rows = averageRows(runs.map((run) => run.rows));
  const isOfCommand = options.target.kind === 'command';
  const usages = runs.flatMap(({ run }) => (isOfCommand && run !== undefined ? [run.usage] : []));
  return {
    rows,
    runs: runs.length,
    elapsed: estimate(runs.map(({ elapsed }) => elapsed)),
    ...(usages.length > 0 && {
      user: estimate(usages.map(({ user }) => user)),
      system: estimate(usages.map(({ system }) => system)),
    }),
    exitCode: runs.find(({ run }) => (run?.code ?? 0) !== 0)?.run?.code ?? 0,
    notes: [...runs[0].notes, ...notesOf(options, runs[0].events, rows)],
  };
}

/** Signals that end counting. */
function catchStop(): { asked: Promise<void>; isAsked(): boolean; release(): void } {
  let isAsked = false;
  let resolve: () => void;
  const asked = new Promise<void>((done) => (resolve = done));
  const handler = (): void => {
    isAsked = true;
    resolve();
  };
  for (const name of ENDING_SIGNALS) process.on(name, handler);
  return {
    asked,
    isAsked: () => isAsked,
    release: () => {
      for (const name of ENDING_SIGNALS) process.off(name, handler);
    },
  };
}
