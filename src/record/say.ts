/** What the recorder says while the command has the terminal. */
import { writeSync } from 'node:fs';

/** Not by `process.stderr`, which would make a pipe that the command writes to, too, non-blocking. */
export function say(line: string): void {
  try {
    writeSync(2, `strata: ${line}\n`);
  } catch {
    // Nobody listens.
  }
}
