/** Parts of a profile: fewer samples, the same tables. */
import type { Profile, SampleTable, ThreadTable } from '../profile.js';
import { RegionTimes, type ThreadTimes } from '../regions.js';
import { isWithin, type TimeSpan } from './time-slices.js';

/** What to keep; a list left out keeps all. */
export interface SampleFilter {
  /** Indexes into `events`. */
  readonly events?: readonly number[] | undefined;
  readonly pids?: readonly number[] | undefined;
  readonly tids?: readonly number[] | undefined;
  /** Names that threads had at the time of the sample. */
  readonly comms?: readonly string[] | undefined;
  /** Names of regions that the recorded program marked: what their threads did in them. */
  readonly regions?: readonly string[] | undefined;
  /** Thread IDs, and names that threads had last. */
  readonly threads?: readonly string[] | undefined;
  readonly cpus?: readonly number[] | undefined;
  readonly spans?: readonly TimeSpan[] | undefined;
}

/**
 * The profile of the samples that pass every part of `filter`.
 * @throws StrataError for a region that the profile does not have
 */
export function filterSamples(profile: Profile, filter: SampleFilter): Profile {
  if (Object.values(filter).every((part) => part === undefined)) return profile;
  const { samples, threads, strings, events } = profile;
  const event = passing(events.length, filter.events, (index) => index);
  const pid = passing(threads.length, filter.pids, (index) => threads.pid[index]);
  const tid = passing(threads.length, filter.tids, (index) => threads.tid[index]);
  const comm = passing(strings.length, filter.comms, (index) => strings[index]);
  const times = filter.regions && new RegionTimes(profile.regions ?? [], filter.regions);
  const regions = times && threadTimes(threads, times);
  const named = passingThreads(profile, filter.threads);
  const cpus = filter.cpus && new Set(filter.cpus);
  const { spans } = filter;
  return keepSamples(profile, (row) => {
    const thread = samples.thread[row];
    const time = samples.time[row];
    return (
      event[samples.event[row]] === 1 &&
      pid[thread] === 1 &&
      tid[thread] === 1 &&
      named[thread] === 1 &&
      comm[samples.comm[row]] === 1 &&
      (cpus === undefined || cpus.has(samples.cpu[row])) &&
      (spans === undefined || isWithin(spans, time)) &&
      (regions === undefined || regions[thread]?.holds(time) === true)
    );
  });
}

/** The profile of the samples for which `keep` is true; itself where it is for all. */
export function keepSamples(profile: Profile, keep: (sample: number) => boolean): Profile {
  const { samples } = profile;
  const rows = new Int32Array(samples.length);
  let count = 0;
  for (let row = 0; row < samples.length; row++) if (keep(row)) rows[count++] = row;
  if (count === samples.length) return profile;
  return { ...profile, samples: pickSamples(samples, rows.subarray(0, count)) };
}

/** 1 for each thread whose ID or name is wanted; 1 for all where nothing is said. */
function passingThreads(
  { threads, strings }: Profile,
  wanted: readonly string[] | undefined,
): Uint8Array {
  const byName = passing(threads.length, wanted, (index) => strings[threads.name[index]]);
  const byId = passing(threads.length, wanted, (index) => String(threads.tid[index]));
  return byName.map((pass, index) => pass | byId[index]);
}

/** The times of each row of the table. */
function threadTimes(
  { length, pid, tid }: ThreadTable,
  times: RegionTimes,
): (ThreadTimes | undefined)[] {
  return Array.from({ length }, (_, index) => times.of(pid[index], tid[index]));
}

/** 1 for each index whose value is among `wanted`; 1 for all where nothing is said. */
function passing<T>(
  length: number,
  wanted: readonly T[] | undefined,
  value: (index: number) => T,
): Uint8Array {
  if (wanted === undefined) return new Uint8Array(length).fill(1);
  const set = new Set(wanted);
  return Uint8Array.from({ length }, (_, index) => (set.has(value(index)) ? 1 : 0));
}

function pickSamples(samples: SampleTable, rows: Int32Array): SampleTable {
  const ints = (column: Int32Array) => rows.map((row) => column[row]);
  const doubles = (column: Float64Array) => {
    const picked = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) picked[i] = column[rows[i]];
    return picked;
  };
  return {
    length: rows.length,
    thread: ints(samples.thread),
    comm: ints(samples.comm),
    time: doubles(samples.time),
    stack: ints(samples.stack),
    cpu: ints(samples.cpu),
    event: ints(samples.event),
    weight: doubles(samples.weight),
    truncation: Uint8Array.from(rows, (row) => samples.truncation[row]),
    wait: Uint8Array.from(rows, (row) => samples.wait[row]),
    ...(samples.hardwareWeight && { hardwareWeight: doubles(samples.hardwareWeight) }),
    ...(samples.branches && { branches: ints(samples.branches) }),
  };
}
