/**
 * Profiles as sampling makes them, from a program that is known: by which functions take how much of its
 * time, in which order, and what chance does. Same seed, same profile.
 */
import { EMPTY_META, ProfileBuilder } from '../profile/builder.js';
import { Layer, type Profile } from '../profile/profile.js';
import { randomNumbers } from './random-profile.js';

export interface SampledProgram {
  /** Milliseconds that each function takes, in all. */
  readonly work: Readonly<Record<string, number>>;
  /**
   * - `chance`: each sample hits a function by its share, whatever the one before hit;
   * - `turns`: functions take turns of a random length of 8 ms on average;
   * - `phases`: one after the other.
   */
  readonly order?: 'chance' | 'turns' | 'phases';
  readonly seed: number;
}

const PERIOD = 1e6;
const TURN = 8;

/** Samples every millisecond, `main` above all functions. */
export function sampleProgram({ work, order = 'chance', seed }: SampledProgram): Profile {
  const random = randomNumbers(seed * 7919 + 13);
  for (let i = 0; i < 20; i++) random(2); // xorshift begins with what its seed looks like
  const builder = new ProfileBuilder();
  const event = builder.event('cpu-clock', 'ns');
  const python = builder.module('[python]', '[python]');
  const frame = (name: string): number =>
    builder.frame(builder.function(name, python, 'app.py', Layer.Python), 0x1000, -1, 0);
  const main = builder.stack(-1, frame('main'));
  const names = Object.keys(work);
  const stacks = names.map((name) => builder.stack(main, frame(name)));
  const total = names.reduce((sum, name) => sum + work[name], 0);
  const pick = (): number => {
    let left = (random(1e9) / 1e9) * total;
    let index = 0;
    while (index < names.length - 1 && (left -= work[names[index]]) >= 0) index++;
    return index;
  };
  const thread = builder.thread(1, 1, 'app');
  const comm = builder.string('app');
  let time = 0;
  const add = (index: number, count: number): void => {
    for (let i = 0; i < count; i++) {
      builder.addSample(thread, comm, time++ * PERIOD, stacks[index], 0, event, PERIOD, 0);
    }
  };
  if (order === 'phases') names.forEach((name, index) => add(index, Math.round(work[name])));
  // A turn of a random length, exponential as a waiting time.
  const turn = (): number =>
    order === 'turns' ? Math.ceil(-Math.log((1 + random(1e6)) / 1e6) * TURN) : 1;
  while (time < total) add(pick(), turn());
  return builder.finish(EMPTY_META);
}
