/**
 * `strata inject`: from a recording whose samples carry copies of stacks, and whose names lie in files
 * beside it, to one with whole call chains and the names inside.
 *
 *   IN ──▶ Replay, in order of time ──▶ samples: the chain unwound, no stack       ──▶ OUT
 *                                       names: mappings of one file, put between
 *                                       all other records as they are
 *
 * What Strata reports of the two is the same.
 */
import { statSync, type Stats } from 'node:fs';

import { ExitCode, StrataError } from '../base/errors.js';
import type { ByteSource } from '../base/source.js';
import { openSource } from '../base/spool.js';
import { Replay } from '../session/replay.js';
import { Injection, type InjectResult } from './injection.js';
import { createOutput } from './output.js';

export interface InjectOptions {
  /** A perf.data file, or `-`. */
  readonly input: string;
  readonly output: string;
  /** Whether the names go into perf's build-ID cache too, where `perf report` looks for them. */
  readonly buildIdCache: boolean;
}

/** A program's map may be written a little after the recorder closed its file. */
const MAP_SLACK_MS = 2000;
/**
 * Makes the new recording.
 * @throws StrataError, FormatError where that is not possible: then there is no new file, and an older one
 *   of its name is as it was
 */
export function inject(options: InjectOptions, program = 'strata'): InjectResult {
  const { input, output: path } = options;
  if (path === '-') {
    throw new StrataError(
      'inject writes a file, whose header is completed last: it cannot go to standard output',
      'for example: strata inject -i perf.data -o small.data',
      ExitCode.Usage,
    );
  }
  const source = openSource(input);
  try {
    const there = input === '-' ? undefined : statSync(input);
    if (there !== undefined) refuseOverwriting(input, there, path);
    const recordedBefore = (there?.mtimeMs ?? Date.now()) + MAP_SLACK_MS;
    const replay = new Replay(source, { recordedBefore });
    try {
      return injectInto(path, source, replay, options, program);
    } finally {
      replay.close();
    }
  } finally {
    source.close();
  }
}

/** The original must be there afterwards, under its name: also one that is called `OUT.old`. */
function refuseOverwriting(input: string, { dev, ino }: Stats, output: string): void {
  for (const name of [output, `${output}.old`]) {
    const there = statSync(name, { throwIfNoEntry: false });
    if (there?.isFile() !== true || there.dev !== dev || there.ino !== ino) continue;
    const what = name === output ? 'both are the same file' : `an older ${output} would become it`;
    throw new StrataError(`cannot inject ${input} into ${output}: ${what}`, 'give another -o');
  }
}

function injectInto(
  path: string,
  source: ByteSource,
  replay: Replay,
  options: InjectOptions,
  program: string,
): InjectResult {
  if (!replay.file.header.littleEndian) {
    throw new StrataError(
      `${source.name} was recorded on a big-endian machine, whose stacks are not unwound`,
    );
  }
  const created = createOutput(path);
  let result: InjectResult;
  try {
    const injection = new Injection(source, replay, created.fd, path);
    result = injection.run(program, options.buildIdCache);
  } catch (error) {
    created.discard();
    throw error;
  }
  const misnamed = created.keep();
  if (misnamed !== undefined) throw new StrataError(misnamed);
  return result;
}
