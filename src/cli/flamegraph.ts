/** `strata flamegraph`: the profile as one interactive SVG. */
import { writeFileSync } from 'node:fs';

import { ExitCode, StrataError } from '../base/errors.js';
import { describeSystemError } from '../base/source.js';
import { plural } from '../base/units.js';
import type { Profile } from '../profile/profile.js';
import { renderFlameGraph } from '../render/flamegraph/flamegraph.js';
import { readInput } from './input.js';
import type { FlamegraphOptions } from './options/flamegraph.js';
import { printToStdout } from './output.js';

export function flamegraph(options: FlamegraphOptions): number {
  const profile = readInput(options);
  if (options.output === '-') {
    printToStdout((sink) => draw(profile, options, sink));
    return ExitCode.Done;
  }
  const pieces: string[] = [];
  const { frames } = draw(profile, options, (text) => pieces.push(text));
  writeFile(options.output, pieces.join(''));
  process.stderr.write(`strata: wrote ${options.output} (${plural(frames, 'frame')})\n`);
  return ExitCode.Done;
}

function draw(
  profile: Profile,
  { selection, title, inverted, width, minWidth, threads }: FlamegraphOptions,
  sink: (text: string) => void,
): { frames: number } {
  const present = new Set(profile.samples.event);
  const first = profile.events.findIndex((_, index) => present.has(index));
  const options = {
    event: Math.max(0, first),
    title: title ?? (profile.meta.command || 'Flame graph'),
    inverted,
    width,
    minWidth,
    threads,
  };
  const drawn = renderFlameGraph(profile, options, sink);
  if (selection.event === undefined && present.size > 1) {
    const names = profile.events.filter((_, index) => present.has(index)).map(({ name }) => name);
    process.stderr.write(
      `strata: drew the first of the events ${names.join(', ')}; --event NAME draws another\n`,
    );
  }
  return drawn;
}

/** @throws StrataError where the file cannot be written */
function writeFile(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new StrataError(`cannot write ${path}: ${describeSystemError(error)}`);
  }
}
