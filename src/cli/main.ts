#!/usr/bin/env node
/**
 * The program. The only place that decides on an exit code; commands are loaded when they run, so that
 * `strata --help` costs no more than the parser.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { ExitCode, StrataError, unreachable } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';
import type { Invocation } from './options/commands.js';
import { parseCommandLine } from './program.js';

/** Does what was asked for; resolves to the exit code. */
async function run(invocation: Invocation): Promise<number> {
  switch (invocation.command) {
    case 'print':
      process.stdout.write(invocation.text);
      return ExitCode.Done;
    case 'record':
      return (await import('./record.js')).record(invocation.options);
    case 'report':
      return (await import('./report.js')).report(invocation.options);
    case 'tree':
      return (await import('./tree.js')).tree(invocation.options);
    case 'flamegraph':
      return (await import('./flamegraph.js')).flamegraph(invocation.options);
    case 'annotate':
      return (await import('./annotate.js')).annotate(invocation.options);
    case 'diff':
      return (await import('./diff.js')).diff(invocation.options);
    case 'inject':
      return (await import('./inject.js')).inject(invocation.options);
    case 'list':
      return (await import('./list.js')).list(invocation.options);
    case 'script':
      return (await import('./script.js')).script(invocation.options);
    case 'stat':
      return (await import('./stat.js')).stat(invocation.options);
    case 'time':
      return (await import('./time.js')).time(invocation.options);
    case 'timeit':
      return (await import('./timeit.js')).timeit(invocation.options);
    case 'doctor':
      return (await import('./doctor.js')).doctor(invocation.options);
    case 'python-helper':
      return (await import('./python-helper.js')).pythonHelper(invocation.options);
    default:
      return unreachable(invocation);
  }
}

/** Says on standard error what went wrong; returns the exit code. */
function explain(error: unknown): number {
  const debug = process.env['STRATA_DEBUG'] === '1';
  if (error instanceof StrataError) {
    process.stderr.write(`strata: ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
    if (debug) process.stderr.write(`${error.stack}\n`);
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`strata: ${message.split('\n', 1)[0]}; this is a defect of Strata\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else process.stderr.write('  STRATA_DEBUG=1 shows where it happened\n');
  return ExitCode.Failed;
}

function version(): string {
  const path = fileURLToPath(new URL('../../package.json', import.meta.url));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

// Whoever reads our output may stop early (`| head`): that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.Done);
  const reason = describeSystemError(error);
  process.exit(explain(new StrataError(`cannot write to standard output: ${reason}`)));
});
// Where nobody hears what is said beside the result, the result is made nonetheless.
process.stderr.on('error', () => undefined);

try {
  process.exitCode = await run(parseCommandLine(process.argv.slice(2), version()));
} catch (error) {
  process.exitCode = explain(error);
}
