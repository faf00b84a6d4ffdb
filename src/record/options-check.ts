/** Options of a recording that do not go together. */
import { usageError } from '../base/errors.js';
import type { RecordOptions } from './options.js';

/** @throws StrataError with exit code 2 */
export function checkOptions(options: RecordOptions): void {
  const { target, command, control, switchOutput, overwrite } = options;
  const hasCommand = command.length > 0;
  if (target.kind === 'command' && !hasCommand) {
    throw usageError(
      'record needs a command to run, or something that runs already',
      'for example: strata record python app.py, strata record -p 1234, strata record -a',
    );
  }
  if (options.frequency !== undefined && options.period !== undefined) {
    throw usageError('a rate (-F) and a period (-c) exclude each other');
  }
  if (options.delaySeconds === -1 && control === undefined) {
    throw usageError(
      '--delay -1 leaves sampling off until it is told to begin, and nobody can',
      '--control signal lets SIGUSR2 do it, --control fifo:PATH a command',
    );
  }
  if (control?.kind === 'signal' && (overwrite || switchOutput?.on === 'signal')) {
    throw usageError(
      'SIGUSR2 cannot both switch sampling and write files',
      '--control fifo:PATH can',
    );
  }
  if (control?.kind === 'own' && !hasCommand) {
    throw usageError('--control program needs a command, which it tells where to send its own');
  }
  if (options.offCpu && overwrite) {
    throw usageError(
      '--off-cpu needs every context switch, and --overwrite keeps the latest records alone',
      'the last minutes of waiting are kept by: --off-cpu --switch-output 1m --max-files 5',
    );
  }
  if (options.python === 'attach' && (target.kind === 'command' || target.kind === 'system')) {
    throw usageError(
      '--python attach needs processes to attach to: -p, -t or -u',
      'a command’s own interpreters are asked at their start, without it',
    );
  }
}
