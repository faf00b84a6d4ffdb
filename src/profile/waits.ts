/**
 * What threads wait for: samples of an off-CPU event stand for the time in which a thread did not run, and
 * each is of one class. Sums by class, and frames that say the class where a person reads stacks.
 */
import { formatDuration } from '../base/units.js';
import { AddedFrames, joined } from './added-frames.js';
import { Layer, type Profile } from './profile.js';

/** What a thread was off its CPU for. */
export const Wait = {
  /** It ran. */
  None: 0,
  /** CPython's global interpreter lock. */
  Gil: 1,
  Lock: 2,
  Io: 3,
  Sleep: 4,
  /** Another process to end. */
  Child: 5,
  /** A CPU: it could have run. */
  Preempted: 6,
  Other: 7,
} as const;
export type Wait = (typeof Wait)[keyof typeof Wait];

export const WAIT_NAMES = [
  'running',
  'GIL',
  'lock',
  'I/O',
  'sleep',
  'child',
  'preempted',
  'other',
] as const;

/** Frames named after the class; none of a running thread. */
const WAIT_FRAMES = [
  '',
  '[waits for the GIL]',
  '[waits for a lock]',
  '[waits for I/O]',
  '[sleeps]',
  '[waits for a child]',
  '[preempted]',
  '[waits]',
] as const;

/** The module of those frames. */
export const WAITS_MODULE = '[off-cpu]';

/** perf's and Strata's name of the event whose samples stand for time off the CPU. */
const OFF_CPU_EVENT = 'offcpu-time';

export function isOffCpu(event: { readonly name: string }): boolean {
  return event.name === OFF_CPU_EVENT;
}

/** Time in one class. */
export interface WaitTotal {
  readonly wait: Wait;
  readonly weight: number;
  readonly samples: number;
}

/** The waiting among `event`'s samples by class, longest first. */
export function waitTotals({ samples }: Profile, event: number): WaitTotal[] {
  const weights = new Float64Array(WAIT_NAMES.length);
  const counts = new Float64Array(WAIT_NAMES.length);
  const { wait: waitOf, event: eventOf, weight, length } = samples;
  for (let sample = 0; sample < length; sample++) {
    const wait = waitOf[sample];
    if (wait === Wait.None || eventOf[sample] !== event) continue;
    weights[wait] += weight[sample];
    counts[wait]++;
  }
  return Object.values(Wait)
    .filter((wait) => counts[wait] > 0)
    .map((wait) => ({ wait, weight: weights[wait], samples: counts[wait] }))
    .sort((a, b) => b.weight - a.weight || a.wait - b.wait);
}

/** `1.52 s GIL, 310 ms lock`. */
export function describeWaits(totals: readonly WaitTotal[]): string {
  return totals
    .map(({ wait, weight }) => `${formatDuration(weight)} ${WAIT_NAMES[wait]}`)
    .join(', ');
}

/** glibc before and after 2.34, musl. */
const C_LIBRARY = /^(?:lib(?:c|pthread)(?:-[\d.]+)?\.so|ld-musl-|libc\.musl-)/;

/** Whether a module of this name is the C library. */
export function isCLibrary(name: string): boolean {
  return C_LIBRARY.test(name);
}

/**
 * The profile with what a thread waits for as the innermost frame of each wait, in place of the kernel's
 * and the C library's frames there, which say how it was put to sleep.
 */
export function withWaitFrames(profile: Profile): Profile {
  const { samples, stacks } = profile;
  if (!samples.wait.some((wait) => wait !== Wait.None)) return profile;
  const mechanism = mechanismFunctions(profile);
  const added = new AddedFrames(profile);
  const module = added.addModule(WAITS_MODULE);
  const frameOf = new Int32Array(WAIT_FRAMES.length).fill(-1);
  const rowOf = new Map<number, number>(); // by stack and wait
  const parents: number[] = [];
  const frames: number[] = [];

  const stackOf = samples.stack.map((leaf, sample) => {
    const wait = samples.wait[sample];
    if (wait === Wait.None) return leaf;
    const key = leaf * WAIT_FRAMES.length + wait;
    let row = rowOf.get(key);
    if (row === undefined) {
      if (frameOf[wait] < 0) frameOf[wait] = added.add(WAIT_FRAMES[wait], module, Layer.Kernel);
      frames.push(frameOf[wait]);
      row = stacks.length + parents.push(callerOfWait(profile, leaf, mechanism)) - 1;
      rowOf.set(key, row);
    }
    return row;
  });
  return {
    ...profile,
    ...added.tables(),
    stacks: {
      length: stacks.length + frames.length,
      parent: joined(Int32Array, stacks.parent, Int32Array.from(parents)),
      frame: joined(Int32Array, stacks.frame, Int32Array.from(frames)),
    },
    samples: { ...samples, stack: stackOf },
  };
}

/** 1 for each function of the kernel and of the C library. */
function mechanismFunctions({ functions, modules, strings }: Profile): Uint8Array {
  return functions.layer.map((layer, func) => {
    const module = functions.module[func];
    const isLibrary = module >= 0 && isCLibrary(strings[modules.name[module]]);
    return layer === Layer.Kernel || isLibrary ? 1 : 0;
  });
}

/** The innermost of a stack's frames that is none of how a thread is put to sleep: its stack, or -1. */
function callerOfWait({ stacks, frames }: Profile, leaf: number, mechanism: Uint8Array): number {
  let stack = leaf;
  while (stack >= 0 && mechanism[frames.func[stacks.frame[stack]]] === 1) {
    stack = stacks.parent[stack];
  }
  return stack;
}
