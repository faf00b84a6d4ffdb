/** `strata doctor --overhead`: what recording costs a command. */
import { ExitCode } from '../base/errors.js';
import { measureOverhead } from '../checks/overhead.js';
import { writeOverhead } from '../render/text/overhead.js';
import { ANSI, PLAIN } from '../render/text/style.js';
import { describeTerminal } from './terminal.js';

export async function overhead(
  command: readonly string[],
  runs: number,
  json: boolean,
): Promise<number> {
  const { isTTY } = process.stderr;
  const measured = await measureOverhead({
    command,
    runs,
    env: process.env,
    strata: [process.execPath, process.argv[1]],
    onRun: (done, all) => {
      if (isTTY) process.stderr.write(`\r\x1b[2Krun ${done + 1} of ${all}`);
    },
  }).finally(() => {
    if (isTTY) process.stderr.write('\r\x1b[2K');
  });
  if (json) process.stdout.write(`${JSON.stringify(measured, undefined, 2)}\n`);
  else {
    const style = describeTerminal().colour ? ANSI : PLAIN;
    writeOverhead(measured, (text) => process.stdout.write(text), style);
  }
  return ExitCode.Done;
}
