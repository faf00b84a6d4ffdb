/** All that is known of an interpreter: what it says, and what its file shows. */
import { existsSync, realpathSync } from 'node:fs';

import { EM_AARCH64, EM_X86_64 } from '../formats/elf/constants.js';
import { readStart } from '../linux/system.js';
import { askInterpreter, type InterpreterAnswers } from './interpreter-answers.js';
import { readInterpreterCode, type InterpreterCode } from './interpreter-code.js';
import { describeProgram, withElf } from './interpreter-file.js';

export interface InspectedInterpreter {
  /** The program's own file, links followed. */
  readonly path: string;
  /** `undefined` where it could not be asked. */
  readonly answers: InterpreterAnswers | undefined;
  /** Why there are no answers: a sentence's end. */
  readonly silence: string | undefined;
  /** Of the file that its code is in; `undefined` where that was not found, or is damaged. */
  readonly code: InterpreterCode | undefined;
}

const NO_INTERPRETER = 'it is not a Python interpreter itself';

/** By Node.js's names. */
const MACHINES: Readonly<Record<string, number>> = { x64: EM_X86_64, arm64: EM_AARCH64 };

/** `execvp` would have the shell run as a script what the kernel cannot run. */
function whyNotToRun(path: string): string | undefined {
  if (!existsSync(path)) return 'it is not there';
  const machine = withElf(path, (image) => image.machine);
  if (machine !== undefined) {
    return machine === MACHINES[process.arch] ? undefined : 'it is built for another architecture';
  }
  return readStart(path, 2) === '#!' ? undefined : 'it is no program';
}

/**
 * Inspects an interpreter by running it (isolated: neither its user's code nor environment) and by reading
 * its file.
 * @param path the program
 * @param options `library`: where its code is, if that is known; `asks`: false where it must not be run, as
 *   a program that only has Python inside would not understand the question
 */
export function inspectInterpreter(
  path: string,
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly library?: string | undefined;
    readonly asks?: boolean;
  } = {},
): InspectedInterpreter {
  const { env = process.env, asks = true } = options;
  const asked = asks ? (whyNotToRun(path) ?? askInterpreter(path, env)) : NO_INTERPRETER;
  const answers = typeof asked === 'string' ? undefined : asked;
  const real = existsSync(path) ? realpathSync(path) : path;
  const file = answers?.library ?? options.library ?? describeProgram(real, env)?.library ?? real;
  return {
    path: real,
    answers,
    silence: typeof asked === 'string' ? asked : undefined,
    code: readInterpreterCode(file),
  };
}
