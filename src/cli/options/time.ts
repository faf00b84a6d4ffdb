/** `time`'s flags. */
import { given, requireOutputToAppend } from './shared.js';
import type { CommandSpec } from './spec.js';

export interface TimeOptions {
  readonly command: readonly string[];
  readonly format: 'text' | 'posix' | 'json';
  /** Standard error where absent. */
  readonly output?: string;
  readonly append: boolean;
}

export const TIME: CommandSpec<TimeOptions> = {
  name: 'time',
  summary: 'run a command and say what it took',
  description:
    'Runs a command and prints how long it took, how much of that it ran on a CPU, and its memory, context ' +
    'switches, page faults and disk I/O; with all processes that it started and waited for. What it prints ' +
    'goes to standard error. Exits with the command’s own code, or 128+signal where a signal ended it.',
  operands: '[command...]',
  flags: [
    { flags: '-o, --output <file>', help: 'write to this file instead of standard error' },
    { flags: '-a, --append', help: 'with -o, add to the file' },
    { flags: '-p, --portability', help: 'print seconds alone, as POSIX says of time -p' },
    { flags: '--json', help: 'print JSON: times in nanoseconds, sizes in bytes' },
  ],
  examples: [
    ['strata time python app.py', 'does it compute, or wait?'],
    ['strata time -- python -X dev app.py', 'a command with flags of its own'],
    ['strata time --json -o times.json make -j8', 'for a program to read'],
  ],
  options: (values, command) => {
    requireOutputToAppend(values);
    return {
      command,
      format: values['json'] === true ? 'json' : values['portability'] === true ? 'posix' : 'text',
      ...given('output', values['output'] as string | undefined),
      append: values['append'] === true,
    };
  },
};
