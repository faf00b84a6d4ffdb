/** What the printers of a call tree call its functions, threads and amounts. Names are raw. */
import { formatCount, formatDuration, plural } from '../../base/units.js';
import type { CallTree } from '../../profile/calltree.js';
import { shortFile } from '../../profile/libraries.js';
import type { Entry } from '../../profile/tree/outline.js';
import type { EventInfo, Profile } from '../../profile/profile.js';

export function functionName({ functions, strings }: Profile, func: number): string {
  return func < 0 ? '[no frames]' : strings[functions.name[func]];
}

/** `file:line` where a file is known, else the module; empty where neither is. */
export function functionPlace(profile: Profile, func: number, line = -1): string {
  if (func < 0) return '';
  const { functions, modules, strings } = profile;
  const file = functions.file[func];
  const module = functions.module[func];
  if (file >= 0) return shortFile(strings[file]) + (line > 0 ? `:${line}` : '');
  const name = module < 0 ? '' : strings[modules.name[module]];
  return name === '[unknown]' ? '' : name;
}

/** `app  pid 1, tid 2`, or all of them. */
export function groupName({ groups, profile }: CallTree, group: number): string {
  const { thread } = groups[group];
  if (thread < 0) return 'All threads';
  const { threads, strings } = profile;
  return `${strings[threads.name[thread]]}  pid ${threads.pid[thread]}, tid ${threads.tid[thread]}`;
}

/** `2.31 s of cpu-clock in 2,310 samples`; of folded stacks, whose numbers are samples, `2,310 samples`. */
export function wholeOf(
  event: EventInfo,
  { weight, samples }: Pick<Entry, 'weight' | 'samples'>,
): string {
  if (event.name === 'samples') return plural(Math.round(weight), 'sample');
  const amount =
    event.unit === 'ns' ? `${formatDuration(weight)} of` : formatCount(Math.round(weight));
  return `${amount} ${event.name} in ${plural(samples, 'sample')}`;
}

/** An amount in at most 7 columns. */
export function formatAmount(event: EventInfo, weight: number): string {
  return event.unit === 'ns' ? formatDuration(weight) : compactCount(weight);
}

/** `1,234`, and past a million `12.3M`, so that it fits its column. */
export function compactCount(count: number): string {
  if (count < 1e6) return formatCount(Math.round(count));
  const steps: [number, string][] = [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
  ];
  for (const [size, unit] of steps) {
    if (count >= size) return `${(count / size).toPrecision(3)}${unit}`;
  }
  return String(count);
}

/** `[12 frames hidden, json, re]`. */
export function foldedWords(frames: number, sources: readonly string[]): string {
  const shown = sources.slice(0, 3).join(', ');
  return `[${plural(frames, 'frame')} hidden, ${shown}${sources.length > 3 ? ', …' : ''}]`;
}
