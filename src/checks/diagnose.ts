/** Looks at the machine and at a command's interpreter, and says what it means. */
import { homedir } from 'node:os';
import { join } from 'node:path';

import { findProgram } from '../linux/programs.js';
import { inspectInterpreter } from '../python/inspect.js';
import { resolveInterpreter, type Resolution } from '../python/interpreter.js';
import type { Check } from './check.js';
import { debugSymbolsMend, findDebugFile } from './debug-symbols.js';
import { folderFacts } from './folder-facts.js';
import { interpreterChecks, noInterpreterCheck, type InterpreterFacts } from './interpreter.js';
import { machineChecks } from './machine.js';
import { gatherMachineFacts } from './machine-facts.js';
import { askPerf } from './perf-version.js';
import { folderChecks, perfChecks } from './surroundings.js';

export interface Diagnosis {
  readonly checks: readonly Check[];
  /** Of the command; where none was given of the `python3` or `python` in `PATH`. */
  readonly resolution: Resolution;
  readonly interpreter: InterpreterFacts | undefined;
}

export interface DiagnosisInput {
  /** Program and arguments; may be empty. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** Takes about a second: the interpreter, `perf` and version managers are asked by running them. */
export function diagnose({ command, env, cwd }: DiagnosisInput): Diagnosis {
  const asked = command.length > 0 ? command : [defaultPython(env, cwd)];
  const resolution = resolveInterpreter(asked, env, cwd);
  const interpreter = resolution.found ? gatherInterpreterFacts(resolution) : undefined;
  const perf = findProgram('perf', env['PATH'], cwd);
  const folders = {
    temporary: folderFacts('/tmp'),
    output: folderFacts(cwd),
    buildIdCache: folderFacts(join(env['HOME'] || homedir(), '.debug')),
  };
  return {
    resolution,
    interpreter,
    checks: [
      ...machineChecks(gatherMachineFacts()),
      ...(interpreter !== undefined ? interpreterChecks(interpreter) : []),
      ...(resolution.found ? [] : [noInterpreterCheck(resolution)]),
      ...perfChecks(perf === undefined ? undefined : askPerf(perf), interpreter),
      ...folderChecks(folders),
    ],
  };
}

function defaultPython(env: NodeJS.ProcessEnv, cwd: string): string {
  const names = ['python3', 'python'];
  return names.find((name) => findProgram(name, env['PATH'], cwd) !== undefined) ?? names[0];
}

function gatherInterpreterFacts(resolved: InterpreterFacts['resolved']): InterpreterFacts {
  const { program, env, library, embeds } = resolved;
  const inspected = inspectInterpreter(program, { env, library, asks: !embeds });
  const { code, answers } = inspected;
  const version = answers?.version ?? code?.version;
  const isStripped = code !== undefined && !code.hasSymbolTable;
  return {
    resolved,
    inspected,
    debugFile: isStripped ? findDebugFile(code.path) : undefined,
    downloads: Boolean(env['DEBUGINFOD_URLS']),
    debugSymbols:
      isStripped && version !== undefined
        ? debugSymbolsMend(
            code.path,
            version.filter((part) => part !== undefined),
          )
        : undefined,
  };
}
