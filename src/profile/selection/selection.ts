/**
 * What of a profile is looked at, the same in every report: the events, the samples, and the frames of
 * their stacks.
 */
import { eventsNamed, eventsTogether, withoutWaiting } from './event-choice.js';
import { filterSamples, keepSamples, type SampleFilter } from './filter.js';
import { functionsNamed, functionsOfModules } from './function-choice.js';
import type { NamePattern } from './names.js';
import type { Layer, Profile } from '../profile.js';
import { focusOn, invertStacks, stacksThrough } from './stack-choice.js';
import { timeSlices, type TimeChoice } from './time-slices.js';
import { applyView, defaultView, type View } from '../views.js';
import { withWaitFrames } from '../waits.js';

/** A part left out chooses all. A sample is chosen that passes every part given. */
export interface Selection extends Omit<SampleFilter, 'events' | 'spans'> {
  /** Name of an event, several (`a,b`) that are shown as one, or `all`. */
  readonly event?: string | undefined;
  /** Whether waiting is left out where `event` is not given. */
  readonly leavesWaiting?: boolean | undefined;
  readonly times?: TimeChoice | undefined;
  /** Samples with a frame of such a function; also of one that the view does not show. */
  readonly symbols?: readonly NamePattern[] | undefined;
  /** Samples with a frame of such a module; also of one that the view does not show. */
  readonly modules?: readonly NamePattern[] | undefined;
  /** Samples without a frame of such a function. */
  readonly excluded?: readonly NamePattern[] | undefined;
  /** Samples with a frame of such a function; their stacks begin there. */
  readonly focus?: readonly NamePattern[] | undefined;
  /** Samples whose innermost frame in the view is of such a layer. */
  readonly layers?: readonly Layer[] | undefined;
  /** Default: `mixed` where there are Python functions, else `full`. */
  readonly view?: View | undefined;
  /** Stacks turned around: innermost function first. */
  readonly invert?: boolean | undefined;
}

export interface Selected {
  readonly profile: Profile;
  /** By event of `profile`: the weight of all of its samples, chosen or not. */
  readonly weights: Float64Array;
}

/**
 * Applies a selection.
 * @throws StrataError where it names an event or a region that there is none of
 */
export function select(profile: Profile, selection: Selection): Selected {
  const ofEvents = chooseEvents(profile, selection);
  const weights = weightsByEvent(ofEvents);
  const { pids, tids, comms, threads, cpus, regions, times } = selection;
  const spans = times && timeSlices(times, profile.meta.start, profile.meta.end);
  const filter = { pids, tids, comms, threads, cpus, regions, spans };
  const focused = focus(filterSamples(ofEvents, filter), selection.focus);
  const viewed = show(focused, selection.view ?? defaultView(ofEvents));
  const chosen = chooseByStacks(focused, viewed, selection);
  return { profile: selection.invert === true ? invertStacks(chosen) : chosen, weights };
}

function chooseEvents(profile: Profile, { event, leavesWaiting }: Selection): Profile {
  if (event !== undefined) return eventsTogether(profile, eventsNamed(profile, event));
  return leavesWaiting === true ? withoutWaiting(profile) : profile;
}

function weightsByEvent({ events, samples }: Profile): Float64Array {
  const weights = new Float64Array(events.length);
  for (let sample = 0; sample < samples.length; sample++) {
    weights[samples.event[sample]] += samples.weight[sample];
  }
  return weights;
}

function focus(profile: Profile, patterns: readonly NamePattern[] | undefined): Profile {
  if (patterns === undefined) return profile;
  const focused = focusOn(profile, functionsNamed(profile, patterns));
  return keepSamples(focused, (sample) => focused.samples.stack[sample] >= 0);
}

/** The profile in a view, with what threads wait for where a person reads Python. */
function show(profile: Profile, view: View): Profile {
  const viewed = applyView(profile, view);
  return view === 'mixed' || view === 'python' ? withWaitFrames(viewed) : viewed;
}

/** @param viewed the samples of `full`, with the stacks of a view */
function chooseByStacks(full: Profile, viewed: Profile, selection: Selection): Profile {
  const { symbols, modules, excluded, layers } = selection;
  const tests: ((sample: number) => boolean)[] = [];
  if (symbols !== undefined) tests.push(through(full, viewed, symbols, functionsNamed));
  if (modules !== undefined) tests.push(through(full, viewed, modules, functionsOfModules));
  if (excluded !== undefined) {
    const isExcluded = through(full, viewed, excluded, functionsNamed);
    tests.push((sample) => !isExcluded(sample));
  }
  if (layers !== undefined) tests.push(endsIn(viewed, layers));
  if (tests.length === 0) return viewed;
  return keepSamples(viewed, (sample) => tests.every((test) => test(sample)));
}

/** Whether a sample has a frame of the functions, in one profile or the other. */
function through(
  full: Profile,
  viewed: Profile,
  patterns: readonly NamePattern[],
  functionsOf: (profile: Profile, patterns: readonly NamePattern[]) => Uint8Array,
): (sample: number) => boolean {
  const parts = (full === viewed ? [full] : [full, viewed]).map((profile) => ({
    leaves: profile.samples.stack,
    hit: stacksThrough(profile, functionsOf(profile, patterns)),
  }));
  return (sample) =>
    parts.some(({ leaves, hit }) => leaves[sample] >= 0 && hit[leaves[sample]] === 1);
}

function endsIn(viewed: Profile, layers: readonly Layer[]): (sample: number) => boolean {
  const { samples, stacks, frames, functions } = viewed;
  const wanted = new Set<number>(layers);
  return (sample) => {
    const leaf = samples.stack[sample];
    return leaf >= 0 && wanted.has(functions.layer[frames.func[stacks.frame[leaf]]]);
  };
}
