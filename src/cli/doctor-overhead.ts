/** `strata doctor --overhead`: what recording costs a command. */
import { constants } from 'node:os';

import { ExitCode } from '../base/errors.js';
import { measureOverhead } from '../checks/overhead.js';
import { writeOverhead } from '../render/text/overhead.js';
import { ANSI, PLAIN } from '../render/text/style.js';
import { Interruption } from './interruption.js';
import { describeTerminal } from './terminal.js';

export async function overhead(
  command: readonly string[],
  runs: number,
  json: boolean,
): Promise<number> {
  const { isTTY } = process.stderr;
  const interruption = new Interruption();
  const measured = await measureOverhead({
    command,
    runs,
    env: process.env,
    strata: [process.execPath, process.argv[1]],
    onRun: (done, all) => {
      if (isTTY) process.stderr.write(`\r\x1b[2Krun ${done + 1} of ${all}`);
    },
    started: (running) => interruption.watch(running),
    stopped: () => interruption.signal !== undefined,
  })
    .catch((error: unknown) => {
      // What a run failed of, then, was the signal.
      if (interruption.signal === undefined) throw error;
      return 128 + constants.signals[interruption.signal];
    })
    .finally(() => {
      interruption.release();
      if (isTTY) process.stderr.write('\r\x1b[2K');
    });
  if (typeof measured === 'number') return measured;
  if (json) process.stdout.write(`${JSON.stringify(measured, undefined, 2)}\n`);
  else {
    const style = describeTerminal().colour ? ANSI : PLAIN;
    writeOverhead(measured, (text) => process.stdout.write(text), style);
  }
  return ExitCode.Done;
}
