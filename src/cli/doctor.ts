/** `strata doctor`: what this machine and an interpreter can do. */
import { ExitCode, usageError } from '../base/errors.js';
import { worst } from '../checks/check.js';
import { diagnose, type Diagnosis } from '../checks/diagnose.js';
import { writeDoctor } from '../render/text/doctor.js';
import { ANSI, PLAIN } from '../render/text/style.js';
import type { DoctorChoice } from './options/doctor.js';
import { describeTerminal } from './terminal.js';

/** @returns the exit code: 1 where something fails */
export async function doctor(choice: DoctorChoice): Promise<number> {
  const { command, json, fix, overheadRuns } = choice;
  if (json && fix) {
    throw usageError('--fix asks questions, and --json prints for programs', 'give one of them');
  }
  const look = (): Diagnosis => diagnose({ command, env: process.env, cwd: process.cwd() });
  if (overheadRuns !== undefined) {
    if (command.length === 0) {
      throw usageError(
        'doctor --overhead needs a command to run',
        'for example: strata doctor --overhead -- python app.py',
      );
    }
    return (await import('./doctor-overhead.js')).overhead(command, overheadRuns, json);
  }
  const diagnosis = look();
  let { checks } = diagnosis;
  const { colour, columns = 80 } = describeTerminal();
  const layout = { width: Math.min(columns, 100), style: colour ? ANSI : PLAIN };
  if (json) process.stdout.write(`${JSON.stringify(asJson(diagnosis), undefined, 2)}\n`);
  else writeDoctor(checks, (text) => process.stdout.write(text), layout);
  if (fix) {
    const { helperAtTerminal, offerMends } = await import('./doctor-fix.js');
    checks = await offerMends(checks, () => look().checks, helperAtTerminal(checks), layout);
  }
  return worst(checks) === 'fail' ? ExitCode.Failed : ExitCode.Done;
}

function asJson({ checks, resolution, interpreter }: Diagnosis): unknown {
  const { inspected } = interpreter ?? {};
  const { found, steps } = resolution;
  return {
    status: worst(checks),
    checks,
    interpreter: {
      found,
      ...(resolution.found
        ? { path: resolution.path, program: resolution.program, arguments: resolution.args }
        : { reason: resolution.reason }),
      steps,
      ...(inspected?.answers && { answers: inspected.answers }),
      ...(inspected?.code && { code: inspected.code }),
    },
  };
}
