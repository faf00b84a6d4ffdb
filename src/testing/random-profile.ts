/** Profiles for property tests: anything may stand anywhere, recursion included; same seed, same one. */
import { EMPTY_META, ProfileBuilder } from '../profile/builder.js';
import { LAYER_NAMES, type Layer, type Profile, type Truncation } from '../profile/profile.js';

/** Marsaglia's xorshift32: numbers in [0, below). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export function randomProfile(seed: number, samples = 200): Profile {
  const random = randomNumbers(seed * 7919);
  const builder = new ProfileBuilder();
  const events = [builder.event('cpu-clock', 'ns'), builder.event('cycles', 'count')];
  for (let sample = 0; sample < samples; sample++) {
    let stack = -1;
    for (let depth = random(9); depth > 0; depth--) {
      const name = ['_start', 'a', 'b', 'c', 'd', 'e'][random(6)];
      const layer = random(LAYER_NAMES.length) as Layer;
      const module = layer === 4 ? -1 : builder.module(`module${layer}`, `/lib/module${layer}`);
      const func = builder.function(name, module, layer === 0 ? 'app.py' : -1, layer);
      stack = builder.stack(stack, builder.frame(func, 0x1000 + random(3), random(3), 0));
    }
    builder.addSample(
      builder.thread(1 + random(2), 1 + random(4), 'worker'),
      builder.string(['app', 'worker'][random(2)]),
      sample * 1000,
      stack,
      random(4),
      events[random(2)],
      1 + random(1000),
      random(3) as Truncation,
    );
  }
  return builder.finish(EMPTY_META);
}
