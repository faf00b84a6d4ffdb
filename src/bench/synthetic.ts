/** Profiles of a given size, made up: what drawing costs does not depend on where a profile is from. */
import { EMPTY_META, ProfileBuilder } from '../profile/builder.js';
import { Layer, Truncation, type Profile } from '../profile/profile.js';
import { randomNumbers } from '../testing/random-profile.js';

export interface SyntheticSize {
  readonly samples: number;
  /** Distinct stacks, about. */
  readonly stacks: number;
  readonly threads: number;
}

const FUNCTIONS = 4_000;
const PERIOD = 1_001_001;
const MOST_DEPTH = 60;

/**
 * Stacks of 5 to 60 frames, on the way to which each step is one of a few functions, the first of them most
 * often: some stacks are hot, most were seen once or twice, as in a long recording of a large program. Samples
 * that follow one another have most frames in common.
 */
export function syntheticProfile({ samples, stacks, threads }: SyntheticSize): Profile {
  const random = randomNumbers(20_251_122);
  const builder = new ProfileBuilder();
  const event = builder.event('cpu-clock', 'ns');
  const comm = builder.string('server');
  const funcs = Array.from({ length: FUNCTIONS }, (_, i) => makeFunction(builder, i));
  const known: number[] = [];
  let path: number[] = [];
  const now = new Float64Array(threads);
  for (let sample = 0; sample < samples; sample++) {
    if (known.length < stacks && (sample < stacks || random(2) === 0)) {
      path = nextPath(path, random);
      let stack = -1;
      for (const func of path)
        stack = builder.stack(stack, builder.frame(funcs[func], func, -1, 0));
      known.push(stack);
    }
    const stack = known.length < stacks ? known[known.length - 1] : known[random(known.length)];
    const thread = sample % threads;
    now[thread] += PERIOD + random(10_000);
    const row = builder.thread(1, 1 + thread, `worker ${thread}`);
    builder.addSample(row, comm, now[thread], stack, 0, event, PERIOD, Truncation.None);
  }
  return builder.finish({ ...EMPTY_META, command: 'server' });
}

function makeFunction(builder: ProfileBuilder, i: number): number {
  if (i % 3 === 0) {
    const module = builder.module('[python]', '[python]');
    return builder.function(
      `Handler${i % 97}.method_${i}`,
      module,
      `/srv/app/part${i % 211}.py`,
      Layer.Python,
    );
  }
  const library = `lib${i % 37}.so.1`;
  const module = builder.module(library, `/usr/lib/${library}`);
  return builder.function(`component_${i}::operation_${i % 13}`, module, -1, Layer.Native);
}

/** Returns some frames and goes another way from there. */
function nextPath(path: readonly number[], random: (below: number) => number): number[] {
  const next = path.slice(0, Math.max(0, path.length - 1 - random(12)));
  const depth = Math.min(MOST_DEPTH, Math.max(5, next.length + 1 + random(14)));
  while (next.length < depth) {
    // From each function a few others are called, the first of them most often.
    const way = Math.min(random(8), random(8));
    next.push((Math.imul((next.at(-1) ?? 0) + 1, 7919 + way * 104_729) >>> 4) % FUNCTIONS);
  }
  return next;
}
