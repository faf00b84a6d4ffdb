/**
 * Several recordings as one profile, in which what is the same function has one number whatever the
 * recording: of the same name, layer and source file or module ({@link Matcher}). Addresses and lines, which
 * move with each build, are left behind, so that each function has one frame and the table of stacks is the
 * call tree of all recordings, merged.
 */
import { ProfileBuilder, EMPTY_META } from '../builder.js';
import { sortedOrder } from '../../base/order.js';
import { Layer, type EventInfo, type Profile } from '../profile.js';
import { FILE_KEYS, Matcher, MODULE_KEYS } from './matching.js';

/** One recording to compare: a profile, after any selection, and which of its events. */
export interface DiffInput {
  /** How reports call it: its file. */
  readonly label: string;
  readonly profile: Profile;
  readonly event: number;
}

/** One recording of several. */
export interface Side {
  readonly label: string;
  readonly event: EventInfo;
  /** Its samples, in order of time, within the joined profile. */
  readonly first: number;
  readonly end: number;
  readonly weight: number;
  /**
   * Of stacks that were added up without times, as folded ones are, what a sample is taken to have weighed: 1, or
   * of periods as much as the lightest stack. Absent where each sample stands for itself.
   */
  readonly quantum?: number;
}

export interface Joined {
  /**
   * All samples as those of one event; each has a stack, and stacks are the nodes of the merged call tree.
   * Threads are the sides.
   */
  readonly profile: Profile;
  readonly sides: readonly Side[];
}

/** What stands for a sample without frames. */
const NO_FRAMES = '[no stack]';

/**
 * @param counted `weight`: samples weigh what they stand for; `samples`: each weighs 1
 */
export function joinProfiles(
  inputs: readonly DiffInput[],
  counted: 'weight' | 'samples' = 'weight',
): Joined {
  const builder = new ProfileBuilder();
  const files = new Matcher<string>(FILE_KEYS);
  const modules = new Matcher(MODULE_KEYS);
  builder.event(inputs[0].profile.events[inputs[0].event].name, unitOf(inputs[0], counted));
  const sides = inputs.map((input, index) => {
    const { profile, event, label } = input;
    const { samples, strings } = profile;
    const stackOf = joinStacks(profile, builder, joinFunctions(profile, builder, files, modules));
    const noFrames = builder.frame(builder.function(NO_FRAMES, -1, -1, Layer.Unknown), 0, -1, 0);
    const thread = builder.thread(index, index, label);
    const quantum = quantumOf(input);
    let first = -1;
    let end = 0;
    let weight = 0;
    for (const sample of sortedOrder(samples.time)) {
      if (samples.event[sample] !== event) continue;
      const stack = samples.stack[sample];
      const value =
        counted === 'weight'
          ? samples.weight[sample]
          : quantum === undefined
            ? 1
            : samples.weight[sample] / quantum;
      end = builder.addSample(
        thread,
        builder.string(strings[samples.comm[sample]]),
        samples.time[sample],
        stack < 0 ? builder.stack(-1, noFrames) : stackOf[stack],
        -1,
        0,
        value,
        0,
      );
      if (first < 0) first = end;
      weight += value;
    }
    const range = first < 0 ? { first: 0, end: 0 } : { first, end: end + 1 };
    return {
      label,
      event: { ...profile.events[event], unit: unitOf(input, counted) },
      weight,
      ...range,
      ...(quantum === undefined ? {} : { quantum: counted === 'weight' ? quantum : 1 }),
    };
  });
  return { profile: builder.finish(EMPTY_META), sides };
}

/** Weights below this are numbers of samples, above it periods added up: nanoseconds, cycles. */
const LEAST_PERIOD = 100_000;

/** Where all times are one and the same there were none. */
function quantumOf({ profile: { samples }, event }: DiffInput): number | undefined {
  let least = Infinity;
  for (let sample = 0; sample < samples.length; sample++) {
    if (samples.time[sample] !== samples.time[0]) return undefined;
    const weight = samples.weight[sample];
    if (samples.event[sample] === event && weight > 0) least = Math.min(least, weight);
  }
  if (samples.length < 2 || least === Infinity) return undefined;
  return least < LEAST_PERIOD ? 1 : least;
}

function unitOf({ profile, event }: DiffInput, counted: 'weight' | 'samples'): EventInfo['unit'] {
  return counted === 'samples' ? 'count' : profile.events[event].unit;
}

/** The builder's frame of each function. */
function joinFunctions(
  { functions, modules, strings }: Profile,
  builder: ProfileBuilder,
  files: Matcher<string>,
  known: Matcher<{ readonly name: string; readonly path: string }>,
): Int32Array {
  const ownFiles = [...new Set(functions.file)].filter((file) => file >= 0);
  const fileOf = new Map<number, string>();
  files.match(ownFiles.map((file) => strings[file])).forEach((number, index) => {
    fileOf.set(ownFiles[index], files.known[number]);
  });
  const moduleOf = known
    .match(
      Array.from({ length: modules.length }, (_, module) => ({
        name: strings[modules.name[module]],
        path: strings[modules.path[module]],
      })),
    )
    .map((number) => builder.module(known.known[number].name, known.known[number].path));
  return Int32Array.from({ length: functions.length }, (_, func) => {
    const module = functions.module[func];
    const joined = builder.function(
      strings[functions.name[func]],
      module < 0 ? -1 : moduleOf[module],
      fileOf.get(functions.file[func]) ?? -1,
      functions.layer[func] as Layer,
      functions.inlined[func] === 1,
    );
    return builder.frame(joined, 0, -1, 0);
  });
}

/** The builder's stack of each stack. */
function joinStacks(
  { stacks, frames }: Profile,
  builder: ProfileBuilder,
  frameOf: Int32Array,
): Int32Array {
  const image = new Int32Array(stacks.length);
  for (let stack = 0; stack < stacks.length; stack++) {
    const parent = stacks.parent[stack];
    const frame = frameOf[frames.func[stacks.frame[stack]]];
    image[stack] = builder.stack(parent < 0 ? -1 : image[parent], frame);
  }
  return image;
}
